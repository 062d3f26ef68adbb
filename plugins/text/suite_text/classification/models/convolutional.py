"""Convolutions over words, characters or subwords."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

Tensor = Any


@keras.saving.register_keras_serializable(package="suite_text")
class WithoutPadding(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """Features (batch, steps, width), zero for padding: where the numbers, int32 (batch, steps), are 0."""

    def call(self, x: Tensor, numbers: Tensor) -> Tensor:
        return x * ops.expand_dims(ops.cast(ops.not_equal(numbers, 0), x.dtype), -1)

    def compute_output_shape(self, x_shape: Any, numbers_shape: Any) -> Any:
        return x_shape


def convolved(
    numbers: Tensor,
    vocabulary: int,
    *,
    width: int,
    filters: int,
    kernels: Sequence[int] = (2, 3, 4),
    embedding_dropout: float = 0.5,
    dropout: float = 0.5,
) -> Tensor:
    """The largest value of each filter over a text (Kim 2014, arXiv:1408.5882, with random vectors).

    Padding is zero before the convolutions, like everything beyond the text, and never the largest value
    after them; so it changes nothing.

    Args:
        numbers: int32 (batch, steps); 0 is padding.
        vocabulary: how many numbers there are.
        width: features of a step.
        filters: of each width.
        kernels: how many steps the filters see.
        embedding_dropout: share of the features that are dropped in training.
        dropout: the same, of what comes out.

    Returns:
        Features (batch, filters * widths), none negative.
    """
    spread = keras.initializers.RandomUniform(-0.25, 0.25)
    x = layers.Embedding(vocabulary, width, embeddings_initializer=spread, name="embedding")(numbers)
    x = layers.Dropout(embedding_dropout, name="embedding_dropout")(x)
    x = WithoutPadding(name="embedding_mask")(x, numbers)
    largest = []
    for kernel in kernels:
        y = layers.Conv1D(filters, kernel, padding="same", activation="relu", name=f"convolution{kernel}")(x)
        y = WithoutPadding(name=f"convolution{kernel}_mask")(y, numbers)
        largest.append(layers.GlobalMaxPooling1D(name=f"convolution{kernel}_pool")(y))
    x = layers.Concatenate(name="convolutions")(largest) if len(largest) > 1 else largest[0]
    return layers.Dropout(dropout, name="dropout")(x)


def convolutional_network(
    vocabulary: int,
    classes: int,
    *,
    width: int,
    filters: int,
    kernels: Sequence[int],
    embedding_dropout: float,
    dropout: float,
) -> keras.Model:
    """Convolutions of several widths, the largest value of each filter, and a linear layer.

    Args:
        vocabulary: number of tokens, padding included.
        classes: number of logits.
        width: features of a token.
        filters: of each width.
        kernels: how many tokens the filters see.
        embedding_dropout: share of the tokens' features that are dropped in training.
        dropout: the same, before the last layer.

    Returns:
        A model from `tokens` int32 (batch, tokens) to float32 (batch, classes).
    """
    inputs = {"tokens": keras.Input((None,), dtype="int32", name="tokens")}
    x = convolved(
        inputs["tokens"],
        vocabulary,
        width=width,
        filters=filters,
        kernels=kernels,
        embedding_dropout=embedding_dropout,
        dropout=dropout,
    )
    outputs = layers.Dense(classes, dtype="float32", name="logits")(x)
    return keras.Model(inputs, outputs, name="convolutional")
