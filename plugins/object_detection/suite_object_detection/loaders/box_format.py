"""Whether four numbers are x, y, width and height, or two corners, if nothing says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

BoxFormat = Literal["xywh", "xyxy"]


def tell_format(boxes: np.ndarray, image: np.ndarray, sizes: np.ndarray) -> BoxFormat:
    """Corners, if they can be corners and reach out of their images as extents; else x, y, width, height.

    Args:
        boxes: float64 (n, 4), as they are written.
        image: int (n,), the index of each one's image.
        sizes: (images, 2), height and width; 0 if they are not known.
    """
    if not len(boxes) or not (boxes[:, 2:] > boxes[:, :2]).all():
        return "xywh"
    limits = sizes[image][:, ::-1]
    known = (limits > 0).all(axis=1)
    if not known.any():
        return "xywh"
    corners_fit = (boxes[known, 2:] <= limits[known] + 1).all()
    extents_fit = (boxes[known, :2] + boxes[known, 2:] <= limits[known] + 1).all()
    return "xyxy" if corners_fit and not extents_fit else "xywh"


def as_corners(box: Sequence[float], form: BoxFormat) -> tuple[float, float, float, float]:
    """x1, y1, x2, y2."""
    x1, y1, x2, y2 = box
    return (x1, y1, x2, y2) if form == "xyxy" else (x1, y1, x1 + x2, y1 + y2)
