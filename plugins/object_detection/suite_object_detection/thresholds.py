"""Precision, recall and F1 against the score from which detections are given, at an overlap of 0.5."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from suite_object_detection.answers import Answers
from suite_object_detection.matching import Matching

DEFAULT_THRESHOLD = 0.5
"""Where no threshold finds anything that is right."""


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """What became of each detection that counts, by the matching at an overlap of 0.5.

    A surer detection has the first choice of boxes, so leaving out those below a threshold changes nothing
    for the others: one matching serves all thresholds.

    Attributes:
        scores: float64 (n,).
        labels: index of the class (n,).
        image: index of the image (n,).
        right: whether it is a box of its class that was to be found, bool (n,).
        wrong: whether it is a false alarm, bool (n,). What lies in a crowd is neither.
        truth: the box that it matches as an index into `Answers.truth`, -1 for none.
        asked: how many boxes were to be found, int64 (images, classes).
    """

    scores: np.ndarray
    labels: np.ndarray
    image: np.ndarray
    right: np.ndarray
    wrong: np.ndarray
    truth: np.ndarray
    asked: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Precision, recall and F1 at every threshold that makes a difference, from the highest to the lowest.

    Attributes:
        thresholds: the lowest score that is given, float64 (n,), falling.
        precision: the share of what is given that is right.
        recall: the share that is found; zero where nothing is to be found.
        f1: their harmonic mean.
    """

    thresholds: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray


def outcomes_of(answers: Answers, matching: Matching) -> Outcomes:
    """The outcomes of all detections that count, in the order of `Matching.detections`."""
    truth, found = answers.truth, answers.found
    here = (matching.area == 0) & (matching.threshold == 0)
    matched = np.full(len(matching.detections), -1)
    matched[matching.detection[here]] = matching.truth[here]
    right = np.zeros(len(matched), bool)
    right[matching.detection[here & ~matching.ignored]] = True
    classes, wanted = len(answers.classes), ~truth.crowd
    cells = truth.image[wanted] * classes + truth.labels[wanted]
    asked = np.bincount(cells, minlength=answers.images * classes)
    return Outcomes(
        scores=found.scores[matching.detections],
        labels=found.labels[matching.detections],
        image=found.image[matching.detections],
        right=right,
        wrong=matched < 0,
        truth=matched,
        asked=asked.reshape(answers.images, classes),
    )


def curve_of(outcomes: Outcomes, label: int | None = None) -> Curve:
    """The curve of one class, or of all classes taken together."""
    chosen = slice(None) if label is None else outcomes.labels == label
    asked = int((outcomes.asked if label is None else outcomes.asked[:, label]).sum())
    scores, right, wrong = outcomes.scores[chosen], outcomes.right[chosen], outcomes.wrong[chosen]
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.flatnonzero(np.diff(ordered, append=-1.0))  # of equal scores all are given or none
    hits, alarms = np.cumsum(right[order])[ends], np.cumsum(wrong[order])[ends]
    return Curve(
        thresholds=ordered[ends],
        precision=hits / np.maximum(hits + alarms, 1),
        recall=hits / max(asked, 1),
        f1=2 * hits / np.maximum(hits + alarms + asked, 1),
    )


def best_of(curve: Curve) -> float:
    """The threshold with the highest F1, a round number where one gives the same.

    Any number between two neighboring scores gives the same detections; of those, the one half way is
    taken, with as few digits as it allows. Of thresholds with equal F1, the highest.
    """
    if not len(curve.f1) or curve.f1.max() <= 0:
        return DEFAULT_THRESHOLD
    best = int(np.argmax(curve.f1))
    high = float(curve.thresholds[best])
    low = float(curve.thresholds[best + 1]) if best + 1 < len(curve.thresholds) else 0.0
    middle = (low + high) / 2
    for digits in range(2, 17):
        if low < (rounded := round(middle, digits)) <= high:
            return rounded
    return high


def shares(hits: float, given: float, asked: float) -> dict[str, float]:
    """Precision, recall and F1 from counts.

    Precision is 0 where nothing is given; recall and F1 are NaN where nothing is to be found.
    """
    return {
        "precision": hits / max(given, 1.0),
        "recall": hits / asked if asked else float("nan"),
        "f1": 2 * hits / (given + asked) if asked else float("nan"),
    }
