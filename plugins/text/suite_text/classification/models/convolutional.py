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


@keras.saving.register_keras_serializable(package="suite_text")
class WordVectors(layers.Layer):  # type: ignore[misc]
    """Vectors of words that know how a word is spelled (Bojanowski et al. 2017, arXiv:1607.04606, 3.2).

    The vector of a word is the sum of its own, of the mean of those of its n-grams of characters, and of that
    of how it is written. From int32 (batch, words) and (batch, words, parts), where the first part is how the
    word is written and 0 is padding, to float32 (batch, words, width).

    Args:
        words: numbers of words.
        ngrams: numbers of n-grams of characters.
        forms: numbers of ways of writing.
        width: features of a word.
    """

    def __init__(self, words: int, ngrams: int, forms: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words, self.ngrams, self.forms, self.width = words, ngrams, forms, width

    def build(self, words_shape: Any = None, parts_shape: Any = None) -> None:
        # A mean of a dozen vectors is as long as the vector of a word then.
        for name, count, spread in (
            ("of_words", self.words, 0.1),
            ("of_ngrams", self.ngrams, 0.5),
            ("of_forms", self.forms, 0.1),
        ):
            initializer = keras.initializers.RandomUniform(-spread, spread)
            setattr(
                self, name, self.add_weight(name=name, shape=(count, self.width), initializer=initializer)
            )

    def call(self, words: Tensor, parts: Tensor) -> Tensor:
        forms, ngrams = parts[:, :, 0], parts[:, :, 1:]
        vectors = ops.take(self.of_ngrams, ngrams, axis=0)
        present = ops.cast(ops.not_equal(ngrams, 0), vectors.dtype)
        shares = present / ops.maximum(ops.sum(present, axis=-1, keepdims=True), 1.0)
        mean = ops.squeeze(ops.matmul(ops.expand_dims(shares, 2), vectors), 2)
        return ops.take(self.of_words, words, axis=0) + mean + ops.take(self.of_forms, forms, axis=0)

    def compute_output_shape(self, words_shape: Any, parts_shape: Any) -> Any:
        return (*words_shape, self.width)

    def get_config(self) -> dict[str, Any]:
        own = {"words": self.words, "ngrams": self.ngrams, "forms": self.forms, "width": self.width}
        return {**super().get_config(), **own}


def embedded(numbers: Tensor, vocabulary: int, width: int) -> Tensor:
    """The vectors (batch, steps, width) of numbers, int32 (batch, steps), that know nothing of parts."""
    spread = keras.initializers.RandomUniform(-0.25, 0.25)
    return layers.Embedding(vocabulary, width, embeddings_initializer=spread, name="embedding")(numbers)


def convolved(
    x: Tensor,
    numbers: Tensor,
    *,
    filters: int,
    kernels: Sequence[int],
    embedding_dropout: float,
    dropout: float,
) -> Tensor:
    """The largest value of each filter over a text (Kim 2014, arXiv:1408.5882, with random vectors).

    Padding is zero before the convolutions, like everything beyond the text, and never the largest value
    after them; so it changes nothing.

    Args:
        x: features (batch, steps, width).
        numbers: int32 (batch, steps); 0 is padding.
        filters: of each width.
        kernels: how many steps the filters see.
        embedding_dropout: share of the features that are dropped in training.
        dropout: the same, of what comes out.

    Returns:
        Features (batch, filters * widths), none negative.
    """
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
        embedded(inputs["tokens"], vocabulary, width),
        inputs["tokens"],
        filters=filters,
        kernels=kernels,
        embedding_dropout=embedding_dropout,
        dropout=dropout,
    )
    outputs = layers.Dense(classes, dtype="float32", name="logits")(x)
    return keras.Model(inputs, outputs, name="convolutional")
