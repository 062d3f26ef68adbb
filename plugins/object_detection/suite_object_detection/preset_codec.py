"""The codec of keras-hub's detectors: boxes against anchors, or as shares of the input. No Keras needed."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from suite_object_detection.codec import DetectionCodec

LARGEST_GROWTH = math.log(1000 / 16)
"""Sides grow by e to this power at most, so that no weights make a box that is not finite."""


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


class PresetCodec(DetectionCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Decodes what keras-hub's detectors give, float32 (rows, classes + 4); else as `DetectionCodec`.

    The last four numbers of a row are a box. Where there are anchors, they are the shift of its middle, in
    sides of the row's anchor, and the logarithm of how much larger it is. Where there are none, they are its
    middle and its width and height as shares of the network's input.

    Attributes:
        anchors: of a RetinaNet; None for a D-FINE.
        rows: of the network's output.
        predictions: so many of them, the last ones, are predicted; those before are for the loss alone.
        strides: not used.
        bins: not used.
    """

    anchors: Anchors | None
    rows: int
    predictions: int
    strides: tuple[int, ...] = ()
    bins: int = 0

    def impossible(self) -> str:
        if not 1 <= self.predictions <= self.rows:
            return f"of {self.rows} rows {self.predictions} cannot be predictions"
        if self.anchors is not None and len(anchor_boxes(self.size, self.anchors)) != self.rows:
            return f"its anchors are not as many as its {self.rows} rows"
        # What both have in common, asked of a codec that is right in what only the other has.
        common = {name: getattr(self, name) for name in DetectionCodec.__struct_fields__}
        return DetectionCodec(**common | {"strides": (1,), "bins": 2}).impossible()

    def _checked(self, outputs: Any) -> np.ndarray:
        checked: np.ndarray = np.asarray(outputs, np.float32)
        expected = (self.rows, len(self.classes) + 4)
        if checked.shape != expected:
            raise ValueError(
                f"the network gave outputs of shape {checked.shape} instead of {expected} (rows, "
                f"{len(self.classes)} classes + 4); it and the codec do not belong together"
            )
        predicted: np.ndarray = checked[self.rows - self.predictions :]
        if np.isnan(predicted).any():
            raise ValueError("the network's output is not a number (NaN); its weights are broken")
        return predicted

    def _boxes(self, outputs: np.ndarray, places: np.ndarray) -> np.ndarray:
        coded = outputs[places, len(self.classes) :].astype(np.float64)
        if np.isinf(coded).any():
            raise ValueError("the network's output is infinite; its weights are broken")
        if self.anchors is None:
            height, width = self.size
            middles = coded[:, :2] * (width, height)
            sides = coded[:, 2:] * (width, height)
        else:
            anchors = anchor_boxes(self.size, self.anchors)[places].astype(np.float64)
            own_sides = anchors[:, 2:] - anchors[:, :2]
            middles = (anchors[:, :2] + anchors[:, 2:]) / 2 + coded[:, :2] * own_sides
            sides = own_sides * np.exp(np.minimum(coded[:, 2:], LARGEST_GROWTH))
        boxes: np.ndarray = np.concatenate([middles - sides / 2, middles + sides / 2], axis=1)
        return boxes


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
