"""The test plugin's task, with an answer that is spelled: two letters, the second of which needs the first.

So the network that is shipped, which goes on from its own first letter, is not the one that is trained, which
is given the true first letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import suite
import toy_plugin

suite_tasks, suite_data_loaders, suite_evaluators = (
    toy_plugin.suite_tasks,
    toy_plugin.suite_data_loaders,
    toy_plugin.suite_evaluators,
)

SPELLINGS = ((0, 1), (1, 2), (2, 0))
LETTERS = 3
START = LETTERS


@suite.hookimpl
def suite_model_builders() -> list[suite.ModelBuilder]:
    builder = toy_plugin.suite_model_builders()[0]
    return [
        replace(
            builder,
            build=suite.lazy("spelling_plugin:build"),
            codec=suite.lazy("spelling_plugin:SpellingCodec.from_json"),
        )
    ]


class SpellingCodec(toy_plugin.TrendCodec):
    """Reads the answer by its second letter."""

    def decode(self, outputs: Any) -> toy_plugin.Trend:
        last = int(outputs[1].argmax())
        answer = next(index for index, spelling in enumerate(SPELLINGS) if spelling[1] == last)
        return toy_plugin.Trend(trend=self.trends[answer], probability=float(outputs[1, last]))


class ForcedBatches:
    """Rows with noise, and before each letter the true one."""

    def __init__(self, codec: SpellingCodec, noise: float) -> None:
        self.codec = codec
        self.noise = noise

    def prepare(self, example: Any) -> Any:
        return self.codec.encode(example.input), self.codec.trends.index(example.target)

    def make(self, prepared: Sequence[Any], rng: Any, progress: float) -> Any:
        import numpy as np

        rows = np.stack([row for row, _ in prepared])
        rows = rows + rng.normal(0, self.noise, rows.shape).astype(np.float32)
        letters = np.array([SPELLINGS[answer] for _, answer in prepared], np.int32)
        before = np.stack([np.full(len(letters), START, np.int32), letters[:, 0]], axis=1)
        return {"numbers": rows, "before": before}, letters


def build(dataset: Any, options: Any) -> Any:
    import keras

    built = toy_plugin.build(dataset, options)
    codec = SpellingCodec(built.codec.trends)
    layers, ops = keras.layers, keras.ops
    hidden = layers.Dense(16, activation="relu", name="hidden")
    normal = layers.BatchNormalization(name="normal")
    dropout = layers.Dropout(0.1, name="dropout")
    step = layers.Dense(LETTERS, activation="softmax", name="step")

    def letter(seen: Any, before: Any) -> Any:
        return step(layers.Concatenate()([seen, ops.one_hot(before, LETTERS + 1)]))

    numbers = keras.Input((toy_plugin.LENGTH,), name="numbers")
    seen = dropout(normal(hidden(numbers)))
    first = letter(seen, ops.full_like(ops.cast(numbers[:, 0], "int32"), START))
    second = letter(seen, ops.argmax(first, axis=-1))
    network = keras.Model(numbers, ops.stack([first, second], axis=1), name="speller")

    before = keras.Input((2,), dtype="int32", name="before")
    seen = dropout(normal(hidden(numbers)))
    letters = [letter(seen, before[:, index]) for index in range(2)]
    forced = keras.Model({"numbers": numbers, "before": before}, ops.stack(letters, axis=1), name="forced")
    return replace(
        built,
        codec=codec,
        network=network,
        training_network=forced,
        loss=keras.losses.SparseCategoricalCrossentropy(),
        batch_maker=ForcedBatches(codec, options.noise),
        targets=None,
    )
