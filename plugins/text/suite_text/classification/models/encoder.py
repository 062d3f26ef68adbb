"""A small Transformer encoder."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from suite_text.models.blocks import TokenEmbedding, TransformerBlock, padding_mask

Tensor = Any


@keras.saving.register_keras_serializable(package="suite_text")
class MeanOfTokens(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """The mean of features (batch, steps, width) over the tokens, int32 (batch, steps), that are not 0.

    Zeros for a text without tokens.
    """

    def call(self, x: Tensor, tokens: Tensor) -> Tensor:
        weights = ops.cast(ops.not_equal(tokens, 0), x.dtype)
        total = ops.squeeze(ops.matmul(ops.expand_dims(weights, 1), x), 1)
        return total / ops.maximum(ops.sum(weights, axis=-1, keepdims=True), 1.0)

    def compute_output_shape(self, x_shape: Any, tokens_shape: Any) -> Any:
        return (x_shape[0], x_shape[-1])


@keras.saving.register_keras_serializable(package="suite_text")
class SeenTokens(layers.Layer):  # type: ignore[misc]
    """Which steps are seen by all others: bool (batch, 1, steps) of int32 (batch, steps)."""

    def call(self, tokens: Tensor) -> Tensor:
        return padding_mask(tokens)


def encoder_network(
    vocabulary: int,
    classes: int,
    *,
    width: int,
    depth: int,
    heads: int,
    dropout: float,
    block_dropout: float,
) -> keras.Model:
    """Blocks that normalize first, with rotary positions, and the mean over all tokens.

    Args:
        vocabulary: number of tokens, padding included.
        classes: number of logits.
        width: features of a token.
        depth: number of blocks.
        heads: of the attention.
        dropout: share of features dropped before the last layer.
        block_dropout: share of what attention and feed-forward layers add, and of the tokens' vectors, that
        is dropped.

    Returns:
        A model from `tokens` int32 (batch, tokens) to float32 (batch, classes).
    """
    inputs = {"tokens": keras.Input((None,), dtype="int32", name="tokens")}
    tokens = inputs["tokens"]
    seen = SeenTokens(name="seen")(tokens)
    x = TokenEmbedding(vocabulary, width, name="embedding")(tokens)
    x = layers.Dropout(block_dropout, name="embedding_dropout")(x)
    units = max(8, 8 * round(width / 3))
    for index in range(depth):
        block = TransformerBlock(heads, units, dropout=block_dropout, name=f"block{index}")
        x = block(x, seen=seen)
    x = layers.RMSNormalization(name="norm")(x)
    x = MeanOfTokens(name="mean")(x, tokens)
    x = layers.Dropout(dropout, name="dropout")(x)
    outputs = layers.Dense(classes, dtype="float32", name="logits")(x)
    return keras.Model(inputs, outputs, name="encoder")
