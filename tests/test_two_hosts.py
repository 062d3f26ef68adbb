"""Two hosts in one process: each knows its own plugins only, and both train, in turn and at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

import cautious_plugin
import suite
import toy_plugin

TREND = suite.Host(toy_plugin, discover=False)
CAUTIOUS = suite.Host(cautious_plugin, discover=False)


def train_trend(out):
    return suite.train("trend", TREND.task("trend").sample(), epochs=2, out=out, host=TREND)


def train_cautious(out):
    sample = CAUTIOUS.task("cautious-trend").sample()
    return suite.train("cautious-trend", sample, epochs=2, out=out, host=CAUTIOUS)


@pytest.fixture(scope="module")
def in_turn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("in-turn")
    return train_trend(folder / "trend"), train_cautious(folder / "cautious")


def losses(run):
    return [row["loss"] for row in run.history()]


@pytest.mark.slow
def test_a_host_knows_only_its_own(in_turn):
    trend, cautious = in_turn
    assert [task.name for task in TREND.tasks()] == ["trend"]
    with pytest.raises(suite.UserError, match="there is no task 'cautious-trend'"):
        suite.train("cautious-trend", TREND.task("trend").sample(), host=TREND)
    with pytest.raises(suite.UserError, match="needs the plugin 'toy_plugin'"):
        suite.load(trend.path, host=CAUTIOUS)
    assert isinstance(suite.predict(cautious, [[1.0] * 8], host=CAUTIOUS)[0], cautious_plugin.CautiousTrend)


@pytest.mark.slow
def test_one_training_after_another_changes_nothing(in_turn, tmp_path):
    trend, cautious = in_turn
    assert losses(train_cautious(tmp_path / "cautious")) == losses(cautious)
    assert losses(train_trend(tmp_path / "trend")) == losses(trend)


@pytest.mark.slow
def test_both_train_at_once(tmp_path):
    with ThreadPoolExecutor(2) as threads:
        trend = threads.submit(train_trend, tmp_path / "trend")
        cautious = threads.submit(train_cautious, tmp_path / "cautious")
        for name, future, host in (("trend", trend, TREND), ("cautious-trend", cautious, CAUTIOUS)):
            run = future.result()
            assert len(run.history()) == 2
            scores = suite.evaluate(run, host.task(name).sample(), host=host).scores
            assert scores["accuracy"] == run.metrics["test"]["accuracy"]
