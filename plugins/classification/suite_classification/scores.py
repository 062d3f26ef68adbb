"""The scores of classification, all from predictions.

Names and definitions are those of scikit-learn (against which they are tested); they are computed here on
arrays of counts, because a bootstrap computes each of them a thousand times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from suite.evaluation import Evaluation
from suite.figures import Figure
from suite.kit import some
from suite_classification.answers import Answers
from suite_classification.ranking import Ranking

BINS = 15
MOST_CELLS_TO_RESAMPLE = 100_000
"""Examples times classes up to which areas under curves get an interval: a thousand take seconds then."""


def evaluation(
    answers: Answers, *, things: str = "examples", mistakes: Callable[[], Sequence[Figure]] = tuple
) -> Evaluation:
    """Score classifications.

    Args:
        answers: the pairs, as `suite_classification.answers.read` gives them.
        things: what is classified, for the figures: "images", say.
        mistakes: makes the figures that show the worst mistakes; how a thing is shown, its task knows.

    Every number is of the whole; those of each class are in the details. Macro averages are over the
    classes for which the number can be computed.

    - `accuracy`: the share that is right; with several labels per example, the share with all labels right
      (scikit-learn's `accuracy_score`, also called subset accuracy).
    - `top5_accuracy`: the share with the right class among the five with the highest scores, where there are
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

    All have intervals, except `roc_auc` and `average_precision` where examples times classes exceed 100,000.
    Predictions without scores (from elsewhere) get those numbers that need labels only.
    """
    notes = dict(answers.notes)
    count = _several_labels(answers) if answers.multi_label else _one_label(answers)
    sure = _sureness(answers)
    areas: Callable[[np.ndarray], dict[str, float]] | None = None
    if answers.scores is not None:
        areas = partial(_areas, Ranking(answers.membership, answers.scores))
        _note_absent(answers, notes)
    resample_areas = areas is not None and len(answers) * len(answers.classes) <= MOST_CELLS_TO_RESAMPLE
    if areas is not None and not resample_areas:
        for name in ("roc_auc", "average_precision"):
            reason = "no interval, there are too many examples and classes to resample"
            notes[name] = f"{notes[name]}; {reason}" if name in notes else reason

    def score(indices: np.ndarray) -> Mapping[str, float]:
        found = count(indices) | sure(indices)
        if areas is not None and resample_areas:
            found |= areas(np.bincount(indices, minlength=len(answers)))
        return found

    def once() -> Mapping[str, float]:
        return {} if areas is None or resample_areas else areas(np.ones(len(answers), np.int64))

    def figures() -> Sequence[Figure]:
        from suite_classification.figures import figures_of

        return figures_of(answers, things, mistakes())

    return Evaluation(
        score=score, once=once, details=partial(_details, answers), figures=figures, notes=notes
    )


def per_class(answers: Answers) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and the number of examples of every class; 0 where nothing was predicted."""
    true, predicted = answers.membership, answers.predicted_membership
    hits, actual, named = (true & predicted).sum(0), true.sum(0), predicted.sum(0)
    return {
        name: {
            "precision": float(hit / max(guess, 1)),
            "recall": float(hit / max(real, 1)),
            "f1": float(2 * hit / max(real + guess, 1)),
            "examples": int(real),
        }
        for name, hit, real, guess in zip(answers.classes, hits, actual, named, strict=True)
    }


def _details(answers: Answers) -> dict[str, dict[str, dict[str, float]]]:
    return {"classes": per_class(answers)}


def _one_label(answers: Answers) -> Callable[[np.ndarray], dict[str, float]]:
    true, predicted, classes = answers.true, answers.predicted, len(answers.classes)
    correct = true == predicted
    top5: np.ndarray | None = None
    if answers.scores is not None and classes > 5:
        own = answers.scores[np.arange(len(true)), true][:, None]
        # Of equal scores the class that comes first counts as higher, as argmax has it.
        earlier = np.arange(classes) < true[:, None]
        above = (answers.scores > own) | ((answers.scores == own) & earlier)
        top5 = above.sum(axis=1) < 5

    def count(indices: np.ndarray) -> dict[str, float]:
        right = correct[indices]
        actual_of = true[indices]
        actual = np.bincount(actual_of, minlength=classes)
        named = np.bincount(predicted[indices], minlength=classes)
        hits = np.bincount(actual_of[right], minlength=classes)
        found = {"accuracy": float(right.mean())}
        if top5 is not None:
            found["top5_accuracy"] = float(top5[indices].mean())
        present = actual > 0
        found["balanced_accuracy"] = float((hits[present] / actual[present]).mean())
        found["macro_f1"] = _macro_f1(hits, actual + named)
        return found

    return count


def _several_labels(answers: Answers) -> Callable[[np.ndarray], dict[str, float]]:
    true, predicted = answers.true, answers.predicted
    exact = (true == predicted).all(axis=1)
    wrong = (true != predicted).mean(axis=1)
    # As a product with the weights of a resample, sums over examples are fast.
    both = (true & predicted).astype(np.float64)
    either = true.astype(np.float64) + predicted

    def count(indices: np.ndarray) -> dict[str, float]:
        weights = np.bincount(indices, minlength=len(true)).astype(np.float64)
        hits, sums = weights @ both, weights @ either
        return {
            "accuracy": float(exact[indices].mean()),
            "micro_f1": float(2 * hits.sum() / max(sums.sum(), 1.0)),
            "macro_f1": _macro_f1(hits, sums),
            "hamming_loss": float(wrong[indices].mean()),
        }

    return count


def _macro_f1(hits: np.ndarray, sums: np.ndarray) -> float:
    """The mean F1 of the classes that are true or predicted anywhere."""
    present = sums > 0
    return float((2 * hits[present] / sums[present]).mean()) if present.any() else 0.0


def _sureness(answers: Answers) -> Callable[[np.ndarray], dict[str, float]]:
    """Log loss and calibration error as a function of indices."""
    scores = answers.scores
    if scores is None:
        return lambda _: {}
    smallest = np.finfo(np.float64).eps
    confidence, correct = calibration_pairs(answers)
    if answers.multi_label:
        of_truth = np.where(answers.true, scores, 1 - scores)
        losses = -np.log(np.clip(of_truth, smallest, 1.0)).mean(axis=1)
    else:
        of_truth = scores[np.arange(len(scores)), answers.true]
        losses = -np.log(np.clip(of_truth, smallest, 1.0))
    bins = bin_of(confidence)
    gaps = correct - confidence

    def sure(indices: np.ndarray) -> dict[str, float]:
        drawn = gaps[indices].ravel()
        by_bin = np.bincount(bins[indices].ravel(), weights=drawn, minlength=BINS)
        return {
            "log_loss": float(losses[indices].mean()),
            "calibration_error": float(np.abs(by_bin).sum() / len(drawn)),
        }

    return sure


def calibration_pairs(answers: Answers) -> tuple[np.ndarray, np.ndarray]:
    """How sure predictions are, and whether they are right; of each label where examples have several."""
    assert answers.scores is not None
    if answers.multi_label:
        return answers.scores, answers.true.astype(np.float64)
    confidence = answers.scores[np.arange(len(answers)), answers.predicted]
    return confidence, (answers.true == answers.predicted).astype(np.float64)


def bin_of(confidence: np.ndarray) -> np.ndarray:
    """The number of the bin of each confidence; bins are (low, high], the first one has its low too."""
    numbers: np.ndarray = np.clip(np.ceil(confidence * BINS).astype(np.intp) - 1, 0, BINS - 1)
    return numbers


def _areas(ranking: Ranking, weights: np.ndarray) -> dict[str, float]:
    roc, precision = ranking.areas(weights)
    return {"roc_auc": _mean(roc), "average_precision": _mean(precision)}


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _note_absent(answers: Answers, notes: dict[str, str]) -> None:
    members = answers.membership.sum(axis=0)
    one_sided = [
        name for name, count in zip(answers.classes, members, strict=True) if count in (0, len(answers))
    ]
    if not one_sided:
        return
    absent = [name for name, count in zip(answers.classes, members, strict=True) if not count]
    rest = len(answers.classes) - len(one_sided)
    if not rest:
        notes["roc_auc"] = "left out, only one class is present"
    else:
        notes["roc_auc"] = (
            f"over {rest} of {len(answers.classes)} classes, for {some(one_sided)} has no contrast"
        )
    if absent and len(absent) < len(answers.classes):
        rest = len(answers.classes) - len(absent)
        notes["average_precision"] = (
            f"over {rest} of {len(answers.classes)} classes, for {some(absent)} has no example"
        )
