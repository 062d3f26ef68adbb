"""Whether four numbers are x, y, width and height, or two corners, if nothing says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from suite.data import Problem
from suite_object_detection.loaders.annotations import Annotations

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


def told_format(
    annotations: Annotations,
    rows: Sequence[tuple[int, Sequence[float], tuple[int, int] | None]],
) -> BoxFormat:
    """As `tell_format`; a remark says so if boxes are corners.

    Args:
        annotations: with the images.
        rows: for each box the number of its image, the four numbers, and the image's height and width, if
            they are written.
    """
    known: dict[int, tuple[int, int]] = {}
    for number, _, size in rows:
        if number not in known:
            known[number] = size or annotations.size_of(number)
    index = {number: place for place, number in enumerate(known)}
    form = tell_format(
        np.array([box for _, box, _ in rows], np.float64).reshape(-1, 4),
        np.array([index[number] for number, _, _ in rows], np.int64),
        np.array(list(known.values()), np.float64).reshape(-1, 2),
    )
    if form == "xyxy":
        annotations.problems.append(
            Problem(
                "boxes are taken as two corners, for as x, y, width and height they would reach out of the"
                " images",
                wrong=False,
            )
        )
    return form


def as_corners(box: Sequence[float], form: BoxFormat) -> tuple[float, float, float, float]:
    """x1, y1, x2, y2."""
    x1, y1, x2, y2 = box
    return (x1, y1, x2, y2) if form == "xyxy" else (x1, y1, x1 + x2, y1 + y2)
