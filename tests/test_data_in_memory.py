"""Training on data in memory: `Dataset.of`, and `train(..., dataset=)`."""

from __future__ import annotations

import numpy as np
import pytest

import suite
import toy_plugin
from suite.configuration import Configuration
from suite.runs.chosen_examples import Request
from suite.runs.evaluate import evaluate
from suite.runs.train import resume, train
from suite.training_options import TrainingOptions

HOST = suite.Host(toy_plugin, discover=False)
OPTIONS = TrainingOptions(epochs=2)


def in_memory(count=24):
    rows = toy_plugin.rows(count, seed=0)
    return suite.Dataset.of(
        [row["numbers"] for row in rows],
        [row["trend"] for row in rows],
        facts={"trends": list(toy_plugin.SLOPES)},
    )


def test_examples_have_names_and_targets():
    dataset = suite.Dataset.of(["a", "b"], [1, 2], test=(["c"], [3]))
    assert [(example.id, example.input, example.target) for example in dataset.train] == [
        ("train 0", "a", 1),
        ("train 1", "b", 2),
    ]
    assert dataset.test[0].id == "test 0"
    assert dataset.validation is None


def test_as_many_targets_as_inputs_are_needed():
    with pytest.raises(ValueError, match="validation has 2 inputs and 1 targets"):
        suite.Dataset.of([1], [1], validation=([1, 2], [1]))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("memory") / "run"
    configuration = Configuration(task="trend", data="", training=OPTIONS)
    return train(HOST, configuration, out=out, dataset=in_memory())


@pytest.mark.slow
def test_it_is_trained_scored_and_loaded_like_any_other(run):
    assert 0 <= run.metrics["test"]["accuracy"] <= 1
    assert suite.load(run.path, host=HOST).predict(np.arange(8.0)).trend in toy_plugin.SLOPES


@pytest.mark.slow
def test_its_configuration_can_be_read(run):
    assert run.configuration.data == ""
    assert run.configuration.loader_name is None


@pytest.mark.slow
def test_other_data_can_be_scored(run, tmp_path):
    data = toy_plugin.write(tmp_path / "rows.jsonl", train=9, validation=0, test=0)
    assert evaluate(HOST, Request(run=run.path, data=str(data))).metrics["counts"] == {"test": 9}


@pytest.mark.slow
def test_without_data_there_is_nothing_to_score(run):
    with pytest.raises(suite.UserError, match="trained on data in memory"):
        evaluate(HOST, Request(run=run.path))


@pytest.mark.slow
def test_going_on_needs_the_same_data(tmp_path):
    out = tmp_path / "run"
    configuration = Configuration(task="trend", data="", training=OPTIONS)
    with pytest.raises(suite.RunError, match="stopped"):
        train(HOST, configuration, out=out, dataset=in_memory(), stop=lambda: True)
    with pytest.raises(suite.UserError, match="trained on data in memory"):
        resume(HOST, out)
    with pytest.raises(suite.UserError, match="is not what"):
        resume(HOST, out, dataset=in_memory(25))
    assert resume(HOST, out, dataset=in_memory()).metrics is not None
