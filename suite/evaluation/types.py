"""Scores from predictions, never from models: any network on any runtime is scored by the same code."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from suite.data.dataset import Examples, Subset, Target
from suite.figures import Figure


@dataclass(frozen=True)
class Pairs:
    """Targets and predictions of the same examples, in the same order.

    Attributes:
        targets: what was to be predicted, JSON values as the task documents.
        predictions: of the task's prediction type.
        ids: the examples' ids.
        examples: the examples themselves for showing them, or None where only predictions are at hand.
        facts: the facts of the data set that the pipeline was trained on (class names, say).
        groups: the group of each example (its speaker, patient or day); None if there are no groups. Examples
            of one group are not independent, so intervals resample whole groups.
    """

    targets: Sequence[Target]
    predictions: Sequence[Any]
    ids: Sequence[str]
    examples: Examples | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    groups: Sequence[Hashable] | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def at(self, indices: np.ndarray) -> Pairs:
        """The pairs at `indices` (integers, which may repeat), in that order."""
        chosen = indices.tolist()
        return Pairs(
            targets=[self.targets[index] for index in chosen],
            predictions=[self.predictions[index] for index in chosen],
            ids=[self.ids[index] for index in chosen],
            examples=None if self.examples is None else Subset(self.examples, indices),
            facts=self.facts,
            groups=None if self.groups is None else [self.groups[index] for index in chosen],
        )


Details = Mapping[str, Mapping[str, Mapping[str, float]]]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What an evaluator gives.

    A number that cannot be computed (the area under the ROC curve where only one class is present, say)
    is NaN, or not there at all, and `notes` says why.

    Attributes:
        score: `score(indices) -> named numbers` of the pairs at `indices` (an integer array; indices may
            repeat). The host calls it once with all indices for the score and a thousand times with
            resampled ones for the intervals, so what is slow belongs before it.
        point_only: `point_only() -> named numbers` of all pairs that are too slow to resample: they get no
            interval.
        details: `details() -> named tables of numbers`, of each class or each speaker, say:
            `{"classes": {"cat": {"precision": 0.9, ...}, ...}}`. Written to `metrics.json`, never an
            aim of training.
        figures: `figures() -> figures`, made only where a report is written.
        notes: what people should know about a number, by its name: why it is missing, what it leaves out.
    """

    score: Callable[[np.ndarray], Mapping[str, float]]
    point_only: Callable[[], Mapping[str, float]] = dict
    details: Callable[[], Details] = dict
    figures: Callable[[], Sequence[Figure]] = tuple
    notes: Mapping[str, str] = field(default_factory=dict)


class PredictionWriter(Protocol):
    """Writes predictions in a form of the task's own, one at a time: see `Task.formats`."""

    def add(self, raw: Any, name: str, prediction: Any) -> None:
        """Take the next prediction, in the order of the inputs.

        Args:
            raw: what was predicted: a source, or a thing of a stream, as the codec's `encode` got it.
            name: how a message calls it.
            prediction: of the task's prediction type.

        Raises:
            UserError: where it cannot be written.
        """

    def close(self) -> Sequence[Path]:
        """Finish what was begun and say which files were written. Called in any case, once."""
