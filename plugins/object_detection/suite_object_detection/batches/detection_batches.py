"""Training batches of images with boxes: what is read once, and what is random in every epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suite import UserError
from suite.data import Example
from suite_images import reading
from suite_images.color import draw_colors, recolor
from suite_images.resizing import letterboxed, resize
from suite_object_detection.batches.augmentation import Augmentation, Cut, Prepared, Views, draw_views, placed
from suite_object_detection.batches.geometry import areas, boxes_through, clipped, paint
from suite_object_detection.batches.mixup import Mixing, draw_mixing, mixed
from suite_object_detection.batches.mosaic import Tiles, laid_out
from suite_object_detection.box_codec import CROWD, PADDING, BoxCodec
from suite_object_detection.types import Target

MARGIN = 1.25
"""How much larger than letterboxed images are prepared, so that they stay sharp when scaled up."""

MIN_SIDE = 2.0
"""Sides of boxes, in pixels of the network, below which augmentation does not push them."""


_NOTHING: Prepared = (np.zeros((1, 1, 3), np.uint8), np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
"""Stands for an image that is not needed."""


@dataclass(frozen=True, kw_only=True)
class Draws:
    """What is random about a batch.

    Attributes:
        augmentation: the settings by which it was drawn.
        tiles: which image is seen in which part of which canvas.
        views: how it lies there.
        colors: (batch, 3, 4) affine maps of the colors of each canvas, or None.
        mixing: which canvas is blended with which; None if none is.
    """

    augmentation: Augmentation
    tiles: Tiles
    views: Views
    colors: np.ndarray | None
    mixing: Mixing | None


@dataclass(frozen=True, kw_only=True)
class DetectionBatches:
    """Makes the training batches for `codec`: implements `suite.pipeline.RowsMaker`.

    Attributes:
        codec: encodes images; its size and classes are those of the batches.
        augmentation: what is random.
        max_boxes: rows of a training target; None for as many as the codec's have. Mosaic and MixUp show
            more boxes than an image has.
    """

    codec: BoxCodec
    augmentation: Augmentation = Augmentation()
    max_boxes: int | None = None

    def prepare(self, example: Example) -> Prepared:
        """The decoded image and its boxes in pixels of it.

        If images are only mirrored, it is what the codec encodes. Else it keeps its proportions, and
        is at most 1.25 times as large as when letterboxed, or as in a tile.

        Returns:
            uint8 (height, width, channels); boxes float32 (n, 4), x1, y1, x2, y2; classes int64 (n,), -2 for
            crowds.

        Raises:
            suite.UserError: if the image cannot be read or is not of the size that its annotation says,
                or a class is not known.
        """
        target: Target = example.target
        height, width = self.codec.size
        # An image that loaders could not read has the size 0 x 0: reading it again says why.
        rows, columns = (max(1, side) for side in target["size"])
        boxes = np.asarray(target["boxes"], np.float64).reshape(-1, 4)
        classes = self._classes(example)
        tiling = self.codec.tiling
        if tiling is not None or self.augmentation.warps:
            letterbox = min(height / rows, width / columns)
            shrink = min(1.0, MARGIN * (letterbox if tiling is None else self._tile_scale))
            shorter = max(1, math.ceil(min(rows, columns) * shrink))
            image, size = reading.read_with_size(
                example.input, at_least=shorter, bits=self.codec.bits, channels=self.codec.channels
            )
            if shrink < 1.0:
                image = resize(image, max(1, round(rows * shrink)), max(1, round(columns * shrink)))
            scale_x, scale_y, left, top = image.shape[1] / columns, image.shape[0] / rows, 0, 0
        else:
            encoded = self.codec.encode(example.input)
            image, size = np.asarray(encoded.arrays), encoded.context
            scale_x, scale_y, left, top = letterboxed(rows, columns, height, width)
        if size != (rows, columns):
            raise UserError(
                f"{example.id} has {size[1]} x {size[0]} pixels, but is annotated as of {columns} x {rows},"
                " so its boxes cannot be placed: correct the annotation"
            )
        boxes = boxes * (scale_x, scale_y, scale_x, scale_y) + (left, top, left, top)
        return image, boxes.astype(np.float32), classes

    @property
    def _tile_scale(self) -> float:
        """Pixels of the network for a pixel of an image that is learned from in tiles."""
        assert self.codec.tiling is not None
        return self.codec.tiling.scale(self.codec.size)

    def _classes(self, example: Example) -> np.ndarray:
        target: Target = example.target
        indices = {name: index for index, name in enumerate(self.codec.classes)}
        unknown = [label for label in target["labels"] if label not in indices]
        if unknown:
            raise UserError(f"{example.id}: {unknown[0]!r} is none of the classes {', '.join(indices)}")
        classes = np.array([indices[label] for label in target["labels"]], np.int64)
        return np.where(target.get("crowd") or np.zeros(len(classes), bool), CROWD, classes)

    def make(
        self, prepared: Sequence[Prepared], rng: np.random.Generator, progress: float
    ) -> tuple[np.ndarray, ...]:
        """A batch of augmented images, or of tiles of them: a pure function of its arguments.

        Args:
            prepared: what `prepare` gave; left as it is.
            rng: the only source of randomness.
            progress: share of the training that is done, 0 to 1.

        Returns:
            Images uint8 (batch, height, width, channels); targets float32 (batch, max_boxes, 5): rows
            `[class, x1, y1, x2, y2]` in pixels of the network, class -1 if there is no box, -2 for regions
            that count neither way. If there are more boxes than rows, the largest stay, objects before
            regions.
        """
        return self.make_rows(prepared, rng, progress, slice(None))

    def make_rows(
        self, prepared: Sequence[Prepared], rng: np.random.Generator, progress: float, rows: slice
    ) -> tuple[np.ndarray, ...]:
        """Some rows of the batch that `make` gives; only the images that these are made of are asked for."""
        return self.apply(self.draw(len(prepared), rng, progress), prepared, rows)

    def draw(self, count: int, rng: np.random.Generator, progress: float) -> Draws:
        """What is random about a batch of `count` images; the arguments are those of `make`."""
        augmentation = self.augmentation
        if progress >= 1.0 - augmentation.clean:
            augmentation = augmentation.tidied
        tiles = laid_out(count, *self.codec.size, augmentation.mosaic, rng)
        views = draw_views(tiles, augmentation, rng, self._cut)
        colors = mixing = None
        if augmentation.color_jitter > 0 or augmentation.grayscale > 0:
            colors = draw_colors(count, augmentation.color_jitter, augmentation.grayscale, rng)
        if augmentation.mixup > 0:
            mixing = draw_mixing(count, augmentation.mixup, rng)
        return Draws(augmentation=augmentation, tiles=tiles, views=views, colors=colors, mixing=mixing)

    def apply(
        self, draws: Draws, prepared: Sequence[Prepared], rows: slice = slice(None)
    ) -> tuple[np.ndarray, ...]:
        """Some rows of a batch, about which nothing is random any more.

        Args:
            draws: for the whole batch.
            prepared: the images of the whole batch, of which only those are asked for that the rows need.
            rows: which rows to give.
        """
        height, width = self.codec.size
        tiles, count = draws.tiles, len(prepared)
        wanted = range(count)[rows]
        canvases = np.asarray(wanted, np.int64) if draws.mixing is None else draws.mixing.sources(wanted)
        seen = np.flatnonzero(np.isin(tiles.canvas, canvases))
        # Places are computed for the whole batch, in which images that nobody asked for are empty.
        examples = [_NOTHING] * count
        for source in np.unique(tiles.source[seen]).tolist():
            examples[source] = prepared[source]
        matrices, natural = placed(examples, tiles, draws.views, draws.augmentation, height, width, self._cut)
        batch = np.empty((count, height, width, self.codec.channels), np.uint8)
        for tile in seen.tolist():
            image = examples[tiles.source[tile]][0]
            paint(image, matrices[tile], batch[tiles.canvas[tile]], tiles.region[tile])
        boxes = _boxes(examples, tiles, matrices, natural, draws.augmentation.visible)
        if draws.colors is not None:
            recolor(batch, draws.colors, canvases.tolist())
        if draws.mixing is None:
            batch, boxes = batch[rows], boxes[rows]
        else:
            batch, boxes = mixed(batch, boxes, draws.mixing, wanted)
        max_boxes = self.codec.max_boxes if self.max_boxes is None else self.max_boxes
        return batch, np.stack([padded(of_image, max_boxes) for of_image in boxes])

    @property
    def _cut(self) -> Cut | None:
        """How a canvas shows a tile of its image; None if images are letterboxed."""
        tiling = self.codec.tiling
        return None if tiling is None else Cut(max(self._tile_scale, 1 / MARGIN), tiling.whole)


def _boxes(
    prepared: Sequence[Prepared], tiles: Tiles, matrices: np.ndarray, natural: np.ndarray, visible: float
) -> list[np.ndarray]:
    """Per canvas an array (boxes, 5) float32 of `[class, x1, y1, x2, y2]`."""
    counts = [len(prepared[source][2]) for source in tiles.source]
    tile = np.repeat(np.arange(len(counts)), counts)
    boxes = np.concatenate([prepared[source][1] for source in tiles.source]).astype(np.float64)
    classes = np.concatenate([prepared[source][2] for source in tiles.source])
    moved = boxes_through(boxes, matrices[tile])
    left = clipped(moved, tiles.region[tile])
    enough = areas(left) >= visible * areas(moved)
    left = left.astype(np.float32)
    sides = left[:, 2:] - left[:, :2]
    # The loss asks for boxes that are as small without augmentation.
    before = ((boxes[:, 2:] - boxes[:, :2]) * natural[tile]).min(axis=1)
    large = sides.min(axis=1) >= np.minimum(MIN_SIDE, 0.99 * before)
    rows = np.concatenate([np.where(enough & large, classes, CROWD)[:, None], left], axis=1, dtype=np.float32)
    seen = (sides > 0).all(axis=1)
    ends = np.searchsorted(tiles.canvas[tile[seen]], np.arange(1, len(prepared)))
    return np.split(rows[seen], ends)


def padded(rows: np.ndarray, count: int) -> np.ndarray:
    """Exactly `count` rows `[class, x1, y1, x2, y2]`, float32 (count, 5).

    What is missing is padded with class -1. If there are too many, the largest stay, objects before crowd
    regions, in the order in which they were.
    """
    out = np.zeros((count, 5), np.float32)
    out[:, 0] = PADDING
    if len(rows) > count:
        order = np.lexsort((-areas(rows[:, 1:]), rows[:, 0] < 0))
        rows = rows[np.sort(order[:count])]
    out[: len(rows)] = rows
    return out
