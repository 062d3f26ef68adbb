"""`suite check` finds defects that only a network shows: built, trained, resumed, exported."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import numpy as np
import pytest

import ragged_plugin
import suite
import suite.testing
import toy_plugin
from broken_codecs import Impatient, ShuffledCodec, Trusting
from broken_plugins import plugin

keras = pytest.importorskip("keras", reason="needs Keras")
import broken_networks  # noqa: E402 - needs Keras

registered = keras.saving.register_keras_serializable(package="test_defects")
draws = random.Random(3)


def building(change):
    """A builder that changes what it has built, of a new network."""

    def build(dataset, options):
        return change(toy_plugin.build(dataset, options))

    return {"build": build}


def with_layer(make, at_end=False):
    """A builder whose network has one more layer at its beginning, or at its end."""

    def change(pipeline):
        inner = pipeline.network
        inputs = keras.Input((toy_plugin.LENGTH,), name="row")
        outputs = make()(inner(inputs)) if at_end else inner(make()(inputs))
        return replace(pipeline, network=keras.Model(inputs, outputs))

    return building(change)


@registered
class Noted(keras.layers.Layer):
    """Multiplies by a number that neither is a weight nor in the configuration."""

    factor = 1.0

    def call(self, inputs):
        return inputs * self.factor


def noted():
    layer = Noted()
    layer.factor = 3.0
    return layer


@registered
class Drawn(keras.layers.Layer):
    """Multiplies by a number that is drawn when the layer is called first."""

    def call(self, inputs):
        return inputs * draws.uniform(0.5, 1.5)


@registered
class Across(keras.layers.Layer):
    """Subtracts the mean of the batch, at prediction too."""

    def call(self, inputs):
        return keras.ops.softmax(20 * (inputs - keras.ops.mean(inputs, axis=0, keepdims=True)))


@registered
class Noisy(keras.layers.Layer):
    """Is random at prediction too."""

    def __init__(self, **more):
        super().__init__(**more)
        self.seed = keras.random.SeedGenerator(1)

    def call(self, inputs):
        noise = keras.random.normal(keras.ops.shape(inputs), seed=self.seed)
        return keras.ops.softmax(inputs + 20 * noise)


@registered
class InFloat32(keras.layers.Layer):
    """Takes float32 alone."""

    def call(self, inputs):
        if keras.backend.standardize_dtype(inputs.dtype) != "float32":
            raise TypeError("a row of float32 is needed")
        return inputs


@registered
class Overflowing(keras.losses.Loss):
    """Is finite in float32 alone."""

    def call(self, y_true, y_pred):
        lost = keras.losses.categorical_crossentropy(y_true, y_pred)
        return lost / (1.0 - keras.ops.cast(keras.ops.cast(0.9999, "bfloat16"), "float32"))


@registered
class Other(keras.losses.Loss):
    """Does not look at what the network says."""

    def call(self, y_true, y_pred):
        return keras.ops.mean(y_true, axis=-1) + 0 * keras.ops.mean(y_pred, axis=-1)


def drawing_weights(pipeline):
    kernel, bias = pipeline.network.get_layer("hidden").get_weights()
    pipeline.network.get_layer("hidden").set_weights([np.random.default_rng().random(kernel.shape), bias])
    return pipeline


def shuffled(pipeline):
    trends = list(pipeline.codec.trends)
    while trends == pipeline.codec.trends or trends == ShuffledCodec.last:
        draws.shuffle(trends)
    ShuffledCodec.last = trends
    return replace(pipeline, codec=ShuffledCodec(trends))


def refusing(dataset, options):
    raise suite.UserError("the option width is needed")


BUILT = {
    "options that are needed": (
        {"build": refusing},
        "builder-builds",
        r"cannot be built on the sample of its task: the option width is needed; .*ModelBuilder\(quick=",
    ),
    "a build that raises": (
        {"build": lambda dataset, options: {}["classes"]},
        "builder-builds",
        "raises KeyError in test_defects_of_builders.py",
    ),
    "a quick of another option": (
        {"quick": {"model.widht": 8}},
        "builder-builds",
        "no option 'widht': did you mean 'width'",
    ),
    "a quick of bare names": (
        {"quick": {"width": 8}},
        "builder-builds",
        "its keys are those of --set, 'model.NAME'",
    ),
    "weights that are drawn anew": (
        building(drawing_weights),
        "builder-starts-the-same",
        "other weights each time, at '.*hidden/kernel'",
    ),
    "a codec in another order": (
        building(shuffled) | {"codec": ShuffledCodec.from_json},
        "builder-starts-the-same",
        "another codec to the same data each time: sort",
    ),
    "a codec that trusts": (
        building(lambda pipeline: replace(pipeline, codec=Trusting(pipeline.codec.trends)))
        | {"codec": Trusting.from_json},
        "codec-refuses-junk",
        "encode.. of the codec of model builder 'dense'.*raises (TypeError|ValueError) in broken_codecs.py",
    ),
    "a number that is not saved": (with_layer(noted), "network-saves-all", "something else after saving"),
    "a layer of float32": (
        with_layer(InFloat32),
        "builder-mixed-precision",
        "does not train in mixed precision .*raises TypeError in test_defects_of_builders.py",
    ),
    "a softmax before a loss of logits": (
        building(
            lambda pipeline: replace(pipeline, loss=keras.losses.CategoricalCrossentropy(from_logits=True))
        ),
        "builder-builds",
        "gives probabilities, and its loss CategoricalCrossentropy.from_logits=True. takes logits.*leave out",
    ),
    "logits before a loss of probabilities": (
        with_layer(lambda: keras.layers.Rescaling(5.0, -2.0), at_end=True),
        "builder-builds",
        "gives logits, and its loss CategoricalCrossentropy takes probabilities",
    ),
    "a loss of bfloat16": (
        building(lambda pipeline: replace(pipeline, loss=Overflowing())),
        "builder-mixed-precision",
        "has a loss of inf in its first step in mixed precision",
    ),
}

TRAINED = {
    "a loss of something else": (
        building(lambda pipeline: replace(pipeline, loss=Other())),
        "builder-overfits",
        "hardly learns: its loss on 30 examples went from .*ModelBuilder.quick=",
    ),
    "layers that do not learn": (
        building(lambda pipeline: replace(pipeline, recipe={"learning_rate": 1e-9})),
        "builder-overfits",
        "hardly learns",
    ),
    "a layer that mixes examples": (
        with_layer(Across, at_end=True),
        "builder-keeps-examples-apart",
        "by itself and .* in a batch with others: no layer may mix",
    ),
    "a mean over the padding": (
        {"build": ragged_plugin.build, "codec": ragged_plugin.RaggedCodec.from_json},
        "builder-ignores-padding",
        "something else for '.*' with padding after it: .* and not .*mask_zero=True",
    ),
    "a layer that is random": (
        with_layer(Noisy, at_end=True),
        "builder-predicts",
        "something else for the same inputs the second time",
    ),
    "a number that is drawn": (
        with_layer(Drawn),
        "builder-resumes-exactly",
        "stopped and resumed ends with other weights",
    ),
    "an export that may not differ": (
        building(lambda pipeline: replace(pipeline, codec=Impatient(pipeline.codec.trends)))
        | {"codec": Impatient.from_json},
        "builder-exports",
        "cannot be exported: .*they differ by up to",
    ),
}


def said_by(mutant, name):
    """What the check of this name says of a builder."""
    host = suite.Host(mutant, discover=False)
    (check,) = (each for each in suite.testing.checks(host, builder="dense") if each.name == name)
    try:
        check()
    except suite.testing.NotCheckedError as error:
        raise AssertionError("it is not checked") from error
    except suite.PluginError as error:
        return str(error)
    raise AssertionError("nothing is found")


@pytest.mark.parametrize("defect", BUILT)
def test_a_defect_of_what_is_built_is_found(defect):
    change, check, message = BUILT[defect]
    said = said_by(plugin(builder=change), check)
    assert "of plugin 'mutant'" in said
    assert re.search(message, said), said


@pytest.mark.slow
@pytest.mark.parametrize("defect", TRAINED)
def test_a_defect_that_training_shows_is_found(defect):
    change, check, message = TRAINED[defect]
    said = said_by(plugin(builder=change), check)
    assert "of plugin 'mutant'" in said
    assert re.search(message, said), said


@pytest.mark.parametrize("defect", broken_networks.NETWORKS)
def test_a_network_that_cannot_be_saved_is_found(defect):
    layer, message = broken_networks.NETWORKS[defect]
    change = {"build": broken_networks.building(lambda: broken_networks.network(layer()))}
    assert re.search(message, said_by(plugin(builder=change), "builder-builds"))


def test_what_is_not_padded_is_not_said_to_pass():
    host = suite.Host(toy_plugin, discover=False)
    (check,) = (each for each in suite.testing.checks(host) if each.name == "builder-ignores-padding")
    with pytest.raises(suite.testing.NotCheckedError, match="inputs of one shape"):
        check()
