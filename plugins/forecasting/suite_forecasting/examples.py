"""Windows of series as examples: a history up to a cutoff, and the values that follow it.

Examples are views of the series' arrays, made when they are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from suite.data import Example
from suite_forecasting.reading.series import Series
from suite_forecasting.types import History, Target


def history_of(series: Series, cutoff: int, horizon: int, max_history: int) -> History:
    """The values before a step, `max_history` at most, and the covariates that are known then."""
    first = max(0, cutoff - max_history)
    known = series.known
    if known is not None:
        known = known[first : cutoff + horizon]
        lacking = cutoff + horizon - first - len(known)
        if lacking > 0:
            known = np.concatenate([known, np.full((lacking, known.shape[1]), np.nan)])
    return History(
        values=series.values[first:cutoff],
        start=series.time_text(first),
        frequency=series.frequency.alias,
        name=series.name,
        known=known,
        past=None if series.past is None else series.past[first:cutoff],
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
        if not np.isfinite(self.sums[index]):  # the differences of values near the largest float64
            return None
        return float(self.sums[index] / self.counts[index])


def naive_errors(values: np.ndarray, season: int) -> NaiveErrors:
    """The errors of a series of float64 (n,) at the seasonal lag; missing values are left out."""
    differences = np.full(len(values), np.nan)
    with np.errstate(over="ignore"):  # then there is no scale, see `before`
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
            id=f"{series.name} {series.time_text(cutoff)}",
            input=history_of(series, cutoff, self.horizon, self.max_history),
            target=target_of(series.values[cutoff:end], errors.before(cutoff)),
        )
