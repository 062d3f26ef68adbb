"""The loss of quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="suite_forecasting")
class QuantileLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras is not typed
    """Twice the pinball loss (Koenker and Bassett 1978), as a mean over levels, steps and members.

    From targets float32 (batch, horizon, 3) and quantiles (batch, members, horizon, levels). A target is a
    value, its weight (0 where it is not known), and the value in logarithmic units, for members that forecast
    in these. Twice, so that for the median it is the absolute error. A network that averages its members at
    prediction must not train them on their average: they would depend on each other and differ less.

    Args:
        levels: of the quantiles, between 0 and 1.
        logarithmic: of each member, whether it forecasts in logarithmic units.
    """

    def __init__(self, levels: Sequence[float], logarithmic: Sequence[bool], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels, self.logarithmic = tuple(levels), tuple(logarithmic)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        targets, quantiles = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
        columns = [2 if logarithmic else 0 for logarithmic in self.logarithmic]
        values = ops.stack([targets[..., column : column + 1] for column in columns], axis=1)
        weights = ops.expand_dims(targets[..., 1:2], 1)
        levels = ops.convert_to_tensor(self.levels, "float32")
        missed = (values - quantiles) * weights
        losses = 2.0 * ops.maximum(levels * missed, (levels - 1.0) * missed)
        # What is not known counts as 0 in the mean: a window with few known values weighs little.
        return ops.mean(losses, axis=(1, 2, 3))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "levels": list(self.levels), "logarithmic": list(self.logarithmic)}
