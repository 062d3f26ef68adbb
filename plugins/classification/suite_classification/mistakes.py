"""Which predictions are wrong, the worst first, and how a report describes each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from suite_classification.arrays import LabelArrays


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A wrong prediction.

    Attributes:
        true: the true class; several, or none, in one text.
        taken: the class that it was taken for, likewise.
        true_score: the probability of the true class; None if examples have several labels, or predictions
            carry no probabilities.
        taken_score: the probability of the class that it was taken for, likewise.
    """

    true: str
    taken: str
    true_score: float | None
    taken_score: float | None

    @property
    def shown_true(self) -> str:
        """The true class with its probability: "cat 10 %"."""
        return _with_percent(self.true, self.true_score)

    @property
    def shown_taken(self) -> str:
        """The predicted class with its probability: "dog 90 %"."""
        return _with_percent(self.taken, self.taken_score)


def worst_mistakes(arrays: LabelArrays) -> np.ndarray:
    """The indices of wrong predictions, those with the lowest probability of what is true first."""
    if arrays.multi_label:
        wrong = np.flatnonzero((arrays.true != arrays.predicted).any(axis=1))
        if arrays.scores is None:
            badness = (arrays.true != arrays.predicted).sum(axis=1).astype(np.float64)
        else:
            of_truth = np.where(arrays.true, arrays.scores, 1 - arrays.scores)
            badness = -np.log(np.clip(of_truth, 1e-12, 1)).sum(axis=1)
    else:
        wrong = np.flatnonzero(arrays.true != arrays.predicted)
        badness = np.zeros(len(arrays))
        if arrays.scores is not None:
            rows = np.arange(len(arrays))
            own, taken = arrays.scores[rows, arrays.true], arrays.scores[rows, arrays.predicted]
            badness = taken - own
    return wrong[np.argsort(-badness[wrong], kind="stable")]


def mistake_at(arrays: LabelArrays, index: int) -> Mistake:
    """The prediction at `index`, and what it should have been."""
    true, taken = arrays.true[index], arrays.predicted[index]
    if arrays.multi_label:
        return Mistake(
            true=_joined(arrays, true), taken=_joined(arrays, taken), true_score=None, taken_score=None
        )
    scores = None if arrays.scores is None else arrays.scores[index]
    return Mistake(
        true=arrays.classes[true],
        taken=arrays.classes[taken],
        true_score=None if scores is None else float(scores[true]),
        taken_score=None if scores is None else float(scores[taken]),
    )


def how_many(arrays: LabelArrays, wrong: int, shown: int) -> str:
    """A sentence, without its full stop, on `wrong` mistakes of which `shown` are shown."""
    sentence = f"{wrong:,} of {len(arrays):,} are wrong"
    if wrong > shown:
        sentence += "; these are the worst of them" if arrays.scores is not None else "; these are the first"
    return sentence


def _joined(arrays: LabelArrays, chosen: np.ndarray) -> str:
    return " + ".join(np.array(arrays.classes, object)[chosen]) or "(none)"


def _with_percent(name: str, score: float | None) -> str:
    return name if score is None else f"{name} {100 * score:.0f} %"
