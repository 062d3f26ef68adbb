"""Images of rectangles, for tests of where boxes and their pixels go."""

from __future__ import annotations

import numpy as np


def painted(boxes, classes, height: int, width: int) -> np.ndarray:
    """A black image with a rectangle in the color of its class for every box."""
    image = np.zeros((height, width, 3), np.uint8)
    for (x1, y1, x2, y2), of in zip(boxes, classes, strict=True):
        image[y1:y2, x1:x2, of] = 255
    return image


def of_class(image: np.ndarray, of: int, least: int = 124) -> np.ndarray:
    """Pixels about half of which, or by `least` another split, are in the color of a class."""
    levels = image.astype(int)
    return levels[:, :, of] - np.delete(levels, of, axis=2).max(axis=2) > least


def extent(mask: np.ndarray) -> list[int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
