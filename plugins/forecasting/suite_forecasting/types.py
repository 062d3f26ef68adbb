"""What loaders, builders and evaluators of forecasting share: facts, inputs, targets, predictions."""

from __future__ import annotations

from typing import NotRequired, TypedDict

import msgspec
import numpy as np


class Facts(TypedDict):
    """What is known of all splits of the data.

    Attributes:
        horizon: how many steps are predicted.
        frequency: of all series, as pandas calls it ("h", "D", "15min", "MS", "QE-DEC", "W-SUN", ...); empty
            for numbered steps. See `suite_forecasting.frequencies`.
        season: steps of the seasonal period (24 for hours, 7 for days, 12 for months); 1: none.
        known: names of the covariates that are known in the future too.
        past: names of the covariates that are known up to now.
        naive_error: what MASE divides by for targets that are lists alone: the mean over all training series.
        columns: how tables hold the series, for prediction: see `suite_forecasting.reading.layout.Layout`.
    """

    horizon: int
    frequency: str
    season: int
    known: list[str]
    past: list[str]
    columns: NotRequired[dict[str, object]]
    naive_error: NotRequired[float]


class History(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A series up to now. Codecs also take an array or a list of numbers, and a file with one series.

    Attributes:
        values: float64 (n,), the oldest first, NaN where one is missing.
        start: the time of the first value in ISO 8601, or the number of its step.
        frequency: as in `Facts`.
        name: of the series; "ID/COLUMN" if a table has several columns of values for each id.
        known: float64 (n + horizon, K), the covariates that are known in the future; None if there are none.
        past: float64 (n, P), the covariates that are known up to now; None if there are none.
    """

    values: np.ndarray
    start: str = "0"
    frequency: str = ""
    name: str = ""
    known: np.ndarray | None = None
    past: np.ndarray | None = None


class Target(TypedDict):
    """What came after a `History`. The values alone, as a list, are a target too.

    Attributes:
        values: one for each step, `horizon` at most, None where one is missing. There are fewer at the end of
            a series; what there is is scored.
        naive_error: the mean absolute difference between the values of the history that are a season apart,
            the denominator of MASE; None if it is 0 or not known.
    """

    values: list[float | None]
    naive_error: NotRequired[float | None]


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """How a series goes on.

    Attributes:
        name: of the series.
        start: the time of the first step in ISO 8601, or its number.
        frequency: as in `Facts`.
        levels: of the quantiles, rising, 0.5 among them.
        values: levels x horizon numbers in the units of the series: `values[i][j]` is what step j stays below
            with the probability `levels[i]`.
    """

    name: str
    start: str
    frequency: str
    levels: list[float]
    values: list[list[float]]

    @property
    def median(self) -> list[float]:
        """The quantile 0.5 of each step."""
        return self.values[self.levels.index(0.5)]

    def __str__(self) -> str:
        """The median for people."""
        return " ".join(f"{value:.6g}" for value in self.median)


Input = History

Prediction = Forecast
