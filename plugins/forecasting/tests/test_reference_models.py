"""AutoETS and Theta: each forecast is that of statsforecast for its history, in one process or several."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from suite import UserError
from suite.data import Example
from suite_forecasting import reference_models
from suite_forecasting.reference_models import LEVELS, auto_ets, quantiles_of, theta
from suite_forecasting.types import History

models = pytest.importorskip("statsforecast.models")

FACTS = {"horizon": 3, "season": 4, "frequency": "QE-DEC"}


def history(length: int = 40, seed: int = 0) -> History:
    rng = np.random.default_rng(seed)
    values = (
        10 + np.arange(length) / 5 + 3 * np.sin(np.arange(length) * np.pi / 2) + rng.normal(0, 0.3, length)
    )
    return History(values=values, start="2000-03-31", frequency="QE-DEC", name=f"s{seed}")


def examples(count: int) -> list[Example]:
    return [Example(f"s{seed}", history(seed=seed)) for seed in range(count)]


@pytest.mark.parametrize(("reference_model", "method"), [(auto_ets, "AutoETS"), (theta, "Theta")])
def test_forecasts_are_those_of_statsforecast(reference_model, method):
    (forecast,) = reference_model([], examples(1), FACTS)
    expected = getattr(models, method)(season_length=4).forecast(y=history().values, h=3, level=[40, 80])
    assert (forecast.name, forecast.start) == ("s0", "2010-03-31")
    assert forecast.levels == list(LEVELS)
    assert forecast.median == pytest.approx(expected["mean"])
    assert forecast.values[0] == pytest.approx(expected["lo-80"])
    assert forecast.values[6] == pytest.approx(expected["hi-40"])


@pytest.mark.slow
def test_several_processes_give_what_one_gives(monkeypatch):
    given = examples(5)
    alone = theta([], given, FACTS)
    monkeypatch.setattr(reference_models, "ALONE", 2)
    monkeypatch.setattr(reference_models.os, "cpu_count", lambda: 2)
    shared = theta([], given, FACTS)
    assert [forecast.name for forecast in shared] == [f"s{seed}" for seed in range(5)]
    assert [forecast.values for forecast in shared] == [forecast.values for forecast in alone]


@pytest.mark.parametrize("method", ["AutoETS", "Theta"])
@pytest.mark.parametrize("values", [[7.0], [1.0, 2.0], [5.0] * 30, [0.0] * 9, list(range(9))])
def test_any_history_has_a_forecast(method, values):
    quantiles = np.array(quantiles_of(np.array(values, float), method=method, horizon=3, season=4))
    assert quantiles.shape == (len(LEVELS), 3)
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=0) >= 0).all()


def test_missing_values_are_interpolated():
    whole = np.arange(24.0)
    broken = np.concatenate([[np.nan] * 2, whole])
    broken[[7, 8, 12]] = np.nan
    (forecast,) = theta([], [Example("a", History(values=broken))], FACTS | {"season": 1})
    (expected,) = theta([], [Example("a", History(values=whole))], FACTS | {"season": 1})
    assert forecast.values == expected.values
    (nothing,) = theta([], [Example("a", History(values=np.full(5, np.nan)))], FACTS)
    assert nothing.median == [0, 0, 0]


def test_what_would_take_too_long_is_left_out_with_a_reason(monkeypatch):
    monkeypatch.setattr(reference_models, "MAX_VALUES", 60)
    with pytest.raises(UserError, match="the 2 histories have 80 values, which would take"):
        auto_ets([], examples(2), FACTS)


def test_without_statsforecast_a_sentence_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(reference_models, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    with pytest.raises(UserError, match=r"pip install 'suite-forecasting\[statsforecast\]'"):
        theta([], examples(1), FACTS)
