"""Thumbnails: small images for people to look at."""

from __future__ import annotations

import cv2
import numpy as np


def thumbnail(image: np.ndarray, side: int) -> np.ndarray:
    """An image whose longer side is about `side`; small ones are enlarged with their pixels kept square.

    Args:
        image: uint8 (height, width, 3).
        side: pixels. An image that has to be enlarged by two or more is enlarged by the largest whole factor
            that fits.
    """
    height, width = image.shape[:2]
    factor = side / max(height, width)
    if factor >= 2:
        factor = int(factor)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small: np.ndarray = cv2.resize(
        image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST
    )
    return small


def thumbnail_with_scale(image: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """A `thumbnail`, and by what to multiply boxes in the image, float64 (4,)."""
    small = thumbnail(image, side)
    (height, width), (small_height, small_width) = image.shape[:2], small.shape[:2]
    return small, np.array([small_width / width, small_height / height] * 2)
