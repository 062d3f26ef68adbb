"""What one would predict for any image without looking at it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from suite.data import Example
from suite_images import reading
from suite_object_detection.matching import overlaps
from suite_object_detection.types import Detections, Target

MOST_PER_CLASS = 20
MOST_PER_IMAGE = 300
MOST_IMAGES = 2_000
MOST_BOXES = 2_000
MOST_CANDIDATES = 100
"""Boxes of a class from which the typical ones are chosen; like the other limits, it bounds time only."""
AGREEMENT = 0.5


def most_frequent(train_targets: Sequence[Target], examples: Sequence[Example]) -> list[Detections]:
    """The boxes that are most typical of training, in every image, scaled to its size.

    Boxes are compared in shares of the width and the height of their image. Of each class, the box is
    chosen that overlaps with a box of as many training images as possible, by at least 0.5; then, without
    the boxes that it overlaps, the next one, up to 20. The score of each is the share of training images
    in which it does. Of many images and boxes, an evenly spaced part is looked at.

    Args:
        train_targets: the targets of training.
        examples: the images, of which only the header is read. Where there is no image either, its size
            is taken to be the median of training.
    """
    chosen = _evenly(len(train_targets), MOST_IMAGES)
    targets = [train_targets[index] for index in chosen.tolist()]
    boxes, scores, labels = _typical(targets)
    sizes = np.array([target["size"] for target in targets] or [(1, 1)])
    usual = int(np.median(sizes[:, 0])), int(np.median(sizes[:, 1]))

    @lru_cache(maxsize=1024)  # most data sets have few sizes
    def scaled(height: int, width: int) -> Detections:
        rows = (boxes * [width, height, width, height]).tolist()
        return Detections(boxes=[(x1, y1, x2, y2) for x1, y1, x2, y2 in rows], scores=scores, labels=labels)

    return [scaled(*(usual if one.input is None else reading.size(one.input))) for one in examples]


def _typical(targets: Sequence[Target]) -> tuple[np.ndarray, list[float], list[str]]:
    """Relative boxes (n, 4), their scores and their labels, the surest first."""
    by_class: dict[str, tuple[list[list[float]], list[int]]] = {}
    for number, target in enumerate(targets):
        height, width = target["size"]
        crowd = target.get("crowd") or [False] * len(target["labels"])
        for box, label, group in zip(target["boxes"], target["labels"], crowd, strict=True):
            if not group:
                rows, numbers = by_class.setdefault(label, ([], []))
                rows.append([box[0] / width, box[1] / height, box[2] / width, box[3] / height])
                numbers.append(number)
    found: list[tuple[float, str, np.ndarray]] = []
    for label in sorted(by_class):
        rows, numbers = by_class[label]
        part = _evenly(len(rows), MOST_BOXES)
        share_looked_at = len(part) / len(rows)
        for typical, count in _cover(np.array(rows)[part], np.array(numbers)[part]):
            found.append((min(1.0, count / (share_looked_at * len(targets))), label, typical))
    found.sort(key=lambda item: -item[0])
    del found[MOST_PER_IMAGE:]
    boxes = np.array([box for _, _, box in found]).reshape(-1, 4)
    return boxes, [score for score, _, _ in found], [label for _, label, _ in found]


def _cover(boxes: np.ndarray, image: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """Boxes that agree with those of many images, each with the number of images it adds.

    This is the greedy algorithm for maximum coverage (Nemhauser et al. 1978, An analysis of approximations
    for maximizing submodular set functions).

    Args:
        boxes: float64 (n, 4).
        image: the number of each one's image, ascending (n,).
    """
    candidates = boxes[_evenly(len(boxes), MOST_CANDIDATES)]
    agree = overlaps(candidates, boxes) >= AGREEMENT
    starts = np.flatnonzero(np.diff(image, prepend=-1))
    chosen = []
    for _ in range(min(MOST_PER_CLASS, len(candidates))):
        counts = np.logical_or.reduceat(agree, starts, axis=1).sum(axis=1)
        best = int(np.argmax(counts))
        if not counts[best]:
            break
        chosen.append((candidates[best], int(counts[best])))
        # A prediction finds one box per image, but one that lies where it lies is no news.
        agree &= ~agree[best]
    return chosen


def _evenly(count: int, most: int) -> np.ndarray:
    """At most `most` of the numbers below `count`, evenly spaced."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.intp)
