"""Targets and predictions as arrays, checked: metrics and figures are computed from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from suite import UserError
from suite.evaluation import Pairs
from suite.kit import shown
from suite_classification.labels import refuse_unknown
from suite_classification.types import Classification


@dataclass(frozen=True)
class LabelArrays:
    """The targets and predictions of a `suite.evaluation.Pairs` as arrays.

    Attributes:
        classes: the names of the classes, in the order of all axes.
        multi_label: whether an example may have several labels or none.
        true: the targets: int (n,), or bool (n, classes) with several labels.
        predicted: the predicted labels, of the same shape as `true`.
        scores: float64 (n, classes), or None if predictions carry none.
        notes: sentences by the name of the metric that they concern.
    """

    classes: tuple[str, ...]
    multi_label: bool
    true: np.ndarray
    predicted: np.ndarray
    scores: np.ndarray | None
    notes: dict[str, str]

    def __len__(self) -> int:
        return len(self.true)

    @property
    def membership(self) -> np.ndarray:
        """Whether each example is of each class: bool (n, classes)."""
        return self.true if self.multi_label else _one_hot(self.true, len(self.classes))

    @property
    def predicted_membership(self) -> np.ndarray:
        """Whether each example is predicted to be of each class: bool (n, classes)."""
        return self.predicted if self.multi_label else _one_hot(self.predicted, len(self.classes))


def label_arrays(pairs: Pairs) -> LabelArrays:
    """The arrays of `pairs`, whose predictions are `Classification`.

    The classes are those of `pairs.facts`, else all that targets and predictions name, in alphabetical
    order. A score that a prediction does not give for a class is zero.

    Raises:
        UserError: if a target or a prediction names an unknown class, a target is a list although
            examples have one label, or a score is not a probability.
    """
    predictions: Sequence[Classification] = pairs.predictions
    labels = [prediction.label for prediction in predictions]
    several = any(not isinstance(label, str) for label in chain(pairs.targets, labels))
    multi_label = bool(pairs.facts.get("multi_label", several))
    if several and not multi_label:
        _refuse_lists(pairs, labels)
    classes = _classes(pairs, labels)
    index = {name: number for number, name in enumerate(classes)}
    refuse_unknown(_names(pairs.targets), index, "the data has labels that the model does not know")
    refuse_unknown(_names(labels), index, "the predictions name labels that are none of the classes")
    encode: Callable[[Sequence[Any], dict[str, int]], np.ndarray] = (
        _label_membership if multi_label else _label_indices
    )
    notes: dict[str, str] = {}
    return LabelArrays(
        classes=classes,
        multi_label=multi_label,
        true=encode(pairs.targets, index),
        predicted=encode(labels, index),
        scores=_scores(pairs, classes, index, multi_label, notes),
        notes=notes,
    )


def _classes(pairs: Pairs, labels: Sequence[str | list[str]]) -> tuple[str, ...]:
    if pairs.facts.get("classes"):
        return tuple(pairs.facts["classes"])
    scored = chain.from_iterable(prediction.scores for prediction in pairs.predictions)
    return tuple(sorted({*_names(pairs.targets), *_names(labels), *scored}))


def _names(labels: Iterable[str | Sequence[str]]) -> Iterable[str]:
    for label in labels:
        if isinstance(label, str):
            yield label
        else:
            yield from label


def _refuse_lists(pairs: Pairs, labels: Sequence[str | list[str]]) -> None:
    for name, target, label in zip(pairs.ids, pairs.targets, labels, strict=True):
        for what, value in (("target", target), ("predicted label", label)):
            if not isinstance(value, str):
                raise UserError(
                    f"the {what} of '{name}' is {shown(value)}, but an example has exactly one label here:"
                    " give its name as text"
                )


def _label_indices(labels: Sequence[str], index: dict[str, int]) -> np.ndarray:
    return np.array([index[label] for label in labels], np.intp)


def _label_membership(labels: Sequence[str | list[str]], index: dict[str, int]) -> np.ndarray:
    encoded = np.zeros((len(labels), len(index)), bool)
    for row, label in zip(encoded, labels, strict=True):
        for name in [label] if isinstance(label, str) else label:
            row[index[name]] = True
    return encoded


def _one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    encoded = np.zeros((len(labels), classes), bool)
    encoded[np.arange(len(labels)), labels] = True
    return encoded


def _scores(
    pairs: Pairs,
    classes: tuple[str, ...],
    index: dict[str, int],
    multi_label: bool,
    notes: dict[str, str],
) -> np.ndarray | None:
    by_class: list[dict[str, float]] = [prediction.scores for prediction in pairs.predictions]
    count = len(by_class)
    without = sum(not scored for scored in by_class)
    if without:
        which = "the predictions" if without == count else f"{without:,} of {count:,} predictions"
        notes["scores"] = f"{which} carry no probabilities, so only their labels are scored"
        return None
    if all(tuple(scored) == classes for scored in by_class):
        scores = np.array([list(scored.values()) for scored in by_class], np.float64)
    else:
        refuse_unknown(
            chain.from_iterable(by_class), index, "the predictions score labels that are no classes"
        )
        scores = np.zeros((count, len(classes)))
        for row, scored in zip(scores, by_class, strict=True):
            row[[index[name] for name in scored]] = list(scored.values())
    wrong = ~((scores >= 0) & (scores <= 1 + 1e-6))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise UserError(
            f"the prediction for '{pairs.ids[row]}' has the score {scores[row, column]:g} for"
            f" '{classes[column]}': scores are probabilities, from 0 to 1"
        )
    if not multi_label:
        off = int((np.abs(scores.sum(axis=1) - 1) > 0.01).sum())
        if off:
            notes["log_loss"] = f"the probabilities of {off:,} predictions do not sum to one"
    return scores
