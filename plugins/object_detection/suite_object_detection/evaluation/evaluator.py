"""The evaluator of object detection: numbers, their intervals, details and figures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from suite.evaluation import Evaluation, Pairs
from suite.kit import needing
from suite.options import NoOptions
from suite_object_detection.evaluation.figures import figures_of
from suite_object_detection.evaluation.metrics import Scoring, averages_names
from suite_object_detection.extras import TRAIN

with needing(TRAIN):  # said before anything is predicted
    import faster_coco_eval  # noqa: F401

MAX_BOXES_TO_RESAMPLE = 100_000
"""Detections and matches up to which average precision gets an interval: a thousand take seconds then."""


def object_detection(pairs: Pairs, options: NoOptions) -> Evaluation:
    """Score detections.

    - `map`: average precision, the mean over the classes and over the overlaps (IoU) 0.5, 0.55, ..., 0.95
      from which a box counts as found. `map50` and `map75` are at one overlap.
    - `map_small`, `map_medium`, `map_large`: the same of objects of up to 32 x 32 pixels, of up to 96 x 96,
      and of larger ones.
    - `ar1`, `ar10`, `ar100`: recall, the mean over classes and overlaps, if so many detections of a class are
      allowed per image.
    - `precision`, `recall`, `f1`: of all classes taken together, at an overlap of 0.5, of the detections with
      at least the score `threshold` of `pairs.facts` (that of the model); if it has none, at the threshold
      with the highest F1 on these very images, which is optimistic.

    Means are over the classes that have a box. Crowds do not count as missed, and what is detected in them is
    no false positive. Of each class, the 100 detections of an image with the highest scores count.

    All have intervals, except the averages if there are more than 100,000 detections and matches.
    """
    scoring = Scoring(pairs)
    resampled = len(scoring.matching.detections) + len(scoring.matching.area) <= MAX_BOXES_TO_RESAMPLE
    notes = scoring.notes()
    if not resampled:
        for name in averages_names():
            reason = "no interval, there are too many detections to resample"
            notes[name] = f"{notes[name]}; {reason}" if name in notes else reason

    def score(indices: np.ndarray) -> Mapping[str, float]:
        weights = np.bincount(indices, minlength=len(pairs))
        averages = scoring.averages(weights) if resampled else {}
        return averages | scoring.at_threshold(weights)

    def point_only() -> Mapping[str, float]:
        return {} if resampled else scoring.averages(scoring.each_once)

    return Evaluation(
        score=score,
        point_only=point_only,
        details=lambda: {"classes": scoring.per_class},
        figures=lambda: figures_of(scoring, pairs),
        notes=notes,
    )
