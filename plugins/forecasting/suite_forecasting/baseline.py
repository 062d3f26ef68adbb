"""The seasonal naive forecast: each step is as it was a season before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from suite.data import Example, Examples
from suite_forecasting.encoding import history_of
from suite_forecasting.frequencies import frequency_of, texts
from suite_forecasting.types import Forecast, History

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def seasonal_naive(train: Examples, examples: Sequence[Example], facts: Mapping[str, Any]) -> list[Forecast]:
    """Forecasts by the last season of each history.

    Quantiles are those of a normal distribution, whose variance is that of the differences a season apart and
    grows by as much from season to season (Hyndman and Athanasopoulos, Forecasting: Principles and Practice,
    section 5.5).
    """
    del train
    return [
        naive_forecast(example.input, int(facts["horizon"]), int(facts["season"])) for example in examples
    ]


def naive_forecast(raw: History | Sequence[float | None], horizon: int, season: int) -> Forecast:
    """The seasonal naive forecast of a history; a missing value is as in the season before."""
    history = history_of(raw)
    values = history.values
    median = _last_season(values, season)[np.arange(horizon) % season]
    differences = values[season:] - values[: max(0, len(values) - season)]
    differences = differences[np.isfinite(differences)]
    size = float(np.abs(differences).max(initial=0.0)) or 1.0
    deviation = size * float(np.sqrt(np.mean(np.square(differences / size)))) if len(differences) else 0.0
    spread = deviation * np.sqrt(np.arange(horizon) // season + 1)
    return Forecast(
        name=history.name,
        start=texts(history.start, frequency_of(history.frequency), [len(values)])[0],
        frequency=history.frequency,
        levels=list(LEVELS),
        values=[(median + NormalDist().inv_cdf(level) * spread).tolist() for level in LEVELS],
    )


def _last_season(values: np.ndarray, season: int) -> np.ndarray:
    """The last value there is of each step of a season; of others the last value there is."""
    there = np.flatnonzero(np.isfinite(values))
    season_values = np.full(season, values[there[-1]] if len(there) else 0.0)
    # From the first step after the history on, so that position 0 is the first step that is predicted.
    season_values[(there - len(values)) % season] = values[there]
    return season_values
