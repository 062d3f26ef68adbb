"""Statistics of normalization layers that have not settled: what is validated and shipped has right ones."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import suite
import toy_plugin
from suite.configuration import from_mapping
from suite.runs.train import train
from suite.training.normalization import (
    fresh_normalizations,
    settle,
    training_pass,
    unsettled_normalizations,
)

pytestmark = pytest.mark.backend


@pytest.fixture
def network():
    inputs = keras.Input((3,))
    normalized = keras.layers.BatchNormalization(name="first")(inputs)
    outputs = keras.layers.BatchNormalization(name="second")(keras.layers.Dropout(0.5)(normalized))
    return keras.Model(inputs, outputs)


def batches(count=4):
    generator = np.random.default_rng(0)
    return [generator.normal(5, 2, (64, 3)).astype("float32") for _ in range(count)]


def test_layers_are_unsettled_until_they_have_seen_enough(network):
    fresh = fresh_normalizations(network)
    assert fresh == [0, 1]
    assert len(unsettled_normalizations(network, fresh, 10)) == 2
    assert unsettled_normalizations(network, fresh, 1000) == []
    network.get_layer("first").trainable = False
    assert [layer.name for layer in unsettled_normalizations(network, fresh, 10)] == ["second"]


def test_layers_that_came_with_statistics_keep_them(network):
    network.get_layer("first").moving_mean.assign([1.0, 2.0, 3.0])
    assert fresh_normalizations(network) == [1]


def test_statistics_are_those_of_the_batches_and_can_be_put_back(network):
    before = [np.array(variable) for variable in network.variables]
    layers = unsettled_normalizations(network, fresh_normalizations(network), 1)
    saved = settle(network, layers, batches(), training_pass(network, open_lengths=False))
    first = network.get_layer("first")
    np.testing.assert_allclose(first.moving_mean, np.mean(batches(), axis=(0, 1)), rtol=1e-4)
    np.testing.assert_allclose(first.moving_variance, np.mean(np.var(batches(), axis=1), axis=0), rtol=1e-3)
    assert first.momentum == 0.99
    for variable, value in saved:
        variable.assign(value)
    for variable, value in zip(network.variables, before, strict=True):
        np.testing.assert_array_equal(np.array(variable), value, err_msg=variable.path)


@pytest.mark.slow
def test_a_short_training_is_validated_by_statistics_that_fit(tmp_path):
    data = toy_plugin.write(tmp_path / "toy.jsonl", train=60)
    tables = {"task": "trend", "data": str(data), "training": {"epochs": 2}}
    run = train(
        suite.Host(toy_plugin, discover=False), from_mapping(tables, "the test"), out=tmp_path / "run"
    )
    for row in run.history():
        assert row["validation_loss"] < 2 * row["loss"]
