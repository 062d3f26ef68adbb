"""The loss of networks that write tokens."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

NOTHING = -1
"""Stands in a target after its end, where nothing is learned."""

_SURE = -1e-4  # the logarithm of a probability that is not quite 1


@keras.saving.register_keras_serializable(package="suite_speech_recognition")
class TokenLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras is not typed
    """The mean of -log p of the targets' tokens, per recording.

    Targets are int32 (batch, tokens), `NOTHING` after their end; outputs float32 (batch, tokens, 2) are
    tokens and the logarithms of their probabilities. While training, the tokens are those of the targets, and
    this is the cross entropy. A network that writes by itself may write another token, with a probability q;
    the target's probability is then taken to be (1 - q) / (vocabulary - 1), as if all others were equally
    likely.

    Args:
        vocabulary: the number of tokens.
    """

    def __init__(self, vocabulary: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.vocabulary = vocabulary

    def call(self, y_true: Any, y_pred: Any) -> Any:
        # On JAX, Keras tries losses out before training, on what the network writes when it does not train.
        if None not in (y_true.shape[1], y_pred.shape[1]):
            count = min(y_true.shape[1], y_pred.shape[1])
            y_true, y_pred = y_true[:, :count], y_pred[:, :count]
        tokens, score = y_pred[..., 0], ops.minimum(y_pred[..., 1], 0.0)
        wanted = ops.cast(y_true, tokens.dtype)
        rest = ops.log1p(-ops.exp(ops.minimum(score, _SURE)))
        wrong = math.log(max(1, self.vocabulary - 1)) - rest
        each = ops.where(ops.abs(tokens - wanted) < 0.5, -score, wrong)
        real = ops.cast(wanted > NOTHING + 0.5, each.dtype)
        return ops.sum(each * real, axis=-1) / ops.maximum(ops.sum(real, axis=-1), 1.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "vocabulary": self.vocabulary}
