"""From series and options to a pipeline: what is chosen, that the user's word wins, and whole trainings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import suite
import suite_forecasting
from killed_runs import check_same_state, left_after
from suite import UserError
from suite.configuration import from_mapping
from suite.data import Dataset
from suite.options import as_dict, parse
from suite.runs.train import resume, train
from suite.training_options import TrainingOptions
from suite_forecasting import builders
from suite_forecasting.options import (
    DenseOptions,
    LinearOptions,
    MixerOptions,
    RecurrentOptions,
    TableOptions,
)
from suite_forecasting.reading.series import Series
from suite_forecasting.recipes import context_for, member_contexts, recipe_for
from suite_forecasting.splits import dataset_of
from suite_forecasting.survey import Survey, survey

MAKE = {
    "dense": (builders.dense, DenseOptions(width=8, depth=1, members=2)),
    "linear": (builders.linear, LinearOptions()),
    "mixer": (builders.mixer, MixerOptions(width=8, depth=1)),
    "recurrent": (builders.recurrent, RecurrentOptions(width=8)),
}
HORIZON, SEASON = 6, 12


def data(count: int = 6, length: int = 80, *, covariates: bool = False, noise: float = 0.1) -> Dataset:
    """Seasonal series of very different sizes, some of them with covariates that matter."""
    rng = np.random.default_rng(0)
    series = []
    for index in range(count):
        steps = np.arange(length + HORIZON)
        effect = rng.integers(0, 2, length + HORIZON).astype(float)
        values = np.sin(2 * np.pi * (steps + index) / SEASON) + rng.normal(0, noise, len(steps))
        values = 10.0**index * (3 + values + (2 * effect if covariates else 0))
        series.append(
            Series(
                name=f"s{index}",
                values=values[:length],
                known=np.stack([effect, -effect], axis=1) if covariates else None,
                past=rng.normal(0, 1, (length, 1)) if covariates else None,
            )
        )
    names = {"known": ["a", "b"], "past": ["c"]} if covariates else {}
    return dataset_of(series, TableOptions(horizon=HORIZON, season=SEASON), facts=names)


@pytest.fixture(scope="module")
def plain() -> Dataset:
    return data()


@pytest.mark.parametrize("name", MAKE)
def test_no_option_stays_open_and_the_recipe_is_one(name, plain):
    build, options = MAKE[name]
    built = build(plain, options)
    assert "auto" not in as_dict(built.options).values()
    assert parse(TrainingOptions, built.recipe, "recipe")
    assert built.network.output_shape == (None, HORIZON, 9)
    for key, value in as_dict(options).items():
        if value != "auto":
            assert as_dict(built.options)[key] == value


def test_little_data_is_forecast_linearly_and_much_is_not(monkeypatch, plain):
    little = builders.dense(plain, DenseOptions())
    assert little.options.depth == 0
    assert not any("dense" in layer.name for layer in little.network.layers)
    monkeypatch.setattr(builders, "LITTLE", 10)
    assert builders.dense(plain, DenseOptions()).options.depth == 2


@pytest.mark.parametrize("levels", [(0.1, 0.9), (0.5, 0.1), (0.5, 0.5)])
def test_levels_that_make_no_sense_are_refused(levels, plain):
    with pytest.raises(UserError, match=r"model\.levels"):
        builders.linear(plain, LinearOptions(levels=levels))


def test_without_a_window_there_is_nothing_to_learn():
    with pytest.raises(UserError, match="the train split holds no window"):
        survey(Dataset(train=[], facts={"horizon": 2, "season": 1}))


def of(examples: int, length: int = 10_000, horizon: int = 48, season: int = 24) -> Survey:
    none = np.zeros((2, 0))
    return Survey(examples=examples, length=length, horizon=horizon, season=season, known=none, past=none)


def test_the_context_is_whole_seasons_and_no_longer_than_the_data():
    assert context_for(of(6000)) == 504
    assert member_contexts(504, 24, 5) == [
        (504, True),
        (168, False),
        (336, True),
        (96, False),
        (504, True),
    ]
    assert context_for(of(50, length=130, horizon=18, season=12)) == 130
    assert context_for(of(50, length=3, horizon=6, season=1)) == 3
    assert all(1 < context <= 5 for context, _ in member_contexts(5, 12, 4))


def test_more_windows_mean_more_steps_but_fewer_epochs():
    steps = [recipe_for(of(count))["epochs"] * -(-count // recipe_for(of(count))["batch_size"]) for count in
             (1, 30, 1000, 6000, 100_000, 10_000_000)]  # fmt: skip
    assert steps == sorted(steps)
    assert recipe_for(of(10_000_000))["epochs"] == 2


@pytest.fixture(scope="module")
def host() -> suite.Host:
    return suite.Host(suite_forecasting, discover=False)


def configuration(**training):
    return from_mapping(
        {
            "task": "forecasting",
            "data": "series",
            "model": {"name": "dense", "width": 16, "depth": 1, "members": 2},
            "training": {"epochs": 30, "checkpoint_seconds": 0, **training},
        },
        "test",
    )


@pytest.fixture(scope="module")
def runs(host, tmp_path_factory, plain):
    """A whole run, and a copy of it as it was left by `kill -9` in the middle."""
    folder: Path = tmp_path_factory.mktemp("runs")
    stop = left_after(20, folder / "whole", folder / "killed")
    run = train(host, configuration(), out=folder / "whole", dataset=plain, stop=stop)
    return run, folder / "killed"


@pytest.mark.slow
def test_it_learns_better_than_the_seasonal_naive_forecast(runs):
    run, _ = runs
    assert run.metrics["test"]["mase"] < run.metrics["baseline"]["mase"]
    assert 0.5 < run.metrics["test"]["coverage"] < 0.99


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_last_bit(runs, host, plain):
    run, killed = runs
    check_same_state(resume(host, killed, dataset=plain), run)
