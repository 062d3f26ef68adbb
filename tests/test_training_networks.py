"""A network may be trained in the place of the one that is shipped, whose weights it shares."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import spelling_plugin
import suite
import toy_plugin
from killed_runs import check_same_state
from suite.configuration import from_mapping
from suite.pipeline.trainable import Stage
from suite.runs.train import resume, train
from suite.training.progress import Listener

keras = pytest.importorskip("keras", reason="needs Keras")
pytestmark = [pytest.mark.backend, pytest.mark.slow]

TRAINING = {"epochs": 6, "learning_rate": 0.05, "ema": 0.9, "checkpoint_seconds": 0.0}


class spelling:  # noqa: N801 - its name is the plugin's
    """The plugin, keeping what it built."""

    suite_tasks = staticmethod(spelling_plugin.suite_tasks)
    suite_data_loaders = staticmethod(spelling_plugin.suite_data_loaders)
    suite_evaluators = staticmethod(spelling_plugin.suite_evaluators)

    def __init__(self, **changes):
        self.changes = changes
        self.built = []

    @suite.hookimpl
    def suite_model_builders(self):
        def build(dataset, options):
            self.built.append(dataclasses.replace(spelling_plugin.build(dataset, options), **self.changes))
            return self.built[-1]

        (builder,) = spelling_plugin.suite_model_builders()
        return [dataclasses.replace(builder, build=build, codec=spelling_plugin.SpellingCodec.from_json)]


class Notes(Listener):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return toy_plugin.write(tmp_path_factory.mktemp("data") / "toy.jsonl", train=60)


def configuration(data, model=None, **training):
    tables = {"task": "trend", "data": str(data), "training": TRAINING | training, "model": model or {}}
    return from_mapping(tables, "the test")


@pytest.fixture(scope="module")
def host():
    return suite.Host(spelling_plugin, discover=False)


@pytest.fixture(scope="module")
def run(host, data, tmp_path_factory):
    return train(host, configuration(data), out=tmp_path_factory.mktemp("runs") / "unbroken")


def test_the_network_that_is_shipped_has_learned(run, host):
    assert run.metrics["test"]["accuracy"] > 0.5
    network = suite.load(run.path, host=host).network.model
    assert network.name == "speller"
    assert [tensor.name for tensor in network.inputs] == ["numbers"]


def test_validation_scores_the_network_that_is_shipped_with_the_weights_of_that_moment(run):
    best = max(row["validation_accuracy"] for row in run.history())
    assert run.metrics["validation"]["accuracy"] == pytest.approx(best)


def test_the_loss_on_validation_is_that_of_the_training_network_on_batches_of_the_validation_split(
    data, tmp_path
):
    plugin = spelling()
    run = train(
        suite.Host(plugin, discover=False),
        configuration(data, {"noise": 0.0}, epochs=1, batch_size=7),
        out=tmp_path / "run",
    )
    (pipeline,) = plugin.built
    validation = toy_plugin.load(data, toy_plugin.LinesOptions()).validation
    maker = pipeline.batches
    inputs, targets = maker.make(
        [maker.prepare(example) for example in validation], np.random.default_rng(), 0.0
    )
    outputs = keras.ops.convert_to_numpy(pipeline.training_network(inputs, training=False))
    expected = -np.log(np.take_along_axis(outputs, targets[:, :, None], axis=2)).mean()
    assert run.history()[0]["validation_loss"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("stages", ["one stage", "two stages"])
def test_a_stopped_run_ends_like_an_unbroken_one(data, run, tmp_path, stages):
    changes = {}
    if stages == "two stages":
        changes["stages"] = Stage(freeze=("hidden",)), Stage(learning_rate_factor=0.5)
    host = suite.Host(spelling(**changes), discover=False)
    unbroken = run if stages == "one stage" else train(host, configuration(data), out=tmp_path / "unbroken")
    asked = iter(range(1, 1000))
    with pytest.raises(suite.RunError, match="stopped after step 6"):
        train(host, configuration(data), out=tmp_path / "run", stop=lambda: next(asked) == 6)
    resumed = resume(host, tmp_path / "run")
    check_same_state(resumed, unbroken)
    assert resumed.metrics == unbroken.metrics


def test_a_stage_freezes_layers_of_the_training_network(data, tmp_path):
    plugin = spelling(stages=(Stage(freeze=("hidden",)),))
    host = suite.Host(plugin, discover=False)
    kept = train(host, configuration(data, epochs=1, ema=0.0), out=tmp_path / "one")
    kernel, other = (
        suite.load(kept.path, host=host).network.model.get_layer(name).get_weights()[0]
        for name in ("hidden", "step")
    )
    again = train(host, configuration(data, epochs=2, ema=0.0), out=tmp_path / "two")
    later = suite.load(again.path, host=host).network.model
    np.testing.assert_array_equal(later.get_layer("hidden").get_weights()[0], kernel)
    assert not np.array_equal(later.get_layer("step").get_weights()[0], other)


def test_another_run_gives_its_weights(run, host, data, tmp_path):
    listener = Notes()
    tables = {"task": "trend", "data": str(data), "init": str(run.path)}
    tables["training"] = {"epochs": 1, "learning_rate": 1e-12}
    train(host, from_mapping(tables, "the test"), out=tmp_path / "next", listener=listener)
    assert any(note.startswith("took all") for note in listener.notes)


def test_weights_that_only_one_of_the_two_has_are_refused(data, tmp_path):
    numbers = keras.Input((toy_plugin.LENGTH,), name="numbers")
    stranger = keras.Model(numbers, keras.layers.Dense(3, name="alone")(numbers))
    for change in ("training_network", "network"):
        host = suite.Host(spelling(**{change: stranger}), discover=False)
        with pytest.raises(suite.PluginError, match=r"builder 'dense'.* only the (training )?network has"):
            train(host, configuration(data), out=tmp_path / "run")
        assert not (tmp_path / "run").exists()


def test_without_a_training_network_targets_are_needed(data, tmp_path):
    host = suite.Host(spelling(training_network=None), discover=False)
    with pytest.raises(suite.PluginError, match="without targets for the loss on validation"):
        train(host, configuration(data), out=tmp_path / "run")
