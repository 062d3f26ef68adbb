"""What a builder must know of the data before it chooses: how many windows there are, and how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset
from suite_forecasting.encoding import history_of

SAMPLE = 2000
"""So many training examples are looked at, evenly spread."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a builder knows of the data.

    Attributes:
        examples: of the training split: windows, `horizon` steps apart.
        length: values before the cutoff of the longest of them.
        horizon: steps that are predicted.
        season: steps of a period, 1 for none.
        known: float64 (2, K), mean and standard deviation of each covariate that is known in the future.
        past: float64 (2, P), the same of those that are known up to now.
    """

    examples: int
    length: int
    horizon: int
    season: int
    known: np.ndarray
    past: np.ndarray

    @property
    def values(self) -> int:
        """How many values there are to learn to predict, about."""
        return self.examples * self.horizon


def survey(dataset: Dataset) -> Survey:
    """Look at up to `SAMPLE` training examples.

    `length` is what the longest history has: a window that is as long as it is sees all.

    Raises:
        suite.UserError: if there is nothing to learn from.
    """
    count = len(dataset.train)
    if count == 0:
        raise UserError(
            "the train split holds no window: give longer series, a shorter horizon or fewer windows for"
            " validation and test"
        )
    indices = np.unique(np.linspace(0, count - 1, min(count, SAMPLE)).round().astype(int)).tolist()
    histories = [history_of(dataset.train[index].input) for index in indices]
    facts = dataset.facts
    return Survey(
        examples=count,
        length=max(len(history.values) for history in histories),
        horizon=int(facts["horizon"]),
        season=int(facts["season"]),
        known=_statistics([history.known for history in histories], len(facts.get("known", []))),
        past=_statistics([history.past for history in histories], len(facts.get("past", []))),
    )


def _statistics(tables: list[Any], columns: int) -> np.ndarray:
    """Mean and standard deviation of each column over all rows that have a number: (2, columns)."""
    if not columns:
        return np.zeros((2, 0))
    rows = np.concatenate([np.asarray(table, np.float64) for table in tables if table is not None])
    finite = np.isfinite(rows)
    counts = np.maximum(finite.sum(axis=0), 1)
    means = np.where(finite, rows, 0.0).sum(axis=0) / counts
    moved = np.where(finite, rows - means, 0.0)
    return np.stack([means, np.sqrt(np.square(moved).sum(axis=0) / counts)])
