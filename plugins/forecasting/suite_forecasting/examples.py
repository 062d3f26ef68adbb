"""Windows of series as examples: a history up to a cutoff, and the values that follow it.

Examples are views of the series' arrays, made when they are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from suite.data import Example
from suite_forecasting.clock import written
from suite_forecasting.frequencies import Frequency, times_after
from suite_forecasting.types import History, Target


@dataclass(frozen=True, kw_only=True)
class Series:
    """A series on the grid of its frequency.

    Attributes:
        name: of the series.
        values: float64 (n,), NaN where one is missing.
        begin: the time of the first value, see `frequencies`, or the number of its step.
        frequency: of its steps.
        offset: of its times from UTC, as it is written after them; empty if they have none.
        known: float64 (n or more, columns), of the covariates that are known in the future, or None.
        past: float64 (n, columns), of those that are known up to now, or None.
        tested: how many of the last values are of a test file.
        validated: how many of the values before them are of a validation file.
    """

    name: str
    values: np.ndarray
    begin: int
    frequency: Frequency
    offset: str = ""
    known: np.ndarray | None = None
    past: np.ndarray | None = None
    tested: int = 0
    validated: int = 0

    def __len__(self) -> int:
        return len(self.values)

    def time(self, step: int) -> str:
        """The time of a step, as text."""
        return written(int(times_after(self.begin, step, 1, self.frequency)[0]), self.frequency, self.offset)

    @cached_property
    def start(self) -> str:
        """The time of the first value, as text."""
        return self.time(0)

    def history(self, cutoff: int, horizon: int, max_history: int) -> History:
        """The values before `cutoff`, `max_history` at most, and the covariates that are known then."""
        first = max(0, cutoff - max_history)
        known = self.known
        if known is not None:
            known = known[first : cutoff + horizon]
            lacking = cutoff + horizon - first - len(known)
            if lacking > 0:
                known = np.concatenate([known, np.full((lacking, known.shape[1]), np.nan)])
        return History(
            values=self.values[first:cutoff],
            start=self.time(first) if first else self.start,
            frequency=self.frequency.name,
            name=self.name,
            known=known,
            past=None if self.past is None else self.past[first:cutoff],
        )


@dataclass(frozen=True)
class NaiveErrors:
    """The mean absolute errors of the seasonal naive forecast up to any step of a series."""

    sums: np.ndarray
    counts: np.ndarray

    def before(self, cutoff: int) -> float | None:
        """Of the values before `cutoff`; None if it is 0 or unknown."""
        index = min(cutoff, len(self.sums)) - 1
        if index < 0 or not self.counts[index] or not self.sums[index]:
            return None
        return float(self.sums[index] / self.counts[index])


def naive_errors(values: np.ndarray, season: int) -> NaiveErrors:
    """The errors of a series of float64 (n,) at the seasonal lag; missing values are left out."""
    differences = np.full(len(values), np.nan)
    differences[season:] = np.abs(values[season:] - values[: max(0, len(values) - season)])
    there = np.isfinite(differences)
    return NaiveErrors(np.cumsum(np.where(there, differences, 0.0)), np.cumsum(there))


def target_of(values: np.ndarray, naive_error: float | None) -> Target:
    """The plain JSON of a window's values, float64 (steps,)."""
    numbers: list[float | None] = values.tolist()
    if np.isnan(values).any():
        numbers = [None if number != number else number for number in numbers]
    return {"values": numbers, "naive_error": naive_error}


@dataclass(frozen=True, eq=False)
class Windows:
    """The examples of a split.

    Attributes:
        series: that they are windows of.
        index: int64 (examples, 3): the number of the series, the cutoff, and the end of the target.
        horizon: how many steps are predicted.
        season: steps of the seasonal period.
        max_history: values before a cutoff, at most.
    """

    series: list[Series]
    index: np.ndarray
    horizon: int
    season: int
    max_history: int
    _errors: dict[int, NaiveErrors] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, index: int, /) -> Example:
        number, cutoff, end = self.index[index].tolist()
        series = self.series[number]
        errors = self._errors.get(number)
        if errors is None:
            errors = self._errors[number] = naive_errors(series.values, self.season)
        return Example(
            id=f"{series.name} {series.time(cutoff)}",
            input=series.history(cutoff, self.horizon, self.max_history),
            target=target_of(series.values[cutoff:end], errors.before(cutoff)),
        )
