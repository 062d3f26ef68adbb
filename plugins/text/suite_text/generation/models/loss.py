"""The loss of a network that predicts each token after the true ones before it."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

Tensor = Any


class TokenLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras is not typed
    """Minus the weighted sum of the log-probabilities of the tokens of each example.

    Of weights, float32 (batch, length), and log-probabilities of the same shape.
    """

    def __init__(self, name: str = "surprise", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return -ops.sum(ops.cast(y_true, y_pred.dtype) * y_pred, axis=-1)
