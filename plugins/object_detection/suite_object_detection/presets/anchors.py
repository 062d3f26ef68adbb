"""The boxes from which a RetinaNet predicts. No Keras needed."""

from __future__ import annotations

import math
from functools import lru_cache

import msgspec
import numpy as np


class Anchors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The boxes from which a RetinaNet predicts (Lin et al. 2017, arXiv:1708.02002, section 4).

    Attributes:
        levels: of the pyramid; the cells of level n are 2^n pixels wide.
        scales: anchors of a shape per cell, each 2^(1 / scales) times as large as the one before.
        ratios: heights by widths.
        side: of the smallest anchor, in cells.
    """

    levels: tuple[int, ...] = (3, 4, 5, 6, 7)
    scales: int = 3
    ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    side: float = 4.0

    def __post_init__(self) -> None:
        numbers = (*self.ratios, self.side)
        if not self.levels or not all(0 <= level <= 16 for level in self.levels) or len(self.levels) > 16:
            raise ValueError(f"its levels {list(self.levels)} are not up to 16 numbers from 0 to 16")
        if not 1 <= self.scales <= 64 or not 1 <= len(self.ratios) <= 64:
            raise ValueError(f"its {self.scales} scales and {len(self.ratios)} ratios are not 1 to 64 each")
        if not all(0 < number <= 1000 for number in numbers):
            raise ValueError(f"its ratios and side {list(numbers)} are not all above 0, up to 1000")


def anchor_count(size: tuple[int, int], anchors: Anchors) -> int:
    """How many `anchor_boxes` there are, without making them."""
    height, width = size
    cells: int = sum(math.ceil(height / 2**level) * math.ceil(width / 2**level) for level in anchors.levels)
    return cells * anchors.scales * len(anchors.ratios)


@lru_cache(maxsize=8)
def anchor_boxes(size: tuple[int, int], anchors: Anchors) -> np.ndarray:
    """All anchors, the same ones in the same order as those of keras-hub's `AnchorGenerator`.

    Level by level, each row by row; at a cell ratio by ratio, each scale by scale. They are centered on the
    upper left corners of cells, as in the training of keras-hub's weights.

    Args:
        size: (height, width) of the network's input.
        anchors: which ones.

    Returns:
        float32 (anchors, 4), x1, y1, x2, y2 in pixels of the input; not to be changed.
    """
    height, width = size
    tall = np.sqrt(np.array(anchors.ratios, np.float32))
    boxes = []
    for level in anchors.levels:
        sides = np.array(
            [int(2**level * anchors.side * 2 ** (scale / anchors.scales)) for scale in range(anchors.scales)],
            np.float32,
        )
        half_width = np.outer(1 / tall, sides).ravel() / 2
        half_height = np.outer(tall, sides).ravel() / 2
        shapes = np.round(np.stack([-half_width, -half_height, half_width, half_height], axis=1))
        rows, columns = math.ceil(height / 2**level), math.ceil(width / 2**level)
        y, x = np.mgrid[:rows, :columns]
        corners = np.stack([x.ravel() * (width // columns), y.ravel() * (height // rows)], axis=1)
        boxes.append((np.tile(corners, 2)[:, None] + shapes).reshape(-1, 4).astype(np.float32))
    result = np.concatenate(boxes)
    result.flags.writeable = False  # all callers share it
    return result
