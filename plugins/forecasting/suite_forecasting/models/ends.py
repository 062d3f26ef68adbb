"""What every network begins and ends with: windows made alike, and quantiles that never cross.

A network sees a window less its level and divided by its scale, both of the observed values alone, and gives
quantiles that are multiplied by the scale and put back on the level (reversible instance normalization, Kim
et al. 2022, without learned factors). So what it gives for `a * x + b` is `a` times what it gives for `x`,
plus `b`; and a window that never changes is forecast to stay as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

Tensor = Any

MIN_SHARE = 0.01
"""The least that counts as a value, of the mean of its window, when logarithms are taken."""

MAX_GROWTH = 20.0

MIN_SCALE = 1e-6
"""As a share of the largest value of a window: what varies less is noise of float32."""


@keras.saving.register_keras_serializable(package="suite_forecasting")
class Normalize(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """Makes windows alike.

    From values float32 (batch, context), and observed (batch, context), 1 where there is a value, else 0, to
    three tensors: the normalized values, (batch, context), 0 where nothing was observed; the level and the
    scale, (batch, 1) each. The scale of a window that is constant, or of which nothing is observed, is 0.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, values: Tensor, observed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        count = ops.maximum(ops.sum(observed, axis=1, keepdims=True), 1.0)
        values = values * observed
        # Divided by the largest one first: squares of large and of tiny values leave the range of float32.
        size = ops.max(ops.abs(values), axis=1, keepdims=True)
        divisor = ops.where(size > 0, size, ops.ones_like(size))
        shares = values / divisor
        level = ops.sum(shares, axis=1, keepdims=True) / count
        centered = (shares - level) * observed
        scale = ops.sqrt(ops.sum(ops.square(centered), axis=1, keepdims=True) / count)
        varies = scale > MIN_SCALE
        normalized = ops.where(varies, centered / ops.where(varies, scale, ops.ones_like(scale)), 0.0)
        return normalized, level * divisor, ops.where(varies, scale * divisor, 0.0)

    def compute_output_shape(self, values_shape: Any, observed_shape: Any = None) -> Any:
        return values_shape, (values_shape[0], 1), (values_shape[0], 1)


@keras.saving.register_keras_serializable(package="suite_forecasting")
class Quantiles(layers.Layer):  # type: ignore[misc]
    """Quantiles that never cross, in the units of the series.

    From numbers (batch, horizon, levels) and a simple forecast (batch, horizon), normalized as the window is,
    to float32 (batch, horizon, levels) with the last axis rising. The number at `middle` is how far that
    quantile is from the simple forecast, every other one makes the distance (softplus) to its neighbor that
    is nearer to the middle.

    Args:
        middle: the index of the median among the levels.
    """

    def __init__(self, middle: int, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.middle = middle

    def call(self, numbers: Tensor, simple: Tensor, level: Tensor, scale: Tensor) -> Tensor:
        median = ops.expand_dims(simple, -1) + numbers[..., self.middle : self.middle + 1]
        # A shift, so that the intervals begin narrow.
        distances = ops.softplus(numbers - 2.0)
        parts = [median]
        if self.middle:
            below = ops.flip(distances[..., : self.middle], axis=-1)
            parts.insert(0, median - ops.flip(ops.cumsum(below, axis=-1), axis=-1))
        if self.middle + 1 < numbers.shape[-1]:
            parts.append(median + ops.cumsum(distances[..., self.middle + 1 :], axis=-1))
        normalized = ops.concatenate(parts, axis=-1) if len(parts) > 1 else median
        return ops.expand_dims(level, -1) + ops.expand_dims(scale, -1) * normalized

    def compute_output_shape(
        self, numbers_shape: Any, level_shape: Any = None, scale_shape: Any = None
    ) -> Any:
        return numbers_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "middle": self.middle}


@keras.saving.register_keras_serializable(package="suite_forecasting")
class Seasonal(layers.Layer):  # type: ignore[misc]
    """A simple forecast of a window, from which a network learns to differ.

    It is the level of the last period and the mean pattern of all whole periods: how far each step of a
    period is from the period's level. With it, a training begins about where classical methods are, which
    little data needs. A window without a whole period is forecast to stay at its last value.

    Args:
        horizon: steps to predict.
        season: steps of a period.
    """

    def __init__(self, horizon: int, season: int, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.horizon, self.season = horizon, season

    def call(self, values: Tensor, observed: Tensor) -> Tensor:
        steps = values.shape[1]
        season = self.season if steps >= self.season else 1
        periods = steps // season
        shape = (-1, periods, season)
        seen = ops.reshape(observed[:, steps - periods * season :], shape)
        known = ops.reshape(values[:, steps - periods * season :], shape) * seen
        counts = ops.maximum(ops.sum(seen, axis=2, keepdims=True), 1.0)
        levels = ops.sum(known, axis=2, keepdims=True) / counts
        differences = (known - levels) * seen
        pattern = ops.sum(differences, axis=1) / ops.maximum(ops.sum(seen, axis=1), 1.0)
        following = levels[:, -1] + pattern
        return ops.tile(following, [1, -(-self.horizon // season)])[:, : self.horizon]

    def compute_output_shape(self, values_shape: Any, observed_shape: Any = None) -> Any:
        return (values_shape[0], self.horizon)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "horizon": self.horizon, "season": self.season}


@keras.saving.register_keras_serializable(package="suite_forecasting")
class ToLogarithms(layers.Layer):  # type: ignore[misc]
    """Values in logarithmic units: `log(1 + ratio * x) / ratio`, which is about x for small ones.

    From values (batch, steps) and a ratio (batch, 1); with a ratio of 0 they stay as they are.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, values: Tensor, ratio: Tensor) -> Tensor:
        logs = ops.log1p(ops.maximum(ratio * values, MIN_SHARE - 1.0))
        return ops.where(ratio > 0, logs / ops.where(ratio > 0, ratio, ops.ones_like(ratio)), values)

    def compute_output_shape(self, values_shape: Any, ratio_shape: Any = None) -> Any:
        return values_shape


@keras.saving.register_keras_serializable(package="suite_forecasting")
class FromLogarithms(layers.Layer):  # type: ignore[misc]
    """The inverse of `ToLogarithms`, of quantiles (batch, horizon, levels).

    What lies more than `MAX_GROWTH` times above the largest value of the window counts as that.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, quantiles: Tensor, ratio: Tensor, values: Tensor) -> Tensor:
        largest = ops.log1p(ops.maximum(ratio * ops.max(values, axis=1, keepdims=True), 0.0))
        ratio, largest = ops.expand_dims(ratio, -1), ops.expand_dims(largest, -1)
        grown = ops.expm1(ops.minimum(ratio * quantiles, largest + math.log(MAX_GROWTH)))
        return ops.where(ratio > 0, grown / ops.where(ratio > 0, ratio, ops.ones_like(ratio)), quantiles)

    def compute_output_shape(
        self, quantiles_shape: Any, ratio_shape: Any = None, values_shape: Any = None
    ) -> Any:
        return quantiles_shape


@keras.saving.register_keras_serializable(package="suite_forecasting")
class Standardize(layers.Layer):  # type: ignore[misc]
    """Covariates (batch, steps, columns) less a mean, and divided by a standard deviation, of each column.

    `keras.layers.Normalization` with given statistics is not exported to ONNX.

    Args:
        mean: of each column.
        deviation: of each column; a column that never changes has 0, and stays at 0.
    """

    def __init__(self, mean: Sequence[float], deviation: Sequence[float], **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.mean, self.deviation = list(mean), list(deviation)

    def call(self, columns: Tensor) -> Tensor:
        factors = [1.0 / deviation if deviation > 0 else 0.0 for deviation in self.deviation]
        mean = ops.convert_to_tensor(self.mean, "float32")
        return (columns - mean) * ops.convert_to_tensor(factors, "float32")

    def compute_output_shape(self, shape: Any) -> Any:
        return shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": self.mean, "deviation": self.deviation}


@keras.saving.register_keras_serializable(package="suite_forecasting")
class Recent(layers.Layer):  # type: ignore[misc]
    """The last steps of a window: (batch, steps, ...) to (batch, `count`, ...)."""

    def __init__(self, count: int, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.count = count

    def call(self, x: Tensor) -> Tensor:
        return x[:, x.shape[1] - self.count :]

    def compute_output_shape(self, shape: Any) -> Any:
        return (shape[0], self.count, *shape[2:])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "count": self.count}


@keras.saving.register_keras_serializable(package="suite_forecasting")
class Patches(layers.Layer):  # type: ignore[misc]
    """A window in pieces of `size` steps, after zeros: (batch, steps) to (batch, pieces, size)."""

    def __init__(self, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size

    def call(self, x: Tensor) -> Tensor:
        lacking = -x.shape[1] % self.size
        padded = ops.pad(x, [[0, 0], [lacking, 0]]) if lacking else x
        return ops.reshape(padded, (-1, padded.shape[1] // self.size, self.size))

    def compute_output_shape(self, shape: Any) -> Any:
        return (shape[0], -(-shape[1] // self.size), self.size)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}
