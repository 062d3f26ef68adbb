"""The loss of a network that translates."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from suite_text.tokens.vocabulary import PADDING


@keras.saving.register_keras_serializable(package="suite_text")
class SmoothedLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras is not typed
    """Cross-entropy per token with label smoothing (Szegedy et al. 2016).

    Targets are int32 (batch, steps), `PADDING` after their end, of which nothing is learned; outputs
    float32 (batch, steps, 2) are the log-probability of each target and the mean one of all tokens, as
    `suite_text.translation.models.translator.Translator` gives them. The loss is the mean over all tokens of
    the batch, so a long text counts for more than a short one.

    Args:
        smoothing: the share of probability that is spread over all tokens.
    """

    def __init__(self, smoothing: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.smoothing = smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        y_pred = ops.cast(y_pred, "float32")
        losses = -(1 - self.smoothing) * y_pred[..., 0] - self.smoothing * y_pred[..., 1]
        real = ops.cast(ops.not_equal(y_true, PADDING), "float32")
        return ops.sum(losses * real) / ops.maximum(ops.sum(real), 1.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "smoothing": self.smoothing}
