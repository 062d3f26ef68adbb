"""Networks with one defect each, and what the host says of it."""

from __future__ import annotations

from dataclasses import replace

import keras

import broken_plugins
import toy_plugin


def building(make):
    """The builder's `build` of a network, from this module: its layers may be used."""

    def build(dataset, options):
        pipeline = broken_plugins.toy_pipeline(tuple(dataset.facts["trends"]))
        return replace(pipeline, network=make(), options=broken_plugins.resolved(options))

    return build


def network(*layers, length=toy_plugin.LENGTH):
    numbers = keras.Input((length,))
    outputs = numbers
    for layer in layers:
        outputs = layer(outputs)
    return keras.Model(numbers, outputs)


def unbuilt():
    return keras.Sequential([keras.layers.Dense(3)])


@keras.saving.register_keras_serializable(package="test_seams")
class Doubled(keras.layers.Layer):
    """Its only defect may be that it is not described by `get_config`."""

    def __init__(self, units=3, **more):
        super().__init__(**more)
        self.units = units

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")
        super().build(shape)

    def call(self, inputs):
        return inputs @ self.kernel


@keras.saving.register_keras_serializable(package="test_seams")
class Described(Doubled):
    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="test_seams")
class Demanding(Described):
    def __init__(self, units, width, **more):
        super().__init__(units, **more)


@keras.saving.register_keras_serializable(package="test_seams")
class Lossy(Doubled):
    def get_config(self):
        return {"name": self.name}


class Unregistered(Described):
    pass


def softly(inputs):
    return keras.ops.tanh(inputs)


NETWORKS = {
    "a Lambda": (lambda: keras.layers.Lambda(lambda inputs: inputs * 2), "it carries code"),
    "an unregistered layer": (lambda: Unregistered(3), "Could not locate class 'Unregistered'"),
    "an unregistered function": (lambda: keras.layers.Dense(3, activation=softly), "Register layers"),
    "a lambda as activation": (
        lambda: keras.layers.Dense(3, activation=lambda inputs: inputs),
        "Could not interpret activation",
    ),
    "a layer that leaves out an argument": (
        lambda: Lossy(4),
        "is incompatible with the layer|weights of other shapes",
    ),
    "a layer that lacks an argument": (
        lambda: Demanding(3, 4),
        "missing 1 required|could not be deserialized",
    ),
}
