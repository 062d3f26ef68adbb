"""Training batches of images with boxes: what is read once, and what is drawn anew in every epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from suite import UserError
from suite.data import Example
from suite_images import reading
from suite_images.color import jitter
from suite_images.resizing import letterboxed, resize
from suite_object_detection.codec import CROWD, PADDING, DetectionCodec
from suite_object_detection.geometry import (
    areas,
    boxes_through,
    clipped,
    linear_maps,
    matrices_around,
    paint,
)
from suite_object_detection.mixing import mixed
from suite_object_detection.mosaic import Tiles, laid_out
from suite_object_detection.types import Target

MARGIN = 1.25
"""How much larger than letterboxed images are prepared, so that they stay sharp when scaled up."""

SMALLEST = 2.0
"""Sides of boxes, in pixels of the network, below which augmentation does not push them."""

Prepared = tuple[np.ndarray, np.ndarray, np.ndarray]
"""An image (height, width, 3) uint8, its boxes (n, 4) float32 and their classes (n,) int64."""


class Augmentation(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn at random for every image of a training batch; the defaults change nothing.

    A size of 1 is that of the letterboxed image, which is the size at which the network predicts.

    Attributes:
        scale: least and greatest size of an image that has a canvas of its own. Larger than the canvas, it
            is cut, at random but so that one of its objects, drawn at random, stays whole; smaller, it lies
            anywhere.
        translate: greatest shift beyond that, as a share of the canvas; that object stays whole even so.
        stretch: greatest factor by which proportions change.
        rotate: greatest angle in degrees. Boxes grow with it, see `geometry.boxes_through`.
        shear: greatest angle in degrees; boxes grow likewise.
        flip: whether half of the images are mirrored, left to right.
        flip_vertical: whether half of the images are mirrored, top to bottom. For images with no up.
        quarter_turns: whether images are turned by 0, 90, 180 or 270 degrees. For images with no up.
            Objects keep their size, so an image on its side may be cut.
        color: strength of random brightness, contrast, saturation and hue.
        gray: probability of losing all color.
        mosaic: probability of being one of four images that share a canvas.
        mosaic_scale: as `scale`, of images in a mosaic.
        mixup: probability of being blended with another image of the batch.
        visible: share of a box's area that has to be left where images are cut. A box of which less is
            left, or one that has become smaller than two pixels, is not asked for any more: what is left of
            it becomes a region that counts neither as object nor as background (class -2).
        clean: share of the training, at its end, without mosaic, MixUp, rotation and shear.
    """

    scale: tuple[float, float] = (1.0, 1.0)
    translate: float = 0.0
    stretch: float = 1.0
    rotate: float = 0.0
    shear: float = 0.0
    flip: bool = False
    flip_vertical: bool = False
    quarter_turns: bool = False
    color: float = 0.0
    gray: float = 0.0
    mosaic: float = 0.0
    mosaic_scale: tuple[float, float] = (0.5, 1.25)
    mixup: float = 0.0
    visible: float = 0.25
    clean: float = 0.0

    @property
    def warps(self) -> bool:
        """Whether images are scaled, moved or turned, not only mirrored."""
        return (
            self.scale != (1.0, 1.0)
            or self.stretch > 1.0
            or self.quarter_turns
            or max(self.translate, self.rotate, self.shear, self.mosaic) > 0.0
        )

    @property
    def tidied(self) -> Augmentation:
        """What is left of it in the clean share of the training."""
        return msgspec.structs.replace(self, mosaic=0.0, mixup=0.0, rotate=0.0, shear=0.0)


@dataclass(frozen=True, kw_only=True)
class DetectionBatches:
    """Makes the training batches for `codec`: implements `suite.pipeline.BatchMaker`.

    Attributes:
        codec: encodes images; its size and classes are those of the batches.
        augmentation: what is drawn at random.
        most_boxes: rows of a training target; None for as many as the codec's have. Mosaic and MixUp show
            more boxes than an image has.
    """

    codec: DetectionCodec
    augmentation: Augmentation = Augmentation()
    most_boxes: int | None = None

    def prepare(self, example: Example) -> Prepared:
        """The decoded image and its boxes in pixels of it.

        Where images are only mirrored it is what the codec encodes. Elsewhere it keeps its proportions, and
        is at most 1.25 times as large as when letterboxed.

        Returns:
            uint8 (height, width, 3); boxes float32 (n, 4), x1, y1, x2, y2; classes int64 (n,), -2 for crowds.

        Raises:
            suite.UserError: where the image cannot be read or is not of the size that its annotation says,
                or a class is not known.
        """
        target: Target = example.target
        height, width = self.codec.size
        # An image that loaders could not read has the size 0 x 0: reading it again says why.
        rows, columns = (max(1, side) for side in target["size"])
        boxes = np.asarray(target["boxes"], np.float64).reshape(-1, 4)
        classes = self._classes(example)
        if self.augmentation.warps:
            shrink = min(1.0, MARGIN * min(height / rows, width / columns))
            shorter = max(1, math.ceil(min(rows, columns) * shrink))
            image, size = reading.read_with_size(example.input, at_least=shorter)
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
        """A batch of augmented images: a pure function of its arguments.

        Args:
            prepared: what `prepare` gave; left as it is.
            rng: the only source of randomness.
            progress: share of the training that lies behind, 0 to 1.

        Returns:
            Images uint8 (batch, height, width, 3); targets float32 (batch, most_boxes, 5): rows
            `[class, x1, y1, x2, y2]` in pixels of the network, class -1 where there is no box, -2 for regions
            that count neither way. Of more boxes than there are rows the largest stay, objects before
            regions.
        """
        drawn = self.augmentation
        if progress >= 1.0 - drawn.clean:
            drawn = drawn.tidied
        height, width = self.codec.size
        tiles = laid_out(len(prepared), height, width, drawn.mosaic, rng)
        matrices, natural = _views(prepared, tiles, drawn, height, width, rng)
        batch = np.empty((len(prepared), height, width, 3), np.uint8)
        for canvas, source, matrix, region in zip(
            tiles.canvas, tiles.source, matrices, tiles.region, strict=True
        ):
            paint(prepared[source][0], matrix, batch[canvas], region)
        rows = _rows(prepared, tiles, matrices, natural, drawn.visible)
        if drawn.color > 0 or drawn.gray > 0:
            jitter(batch, drawn.color, drawn.gray, rng)
        if drawn.mixup > 0:
            batch, rows = mixed(batch, rows, drawn.mixup, rng)
        most = self.codec.most_boxes if self.most_boxes is None else self.most_boxes
        return batch, np.stack([padded(found, most) for found in rows])


def _views(
    prepared: Sequence[Prepared],
    tiles: Tiles,
    drawn: Augmentation,
    height: int,
    width: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Matrices (tiles, 2, 3) from prepared images to canvases, and (tiles, 2) letterboxing scales."""
    count = len(tiles.canvas)
    sizes = np.array([prepared[source][0].shape[1::-1] for source in tiles.source])
    placements = np.array([letterboxed(rows, columns, height, width) for columns, rows in sizes.tolist()])
    natural = placements[:, :2]
    quarters = rng.integers(0, 4, count) if drawn.quarter_turns else np.zeros(count, np.int64)
    flip = rng.random(count) < (0.5 if drawn.flip else 0.0)
    upside_down = rng.random(count) < (0.5 if drawn.flip_vertical else 0.0)
    least, greatest = np.log(
        np.where(tiles.alone, np.array([drawn.scale]).T, np.array([drawn.mosaic_scale]).T)
    )
    size = np.exp(rng.uniform(least, greatest))
    stretch = drawn.stretch ** rng.uniform(-0.5, 0.5, count)
    on_side = (quarters % 2 == 1)[:, None]
    scale = np.where(on_side, natural[:, ::-1], natural) * np.stack([size * stretch, size / stretch], axis=1)
    half = np.where(on_side, sizes[:, ::-1], sizes) * scale / 2
    maps = linear_maps(
        scale,
        quarters=quarters,
        flip=flip,
        upside_down=upside_down,
        turn=drawn.rotate * rng.uniform(-1, 1, count),
        shear=drawn.shear * rng.uniform(-1, 1, (count, 2)),
    )
    # Where the image's middle may lie: anywhere between its edges and the region's being flush.
    low, high = tiles.region[:, :2], tiles.region[:, 2:]
    sticks_out = half - (high - low) / 2
    still = tiles.alone & (drawn.scale == (1.0, 1.0))
    room = np.maximum(sticks_out, np.where(still[:, None], 0.0, -sticks_out)) + drawn.translate * (high - low)
    letterbox = placements[:, 2:] + sizes * natural / 2
    rest = np.where(tiles.alone[:, None] & ~on_side, letterbox, (low + high) / 2)
    # Where it may lie so that one of its objects is whole, or fills the region.
    kept, known = _chosen(prepared, tiles.source, rng)
    around = boxes_through(kept, matrices_around(maps, sizes / 2, np.zeros((count, 2))))
    flush = np.stack([low - around[:, :2], high - around[:, 2:]])
    first, last = rest - room, rest + room
    first = np.where(known[:, None], np.clip(first, flush.min(axis=0), flush.max(axis=0)), first)
    last = np.where(known[:, None], np.clip(last, flush.min(axis=0), flush.max(axis=0)), last)
    places = first + rng.random((count, 2)) * (last - first)
    return matrices_around(maps, sizes / 2, places), natural


def _chosen(
    prepared: Sequence[Prepared], sources: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A random object's box per tile, (tiles, 4), and where there is one, (tiles,) booleans."""
    draws = rng.random(len(sources))
    boxes, known = np.zeros((len(sources), 4)), np.zeros(len(sources), bool)
    for tile, (source, draw) in enumerate(zip(sources, draws, strict=True)):
        _, own, classes = prepared[source]
        objects = np.flatnonzero(classes >= 0)
        if len(objects):
            boxes[tile], known[tile] = own[objects[int(draw * len(objects))]], True
    return boxes, known


def _rows(
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
    # Boxes that are as small without augmentation are asked for.
    before = ((boxes[:, 2:] - boxes[:, :2]) * natural[tile]).min(axis=1)
    large = sides.min(axis=1) >= np.minimum(SMALLEST, 0.99 * before)
    rows = np.concatenate([np.where(enough & large, classes, CROWD)[:, None], left], axis=1, dtype=np.float32)
    seen = (sides > 0).all(axis=1)
    ends = np.searchsorted(tiles.canvas[tile[seen]], np.arange(1, len(prepared)))
    return np.split(rows[seen], ends)


def padded(rows: np.ndarray, most: int) -> np.ndarray:
    """Exactly `most` rows `[class, x1, y1, x2, y2]`, float32 (most, 5).

    What is missing is padded with class -1. Of too many the largest stay, objects before crowd regions, in
    the order in which they were.
    """
    out = np.zeros((most, 5), np.float32)
    out[:, 0] = PADDING
    if len(rows) > most:
        order = np.lexsort((-areas(rows[:, 1:]), rows[:, 0] < 0))
        rows = rows[np.sort(order[:most])]
    out[: len(rows)] = rows
    return out
