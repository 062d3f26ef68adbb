"""What is between normalized windows and quantiles: linear, dense, mixing and recurrent layers.

Each function here makes a `suite_forecasting.models.networks.Body`.
"""

from __future__ import annotations

from typing import Any

from keras import layers

from suite_forecasting.models.ends import Patches
from suite_forecasting.models.networks import Body, Form, Window

Tensor = Any

KERNEL = 25
"""Steps of the moving average that is a window's trend, as in DLinear."""


def linear(*, decompose: bool) -> Body:
    """DLinear (Zeng et al. 2023, arXiv:2205.13504): a linear map of the trend, and one of the rest.

    Windows are normalized by their own level before, as in its variant NLinear.

    Args:
        decompose: whether trend and rest have maps of their own; else there is one map (NLinear).
    """

    def body(name: str, window: Window, form: Form) -> Tensor:
        parts = [window.values]
        if decompose:
            column = layers.Reshape((-1, 1), name=f"{name}_column")(window.values)
            # The average at the ends is over the steps that there are.
            smooth = layers.AveragePooling1D(KERNEL, 1, padding="same", name=f"{name}_average")(column)
            trend = layers.Flatten(name=f"{name}_trend")(smooth)
            parts = [trend, layers.Subtract(name=f"{name}_rest")([window.values, trend])]
        numbers = [_outputs(f"{name}_linear{index}", part, form) for index, part in enumerate(parts)]
        if window.covariates is not None:
            numbers.append(_outputs(f"{name}_of_covariates", window.covariates, form))
        flat = layers.Add(dtype="float32", name=f"{name}_linear")(numbers) if len(numbers) > 1 else numbers[0]
        return layers.Reshape((form.horizon, len(form.levels)), dtype="float32", name=f"{name}_linear_steps")(
            flat
        )

    return body


def dense(*, width: int, depth: int, dropout: float) -> Body:
    """Dense layers that read the whole window, with a linear map beside them.

    Args:
        width: units of each layer.
        depth: layers.
        dropout: share of dropped units after each.
    """

    def body(name: str, window: Window, form: Form) -> Tensor:
        seen = [window.values] if window.covariates is None else [window.values, window.covariates]
        x = layers.Concatenate(name=f"{name}_seen")(seen) if len(seen) > 1 else seen[0]
        for number in range(depth):
            x = layers.Dense(width, activation="gelu", name=f"{name}_dense{number}")(x)
            x = layers.Dropout(dropout, name=f"{name}_dropout{number}")(x)
        return _beside_linear(name, x, window, form)

    return body


def mixer(*, width: int, depth: int, dropout: float) -> Body:
    """TSMixer (Chen et al. 2023, arXiv:2303.06053) over the periods of one series.

    The window is cut into periods (as PatchTST does, Nie et al. 2023); dense layers mix across the periods,
    then across what is known of each, in turn, each with a way around it.

    Args:
        width: numbers that stand for a period.
        depth: blocks.
        dropout: share of dropped units.
    """

    def body(name: str, window: Window, form: Form) -> Tensor:
        x = layers.Dense(width, name=f"{name}_embed")(_patches(name, window, form))
        count = x.shape[1]
        for number in range(depth):
            own = f"{name}_block{number}"
            y = layers.LayerNormalization(name=f"{own}_time_normalize")(x)
            y = layers.Permute((2, 1), name=f"{own}_turn")(y)
            y = _feed_forward(f"{own}_time", y, 2 * count, dropout)
            x = layers.Add(name=f"{own}_time")([x, layers.Permute((2, 1), name=f"{own}_turn_back")(y)])
            y = layers.LayerNormalization(name=f"{own}_feature_normalize")(x)
            x = layers.Add(name=f"{own}_feature")([x, _feed_forward(f"{own}_feature", y, 2 * width, dropout)])
        x = layers.LayerNormalization(name=f"{name}_normalize_last")(x)
        x = layers.Dropout(dropout, name=f"{name}_dropout")(layers.Flatten(name=f"{name}_flat")(x))
        return _beside_linear(name, _with_covariates(name, x, window), window, form)

    return body


def recurrent(*, width: int, depth: int, dropout: float) -> Body:
    """Gated recurrent units (Cho et al. 2014) that read the window period by period.

    They read periods and not steps, and all steps of the horizon come at once (SegRNN, Lin et al. 2023,
    arXiv:2308.11200): fewer steps are faster and remember more.

    Args:
        width: units of each layer.
        depth: layers.
        dropout: share of dropped units after each.
    """

    def body(name: str, window: Window, form: Form) -> Tensor:
        x = layers.Dense(width, activation="gelu", name=f"{name}_embed")(_patches(name, window, form))
        for number in range(depth):
            last = number == depth - 1
            x = layers.GRU(width, return_sequences=not last, name=f"{name}_recurrent{number}")(x)
            x = layers.Dropout(dropout, name=f"{name}_dropout{number}")(x)
        return _beside_linear(name, _with_covariates(name, x, window), window, form)

    return body


def patch_size(context: int, season: int) -> int:
    """How many steps are read as one: a period, or a part of a long one; about 16 pieces without a season."""
    if season > 1:
        parts = next(
            number for number in range(1, season + 1) if season % number == 0 and season // number <= 48
        )
        size = season // parts
        return size if size * 3 <= context else max(1, context // 8)
    return max(1, context // 16)


def _patches(name: str, window: Window, form: Form) -> Tensor:
    size = patch_size(window.values.shape[1], form.season)
    pieces = [
        Patches(size, name=f"{name}_periods")(window.values),
        Patches(size, name=f"{name}_observed_periods")(window.observed),
    ]
    return layers.Concatenate(name=f"{name}_pieces")(pieces)


def _with_covariates(name: str, x: Tensor, window: Window) -> Tensor:
    if window.covariates is None:
        return x
    return layers.Concatenate(name=f"{name}_with_covariates")([x, window.covariates])


def _feed_forward(name: str, x: Tensor, width: int, dropout: float) -> Tensor:
    size = x.shape[-1]
    x = layers.Dense(width, activation="gelu", name=f"{name}_wide")(x)
    x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return layers.Dense(size, name=f"{name}_narrow")(x)


def _outputs(name: str, x: Tensor, form: Form) -> Tensor:
    """A linear map that is 0 before training: the forecast is the simple one then."""
    units = form.horizon * len(form.levels)
    return layers.Dense(units, kernel_initializer="zeros", dtype="float32", name=name)(x)


def _beside_linear(name: str, x: Tensor, window: Window, form: Form) -> Tensor:
    """Numbers for the quantiles, from features and, by a linear map, from the values themselves."""
    both = [_outputs(f"{name}_linear", window.values, form), _outputs(f"{name}_outputs", x, form)]
    flat = layers.Add(dtype="float32", name=f"{name}_both")(both)
    return layers.Reshape((form.horizon, len(form.levels)), dtype="float32", name=f"{name}_steps")(flat)
