"""Images as the bytes of JPEG and PNG files, by OpenCV."""

from __future__ import annotations

import cv2
import numpy as np

_FULL_COLOR = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)


def jpeg(image: np.ndarray, quality: int = 85) -> bytes:
    """A JPEG of `image`, uint8 (height, width, 3), RGB.

    Colors are kept at full resolution, for thin colored lines would fade.

    Args:
        image: at most 65,500 pixels high and wide; JPEG has no more.
        quality: 0 to 100.
    """
    return _encoded(image, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality, *_FULL_COLOR])


def png(image: np.ndarray) -> bytes:
    """A PNG of `image`, uint8 (height, width, 3), RGB. Nothing is lost."""
    return _encoded(image, ".png", [])


def _encoded(image: np.ndarray, suffix: str, parameters: list[int]) -> bytes:
    done, content = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), parameters)
    if not done:
        raise ValueError(f"an image of shape {image.shape} cannot be written as {suffix}")
    return content.tobytes()
