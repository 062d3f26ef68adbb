"""A plugin that adds one network to speech recognition."""

from typing import Annotated

import suite
from suite.options import Meta
from suite_speech_recognition.api import (
    CODEC,
    TASK,
    RecognitionOptions,
    TranscriptionOptions,
    front,
    outputs,
    pipeline,
)  # fmt: skip


class PlainOptions(RecognitionOptions, frozen=True):
    width: Annotated[int, Meta(ge=8, description="width of the recurrent layer")] = 16


def build(dataset, options):
    return pipeline(dataset, options, network, defaults={"mels": 20}, recipe={"epochs": 3})


def network(rate, symbols, options):
    import keras

    audio, samples, x = front(rate, options)
    x = keras.layers.LSTM(options.width, return_sequences=True, name="recurrent")(x)
    x = outputs(x, samples, rate, symbols)
    return keras.Model({"audio": audio, "samples": samples}, x, name="plain")


@suite.hookimpl
def suite_model_builders():
    options = {"options": PlainOptions, "prediction_options": TranscriptionOptions}
    return [suite.ModelBuilder(name="plain", task=TASK, build=build, codec=CODEC, **options)]
