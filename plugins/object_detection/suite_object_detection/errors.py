"""What went wrong with each false alarm, which class was taken for which, and what mending it would bring.

The kinds of errors are those of TIDE (Bolya et al. 2020, A General Toolbox for Identifying Object Detection
Errors, arXiv:2008.08115, section 2.2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from suite_object_detection.answers import Answers
from suite_object_detection.average_precision import RECALLS
from suite_object_detection.matching import overlaps
from suite_object_detection.thresholds import Outcomes

FOUND_FROM, NEAR_FROM = 0.5, 0.1
"""Overlaps from which a box counts as found, and from which a detection has to do with a box at all."""

WRONG_CLASS, POOR_PLACE, BOTH, DOUBLED, BACKGROUND = range(5)
KINDS = ("wrong class", "poor place", "wrong class and poor place", "doubled", "background")

_CELLS = 2_000_000
"""Overlaps that are held in memory at once."""


@dataclass(frozen=True, kw_only=True)
class FalseAlarms:
    """All false alarms, however unsure.

    Attributes:
        detection: index into `Outcomes`, ascending.
        kind: index into `KINDS`.
        truth: the box that it was about as an index into `Answers.truth`; -1 for background.
        overlap: with that box, float64.
    """

    detection: np.ndarray
    kind: np.ndarray
    truth: np.ndarray
    overlap: np.ndarray


def false_alarms(answers: Answers, outcomes: Outcomes, boxes: np.ndarray) -> FalseAlarms:
    """Tell false alarms apart, by what they overlap most, looking for these in this order.

    - doubled: a box of its class by at least 0.5 (which a surer detection has found)
    - wrong class: a box of another class by at least 0.5
    - poor place: a box of its class by at least 0.1
    - wrong class and poor place: a box of another class by at least 0.1
    - background: nothing

    Args:
        answers: the truth.
        outcomes: of the detections.
        boxes: of the detections in `outcomes`, float64 (n, 4).
    """
    truth = answers.truth
    wrong = np.flatnonzero(outcomes.wrong)
    kind, about, overlap = np.full(len(wrong), BACKGROUND), np.full(len(wrong), -1), np.zeros(len(wrong))
    wanted = np.flatnonzero(~truth.crowd)
    for rows, columns in _blocks(outcomes.image[wrong], truth.image[wanted]):
        these = wanted[columns]
        common = overlaps(boxes[wrong[rows]], truth.boxes[these])
        same = outcomes.labels[wrong[rows], None] == truth.labels[these]
        own, other = np.where(same, common, -1.0), np.where(same, -1.0, common)
        own_best, other_best = own.max(axis=1), other.max(axis=1)
        near = np.select(
            [
                own_best >= FOUND_FROM,
                other_best >= FOUND_FROM,
                own_best >= NEAR_FROM,
                other_best >= NEAR_FROM,
            ],
            [DOUBLED, WRONG_CLASS, POOR_PLACE, BOTH],
            BACKGROUND,
        )
        with_own = (near == DOUBLED) | (near == POOR_PLACE)
        nearest = these[np.where(with_own, own.argmax(axis=1), other.argmax(axis=1))]
        kind[rows] = near
        about[rows] = np.where(near == BACKGROUND, -1, nearest)
        overlap[rows] = np.where(near == BACKGROUND, 0.0, np.where(with_own, own_best, other_best))
    return FalseAlarms(detection=wrong, kind=kind, truth=about, overlap=overlap)


def missed(answers: Answers, outcomes: Outcomes, given: np.ndarray) -> np.ndarray:
    """The boxes that none of the detections `given` (bool) finds: ascending indices into `Answers.truth`."""
    open_boxes = ~answers.truth.crowd
    open_boxes[outcomes.truth[given & outcomes.right]] = False
    return np.flatnonzero(open_boxes)


def confusion(answers: Answers, outcomes: Outcomes, boxes: np.ndarray, given: np.ndarray) -> np.ndarray:
    """How often a box of each class (row) was found as each class (column); the last are background.

    What is right stands on the diagonal, just as precision and recall count it. Of what is left, the surest
    detection gets the free box of any class that it overlaps most, if by at least 0.5. Detections without a
    box are in the last row, boxes without a detection in the last column. Crowds, and what is detected in
    them, are not counted.

    Args:
        answers: the truth.
        outcomes: of the detections.
        boxes: of the detections in `outcomes`, float64 (n, 4).
        given: which of the detections count, bool (n,).

    Returns:
        int64 (classes + 1, classes + 1).
    """
    truth, size = answers.truth, len(answers.classes) + 1
    counts = np.zeros((size, size), np.int64)
    hits = np.flatnonzero(given & outcomes.right)
    np.add.at(counts, (outcomes.labels[hits], outcomes.labels[hits]), 1)
    left = missed(answers, outcomes, given)
    free = np.ones(len(left), bool)
    alarms = np.flatnonzero(given & outcomes.wrong)
    taken_for = np.full(len(alarms), size - 1)
    for rows, columns in _blocks(outcomes.image[alarms], truth.image[left]):
        common = overlaps(boxes[alarms[rows]], truth.boxes[left[columns]])
        # Within an image the surest come first, and so do their blocks.
        for row in np.flatnonzero(common.max(axis=1) >= FOUND_FROM):
            open_to_it = np.where(free[columns], common[row], 0.0)
            best = int(open_to_it.argmax())
            if open_to_it[best] >= FOUND_FROM:
                box = columns.start + best
                free[box] = False
                taken_for[rows.start + row] = truth.labels[left[box]]
    np.add.at(counts, (taken_for, outcomes.labels[alarms]), 1)
    np.add.at(counts, (truth.labels[left[free]], size - 1), 1)
    return counts


def gains(answers: Answers, outcomes: Outcomes, alarms: FalseAlarms) -> dict[str, float]:
    """How much `map50` would rise if one kind of error were mended, by kind (of `KINDS`, and "missed").

    A detection of the wrong class or in a poor place is made right where nothing else finds the box that it
    is about, and otherwise left out, as are the other false alarms. Boxes that nothing finds and no error of
    class or place is about are missed; they are mended by not asking for them. (TIDE, section 2.3. The sum
    of the gains is not what mending everything brings.) NaN where nothing is to be found.
    """
    asked = outcomes.asked.sum(axis=0)
    now = _map50(outcomes, asked)
    found = {}
    for number, name in enumerate(KINDS):
        found[name] = _map50(_mended(answers, outcomes, alarms, number), asked) - now
    about = np.isin(alarms.kind, (WRONG_CLASS, POOR_PLACE))
    open_boxes = missed(answers, outcomes, np.ones(len(outcomes.right), bool))
    open_boxes = open_boxes[~np.isin(open_boxes, alarms.truth[about])]
    lost = np.bincount(answers.truth.labels[open_boxes], minlength=len(asked))
    found["missed"] = _map50(outcomes, asked - lost) - now
    return found


def _mended(answers: Answers, outcomes: Outcomes, alarms: FalseAlarms, kind: int) -> Outcomes:
    chosen = alarms.kind == kind
    detection, about = alarms.detection[chosen], alarms.truth[chosen]
    wrong, right, labels = outcomes.wrong.copy(), outcomes.right.copy(), outcomes.labels.copy()
    wrong[detection] = False
    if kind in (WRONG_CLASS, POOR_PLACE):
        surest = np.argsort(-outcomes.scores[detection], kind="stable")
        boxes, first = np.unique(about[surest], return_index=True)
        still_open = np.isin(boxes, missed(answers, outcomes, np.ones(len(right), bool)))
        mended = detection[surest[first[still_open]]]
        right[mended] = True
        labels[mended] = answers.truth.labels[boxes[still_open]]
    return replace(outcomes, wrong=wrong, right=right, labels=labels)


def _map50(outcomes: Outcomes, asked: np.ndarray) -> float:
    """Average precision at an overlap of 0.5, the mean over classes that are asked for."""
    order = np.lexsort((-outcomes.scores, outcomes.labels))
    starts = np.searchsorted(outcomes.labels[order], np.arange(len(asked) + 1))
    areas = []
    for label in np.flatnonzero(asked > 0).tolist():
        those = order[starts[label] : starts[label + 1]]
        hits, alarms = np.cumsum(outcomes.right[those]), np.cumsum(outcomes.wrong[those])
        precision = np.maximum.accumulate((hits / np.maximum(hits + alarms, 1))[::-1])[::-1]
        at = np.searchsorted(hits / asked[label], RECALLS)
        areas.append(precision[at[at < len(precision)]].sum() / len(RECALLS))
    return float(np.mean(areas)) if areas else float("nan")


def _blocks(image: np.ndarray, true_image: np.ndarray) -> list[tuple[slice, slice]]:
    """Slices of detections and of boxes that are in one image, of which both have some.

    An image with very many of both has several slices of detections, so that memory is bounded.
    """
    shared = np.intersect1d(image, true_image)
    edges = [np.searchsorted(one, shared, side) for one in (image, true_image) for side in ("left", "right")]
    blocks = []
    for start, stop, true_start, true_stop in zip(*(edge.tolist() for edge in edges), strict=True):
        step = max(1, _CELLS // (true_stop - true_start))
        for at in range(start, stop, step):
            blocks.append((slice(at, min(at + step, stop)), slice(true_start, true_stop)))
    return blocks
