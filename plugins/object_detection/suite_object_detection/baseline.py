"""What one would predict for any image without looking at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from suite.data import Example, Examples
from suite_images import reading
from suite_object_detection.evaluation.matching import overlaps
from suite_object_detection.types import Detections, Target

MAX_PER_CLASS = 20
MAX_PER_IMAGE = 300
MAX_IMAGES = 2_000
MAX_BOXES = 2_000
MAX_CANDIDATES = 100
"""Boxes of a class from which the typical ones are chosen; like the other limits, it bounds time only."""
AGREEMENT = 0.5


def most_frequent(train: Examples, examples: Sequence[Example], facts: Mapping[str, Any]) -> list[Detections]:
    """The boxes that are most typical of training, in every image, scaled to its size.

    Boxes are compared in shares of the width and the height of their image. The first box of a class is the
    one that overlaps with a box of as many training images as possible, by at least 0.5; then, without the
    boxes that it overlaps, the next, up to 20. The score of each is the share of training images in which it
    does. If there are many images and boxes, an evenly spaced selection is looked at.

    Args:
        train: the training split.
        examples: the images, of which only the header is read. If there is no image either, its size is
            taken to be the median of training.
        facts: not needed.
    """
    del facts
    chosen = _evenly(len(train), MAX_IMAGES)
    targets: list[Target] = [train[index].target for index in chosen.tolist()]
    boxes, scores, labels = _typical(targets)
    sizes = np.array([target["size"] for target in targets] or [[1, 1]])
    usual = int(np.median(sizes[:, 0])), int(np.median(sizes[:, 1]))

    @lru_cache(maxsize=1024)  # most data sets have few sizes
    def scaled(height: int, width: int) -> Detections:
        rows = (boxes * [width, height, width, height]).tolist()
        return Detections(boxes=[(x1, y1, x2, y2) for x1, y1, x2, y2 in rows], scores=scores, labels=labels)

    return [
        scaled(*(usual if example.input is None else reading.size(example.input))) for example in examples
    ]


def _typical(targets: Sequence[Target]) -> tuple[np.ndarray, list[float], list[str]]:
    """Relative boxes (n, 4), their scores and their labels, by falling score."""
    by_class: dict[str, tuple[list[list[float]], list[int]]] = {}
    for number, target in enumerate(targets):
        height, width = target["size"]
        crowd = target.get("crowd") or [False] * len(target["labels"])
        for box, label, is_crowd in zip(target["boxes"], target["labels"], crowd, strict=True):
            if not is_crowd:
                rows, numbers = by_class.setdefault(label, ([], []))
                rows.append([box[0] / width, box[1] / height, box[2] / width, box[3] / height])
                numbers.append(number)
    ranked: list[tuple[float, str, np.ndarray]] = []
    for label in sorted(by_class):
        rows, numbers = by_class[label]
        selection = _evenly(len(rows), MAX_BOXES)
        share_looked_at = len(selection) / len(rows)
        for typical, count in _cover(np.array(rows)[selection], np.array(numbers)[selection]):
            ranked.append((min(1.0, count / (share_looked_at * len(targets))), label, typical))
    ranked.sort(key=lambda item: -item[0])
    del ranked[MAX_PER_IMAGE:]
    boxes = np.array([box for _, _, box in ranked]).reshape(-1, 4)
    return boxes, [score for score, _, _ in ranked], [label for _, label, _ in ranked]


def _cover(boxes: np.ndarray, image: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """Boxes that agree with those of many images, each with the number of images it adds.

    This is the greedy algorithm for maximum coverage (Nemhauser et al. 1978, An analysis of approximations
    for maximizing submodular set functions).

    Args:
        boxes: float64 (n, 4).
        image: the number of each box's image, ascending (n,).
    """
    candidates = boxes[_evenly(len(boxes), MAX_CANDIDATES)]
    agree = overlaps(candidates, boxes) >= AGREEMENT
    starts = np.flatnonzero(np.diff(image, prepend=-1))
    chosen = []
    for _ in range(min(MAX_PER_CLASS, len(candidates))):
        counts = np.logical_or.reduceat(agree, starts, axis=1).sum(axis=1)
        best = int(np.argmax(counts))
        if not counts[best]:
            break
        chosen.append((candidates[best], int(counts[best])))
        # A prediction finds one box per image; another box at the same location adds nothing.
        agree &= ~agree[best]
    return chosen


def _evenly(count: int, limit: int) -> np.ndarray:
    """At most `limit` of the numbers below `count`, evenly spaced."""
    return np.linspace(0, count - 1, min(count, limit)).round().astype(np.intp)


def perfect(target: Target, facts: Mapping[str, Any]) -> Detections:
    """What a detector that is always right would find; the scores differ, so no order of images matters."""
    del facts
    crowd = target.get("crowd") or [False] * len(target["labels"])
    found = [
        (1 - (box[0] + 31 * box[1] + 977 * box[2]) % 9973 / 20_000, box, label)
        for box, label, is_crowd in zip(target["boxes"], target["labels"], crowd, strict=True)
        if not is_crowd
    ]
    found.sort(key=lambda item: -item[0])
    boxes = [(float(x1), float(y1), float(x2), float(y2)) for _, (x1, y1, x2, y2), _ in found]
    return Detections(
        boxes=boxes, scores=[score for score, _, _ in found], labels=[label for _, _, label in found]
    )
