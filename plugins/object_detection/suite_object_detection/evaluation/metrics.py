"""The numbers of object detection, all from predictions.

Names and definitions are those of COCO. faster-coco-eval finds once which detection is which box; averages
are then computed on arrays of matches, because a bootstrap computes each of them a thousand times.
Both together are tested equal to pycocotools.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from suite.evaluation import Pairs
from suite.kit import some
from suite_object_detection.evaluation.arrays import BoxArrays, arrays_of
from suite_object_detection.evaluation.average_precision import ALLOWED, AveragePrecision
from suite_object_detection.evaluation.matching import AREAS, IOU_THRESHOLDS, Matching, match
from suite_object_detection.evaluation.thresholds import Outcomes, best_of, curve_of, outcomes_of, ratios

RANGES = {
    "small": "of up to 32 x 32 pixels",
    "medium": "between 32 x 32 and 96 x 96 pixels",
    "large": "of 96 x 96 pixels or more",
}
_AT_50, _AT_75 = (int(np.argmin(np.abs(IOU_THRESHOLDS - overlap))) for overlap in (0.5, 0.75))


def best_threshold(pairs: Pairs) -> float:
    """The score from which detections are kept so that F1 is highest, of all classes taken together.

    F1 is that of the evaluator, at an overlap of 0.5. The threshold is half way between the scores of the
    last detection that is kept and the first that is not; 0.5 if there is no true positive.

    Raises:
        UserError: as `arrays_of`.
    """
    arrays = arrays_of(pairs)
    return best_of(curve_of(outcomes_of(arrays, match(arrays))))


MIN_BOXES = 100
"""Boxes of a class from which on it may have a threshold of its own: fewer say little of the best one."""

MIN_GAIN = 0.01
"""By how much F1 of a class must be higher at a threshold of its own: else one number for all is simpler."""


def class_thresholds(pairs: Pairs, threshold: float) -> dict[str, float]:
    """The thresholds of those classes whose own F1 is notably higher at another one than that of all.

    Args:
        pairs: with boxes of several classes.
        threshold: of all classes taken together.

    Raises:
        UserError: as `arrays_of`.
    """
    arrays = arrays_of(pairs)
    outcomes = outcomes_of(arrays, match(arrays))
    found = {}
    for label, name in enumerate(arrays.classes):
        if len(arrays.classes) == 1 or outcomes.ground_truth[:, label].sum() < MIN_BOXES:
            continue
        curve = curve_of(outcomes, label)
        kept = curve.f1[curve.thresholds >= threshold]
        if len(curve.f1) and curve.f1.max() >= (kept[-1] if len(kept) else 0.0) + MIN_GAIN:
            found[name] = best_of(curve)
    return found


class Scoring:
    """All that is known of some pairs, from one matching; numbers and figures take from it.

    Attributes:
        arrays: the pairs as arrays.
        matching: which detection is which box.
        outcomes: what became of each detection.
        threshold: the score from which detections are kept.
        thresholds: the same for single classes, by their names.
        stored: whether `threshold` is the model's, and not found on these very pairs.
        each_once: the weights of a sample in which each image is once.
    """

    def __init__(self, pairs: Pairs) -> None:
        self.arrays: BoxArrays = arrays_of(pairs)
        self.matching: Matching = match(self.arrays)
        self.outcomes: Outcomes = outcomes_of(self.arrays, self.matching)
        stored = pairs.facts.get("threshold")
        self.stored = stored is not None
        self.threshold = float(stored) if stored is not None else best_of(curve_of(self.outcomes))
        self.thresholds: dict[str, float] = dict(pairs.facts.get("thresholds") or {})
        self.each_once = np.ones(len(pairs), np.int64)
        self._precision = AveragePrecision(self.arrays, self.matching)
        outcomes, kept, size = self.outcomes, self.kept, len(pairs)
        self._true_positives = np.bincount(outcomes.image[kept & outcomes.true_positive], minlength=size)
        self._false_positives = np.bincount(outcomes.image[kept & outcomes.false_positive], minlength=size)
        self._ground_truth = outcomes.ground_truth.sum(axis=1)

    @cached_property
    def kept(self) -> np.ndarray:
        """Whether each detection that counts has at least the threshold's score."""
        by_class = [self.thresholds.get(name, self.threshold) for name in self.arrays.classes]
        kept: np.ndarray = self.outcomes.scores >= np.array(by_class, np.float64)[self.outcomes.labels]
        return kept

    @property
    def at_least(self) -> str:
        """The threshold, and those of single classes, in words."""
        own = ", ".join(f"{name} {threshold:g}" for name, threshold in self.thresholds.items())
        return f"{self.threshold:g}" + (f" ({own})" if own else "")

    @cached_property
    def precisions(self) -> np.ndarray:
        """Average precision, float64 (classes, areas, overlaps), NaN if nothing is to be found."""
        return self._precision.precision(self.each_once)

    def averages(self, weights: np.ndarray) -> dict[str, float]:
        """The means over classes, of images that count `weights` times."""
        precision = self._precision.precision(weights)
        by_area = {name: precision[:, number] for number, name in enumerate(AREAS)}
        return {
            "map": _mean(by_area["all"]),
            "map50": _mean(by_area["all"][:, _AT_50]),
            "map75": _mean(by_area["all"][:, _AT_75]),
            **{f"map_{name}": _mean(by_area[name]) for name in RANGES},
            **{
                f"ar{allowed}": _mean(shares)
                for allowed, shares in zip(ALLOWED, self._precision.recall(weights), strict=True)
            },
        }

    def at_threshold(self, weights: np.ndarray) -> dict[str, float]:
        """Precision, recall and F1 at the threshold, of images that count `weights` times."""
        true_positives, false_positives, ground_truth = (
            float(weights @ counts)
            for counts in (self._true_positives, self._false_positives, self._ground_truth)
        )
        return ratios(true_positives, true_positives + false_positives, ground_truth)

    @cached_property
    def per_class(self) -> dict[str, dict[str, float]]:
        """The numbers of each class, and how many boxes and images have it."""
        size = len(self.arrays.classes)
        outcomes, kept = self.outcomes, self.kept
        true_positives = np.bincount(outcomes.labels[kept & outcomes.true_positive], minlength=size)
        false_positives = np.bincount(outcomes.labels[kept & outcomes.false_positive], minlength=size)
        ground_truth = outcomes.ground_truth.sum(axis=0)
        table: dict[str, dict[str, float]] = {}
        for index, name in enumerate(self.arrays.classes):
            numbers = {
                "map": float(self.precisions[index, 0].mean()),
                "map50": float(self.precisions[index, 0, _AT_50]),
                "map75": float(self.precisions[index, 0, _AT_75]),
                **ratios(
                    float(true_positives[index]),
                    float(true_positives[index] + false_positives[index]),
                    float(ground_truth[index]),
                ),
            }
            table[name] = {key: number for key, number in numbers.items() if np.isfinite(number)} | {
                "boxes": int(ground_truth[index]),
                "images": int((outcomes.ground_truth[:, index] > 0).sum()),
            }
        return table

    def notes(self) -> dict[str, str]:
        """Why numbers are missing, over how many classes they are, and which threshold was taken."""
        notes: dict[str, str] = {}
        ground_truth = self._precision.ground_truth(self.each_once)
        absent = [name for name, row in zip(self.arrays.classes, ground_truth, strict=True) if not row[0]]
        if len(absent) == len(ground_truth):
            names = [*averages_names(), "recall", "f1"]
            notes |= dict.fromkeys(names, "left out, no image has a box to be found")
        else:
            if absent:
                present = len(ground_truth) - len(absent)
                notes["map"] = f"over {present} of {len(ground_truth)} classes, for {some(absent)} has no box"
            for number, (name, words) in enumerate(RANGES.items(), start=1):
                if not ground_truth[:, number].any():
                    notes[f"map_{name}"] = f"left out, there is no box {words}"
        if not self.stored:
            notes["precision"] = (
                f"it, recall and F1 are of detections with a score of at least {self.threshold:g}, where F1"
                " is highest on these very images"
            )
        return notes


def averages_names() -> list[str]:
    """The numbers that `Scoring.averages` gives."""
    return [
        "map",
        "map50",
        "map75",
        *(f"map_{name}" for name in RANGES),
        *(f"ar{allowed}" for allowed in ALLOWED),
    ]


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
