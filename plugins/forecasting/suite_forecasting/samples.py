"""A few made-up series, for trying the task without any data."""

from __future__ import annotations

import numpy as np

from suite.data import Dataset
from suite_forecasting.frequencies import frequency_of, time_of
from suite_forecasting.options import SplitOptions
from suite_forecasting.reading.series import Series
from suite_forecasting.splits import dataset_of

COUNT = 12
LENGTH = 120


def sample() -> Dataset:
    """Days of twelve shops, with a week's pattern, a trend and a little noise. The same at every call."""
    rng = np.random.default_rng(0)
    days = np.arange(LENGTH)
    start, _ = time_of("2024-01-01")
    series = []
    for number in range(COUNT):
        week = rng.uniform(0.5, 1.5, 7)[days % 7]
        trend = 1 + rng.uniform(-0.3, 0.6) * days / LENGTH
        values = 10.0 ** rng.uniform(0, 4) * (week * trend + rng.normal(0, 0.02, LENGTH))
        series.append(
            Series(name=f"shop {number + 1}", values=values, start=start, frequency=frequency_of("D"))
        )
    return dataset_of(series, SplitOptions(horizon=7))
