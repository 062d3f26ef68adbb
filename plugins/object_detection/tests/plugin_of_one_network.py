"""A plugin that adds one network to object detection."""

from typing import Annotated

import suite
from suite.options import Auto, Meta
from suite_object_detection.api import CODEC, TASK, DetectionOptions, DetectionPredictionOptions, pipeline


class PlainOptions(DetectionOptions, frozen=True):
    filters: Annotated[Auto | int, Meta(description="filters of each convolution")] = "auto"


def build(dataset, options):
    return pipeline(dataset, options, network, defaults={"filters": 8, "size": 64}, recipe={"epochs": 3})


def network(size, classes, options):
    import keras
    from keras import layers

    images = keras.Input((*size, 3), dtype="uint8", name="images")
    x, levels = layers.Rescaling(1 / 127.5, offset=-1, name="scaled")(images), []
    for stride in (2, 4, 8, 16, 32):
        x = layers.Conv2D(options.filters, 3, 2, "same", activation="relu", name=f"stride{stride}")(x)
        if stride >= 8:
            y = layers.Conv2D(classes + 4 * 16, 1, name=f"head{stride}")(x)
            levels.append(layers.Reshape((-1, classes + 4 * 16), name=f"level{stride}")(y))
    outputs = layers.Concatenate(axis=1, dtype="float32", name="locations")(levels)
    return keras.Model(images, outputs, name="plain")


@suite.hookimpl
def suite_model_builders():
    at_prediction = DetectionPredictionOptions
    return [
        suite.ModelBuilder(
            name="plain",
            task=TASK,
            build=build,
            codec=CODEC,
            options=PlainOptions,
            prediction_options=at_prediction,
        )
    ]
