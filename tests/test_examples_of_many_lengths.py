"""Examples of many lengths share batches with others about as long, whose shapes differ from step to step."""

from __future__ import annotations

import pytest

import ragged_plugin
import suite
import toy_plugin
from killed_runs import check_same_state
from suite.configuration import from_mapping
from suite.runs.train import resume, train

pytest.importorskip("keras", reason="needs Keras")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def host():
    return suite.Host(ragged_plugin, discover=False)


@pytest.fixture(scope="module")
def configuration(tmp_path_factory):
    data = toy_plugin.write(tmp_path_factory.mktemp("data") / "toy.jsonl", train=60)
    return from_mapping({"task": "trend", "data": str(data), "training": {"epochs": 4}}, "the test")


@pytest.fixture(scope="module")
def run(host, configuration, tmp_path_factory):
    return train(host, configuration, out=tmp_path_factory.mktemp("runs") / "unbroken")


@pytest.mark.backend
def test_they_are_learned_from(run):
    assert run.metrics["test"]["accuracy"] > 0.5


@pytest.mark.backend
def test_a_stopped_run_ends_like_an_unbroken_one(host, configuration, run, tmp_path):
    asked = iter(range(1, 1000))
    with pytest.raises(suite.RunError, match="stopped after step 6"):
        train(host, configuration, out=tmp_path / "run", stop=lambda: next(asked) == 6)
    resumed = resume(host, tmp_path / "run")
    check_same_state(resumed, run)


def test_the_exported_network_takes_any_length(host, run):
    pytest.importorskip("onnxruntime", reason="needs keras-suite[export]")
    pytest.importorskip("tf2onnx", reason="needs keras-suite[export]")
    from suite.runs.export import export

    exported = suite.load(export(run.path, verify=False, host=host).folder, host=host)
    rows = [[number / 10.0 + start for number in range(8)] for start in (0.0, 0.001, 0.004)]
    kept = suite.load(run.path, host=host)
    assert [prediction.trend for prediction in exported.predict(iter(rows))] == [
        prediction.trend for prediction in kept.predict(iter(rows))
    ]
