"""Metrics: equal to those of utilsforecast, for the data as it is and for resampled pairs."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from utilsforecast import losses

from suite import UserError
from suite.evaluation import Pairs
from suite.options import NoOptions
from suite_forecasting.evaluator import forecasts
from suite_forecasting.figures import figures_of
from suite_forecasting.metrics import Scoring, truth

LEVELS = [0.1, 0.5, 0.9]
SEASON, HORIZON, SERIES = 4, 6, 7


def forecast(name, values, levels=LEVELS):
    return SimpleNamespace(name=name, start="2020-01-01", levels=levels, values=np.asarray(values).tolist())


@pytest.fixture(scope="module")
def frames():
    """Histories, and targets with forecasts, in the form of utilsforecast."""
    rng = np.random.default_rng(0)
    histories, rows = [], []
    for index in range(SERIES):
        size = 10.0 ** (index - 2)
        values = size * (2 + np.sin(np.arange(30) * 2 * np.pi / SEASON) + rng.normal(0, 0.3, 30))
        times = np.arange(30 + HORIZON)
        histories.append(pd.DataFrame({"unique_id": f"s{index}", "ds": times[:30], "y": values}))
        target = size * (2 + rng.normal(0, 1, HORIZON))
        quantiles = np.sort(target + size * rng.normal(0, 1, (len(LEVELS), HORIZON)), axis=0)
        quantiles[:, 2] += 3 * size  # a value below its interval
        columns = {"m-lo-80": quantiles[0], "m": quantiles[1], "m-hi-80": quantiles[2]}
        rows.append(pd.DataFrame({"unique_id": f"s{index}", "ds": times[30:], "y": target, **columns}))
    return pd.concat(histories), pd.concat(rows)


def pairs_of(frames):
    histories, rows = frames
    targets, predictions, ids = [], [], []
    for name, group in rows.groupby("unique_id"):
        history = histories[histories.unique_id == name].y.to_numpy()
        naive_error = float(np.abs(history[SEASON:] - history[:-SEASON]).mean())
        targets.append({"values": group.y.tolist(), "naive_error": naive_error})
        predictions.append(forecast(name, group[["m-lo-80", "m", "m-hi-80"]].to_numpy().T))
        ids.append(f"{name} at 30")
    return Pairs(targets=targets, predictions=predictions, ids=ids)


@pytest.fixture(scope="module")
def pairs(frames):
    return pairs_of(frames)


def test_the_numbers_are_those_of_utilsforecast(frames, pairs):
    histories, rows = frames
    numbers = forecasts(pairs, NoOptions()).score(np.arange(SERIES))
    assert numbers["mae"] == pytest.approx(losses.mae(rows, ["m"]).m.mean(), rel=1e-12)
    assert numbers["mse"] == pytest.approx(losses.mse(rows, ["m"]).m.mean(), rel=1e-12)
    mase = losses.mase(rows, ["m"], seasonality=SEASON, train_df=histories)
    assert numbers["mase"] == pytest.approx(mase.m.mean(), rel=1e-12)
    # Theirs is between 0 and 1, and that of the competition between 0 and 200.
    assert numbers["smape"] == pytest.approx(200 * losses.smape(rows, ["m"]).m.mean(), rel=1e-12)
    assert numbers["coverage"] == pytest.approx(losses.coverage(rows, ["m"], level=80).m.mean(), rel=1e-12)
    together = rows.assign(unique_id="all")
    columns = {"m": ["m-lo-80", "m", "m-hi-80"]}
    crps = losses.scaled_crps(together, columns, np.array(LEVELS))
    assert numbers["weighted_quantile_loss"] == pytest.approx(crps.m.item(), rel=1e-12)


def test_resampled_numbers_are_those_of_the_pairs_that_were_drawn(pairs):
    drawn = np.array([0, 0, 3, 5, 5, 5, 1])
    score = forecasts(pairs, NoOptions()).score(drawn)
    assert score == pytest.approx(forecasts(pairs.at(drawn), NoOptions()).score(np.arange(7)), rel=1e-12)


def test_missing_values_and_the_rest_of_a_shorter_target_are_left_out():
    predictions = [forecast("a", [[1, 2, 3, 4]] * 3), forecast("b", [[0, 0, 0, 0]] * 3)]
    targets = [{"values": [2, None, 5], "naive_error": 0.5}, [None, None]]
    evaluation = forecasts(Pairs(targets=targets, predictions=predictions, ids=["a", "b"]), NoOptions())
    numbers = evaluation.score(np.arange(2))
    assert (numbers["mae"], numbers["mse"], numbers["mase"]) == (1.5, 2.5, 3.0)
    assert evaluation.details()["steps"].keys() == {"1", "3"}
    assert math.isnan(evaluation.score(np.array([1]))["mae"])


def test_series_without_a_naive_error_are_left_out_of_mase_with_a_note():
    predictions = [forecast("a", [[1, 1]] * 3), forecast("b", [[1, 1]] * 3), forecast("c", [[1, 1]] * 3)]
    targets = [{"values": [2, 2], "naive_error": 2.0}, {"values": [9, 9], "naive_error": 0}, [3, 3]]
    evaluation = forecasts(Pairs(targets=targets, predictions=predictions, ids=["a", "b", "c"]), NoOptions())
    assert evaluation.score(np.arange(3))["mase"] == 0.5
    assert evaluation.notes["mase"].startswith("2 of 3 forecasts are left out")


def test_zeros_have_no_relative_error_and_perfect_forecasts_have_the_best_scores():
    values = [[0, 1.5, -2]] * 3
    pairs = Pairs(
        targets=[{"values": [0, 1.5, -2], "naive_error": 1.0}], predictions=[forecast("a", values)], ids=["a"]
    )
    numbers = forecasts(pairs, NoOptions()).score(np.arange(1))
    assert numbers == {"mase": 0, "smape": 0, "weighted_quantile_loss": 0, "coverage": 1, "mae": 0, "mse": 0}


def test_forecasts_without_an_interval_have_no_coverage():
    pairs = Pairs(targets=[[1.0, 2.0]], predictions=[forecast("a", [[1, 1]], [0.5])], ids=["a"])
    evaluation = forecasts(pairs, NoOptions())
    numbers = evaluation.score(np.arange(1))
    assert math.isnan(numbers["coverage"])
    assert "coverage" in evaluation.notes
    assert numbers["weighted_quantile_loss"] == pytest.approx(
        1 / 3
    )  # of a median: the absolute errors by the absolute values


@pytest.mark.parametrize("target", ["1, 2", {"values": "12"}, {"naive_error": 2}, 7, None, [[1], "x"]])
def test_another_target_is_refused_in_a_sentence(target):
    with pytest.raises(UserError, match="series 7: the target is to be a list of numbers"):
        truth(target, "series 7")


def test_a_forecast_that_is_too_short_is_refused():
    pairs = Pairs(targets=[[1, 2, 3]], predictions=[forecast("a", [[1, 2]] * 3)], ids=["x"])
    with pytest.raises(UserError, match="x: the forecast has 2 steps and the target 3"):
        Scoring(pairs)


def test_details_are_by_step_and_by_series_with_the_worst_first(pairs):
    scoring = Scoring(pairs)
    details = scoring.details()
    assert list(details["steps"]) == [str(step + 1) for step in range(HORIZON)]
    errors = [row["mase"] for row in details["series"].values()]
    assert errors == sorted(errors, reverse=True)
    assert np.mean(errors) == pytest.approx(scoring.score(np.arange(SERIES))["mase"])
    mean_of_steps = np.mean([row["mase"] for row in details["steps"].values()])
    assert mean_of_steps == pytest.approx(np.mean(errors))


def test_figures_show_typical_and_bad_forecasts_and_the_errors(pairs):
    figures = figures_of(Scoring(pairs), pairs)
    titles = [figure.title for figure in figures]
    assert sum("a typical error" in title for title in titles) == 3
    assert sum("a large error" in title for title in titles) == 3
    assert {"Error by step", "Coverage by step", "The series with the largest errors"} <= set(titles)
    assert "<polygon" in figures[0].content


@pytest.mark.parametrize("target", [[None], [1.0]])
def test_figures_of_nearly_nothing(target):
    pairs = Pairs(targets=[target], predictions=[forecast("a", [[1, 2]], [0.5])], ids=["a"])
    assert len(figures_of(Scoring(pairs), pairs)) == (target != [None])
