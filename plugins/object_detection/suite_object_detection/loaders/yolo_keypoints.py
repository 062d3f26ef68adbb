"""Whether lines with more than four numbers are outlines, or boxes with key points behind them.

Both are numbers from 0 to 1, and a `data.yaml` that would tell (`kpt_shape`) is often lost. Reading key
points as an outline would put every box elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from suite import UserError
from suite.sources import Source

MAX_FILES, MAX_LINES = 200, 4000
"""How many label files and lines are looked at."""

_MOST = 0.9
"""The share of lines that have to agree."""

_TOLERANCE = 0.01


@dataclass(frozen=True)
class Beyond:
    """What follows the four numbers of a box.

    Attributes:
        kind: "unclear" if the numbers fit both readings.
        values: how many numbers there are behind the class in each line; 0 if that varies.
        per_point: numbers of each key point: x and y, and 3 with its visibility.
    """

    kind: Literal["outline", "keypoints", "unclear"]
    values: int = 0
    per_point: int = 2

    @property
    def points(self) -> int:
        """How many key points there are."""
        return (self.values - 4) // self.per_point


def look_beyond(files: Sequence[Source]) -> Beyond:
    """Tell outlines from key points by the numbers in some label files.

    Key points are as many in each line, lie in the box that the first four numbers are, and their visibility
    is 0, 1 or 2. An outline has its second point near the others.

    Args:
        files: label files.
    """
    rows: list[list[float]] = []
    for number in np.unique(np.linspace(0, len(files) - 1, min(len(files), MAX_FILES)).astype(int)).tolist():
        rows += _long_rows(files[number])
        if len(rows) >= MAX_LINES:
            break
    length = len(rows[0]) if rows else 0
    if length < 6 or any(len(row) != length for row in rows):
        return Beyond("outline")
    values = np.array(rows)
    if length % 3 == 1 and np.isin(values[:, 6::3], (0, 1, 2)).all():
        points = values[:, 4:].reshape(len(values), -1, 3)[:, :, :2]
        # An odd number is no outline, and nor are coordinates of 2.
        if length % 2 or (values[:, 6::3] == 2).any() or _share_in_boxes(values, points) >= _MOST:
            return Beyond("keypoints", length, 3)
    if length % 2 or length < 6:
        return Beyond("outline", length)
    points = values[:, 4:].reshape(len(values), -1, 2)
    if _share_in_boxes(values, points) < _MOST or _are_parallelograms(values):
        return Beyond("outline", length)
    return Beyond("unclear" if _share_of_near_seconds(values) >= _MOST else "keypoints", length)


def _long_rows(source: Source) -> list[list[float]]:
    """What is behind the class in the lines that have more than a box; none of a file that is no text."""
    try:
        lines = source.read().decode("utf-8-sig").splitlines()
        rows = [[float(word) for word in line.split()[1:]] for line in lines]
    except (UserError, UnicodeDecodeError, ValueError):
        return []  # whoever reads it says why
    return [row for row in rows if len(row) > 4 and all(map(np.isfinite, row))]


def _share_in_boxes(values: np.ndarray, points: np.ndarray) -> float:
    """The share of lines whose first four numbers are a box in the image, with all points in it.

    A point 0, 0 is one that was not marked.
    """
    center, half = values[:, None, :2], values[:, None, 2:4] / 2
    inside = ((center - half >= -_TOLERANCE) & (center + half <= 1 + _TOLERANCE)).all(axis=(1, 2))
    near = (np.abs(points - center) <= half + _TOLERANCE).all(axis=2) | (points == 0).all(axis=2)
    return float((inside & near.all(axis=1)).mean())


def _are_parallelograms(values: np.ndarray) -> bool:
    """Whether four points each are a turned box, as no box with two key points is."""
    if values.shape[1] != 8:
        return False
    corners = values.reshape(-1, 4, 2)
    gaps = np.abs(corners[:, 0] + corners[:, 2] - corners[:, 1] - corners[:, 3]).max(axis=1)
    return float((gaps < _TOLERANCE).mean()) >= _MOST


def _share_of_near_seconds(values: np.ndarray) -> float:
    """The share of lines whose second pair lies so near the other points as that of an outline."""
    points = values.reshape(len(values), -1, 2)
    others = np.delete(points, 1, axis=1)
    low, high = others.min(axis=1), others.max(axis=1)
    reach = 2 * (high - low).max(axis=1, keepdims=True)
    second = points[:, 1]
    return float(((second >= low - reach) & (second <= high + reach)).all(axis=1).mean())
