"""The loss of several networks that are trained as one."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="suite_text")
class MemberLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras is not typed
    """The mean of the cross-entropies of several members, each by itself.

    From targets (batch, classes) and logits (batch, members, classes). A network that averages its members at
    prediction must not train them on their average: they would depend on each other and differ less.

    Args:
        multi_label: whether each class is a question of its own.
        label_smoothing: share of the target that is spread evenly over the classes.
    """

    def __init__(self, *, multi_label: bool = False, label_smoothing: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.multi_label, self.label_smoothing = multi_label, label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        logits = ops.cast(y_pred, "float32")
        classes = 2 if self.multi_label else logits.shape[-1]
        smoothed = ops.cast(y_true, "float32") * (1.0 - self.label_smoothing) + self.label_smoothing / classes
        targets = ops.expand_dims(smoothed, 1) + ops.zeros_like(logits)
        if self.multi_label:
            losses = ops.mean(ops.binary_crossentropy(targets, logits, from_logits=True), axis=-1)
        else:
            losses = -ops.sum(targets * ops.log_softmax(logits), axis=-1)
        return ops.mean(losses, axis=-1)

    def get_config(self) -> dict[str, Any]:
        own = {"multi_label": self.multi_label, "label_smoothing": self.label_smoothing}
        return {**super().get_config(), **own}
