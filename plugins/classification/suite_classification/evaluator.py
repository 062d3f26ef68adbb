"""The evaluation of classifications: numbers, tables and figures, all from predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from suite.evaluation import Evaluation
from suite.figures import Figure
from suite.kit import some
from suite_classification.arrays import LabelArrays
from suite_classification.figures import figures_of
from suite_classification.metrics import area_metrics, confidence_metrics, label_metrics, per_class
from suite_classification.ranking import Ranking

MAX_CELLS_TO_RESAMPLE = 100_000
"""Examples times classes up to which areas under curves get an interval: a thousand take seconds then."""


def evaluation(
    arrays: LabelArrays, *, items: str = "examples", mistakes: Callable[[], Sequence[Figure]] = tuple
) -> Evaluation:
    """Score classifications.

    Args:
        arrays: targets and predictions, as `suite_classification.arrays.label_arrays` gives them.
        items: what is classified, for the figures: "images", say.
        mistakes: makes the figures that show the worst mistakes: only the task knows how to show an item.

    Every number is of all examples; those of each class are in the details. Macro averages are over the
    classes for which the number can be computed.

    - `accuracy`: the share that is right; with several labels per example, the share with all labels right
      (scikit-learn's `accuracy_score`, also called subset accuracy).
    - `top5_accuracy`: the share with the right class among the five with the highest scores, if there are
      more than five classes.
    - `balanced_accuracy`: the mean of the recalls of the classes. One label per example only.
    - `macro_f1`: the mean of the F1 scores of the classes; `micro_f1`, with several labels, is the F1 of all
      labels taken together.
    - `hamming_loss`: the share of labels that are wrong. Several labels only.
    - `log_loss`: the mean of -log(probability of what is true) (nats); with several labels, over all labels.
    - `calibration_error`: how far confidence is from accuracy, on average over 15 bins of equal width
      (expected calibration error; Guo et al. 2017, arXiv:1706.04599).
    - `roc_auc`: the area under the ROC curve, one class against the rest, macro average.
    - `average_precision`: the area under the precision-recall curve, macro average (mAP).

    All have intervals, except `roc_auc` and `average_precision` if examples times classes exceed 100,000.
    Predictions without scores (from elsewhere) get those numbers that need labels only.
    """
    notes = dict(arrays.notes)
    from_labels, from_confidence = label_metrics(arrays), confidence_metrics(arrays)
    areas: Callable[[np.ndarray], dict[str, float]] | None = None
    if arrays.scores is not None:
        areas = partial(area_metrics, Ranking(arrays.membership, arrays.scores))
        _note_absent(arrays, notes)
    resample_areas = areas is not None and len(arrays) * len(arrays.classes) <= MAX_CELLS_TO_RESAMPLE
    if areas is not None and not resample_areas:
        for name in ("roc_auc", "average_precision"):
            reason = "no interval, there are too many examples and classes to resample"
            notes[name] = f"{notes[name]}; {reason}" if name in notes else reason

    def score(indices: np.ndarray) -> Mapping[str, float]:
        numbers = from_labels(indices) | from_confidence(indices)
        if areas is not None and resample_areas:
            numbers |= areas(np.bincount(indices, minlength=len(arrays)))
        return numbers

    def point_only() -> Mapping[str, float]:
        return {} if areas is None or resample_areas else areas(np.ones(len(arrays), np.int64))

    return Evaluation(
        score=score,
        point_only=point_only,
        details=lambda: {"classes": per_class(arrays)},
        figures=lambda: figures_of(arrays, items, mistakes()),
        notes=notes,
    )


def _note_absent(arrays: LabelArrays, notes: dict[str, str]) -> None:
    members = dict(zip(arrays.classes, arrays.membership.sum(axis=0), strict=True))
    one_sided = [name for name, count in members.items() if count in (0, len(arrays))]
    if not one_sided:
        return
    absent = [name for name, count in members.items() if not count]
    rest = len(arrays.classes) - len(one_sided)
    if not rest:
        notes["roc_auc"] = "left out, only one class is present"
    else:
        notes["roc_auc"] = (
            f"over {rest} of {len(arrays.classes)} classes, for {some(one_sided)} has no contrast"
        )
    if absent and len(absent) < len(arrays.classes):
        rest = len(arrays.classes) - len(absent)
        notes["average_precision"] = (
            f"over {rest} of {len(arrays.classes)} classes, for {some(absent)} has no example"
        )
