"""A plugin that adds one network to image classification."""

from typing import Annotated

import suite
from suite.options import Auto, Meta
from suite_image_classification.api import CODEC, TASK, ImageModelOptions, pipeline


class StripesOptions(ImageModelOptions, frozen=True):
    filters: Annotated[Auto | int, Meta(description="filters of the convolution")] = "auto"


def build(dataset, options):
    return pipeline(dataset, options, network, defaults={"filters": 8, "size": 16}, recipe={"epochs": 3})


def network(size, classes, options):
    import keras
    from keras import layers

    images = keras.Input((*size, 3), dtype="uint8", name="images")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="scaled")(images)
    x = layers.Conv2D(options.filters, 3, activation="relu", name="convolution")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(images, layers.Dense(classes, dtype="float32", name="logits")(x), name="stripes")


@suite.hookimpl
def suite_model_builders():
    return [suite.ModelBuilder(name="stripes", task=TASK, build=build, codec=CODEC, options=StripesOptions)]
