"""Precision, recall and F1 against the score from which detections are kept, at an overlap of 0.5."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from suite_object_detection.evaluation.arrays import BoxArrays
from suite_object_detection.evaluation.matching import Matching

DEFAULT_THRESHOLD = 0.5
"""If no threshold gives a true positive."""


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """What became of each detection that counts, by the matching at an overlap of 0.5.

    The detection with the highest score has the first choice of boxes, so leaving out those below a threshold
    changes nothing for the others: one matching serves all thresholds.

    Attributes:
        scores: float64 (n,).
        labels: index of the class (n,).
        image: index of the image (n,).
        true_positive: whether it is a box of its class, bool (n,).
        false_positive: whether it is none, bool (n,). What lies in a crowd is neither.
        truth: the box that it matches as an index into `BoxArrays.truth`, -1 for none.
        ground_truth: how many boxes there are, int64 (images, classes).
    """

    scores: np.ndarray
    labels: np.ndarray
    image: np.ndarray
    true_positive: np.ndarray
    false_positive: np.ndarray
    truth: np.ndarray
    ground_truth: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Precision, recall and F1 at every threshold that makes a difference, from the highest to the lowest.

    Attributes:
        thresholds: the lowest score that is kept, float64 (n,), falling.
        precision: the share of the detections kept that are true positives.
        recall: the share of the ground truth that is found; zero if there is none.
        f1: their harmonic mean.
    """

    thresholds: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray


def outcomes_of(arrays: BoxArrays, matching: Matching) -> Outcomes:
    """The outcomes of all detections that count, in the order of `Matching.detections`."""
    truth, detected = arrays.truth, arrays.detected
    here = (matching.area == 0) & (matching.threshold == 0)
    matched = np.full(len(matching.detections), -1)
    matched[matching.detection[here]] = matching.truth[here]
    true_positive = np.zeros(len(matched), bool)
    true_positive[matching.detection[here & ~matching.ignored]] = True
    classes, counted = len(arrays.classes), ~truth.crowd
    cells = truth.image[counted] * classes + truth.labels[counted]
    ground_truth = np.bincount(cells, minlength=arrays.images * classes)
    return Outcomes(
        scores=detected.scores[matching.detections],
        labels=detected.labels[matching.detections],
        image=detected.image[matching.detections],
        true_positive=true_positive,
        false_positive=matched < 0,
        truth=matched,
        ground_truth=ground_truth.reshape(arrays.images, classes),
    )


def curve_of(outcomes: Outcomes, label: int | None = None) -> Curve:
    """The curve of one class, or of all classes taken together."""
    chosen = slice(None) if label is None else outcomes.labels == label
    ground_truth = int((outcomes.ground_truth if label is None else outcomes.ground_truth[:, label]).sum())
    scores = outcomes.scores[chosen]
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.flatnonzero(np.diff(ordered, append=-1.0))  # of equal scores all are kept or none
    true_positives = np.cumsum(outcomes.true_positive[chosen][order])[ends]
    false_positives = np.cumsum(outcomes.false_positive[chosen][order])[ends]
    kept = true_positives + false_positives
    return Curve(
        thresholds=ordered[ends],
        precision=true_positives / np.maximum(kept, 1),
        recall=true_positives / max(ground_truth, 1),
        f1=2 * true_positives / np.maximum(kept + ground_truth, 1),
    )


def best_of(curve: Curve) -> float:
    """The threshold with the highest F1, a round number if one gives the same.

    Any number between two neighboring scores keeps the same detections; the number half way is taken, with
    as few digits as it allows. Of thresholds with equal F1, the highest.
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


def ratios(true_positives: float, kept: float, ground_truth: float) -> dict[str, float]:
    """Precision, recall and F1 from counts.

    Precision is 0 if nothing is kept; recall and F1 are NaN if nothing is to be found.
    """
    return {
        "precision": true_positives / max(kept, 1.0),
        "recall": true_positives / ground_truth if ground_truth else float("nan"),
        "f1": 2 * true_positives / (kept + ground_truth) if ground_truth else float("nan"),
    }
