"""The numbers of classification, from arrays.

Names and definitions are those of scikit-learn (against which they are tested). They are computed here on
arrays of counts, because a bootstrap computes each of them a thousand times.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from suite_classification.arrays import LabelArrays
from suite_classification.ranking import Ranking

BINS = 15
"""Bins of confidence in the calibration error."""

Numbers = Callable[[np.ndarray], dict[str, float]]
"""From the indices of examples, which may repeat, to named numbers."""


def label_metrics(arrays: LabelArrays) -> Numbers:
    """What follows from the labels alone: accuracies, F1 scores and, with several labels, Hamming loss."""
    return _several_labels(arrays) if arrays.multi_label else _one_label(arrays)


def _one_label(arrays: LabelArrays) -> Numbers:
    true, predicted, classes = arrays.true, arrays.predicted, len(arrays.classes)
    correct = true == predicted
    top5: np.ndarray | None = None
    if arrays.scores is not None and classes > 5:
        own = arrays.scores[np.arange(len(true)), true][:, None]
        # Of equal scores the class that comes first counts as higher, as argmax has it.
        earlier = np.arange(classes) < true[:, None]
        above = (arrays.scores > own) | ((arrays.scores == own) & earlier)
        top5 = above.sum(axis=1) < 5

    def numbers(indices: np.ndarray) -> dict[str, float]:
        right = correct[indices]
        true_labels = true[indices]
        true_counts = np.bincount(true_labels, minlength=classes)
        predicted_counts = np.bincount(predicted[indices], minlength=classes)
        true_positives = np.bincount(true_labels[right], minlength=classes)
        computed = {"accuracy": float(right.mean())}
        if top5 is not None:
            computed["top5_accuracy"] = float(top5[indices].mean())
        present = true_counts > 0
        computed["balanced_accuracy"] = float((true_positives[present] / true_counts[present]).mean())
        computed["macro_f1"] = _macro_f1(true_positives, true_counts + predicted_counts)
        return computed

    return numbers


def _several_labels(arrays: LabelArrays) -> Numbers:
    true, predicted = arrays.true, arrays.predicted
    exact = (true == predicted).all(axis=1)
    wrong = (true != predicted).mean(axis=1)
    # As a product with the weights of a resample, sums over examples are fast.
    both = (true & predicted).astype(np.float64)
    either = true.astype(np.float64) + predicted

    def numbers(indices: np.ndarray) -> dict[str, float]:
        weights = np.bincount(indices, minlength=len(true)).astype(np.float64)
        true_positives, sums = weights @ both, weights @ either
        return {
            "accuracy": float(exact[indices].mean()),
            "micro_f1": float(2 * true_positives.sum() / max(sums.sum(), 1.0)),
            "macro_f1": _macro_f1(true_positives, sums),
            "hamming_loss": float(wrong[indices].mean()),
        }

    return numbers


def _macro_f1(true_positives: np.ndarray, sums: np.ndarray) -> float:
    """The mean F1 of the classes that are true or predicted anywhere."""
    present = sums > 0
    return float((2 * true_positives[present] / sums[present]).mean()) if present.any() else 0.0


def confidence_metrics(arrays: LabelArrays) -> Numbers:
    """Log loss and calibration error; nothing if predictions carry no scores."""
    scores = arrays.scores
    if scores is None:
        return lambda _: {}
    smallest = np.finfo(np.float64).eps
    confidence, correct = calibration_pairs(arrays)
    if arrays.multi_label:
        of_truth = np.where(arrays.true, scores, 1 - scores)
        losses = -np.log(np.clip(of_truth, smallest, 1.0)).mean(axis=1)
    else:
        of_truth = scores[np.arange(len(scores)), arrays.true]
        losses = -np.log(np.clip(of_truth, smallest, 1.0))
    bins = bin_of(confidence)
    gaps = correct - confidence

    def numbers(indices: np.ndarray) -> dict[str, float]:
        resampled = gaps[indices].ravel()
        by_bin = np.bincount(bins[indices].ravel(), weights=resampled, minlength=BINS)
        return {
            "log_loss": float(losses[indices].mean()),
            "calibration_error": float(np.abs(by_bin).sum() / len(resampled)),
        }

    return numbers


def calibration_pairs(arrays: LabelArrays) -> tuple[np.ndarray, np.ndarray]:
    """The confidence of predictions and whether they are right; of each label if examples have several.

    Raises:
        ValueError: if predictions carry no scores.
    """
    if arrays.scores is None:
        raise ValueError("predictions without scores have no confidence")
    if arrays.multi_label:
        return arrays.scores, arrays.true.astype(np.float64)
    confidence = arrays.scores[np.arange(len(arrays)), arrays.predicted]
    return confidence, (arrays.true == arrays.predicted).astype(np.float64)


def bin_of(confidence: np.ndarray) -> np.ndarray:
    """The number of the bin of each confidence; bins are (low, high], the first one has its low too."""
    numbers: np.ndarray = np.clip(np.ceil(confidence * BINS).astype(np.intp) - 1, 0, BINS - 1)
    return numbers


def area_metrics(ranking: Ranking, weights: np.ndarray) -> dict[str, float]:
    """Macro averages of the areas under the curves, with each example counted by its integer weight."""
    roc, precision = ranking.areas(weights)
    return {"roc_auc": _mean(roc), "average_precision": _mean(precision)}


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def per_class(arrays: LabelArrays) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and the number of examples of every class; 0 if nothing was predicted."""
    true, predicted = arrays.membership, arrays.predicted_membership
    columns = zip(arrays.classes, (true & predicted).sum(0), true.sum(0), predicted.sum(0), strict=True)
    return {
        name: {
            "precision": float(true_positives / max(predicted_count, 1)),
            "recall": float(true_positives / max(true_count, 1)),
            "f1": float(2 * true_positives / max(true_count + predicted_count, 1)),
            "examples": int(true_count),
        }
        for name, true_positives, true_count, predicted_count in columns
    }


def confusion(arrays: LabelArrays) -> np.ndarray:
    """How often each class (row) was taken for each class (column): int64 (classes, classes)."""
    size = len(arrays.classes)
    flat = np.bincount(arrays.true * size + arrays.predicted, minlength=size * size)
    return flat.reshape(size, size)
