"""What is random about the images of a training batch: the settings, and where each image lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from suite_images.resizing import letterboxed
from suite_object_detection.batches.geometry import boxes_through, linear_maps, matrices_around
from suite_object_detection.batches.mosaic import Tiles

BACKGROUND = 0.2
"""The share of tiles that lie anywhere, most of them without an object; in the others one is whole."""

WHOLE = 0.25
"""The share of canvases that show the whole image, if the network is to see those as well as tiles."""

Prepared = tuple[np.ndarray, np.ndarray, np.ndarray]
"""An image (height, width, channels) uint8, its boxes (n, 4) float32 and their classes (n,) int64."""


class Augmentation(msgspec.Struct, frozen=True, kw_only=True):
    """What is random about every image of a training batch; the defaults change nothing.

    A size of 1 is that of the letterboxed image, which is the size at which the network predicts.

    Attributes:
        scale: smallest and largest size of an image that has a canvas of its own. If it is larger than the
            canvas, it is cut at random, but one of its objects, chosen at random, stays whole; if it is
            smaller, it lies anywhere.
        translate: largest shift beyond that, as a share of the canvas; that object stays whole even so.
        aspect_ratio: largest factor by which proportions change.
        rotate: largest angle in degrees. Boxes grow with it, see `geometry.boxes_through`.
        shear: largest angle in degrees; boxes grow likewise.
        flip: whether half of the images are mirrored, left to right.
        flip_vertical: whether half of the images are mirrored, top to bottom. For images without an up.
        quarter_turns: whether images are turned by 0, 90, 180 or 270 degrees. For images without an up.
            Objects keep their size, so an image on its side may be cut.
        color_jitter: strength of random brightness, contrast, saturation and hue.
        grayscale: probability of losing all color.
        mosaic: probability of being one of four images that share a canvas.
        mosaic_scale: as `scale`, of images in a mosaic.
        mixup: probability of being blended with another image of the batch.
        visible: share of a box's area that has to be left if its image is cut. If less is left, or the box
            has become smaller than two pixels, the loss does not ask for it: what is left becomes a region
            that counts neither as object nor as background (class -2).
        clean: share of the training, at its end, without mosaic, MixUp, rotation and shear.
    """

    scale: tuple[float, float] = (1.0, 1.0)
    translate: float = 0.0
    aspect_ratio: float = 1.0
    rotate: float = 0.0
    shear: float = 0.0
    flip: bool = False
    flip_vertical: bool = False
    quarter_turns: bool = False
    color_jitter: float = 0.0
    grayscale: float = 0.0
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
            or self.aspect_ratio > 1.0
            or self.quarter_turns
            or max(self.translate, self.rotate, self.shear, self.mosaic) > 0.0
        )

    @property
    def tidied(self) -> Augmentation:
        """What is left of it in the clean share of the training."""
        return msgspec.structs.replace(self, mosaic=0.0, mixup=0.0, rotate=0.0, shear=0.0)


class Cut(NamedTuple):
    """How a canvas shows a tile of its image.

    Attributes:
        scale: pixels of the canvas for a pixel of a prepared image.
        whole: whether some canvases show the whole image.
    """

    scale: float
    whole: bool


class Views(NamedTuple):
    """What is random about where images lie on their canvases; an entry for each tile.

    Attributes:
        in_part: (tiles,) booleans, whether a part of the image is seen at the scale of a `Cut`.
        quarters: (tiles,) integers, quarter turns clockwise.
        flip: (tiles,) booleans, whether left and right are swapped.
        upside_down: (tiles,) booleans, whether top and bottom are swapped.
        size: (tiles,) factors, 1 for that of prediction.
        stretch: (tiles,) factors by which an image becomes wider than high.
        turn: (tiles,) angles in degrees.
        shear: (tiles, 2) angles in degrees.
        chosen: (tiles,) in 0..1, which of its objects stays whole.
        anywhere: (tiles,) booleans, whether none has to.
        position: (tiles, 2) in 0..1, where it lies between the first and the last place that is allowed.
    """

    in_part: np.ndarray
    quarters: np.ndarray
    flip: np.ndarray
    upside_down: np.ndarray
    size: np.ndarray
    stretch: np.ndarray
    turn: np.ndarray
    shear: np.ndarray
    chosen: np.ndarray
    anywhere: np.ndarray
    position: np.ndarray


def draw_views(
    tiles: Tiles, augmentation: Augmentation, rng: np.random.Generator, cut: Cut | None = None
) -> Views:
    """Draw where the images of a batch lie; nothing of it depends on the images.

    Args:
        tiles: which of them is seen in which part of which canvas.
        augmentation: what is random.
        rng: the source of randomness.
        cut: how large images are in tiles; None if they are letterboxed.
    """
    # All of it in this order: the order fixes which random numbers each of them gets.
    count = len(tiles.canvas)
    in_part = np.zeros(count, bool)
    if cut is not None:
        in_part = rng.random(count) >= (WHOLE if cut.whole else 0.0)
    quarters = rng.integers(0, 4, count) if augmentation.quarter_turns else np.zeros(count, np.int64)
    flip = rng.random(count) < (0.5 if augmentation.flip else 0.0)
    upside_down = rng.random(count) < (0.5 if augmentation.flip_vertical else 0.0)
    smallest, largest = np.log(
        np.where(tiles.alone, np.array([augmentation.scale]).T, np.array([augmentation.mosaic_scale]).T)
    )
    size = np.exp(rng.uniform(smallest, largest))
    stretch = augmentation.aspect_ratio ** rng.uniform(-0.5, 0.5, count)
    turn = augmentation.rotate * rng.uniform(-1, 1, count)
    shear = augmentation.shear * rng.uniform(-1, 1, (count, 2))
    chosen = rng.random(count)
    anywhere = np.zeros(count, bool)
    if cut is not None:
        anywhere = in_part & (rng.random(count) < BACKGROUND)
    position = rng.random((count, 2))
    return Views(in_part, quarters, flip, upside_down, size, stretch, turn, shear, chosen, anywhere, position)


def placed(
    prepared: Sequence[Prepared],
    tiles: Tiles,
    views: Views,
    augmentation: Augmentation,
    height: int,
    width: int,
    cut: Cut | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Where the images of a batch lie on their canvases.

    Args:
        prepared: the images.
        tiles: which of them is seen in which part of which canvas.
        views: what is random about that.
        augmentation: the settings by which that was drawn.
        height: of a canvas.
        width: of a canvas.
        cut: how large images are in tiles; None if they are letterboxed.

    Returns:
        Matrices (tiles, 2, 3) from prepared images to canvases, and (tiles, 2) their scales at prediction.
    """
    count = len(tiles.canvas)
    in_part = views.in_part
    sizes = np.array([prepared[source][0].shape[1::-1] for source in tiles.source])
    placements = np.array([letterboxed(rows, columns, height, width) for columns, rows in sizes.tolist()])
    natural = placements[:, :2]
    if cut is not None:
        natural = np.where(in_part[:, None], cut.scale, natural)
    on_side = (views.quarters % 2 == 1)[:, None]
    factors = np.stack([views.size * views.stretch, views.size / views.stretch], axis=1)
    scale = np.where(on_side, natural[:, ::-1], natural) * factors
    half = np.where(on_side, sizes[:, ::-1], sizes) * scale / 2
    maps = linear_maps(
        scale,
        quarters=views.quarters,
        flip=views.flip,
        upside_down=views.upside_down,
        turn=views.turn,
        shear=views.shear,
    )
    # The image's middle may lie anywhere between its edges and the region's being flush.
    low, high = tiles.region[:, :2], tiles.region[:, 2:]
    sticks_out = half - (high - low) / 2
    still = tiles.alone & (augmentation.scale == (1.0, 1.0)) & ~in_part
    room = np.maximum(sticks_out, np.where(still[:, None], 0.0, -sticks_out)) + augmentation.translate * (
        high - low
    )
    letterbox = placements[:, 2:] + sizes * natural / 2
    rest = np.where((tiles.alone & ~in_part)[:, None] & ~on_side, letterbox, (low + high) / 2)
    # Of these, the positions with one of its objects whole, or filling the region.
    kept, known = _chosen_objects(prepared, tiles.source, views.chosen)
    known &= ~views.anywhere
    around = boxes_through(kept, matrices_around(maps, sizes / 2, np.zeros((count, 2))))
    flush = np.stack([low - around[:, :2], high - around[:, 2:]])
    first, last = rest - room, rest + room
    first = np.where(known[:, None], np.clip(first, flush.min(axis=0), flush.max(axis=0)), first)
    last = np.where(known[:, None], np.clip(last, flush.min(axis=0), flush.max(axis=0)), last)
    positions = first + views.position * (last - first)
    return matrices_around(maps, sizes / 2, positions), natural


def _chosen_objects(
    prepared: Sequence[Prepared], sources: np.ndarray, chosen: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A random object's box per tile, (tiles, 4), and whether there is an object, (tiles,) booleans."""
    boxes, known = np.zeros((len(sources), 4)), np.zeros(len(sources), bool)
    for tile, (source, draw) in enumerate(zip(sources, chosen, strict=True)):
        _, own, classes = prepared[source]
        objects = np.flatnonzero(classes >= 0)
        if len(objects):
            boxes[tile], known[tile] = own[objects[int(draw * len(objects))]], True
    return boxes, known
