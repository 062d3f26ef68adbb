"""The scores of object detection, all from predictions.

Names and definitions are those of COCO. Which detection is which box is found by faster-coco-eval, once;
averages are then computed on arrays of matches, because a bootstrap computes each of them a thousand times.
Both together are tested equal to pycocotools.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from suite.evaluation import Evaluation, Pairs
from suite.figures import Figure
from suite.kit import some
from suite.options import NoOptions
from suite_object_detection.answers import Answers, read
from suite_object_detection.average_precision import ALLOWED, AveragePrecision
from suite_object_detection.matching import AREAS, IOU_THRESHOLDS, Matching, match
from suite_object_detection.thresholds import Outcomes, best_of, curve_of, outcomes_of, shares

MOST_BOXES_TO_RESAMPLE = 100_000
"""Detections and matches up to which average precision gets an interval: a thousand take seconds then."""
RANGES = {
    "small": "of up to 32 x 32 pixels",
    "medium": "between 32 x 32 and 96 x 96 pixels",
    "large": "of 96 x 96 pixels or more",
}
_AT_50, _AT_75 = (int(np.argmin(np.abs(IOU_THRESHOLDS - one))) for one in (0.5, 0.75))


def object_detection(pairs: Pairs, options: NoOptions) -> Evaluation:
    """Score detections.

    - `map`: average precision, the mean over the classes and over the overlaps (IoU) 0.5, 0.55, ..., 0.95
      from which a box counts as found. `map50` and `map75` are at one overlap.
    - `map_small`, `map_medium`, `map_large`: the same of objects of up to 32 x 32 pixels, of up to 96 x 96,
      and of larger ones.
    - `ar1`, `ar10`, `ar100`: recall, the mean over classes and overlaps, where so many detections of a class
      are allowed per image.
    - `precision`, `recall`, `f1`: of all classes taken together, at an overlap of 0.5, of the detections with
      at least the score `threshold` of `pairs.facts` (that of the model); where it has none, at the threshold
      with the highest F1 on these very images, which is optimistic.

    Means are over the classes that have a box. Crowds count neither as missed nor, where something is
    detected in them, as a false alarm. Of each class, the 100 surest detections of an image count.

    All have intervals, except the averages where there are more than 100,000 detections and matches.
    """
    scoring = Scoring(pairs)
    resampled = len(scoring.matching.detections) + len(scoring.matching.area) <= MOST_BOXES_TO_RESAMPLE
    notes = scoring.notes()
    if not resampled:
        for name in _averages_names():
            reason = "no interval, there are too many detections to resample"
            notes[name] = f"{notes[name]}; {reason}" if name in notes else reason

    def score(indices: np.ndarray) -> Mapping[str, float]:
        weights = np.bincount(indices, minlength=len(pairs))
        found = scoring.averages(weights) if resampled else {}
        return found | scoring.at_threshold(weights)

    def once() -> Mapping[str, float]:
        return {} if resampled else scoring.averages(scoring.each_once)

    def figures() -> Sequence[Figure]:
        from suite_object_detection.figures import figures_of

        return figures_of(scoring, pairs)

    return Evaluation(
        score=score,
        once=once,
        details=lambda: {"classes": scoring.per_class},
        figures=figures,
        notes=notes,
    )


def best_threshold(pairs: Pairs) -> float:
    """The score from which detections are given so that F1 is highest, of all classes taken together.

    F1 is that of `object_detection`: at an overlap of 0.5. Half way between the scores of the last detection
    that is given and the first that is not. Where no detection is right, 0.5.

    Raises:
        UserError: as `suite_object_detection.answers.read`.
    """
    answers = read(pairs)
    return best_of(curve_of(outcomes_of(answers, match(answers))))


class Scoring:
    """All that is known of some pairs, from one matching; scores and figures take from it.

    Attributes:
        answers: the pairs as arrays.
        matching: which detection is which box.
        outcomes: what became of each detection.
        threshold: the score from which detections are given.
        stored: whether `threshold` is the model's, and not found on these very pairs.
        each_once: the weights of a sample in which each image is once.
    """

    def __init__(self, pairs: Pairs) -> None:
        self.answers: Answers = read(pairs)
        self.matching: Matching = match(self.answers)
        self.outcomes: Outcomes = outcomes_of(self.answers, self.matching)
        stored = pairs.facts.get("threshold")
        self.stored = stored is not None
        self.threshold = float(stored) if stored is not None else best_of(curve_of(self.outcomes))
        self.each_once = np.ones(len(pairs), np.int64)
        self._precision = AveragePrecision(self.answers, self.matching)
        given = self.given
        size = len(pairs)
        self._hits = np.bincount(self.outcomes.image[given & self.outcomes.right], minlength=size)
        self._alarms = np.bincount(self.outcomes.image[given & self.outcomes.wrong], minlength=size)
        self._asked = self.outcomes.asked.sum(axis=1)

    @cached_property
    def given(self) -> np.ndarray:
        """Whether each detection that counts has at least the threshold's score."""
        return self.outcomes.scores >= self.threshold

    @cached_property
    def precisions(self) -> np.ndarray:
        """Average precision, float64 (classes, areas, overlaps), NaN where nothing is to be found."""
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
        hits, alarms, asked = (float(weights @ one) for one in (self._hits, self._alarms, self._asked))
        return shares(hits, hits + alarms, asked)

    @cached_property
    def per_class(self) -> dict[str, dict[str, float]]:
        """The numbers of each class, and how many boxes and images have it."""
        size = len(self.answers.classes)
        outcomes, given = self.outcomes, self.given
        hits = np.bincount(outcomes.labels[given & outcomes.right], minlength=size)
        alarms = np.bincount(outcomes.labels[given & outcomes.wrong], minlength=size)
        asked = outcomes.asked.sum(axis=0)
        table: dict[str, dict[str, float]] = {}
        for index, name in enumerate(self.answers.classes):
            found = {
                "map": float(self.precisions[index, 0].mean()),
                "map50": float(self.precisions[index, 0, _AT_50]),
                "map75": float(self.precisions[index, 0, _AT_75]),
                **shares(float(hits[index]), float(hits[index] + alarms[index]), float(asked[index])),
            }
            table[name] = {key: number for key, number in found.items() if np.isfinite(number)} | {
                "boxes": int(asked[index]),
                "images": int((outcomes.asked[:, index] > 0).sum()),
            }
        return table

    def notes(self) -> dict[str, str]:
        """Why numbers are missing, of how many classes they are, and which threshold was taken."""
        notes: dict[str, str] = {}
        asked = self._precision.asked(self.each_once)
        absent = [name for name, row in zip(self.answers.classes, asked, strict=True) if not row[0]]
        if len(absent) == len(asked):
            names = [*_averages_names(), "recall", "f1"]
            notes |= dict.fromkeys(names, "left out, no image has a box to be found")
        else:
            if absent:
                present = len(asked) - len(absent)
                notes["map"] = f"over {present} of {len(asked)} classes, for {some(absent)} has no box"
            for number, (name, words) in enumerate(RANGES.items(), start=1):
                if not asked[:, number].any():
                    notes[f"map_{name}"] = f"left out, there is no box {words}"
        if not self.stored:
            notes["precision"] = (
                f"it, recall and F1 are of detections with a score of at least {self.threshold:g}, where F1"
                " is highest on these very images"
            )
        return notes


def _averages_names() -> list[str]:
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
