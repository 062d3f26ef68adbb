from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from suite import UserError
from suite_forecasting.codec import ForecastCodec
from suite_forecasting.types import History


def codec(**fields: Any) -> ForecastCodec:
    usual: dict[str, Any] = {"context": 6, "horizon": 3, "levels": (0.1, 0.5, 0.9), "frequency": "h"}
    return ForecastCodec(**{**usual, **fields})


def history(values: Any, **fields: Any) -> History:
    return History(values=np.array(values, np.float64), **fields)


def test_the_last_values_are_encoded_and_missing_ones_masked() -> None:
    encoded = codec().encode(history([9, 1, 2, np.nan, 4, 5, 6]))
    assert encoded.arrays["observed"].tolist() == [1, 1, 0, 1, 1, 1]
    values = encoded.arrays["values"]
    assert values[2] == 0
    seen = np.delete(values, 2)
    assert np.allclose(seen.mean(), 0, atol=1e-6)
    assert np.allclose(seen.std(), 1, atol=1e-6)
    assert codec().encode([1, 2]).arrays["observed"].tolist() == [0, 0, 0, 0, 1, 1]


@pytest.mark.parametrize(("scale", "offset"), [(1, 0), (1e-12, 0), (1e15, 0), (1, 1e9), (1e-3, -1e8)])
def test_no_scale_and_no_offset_loses_the_signal(scale: float, offset: float) -> None:
    shape = np.sin(np.arange(6.0))
    plain = codec().encode(shape)
    moved = codec().encode(shape * scale + offset)
    assert np.allclose(plain.arrays["values"], moved.arrays["values"], atol=2e-4)
    outputs = np.array([[-1.0, 0, 1]] * 3)
    expected = np.array(codec().decode(outputs, plain.context).values) * scale + offset
    assert np.allclose(codec().decode(outputs, moved.context).values, expected, rtol=1e-9, atol=1e-3 * scale)


def test_a_constant_series_stays_as_it_is() -> None:
    encoded = codec().encode([7.5] * 9)
    assert not encoded.arrays["values"].any()
    forecast = codec().decode(np.zeros((3, 3), np.float32), encoded.context)
    assert forecast.values == [[7.5] * 3] * 3


def test_a_forecast_says_when_it_is() -> None:
    encoded = codec().encode(history([1, 2, 3], start="2024-02-28T22:00:00", frequency="h", name="a"))
    forecast = codec().decode(np.zeros((3, 3)), encoded.context)
    assert (forecast.name, forecast.start, forecast.frequency) == ("a", "2024-02-29T01:00:00", "h")
    assert forecast.levels == [0.1, 0.5, 0.9]
    assert forecast.median == [2.0, 2.0, 2.0]
    assert str(forecast) == "2 2 2"


def test_quantiles_never_cross() -> None:
    encoded = codec().encode([1, 2, 3])
    values = np.array(codec().decode(np.array([[0.5, 0.4, 0.6]] * 3), encoded.context).values)
    assert (np.diff(values, axis=0) >= 0).all()


def test_outputs_that_are_no_numbers_are_a_defect_of_the_network() -> None:
    with pytest.raises(ValueError, match="NaN"):
        codec().decode(np.full((3, 3), np.nan), codec().encode([1, 2]).context)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ([None, None], "no value"),
        ([], "one number for each step"),
        (object(), "this is no series"),
        (["a", "b"], "no list of numbers"),
        (np.zeros((2, 2)), "one number for each step"),
        (history([1, 2], frequency="D", start="2024-01-01", name="x"), "'x' has the frequency D"),
        (history([1, 2], start="tomorrow"), "tomorrow"),
    ],
)
def test_what_is_no_series_is_refused(raw: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        codec().encode(raw)


def test_covariates_reach_over_the_horizon() -> None:
    with_both = codec(known=("k",), known_means=(5.0,), past=("p",), past_means=(2.0,))
    known = np.arange(11.0)[:, None]
    past = np.arange(8.0)[:, None]
    past[-1] = np.nan
    arrays = with_both.encode(history(range(8), known=known, past=past)).arrays
    assert arrays["known"][:, 0].tolist() == list(range(2, 11))
    assert arrays["past"][:, 0].tolist() == [2, 3, 4, 5, 6, 2]
    with pytest.raises(UserError, match="next 3 steps"):
        with_both.encode(history(range(8), known=known[:8], past=past))
    with pytest.raises(UserError, match="no covariates p"):
        with_both.encode(history(range(8), known=known))
    with pytest.raises(UserError, match="no covariates k"):
        with_both.encode([1, 2, 3])


def test_it_survives_json_and_describes_itself() -> None:
    made = codec(columns={"time": "ds"})
    assert ForecastCodec.from_json(made.to_json()) == made
    assert made.properties()["horizon"] == 3
    assert made.is_single([1, 2.5, None])
    assert not made.is_single([[1, 2], [3, 4]])


@pytest.mark.parametrize(
    "wrong", [{"levels": (0.1, 0.9)}, {"levels": (0.5, 0.1)}, {"context": 0}, {"known": ("a",)}]
)
def test_what_makes_no_sense_together_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((UserError, ValueError)):
        ForecastCodec.from_json({**codec().to_json(), **wrong})
