"""The codec of keras-hub's detectors: boxes against anchors, or as shares of the input. No Keras needed."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from suite_object_detection.box_codec import BoxCodec
from suite_object_detection.presets.anchors import Anchors, anchor_boxes, anchor_count

MAX_ROWS = 10_000_000
MAX_GROWTH = math.log(1000 / 16)
"""Sides grow by e to this power at most, so that no weights make a box that is not finite."""


class PresetCodec(BoxCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Decodes what keras-hub's detectors give, float32 (rows, classes + 4).

    The last four numbers of a row are a box. If there are anchors, they are the shift of its middle, in
    sides of the row's anchor, and the logarithm of how much larger it is. If there are none, they are its
    middle and its width and height as shares of the network's input.

    Attributes:
        anchors: of a RetinaNet; None for a D-FINE.
        rows: of the network's output.
        predictions: how many of them, the last ones, are predictions; those before are for the loss alone.
    """

    anchors: Anchors | None
    rows: int
    predictions: int

    called: ClassVar[str] = "codec of a detection preset"

    def __post_init__(self) -> None:
        if not 1 <= self.predictions <= self.rows:
            raise ValueError(f"of {self.rows} rows {self.predictions} cannot be predictions")
        super().__post_init__()
        if self.rows > MAX_ROWS:
            raise ValueError(f"its {self.rows:,} rows are more than {MAX_ROWS:,}")
        if self.anchors is not None and anchor_count(self.size, self.anchors) != self.rows:
            raise ValueError(f"its anchors are not as many as its {self.rows} rows")

    @property
    def output_shape(self) -> tuple[int, int]:
        return self.rows, len(self.classes) + 4

    def predictions_of(self, outputs: np.ndarray) -> np.ndarray:
        return outputs[self.rows - self.predictions :]

    def boxes_of(self, outputs: np.ndarray, anchors: np.ndarray) -> np.ndarray:
        coded = outputs[anchors, len(self.classes) :].astype(np.float64)
        if np.isinf(coded).any():
            raise ValueError("the network's output is infinite; its weights are broken")
        if self.anchors is None:
            height, width = self.size
            middles = coded[:, :2] * (width, height)
            sides = coded[:, 2:] * (width, height)
        else:
            own = anchor_boxes(self.size, self.anchors)[anchors].astype(np.float64)
            own_sides = own[:, 2:] - own[:, :2]
            middles = (own[:, :2] + own[:, 2:]) / 2 + coded[:, :2] * own_sides
            sides = own_sides * np.exp(np.minimum(coded[:, 2:], MAX_GROWTH))
        boxes: np.ndarray = np.concatenate([middles - sides / 2, middles + sides / 2], axis=1)
        return boxes
