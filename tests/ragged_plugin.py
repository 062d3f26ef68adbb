"""The test plugin's task from rows of different lengths, which share batches with rows about as long.

The network has two inputs, the rows and how long each one is, the second of which is a plain number.
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


@suite.hookimpl
def suite_model_builders() -> list[suite.ModelBuilder]:
    builder = toy_plugin.suite_model_builders()[0]
    return [
        replace(
            builder,
            build=suite.lazy("ragged_plugin:build"),
            codec=suite.lazy("ragged_plugin:RaggedCodec.from_json"),
        )
    ]


class RaggedCodec(toy_plugin.TrendCodec):
    """Sees the first four to eight numbers of a row: as many as the row's first digits say."""

    def encode(self, raw: Any) -> Any:
        import numpy as np

        row = super().encode(raw)[: length(super().encode(raw))]
        return {"numbers": row, "count": np.int32(len(row))}


def length(row: Any) -> int:
    return 4 + int(abs(row[0]) * 1000) % (toy_plugin.LENGTH - 3)


class PaddedBatches:
    def __init__(self, codec: RaggedCodec, targets: Any) -> None:
        self.codec = codec
        self.targets = targets

    def prepare(self, example: Any) -> Any:
        return self.codec.encode(example.input), self.targets(example.target)

    def make(self, prepared: Sequence[Any], rng: Any, progress: float) -> Any:
        import numpy as np

        rows = [encoded["numbers"] for encoded, _ in prepared]
        numbers = np.zeros((len(rows), max(map(len, rows))), np.float32)
        for index, row in enumerate(rows):
            numbers[index, : len(row)] = row + rng.normal(0, 0.05, len(row))
        counts = np.array([len(row) for row in rows], np.int32)
        return {"numbers": numbers, "count": counts}, np.stack([target for _, target in prepared])


def build(dataset: Any, options: Any) -> Any:
    import keras
    import numpy as np

    built = toy_plugin.build(dataset, options)
    codec = RaggedCodec(built.codec.trends)
    numbers, count = keras.Input((None,), name="numbers"), keras.Input((), dtype="int32", name="count")
    steps = keras.ops.expand_dims(numbers, -1)
    hidden = keras.layers.Conv1D(16, 3, padding="same", activation="relu", name="convolution")(steps)
    hidden = keras.layers.Dropout(0.1, name="dropout")(hidden)
    total = keras.ops.sum(hidden, axis=1)
    mean = total / keras.ops.cast(keras.ops.expand_dims(count, -1), total.dtype)
    outputs = keras.layers.Dense(len(codec.trends), activation="softmax", name="trend")(mean)
    train = dataset.train
    return replace(
        built,
        codec=codec,
        network=keras.Model({"numbers": numbers, "count": count}, outputs, name="ragged"),
        batch_maker=PaddedBatches(codec, built.targets),
        lengths=np.array([length(np.array(train[index].input)) for index in range(len(train))]),
    )
