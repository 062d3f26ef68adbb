"""What is wrong with each false positive, which class was taken for which, and what mending it would bring.

The kinds of errors are those of TIDE (Bolya et al. 2020, A General Toolbox for Identifying Object Detection
Errors, arXiv:2008.08115, section 2.2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from suite_object_detection.evaluation.arrays import BoxArrays
from suite_object_detection.evaluation.average_precision import RECALLS
from suite_object_detection.evaluation.matching import overlaps
from suite_object_detection.evaluation.thresholds import Outcomes

FOUND_FROM, NEAR_FROM = 0.5, 0.1
"""Overlaps from which a box counts as found, and from which a detection has to do with a box at all."""

WRONG_CLASS, POOR_LOCALIZATION, BOTH, DUPLICATE, BACKGROUND = range(5)
KINDS = ("wrong class", "poor localization", "wrong class and poor localization", "duplicate", "background")

_CELLS = 2_000_000
"""Overlaps that are held in memory at once."""


@dataclass(frozen=True, kw_only=True)
class FalsePositives:
    """All false positives, however low their scores.

    Attributes:
        detection: index into `Outcomes`, ascending.
        kind: index into `KINDS`.
        truth: the box that it is about as an index into `BoxArrays.truth`; -1 for background.
        overlap: with that box, float64.
    """

    detection: np.ndarray
    kind: np.ndarray
    truth: np.ndarray
    overlap: np.ndarray


def false_positives(arrays: BoxArrays, outcomes: Outcomes, boxes: np.ndarray) -> FalsePositives:
    """Tell false positives apart, by what they overlap most, looking for these in this order.

    - duplicate: a box of its class by at least 0.5 (which a detection with a higher score has found)
    - wrong class: a box of another class by at least 0.5
    - poor localization: a box of its class by at least 0.1
    - wrong class and poor localization: a box of another class by at least 0.1
    - background: nothing

    Args:
        arrays: with the ground truth.
        outcomes: of the detections.
        boxes: of the detections in `outcomes`, float64 (n, 4).
    """
    truth = arrays.truth
    detection = np.flatnonzero(outcomes.false_positive)
    count = len(detection)
    kind, about, overlap = np.full(count, BACKGROUND), np.full(count, -1), np.zeros(count)
    counted = np.flatnonzero(~truth.crowd)
    for rows, columns in _blocks(outcomes.image[detection], truth.image[counted]):
        these = counted[columns]
        common = overlaps(boxes[detection[rows]], truth.boxes[these])
        same = outcomes.labels[detection[rows], None] == truth.labels[these]
        own, other = np.where(same, common, -1.0), np.where(same, -1.0, common)
        own_best, other_best = own.max(axis=1), other.max(axis=1)
        near = np.select(
            [
                own_best >= FOUND_FROM,
                other_best >= FOUND_FROM,
                own_best >= NEAR_FROM,
                other_best >= NEAR_FROM,
            ],
            [DUPLICATE, WRONG_CLASS, POOR_LOCALIZATION, BOTH],
            BACKGROUND,
        )
        with_own = (near == DUPLICATE) | (near == POOR_LOCALIZATION)
        nearest = these[np.where(with_own, own.argmax(axis=1), other.argmax(axis=1))]
        kind[rows] = near
        about[rows] = np.where(near == BACKGROUND, -1, nearest)
        overlap[rows] = np.where(near == BACKGROUND, 0.0, np.where(with_own, own_best, other_best))
    return FalsePositives(detection=detection, kind=kind, truth=about, overlap=overlap)


def missed(arrays: BoxArrays, outcomes: Outcomes, kept: np.ndarray) -> np.ndarray:
    """The boxes that none of the detections `kept` (bool) finds: ascending indices into `BoxArrays.truth`."""
    open_boxes = ~arrays.truth.crowd
    open_boxes[outcomes.truth[kept & outcomes.true_positive]] = False
    return np.flatnonzero(open_boxes)


def confusion(arrays: BoxArrays, outcomes: Outcomes, boxes: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """How often a box of each class (row) was found as each class (column); the last are background.

    True positives are on the diagonal, just as precision and recall count them. Of the others, the detection
    with the highest score gets the free box of any class that it overlaps most, if by at least 0.5.
    Detections without a box are in the last row, boxes without a detection in the last column. Crowds, and
    what is detected in them, are not counted.

    Args:
        arrays: with the ground truth.
        outcomes: of the detections.
        boxes: of the detections in `outcomes`, float64 (n, 4).
        kept: which of the detections count, bool (n,).

    Returns:
        int64 (classes + 1, classes + 1).
    """
    truth, size = arrays.truth, len(arrays.classes) + 1
    counts = np.zeros((size, size), np.int64)
    true_positives = np.flatnonzero(kept & outcomes.true_positive)
    np.add.at(counts, (outcomes.labels[true_positives], outcomes.labels[true_positives]), 1)
    left = missed(arrays, outcomes, kept)
    free = np.ones(len(left), bool)
    false = np.flatnonzero(kept & outcomes.false_positive)
    taken_for = np.full(len(false), size - 1)
    for rows, columns in _blocks(outcomes.image[false], truth.image[left]):
        common = overlaps(boxes[false[rows]], truth.boxes[left[columns]])
        # Within an image the highest scores come first, and so do their blocks.
        for row in np.flatnonzero(common.max(axis=1) >= FOUND_FROM):
            open_to_it = np.where(free[columns], common[row], 0.0)
            best = int(open_to_it.argmax())
            if open_to_it[best] >= FOUND_FROM:
                box = columns.start + best
                free[box] = False
                taken_for[rows.start + row] = truth.labels[left[box]]
    np.add.at(counts, (taken_for, outcomes.labels[false]), 1)
    np.add.at(counts, (truth.labels[left[free]], size - 1), 1)
    return counts


def gains(arrays: BoxArrays, outcomes: Outcomes, false: FalsePositives) -> dict[str, float]:
    """How much `map50` would rise if one kind of error were mended, by kind (of `KINDS`, and "missed").

    A detection of the wrong class or with a poor localization becomes a true positive if nothing else finds
    the box that it is about, and is otherwise left out, as are the other false positives. Boxes that nothing
    finds and no error of class or localization is about are missed; they are mended by taking them out of the
    ground truth. (TIDE, section 2.3. The sum of the gains is not what mending everything brings.) NaN if
    nothing is to be found.
    """
    ground_truth = outcomes.ground_truth.sum(axis=0)
    now = _map50(outcomes, ground_truth)
    gained = {}
    for number, name in enumerate(KINDS):
        gained[name] = _map50(_mended(arrays, outcomes, false, number), ground_truth) - now
    about = np.isin(false.kind, (WRONG_CLASS, POOR_LOCALIZATION))
    open_boxes = missed(arrays, outcomes, np.ones(len(outcomes.true_positive), bool))
    open_boxes = open_boxes[~np.isin(open_boxes, false.truth[about])]
    lost = np.bincount(arrays.truth.labels[open_boxes], minlength=len(ground_truth))
    gained["missed"] = _map50(outcomes, ground_truth - lost) - now
    return gained


def _mended(arrays: BoxArrays, outcomes: Outcomes, false: FalsePositives, kind: int) -> Outcomes:
    chosen = false.kind == kind
    detection, about = false.detection[chosen], false.truth[chosen]
    false_positive, true_positive = outcomes.false_positive.copy(), outcomes.true_positive.copy()
    labels = outcomes.labels.copy()
    false_positive[detection] = False
    if kind in (WRONG_CLASS, POOR_LOCALIZATION):
        by_score = np.argsort(-outcomes.scores[detection], kind="stable")
        boxes, first = np.unique(about[by_score], return_index=True)
        still_open = np.isin(boxes, missed(arrays, outcomes, np.ones(len(true_positive), bool)))
        mended = detection[by_score[first[still_open]]]
        true_positive[mended] = True
        labels[mended] = arrays.truth.labels[boxes[still_open]]
    return replace(outcomes, false_positive=false_positive, true_positive=true_positive, labels=labels)


def _map50(outcomes: Outcomes, ground_truth: np.ndarray) -> float:
    """Average precision at an overlap of 0.5, the mean over the classes that have a box."""
    order = np.lexsort((-outcomes.scores, outcomes.labels))
    starts = np.searchsorted(outcomes.labels[order], np.arange(len(ground_truth) + 1))
    areas = []
    for label in np.flatnonzero(ground_truth > 0).tolist():
        those = order[starts[label] : starts[label + 1]]
        true_positives = np.cumsum(outcomes.true_positive[those])
        kept = true_positives + np.cumsum(outcomes.false_positive[those])
        precision = np.maximum.accumulate((true_positives / np.maximum(kept, 1))[::-1])[::-1]
        at = np.searchsorted(true_positives / ground_truth[label], RECALLS)
        areas.append(precision[at[at < len(precision)]].sum() / len(RECALLS))
    return float(np.mean(areas)) if areas else float("nan")


def _blocks(image: np.ndarray, true_image: np.ndarray) -> list[tuple[slice, slice]]:
    """Slices of detections and of boxes that are in one image, of which both have some.

    An image with very many of both has several slices of detections, so that memory is bounded.
    """
    shared = np.intersect1d(image, true_image)
    edges = [
        np.searchsorted(images, shared, side) for images in (image, true_image) for side in ("left", "right")
    ]
    blocks = []
    for start, stop, true_start, true_stop in zip(*(edge.tolist() for edge in edges), strict=True):
        step = max(1, _CELLS // (true_stop - true_start))
        for at in range(start, stop, step):
            blocks.append((slice(at, min(at + step, stop)), slice(true_start, true_stop)))
    return blocks
