"""What is found in overlapping tiles, put together: each object once, and whole.

An object on a border is seen in two tiles or more, in some of them cut. Cut boxes have high scores and may
overlap the whole one little, so suppression by overlap alone keeps both. SAHI (arXiv:2202.06934) therefore
measures by how much the smaller of two boxes is covered, which also merges neighbors of which one is small.
Here it is known which borders a box touches: only boxes that may have been cut are treated so.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from suite_object_detection.batches.geometry import areas, clipped

CUT_WITHIN = 0.01
"""How close to an inner border of its tile a box ends that may have been cut, in sides of the tile."""

COVERED = 0.5
"""The share of a cut box that a whole one has to cover for being of the same object."""

AGREE = 0.5
"""The overlap, where both tiles see them, of two cut boxes of the same object."""

WHOLE_WINS = 0.5
"""A whole box has precedence over a cut one if its score is at least this share of the cut one's."""


class Found(NamedTuple):
    """Boxes with their scores and classes.

    Attributes:
        boxes: float64 (n, 4), x1, y1, x2, y2 in pixels of the image.
        scores: float64 (n,).
        classes: int64 (n,).
    """

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray


def merge(
    found: Found, regions: np.ndarray, size: tuple[int, int], iou_threshold: float, limit: int
) -> Found:
    """Each object once, from what was found in tiles of an image.

    Boxes are gone through by falling score, that of cut ones halved. A box that is taken suppresses those of
    its class that overlap it by more than `iou_threshold`, and those of other tiles that are cut and that it
    covers by half; it takes over the higher score of these. If a cut box is taken, no tile shows the object
    whole: it is joined with the cut boxes of other tiles that agree with it where both tiles see.

    Args:
        found: the boxes of all tiles.
        regions: (n, 4), the tile in which each was found, x1, y1, x2, y2 in pixels of the image.
        size: (height, width) of the image.
        iou_threshold: 0 to 1.
        limit: how many are kept at most.

    Returns:
        What is kept, by falling score.
    """
    boxes, scores, classes = found.boxes.astype(np.float64), found.scores.copy(), found.classes
    regions = regions.astype(np.float64)
    cut = _cut(boxes, regions, size)
    alive = np.ones(len(boxes), bool)
    kept: list[int] = []
    for index in np.argsort(-scores * np.where(cut, WHOLE_WINS, 1.0), kind="stable").tolist():
        if not alive[index]:
            continue
        if len(kept) == limit:
            break
        alive[index] = False
        kept.append(index)
        (rivals,) = np.nonzero(alive & (classes == classes[index]))
        if cut[index]:
            rivals = _joined(index, rivals, boxes, regions, cut, scores, alive)
        shared = areas(clipped(boxes[index], boxes[rivals]))
        theirs, own = areas(boxes[rivals]), areas(boxes[index])
        pieces = cut[rivals] & (regions[rivals] != regions[index]).any(axis=1)
        # What lies in the other tile as a whole was seen there as a whole.
        pieces &= ~_inside(boxes[index], regions[rivals]) & (shared > COVERED * theirs)
        doubles = shared > iou_threshold * (theirs + own - shared)
        if pieces.any():
            scores[index] = max(scores[index], scores[rivals[pieces]].max())
        alive[rivals[doubles | pieces]] = False
    order = np.array(kept, np.int64)[np.argsort(-scores[kept], kind="stable")] if kept else np.zeros(0, int)
    return Found(boxes[order], scores[order], classes[order])


def _joined(
    index: int,
    rivals: np.ndarray,
    boxes: np.ndarray,
    regions: np.ndarray,
    cut: np.ndarray,
    scores: np.ndarray,
    alive: np.ndarray,
) -> np.ndarray:
    """Extend a cut box by the cut boxes of other tiles that agree with it; the rivals that are left."""
    while True:
        common = clipped(regions[index], regions[rivals])
        seen, others = clipped(boxes[index], common), clipped(boxes[rivals], common)
        shared = areas(clipped(seen, others))
        union = areas(seen) + areas(others) - shared
        agree = cut[rivals] & (regions[rivals] != regions[index]).any(axis=1)
        agree &= scores[rivals] >= WHOLE_WINS * scores[index]
        agree &= (shared > 0) & (shared >= AGREE * union)
        agree &= ~_inside(boxes[rivals], boxes[index])
        if not agree.any():
            return rivals
        for array in (boxes, regions):
            joined = np.concatenate([array[index][None], array[rivals[agree]]])
            array[index] = np.concatenate([joined[:, :2].min(axis=0), joined[:, 2:].max(axis=0)])
        alive[rivals[agree]] = False
        rivals = rivals[~agree]


def _cut(boxes: np.ndarray, regions: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(n,) booleans: whether a box touches a border of its tile that is none of the image."""
    height, width = size
    sides = regions[:, 2:] - regions[:, :2]
    near = np.tile(CUT_WITHIN * sides, 2)
    inner = regions != (0, 0, width, height)
    cut: np.ndarray = (inner & (abs(boxes - regions) <= near)).any(axis=1)
    return cut


def _inside(boxes: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Whether boxes lie in regions; either may be a single one."""
    low, high = boxes[..., :2] >= regions[..., :2], boxes[..., 2:] <= regions[..., 2:]
    inside: np.ndarray = np.all(np.concatenate([low, high], axis=-1), axis=-1)
    return inside
