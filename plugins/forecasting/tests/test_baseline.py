from __future__ import annotations

import numpy as np
import pytest

from suite.data import Example
from suite_forecasting.baseline import naive_forecast, seasonal_naive
from suite_forecasting.types import History


def test_each_step_is_as_it_was_a_season_before() -> None:
    forecast = naive_forecast([0, 0, 0, 1, 2, 3], 7, 3)
    assert forecast.median == [1, 2, 3, 1, 2, 3, 1]
    low, high = np.array(forecast.values[0]), np.array(forecast.values[-1])
    assert (low < high).all()
    assert (high - low)[3] == pytest.approx((high - low)[0] * np.sqrt(2))


def test_missing_values_are_those_of_the_season_before() -> None:
    assert naive_forecast([1, 2, 3, None, 5, None], 3, 3).median == [1, 5, 3]
    assert naive_forecast([4], 3, 5).median == [4, 4, 4]
    assert naive_forecast([None], 2, 1).median == [0, 0]


def test_forecasts_of_examples_say_when_they_are() -> None:
    history = History(values=np.arange(4.0), start="2024-01-31", frequency="ME", name="a")
    (forecast,) = seasonal_naive([], [Example("a", history)], {"horizon": 2, "season": 2})
    assert (forecast.name, forecast.start, forecast.frequency) == ("a", "2024-05-31", "ME")
    assert forecast.median == [2, 3]
