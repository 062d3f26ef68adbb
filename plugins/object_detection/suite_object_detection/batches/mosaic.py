"""Mosaic: a training image out of four (Bochkovskiy et al. 2020, YOLOv4, arXiv:2004.10934, section 3.3)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

FIRST, LAST = 0.25, 0.75
"""Between which shares of height and width the four images of a mosaic meet."""


class Tiles(NamedTuple):
    """Which image is seen in which rectangle of which canvas; ordered by canvas.

    Attributes:
        canvas: (tiles,) integers, indices into the batch.
        source: (tiles,) integers, which of the prepared images.
        region: (tiles, 4) integers, x1, y1, x2, y2 in pixels of the canvas.
        alone: (tiles,) booleans, whether the tile is the whole canvas.
    """

    canvas: np.ndarray
    source: np.ndarray
    region: np.ndarray
    alone: np.ndarray


def laid_out(count: int, height: int, width: int, mosaic: float, rng: np.random.Generator) -> Tiles:
    """A canvas per image of a batch: the image alone, or it and three others around a random point.

    The image of the same index is always among the four, so every image is seen in every epoch; the
    others come from random permutations, so all are seen equally often. (In a small batch an image may be
    its own neighbor.) Unlike in YOLOv4 it is the final canvas that is divided: every tile is scaled and cut
    by itself, and no pixel is made that is not seen.

    Args:
        count: images in the batch.
        height: rows of a canvas, at least 2 if `mosaic` is above 0.
        width: columns of a canvas, likewise.
        mosaic: the share of canvases that are mosaics.
        rng: the source of randomness.
    """
    whole = np.array([0, 0, width, height])
    if mosaic <= 0:
        every = np.arange(count)
        return Tiles(every, every, np.tile(whole, (count, 1)), np.ones(count, bool))
    divided = rng.random(count) < mosaic
    sources = np.stack([np.arange(count), *(rng.permutation(count) for _ in range(3))], axis=1)
    sources = rng.permuted(sources, axis=1)
    meeting = rng.uniform(FIRST, LAST, (count, 2)) * (width, height)
    x, y = np.clip(np.rint(meeting).astype(np.int64), 1, (width - 1, height - 1)).T
    none, right, bottom = np.zeros(count, np.int64), np.full(count, width), np.full(count, height)
    quarters = [(none, none, x, y), (x, none, right, y), (none, y, x, bottom), (x, y, right, bottom)]
    regions = np.stack([np.stack(edges, axis=1) for edges in quarters], axis=1)
    # Of a canvas that is not divided only the first of the four stays.
    sources[~divided, 0], regions[~divided, 0] = np.flatnonzero(~divided), whole
    stays = np.ones((count, 4), bool)
    stays[~divided, 1:] = False
    canvas = np.repeat(np.arange(count), 4).reshape(count, 4)
    return Tiles(canvas[stays], sources[stays], regions[stays], ~divided[canvas[stays]])
