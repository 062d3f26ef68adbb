"""Areas under the ROC and precision-recall curves of many classes at once, fast enough to resample.

Scores are sorted once. A resample is then a weight per example (how often it is in the resample), and each
area a few cumulative sums. The definitions are those of scikit-learn's `roc_auc_score` and
`average_precision_score`, with equal scores taken together.
"""

from __future__ import annotations

import numpy as np


class Ranking:
    """Examples ordered by their score for each class.

    Args:
        positive: bool (examples, classes), whether the example is of the class.
        scores: float (examples, classes).
    """

    def __init__(self, positive: np.ndarray, scores: np.ndarray) -> None:
        self.examples, self.classes = scores.shape
        by_class = np.ascontiguousarray(scores.T)
        self._order = np.argsort(-by_class, axis=1, kind="stable")
        ordered = np.take_along_axis(by_class, self._order, axis=1)
        self._positive = np.take_along_axis(np.ascontiguousarray(positive.T), self._order, axis=1)
        last = np.ones(ordered.shape, bool)
        last[:, :-1] = ordered[:, 1:] != ordered[:, :-1]
        # Where each run of equal scores ends, in the arrays flattened class by class; most often everywhere.
        self._ends = None if last.all() else np.flatnonzero(last)
        self._starts = np.concatenate([[0], np.cumsum(last.sum(axis=1))[:-1]])

    def curve(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """(true positives, false positives) of one class, from the strictest threshold to the loosest."""
        true, false, starts = self._counts(np.ones(self.examples, np.int64))
        stop = starts[index + 1] if index + 1 < self.classes else len(true)
        own = slice(starts[index], stop)
        return np.concatenate([[0.0], true[own]]), np.concatenate([[0.0], false[own]])

    def areas(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The area under the ROC curve and the average precision of every class.

        Args:
            weights: integers (examples,), how often each example counts.

        Returns:
            Two float arrays (classes,), NaN for a class without a positive or without a negative example
            (average precision needs positives only).
        """
        true, false, starts = self._counts(weights)
        first = np.zeros(len(true), bool)
        first[starts] = True
        true_before = np.where(first, 0.0, np.roll(true, 1))
        false_before = np.where(first, 0.0, np.roll(false, 1))
        stops = np.append(starts[1:], len(true)) - 1
        positives, negatives = true[stops], false[stops]
        predicted = np.maximum(true + false, 1.0)
        trapezoids = (false - false_before) * (true + true_before) / 2
        steps = (true - true_before) * true / predicted
        with np.errstate(invalid="ignore", divide="ignore"):
            roc = np.add.reduceat(trapezoids, starts) / (positives * negatives)
            precision = np.add.reduceat(steps, starts) / positives
        return roc, precision

    def _counts(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """True and false positives at the ends of the runs of equal scores, and the start of each class."""
        ordered = weights.astype(np.int32)[self._order]
        true = np.cumsum(ordered * self._positive, axis=1, dtype=np.int32).ravel()
        both = np.cumsum(ordered, axis=1, dtype=np.int32).ravel()
        if self._ends is not None:
            true, both = true[self._ends], both[self._ends]
        return true.astype(np.float64), (both - true).astype(np.float64), self._starts
