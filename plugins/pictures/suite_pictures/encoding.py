"""Pictures as the bytes of files."""

from __future__ import annotations

import cv2
import numpy as np

_FULL_COLOUR = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)


def jpeg(picture: np.ndarray, quality: int = 85) -> bytes:
    """A JPEG of `picture`, uint8 (height, width, 3), RGB.

    Colours are kept at full resolution, for thin coloured lines would fade.

    Args:
        picture: at most 65,500 pixels high and wide; JPEG has no more.
        quality: 0 to 100.
    """
    return _encoded(picture, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality, *_FULL_COLOUR])


def png(picture: np.ndarray) -> bytes:
    """A PNG of `picture`, uint8 (height, width, 3), RGB. Nothing is lost."""
    return _encoded(picture, ".png", [])


def _encoded(picture: np.ndarray, suffix: str, parameters: list[int]) -> bytes:
    done, content = cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), parameters)
    if not done:
        raise ValueError(f"a picture of shape {picture.shape} cannot be written as {suffix}")
    return content.tobytes()
