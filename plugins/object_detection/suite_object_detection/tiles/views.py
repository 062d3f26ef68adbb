"""An image that is predicted in several views: its tiles, itself as a whole, and both mirrored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from suite_images import reading
from suite_object_detection.tiles.merging import Found, merge
from suite_object_detection.tiles.tiling import Mirrored, Tile, Tiling
from suite_object_detection.types import Detections


@dataclass(frozen=True)
class ImageViews:
    """The views of an image, and its detections from those in each: implements `suite.pipeline.Chunks`.

    Attributes:
        raw: the image.
        network_size: (height, width) of the network's input.
        tiling: None for the whole image only.
        augment: whether each view is seen mirrored as well.
        iou_threshold: of two boxes of a class that overlap more, one stays.
        max_detections: of the image.
        bits: how many of 16 bits a value uses.
        channels: of the network's input.
    """

    raw: Any
    network_size: tuple[int, int]
    tiling: Tiling | None
    augment: bool
    iou_threshold: float
    max_detections: int
    bits: int = 16
    channels: int = 3

    @cached_property
    def _size(self) -> tuple[int, int]:
        return reading.size(self.raw)

    @cached_property
    def _regions(self) -> np.ndarray:
        """(views, 4), x1, y1, x2, y2: tiles, and at last the whole image if it is one of the views."""
        rows, columns = self._size
        whole = np.array([[0, 0, columns, rows]])
        if self.tiling is None:
            return whole
        tiles = self.tiling.regions(rows, columns, self.network_size)
        if not self.tiling.whole:
            return tiles
        return whole if len(tiles) == 1 else np.concatenate([tiles, whole])

    @property
    def total(self) -> int:
        return len(self._regions) * (1 + self.augment)

    def __iter__(self) -> Iterator[Any]:
        for view in self._views():
            yield view
            if self.augment:
                yield Mirrored(view)

    def _views(self) -> Iterator[Any]:
        if self.tiling is None or (self.tiling.whole and len(self._regions) == 1):
            yield self.raw
            return
        pixels = reading.read(self.raw, bits=self.bits, channels=self.channels)
        name = str(getattr(self.raw, "name", "the image"))
        tiles = self._regions[: -1 if self.tiling.whole else None]
        for x1, y1, x2, y2 in tiles.tolist():
            yield Tile(pixels[y1:y2, x1:x2], (x1, y1, x2, y2), name)
        if self.tiling.whole:
            yield pixels

    def merge(self, predictions: Sequence[Detections]) -> Detections:
        """The detections of the image from those of its views, in the image's pixels."""
        names = sorted({label for prediction in predictions for label in prediction.labels})
        indices = {name: index for index, name in enumerate(names)}
        boxes = [box for prediction in predictions for box in prediction.boxes]
        counts = [len(prediction) for prediction in predictions]
        views = np.repeat(self._regions, 1 + self.augment, axis=0)
        merged = merge(
            Found(
                np.array(boxes, np.float64).reshape(-1, 4),
                np.array([score for prediction in predictions for score in prediction.scores], np.float64),
                np.array([indices[label] for prediction in predictions for label in prediction.labels], int),
            ),
            np.repeat(views, counts, axis=0),
            self._size,
            self.iou_threshold,
            self.max_detections,
        )
        return Detections(
            boxes=[tuple(box) for box in merged.boxes.tolist()],
            scores=merged.scores.tolist(),
            labels=[names[label] for label in merged.classes.tolist()],
        )
