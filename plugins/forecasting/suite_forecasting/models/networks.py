"""Networks of several members: each sees a window of its own length, and the forecast is their mean.

What the members are is in `bodies`; this module joins them to a network that is trained and one that is
shipped, which share all weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from suite_forecasting.models.ends import (
    FromLogarithms,
    Normalize,
    Quantiles,
    Recent,
    Seasonal,
    Standardize,
    ToLogarithms,
)

Tensor = Any

FEATURES = 4
"""What is made of the covariates of a step before a member sees all steps at once."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """What goes in and what comes out.

    Attributes:
        context: how many values the network sees.
        horizon: how many it predicts.
        levels: of the quantiles, rising, 0.5 among them.
        season: steps of a period; 1 for none.
        known: float64 (2, columns), mean and standard deviation of each covariate known in the future.
        past: the same of those that are known up to now.
    """

    context: int
    horizon: int
    levels: tuple[float, ...]
    season: int
    known: np.ndarray
    past: np.ndarray

    @property
    def middle(self) -> int:
        """The index of the median among the levels."""
        return self.levels.index(0.5)


@dataclass(frozen=True, kw_only=True)
class Window:
    """What a member sees.

    Attributes:
        values: float32 (batch, context), normalized; 0 where nothing was observed.
        observed: float32 (batch, context), 1 or 0.
        covariates: float32 (batch, numbers) made of all covariates of the whole window, or None.
    """

    values: Tensor
    observed: Tensor
    covariates: Tensor | None


Body = Callable[[str, Window, Form], Tensor]
"""`body(name, window, form)`: numbers (batch, horizon, levels) for `Quantiles`, 0 before training. The names
of layers begin with `name`."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """A part of a network that forecasts by itself.

    Attributes:
        context: how many of the values it sees, the last ones.
        body: its layers.
        logarithmic: whether it sees and forecasts logarithms, if the series has any: errors then count by the
            size of the values, and what was never below 0 stays there.
    """

    context: int
    body: Body
    logarithmic: bool = False


@dataclass(frozen=True, kw_only=True)
class Networks:
    """Two networks of the same layers.

    Attributes:
        network: from "values" and "observed" (batch, context) and "ratio" (batch, 1), and "known" and "past",
            to the quantiles, float32 (batch, horizon, levels).
        training_network: the same, with the quantiles of each member in its own units, (batch, members,
            horizon, levels).
    """

    network: keras.Model
    training_network: keras.Model


def networks_of(form: Form, members: Sequence[Member], name: str) -> Networks:
    """Join members.

    Args:
        form: of the inputs and outputs.
        members: one or more.
        name: of the networks.
    """
    inputs = {
        "values": keras.Input((form.context,), name="values"),
        "observed": keras.Input((form.context,), name="observed"),
        "ratio": keras.Input((1,), name="ratio"),
    }
    steps = form.context + form.horizon
    if columns := form.known.shape[1]:
        inputs["known"] = keras.Input((steps, columns), name="known")
    if columns := form.past.shape[1]:
        inputs["past"] = keras.Input((form.context, columns), name="past")
    covariates, ahead = _covariates(inputs, form)
    own_units, quantiles = [], []
    for number, member in enumerate(members):
        own = f"member{number}"
        recent = Recent(member.context, name=f"{own}_recent")
        values, observed = recent(inputs["values"]), recent(inputs["observed"])
        seen = values
        if member.logarithmic:
            seen = ToLogarithms(name=f"{own}_logarithms")(values, inputs["ratio"])
        normalized, level, scale = Normalize(name=f"{own}_normalize")(seen, observed)
        window = Window(values=normalized, observed=observed, covariates=covariates)
        numbers = member.body(own, window, form)
        if ahead is not None:
            hidden = layers.Dense(4 * FEATURES, activation="gelu", name=f"{own}_ahead")(ahead)
            of_covariates = layers.Dense(
                len(form.levels), kernel_initializer="zeros", dtype="float32", name=f"{own}_known"
            )(hidden)
            numbers = layers.Add(dtype="float32", name=f"{own}_sum")([numbers, of_covariates])
        simple = Seasonal(form.horizon, form.season, name=f"{own}_seasonal")(normalized, observed)
        given = Quantiles(form.middle, name=f"{own}_quantiles")(numbers, simple, level, scale)
        own_units.append(given)
        if member.logarithmic:
            given = FromLogarithms(name=f"{own}_values")(given, inputs["ratio"], values)
        quantiles.append(given)
    stacked = StackMembers(name="members")(own_units)
    mean = MeanOfMembers(name="quantiles")(quantiles)
    return Networks(
        network=keras.Model(inputs, mean, name=name), training_network=keras.Model(inputs, stacked, name=name)
    )


def _covariates(inputs: dict[str, Tensor], form: Form) -> tuple[Tensor | None, Tensor | None]:
    """What members see of all covariates; and those of the steps ahead, (batch, horizon, columns)."""
    ahead, flat = None, []
    for name, statistics in (("known", form.known), ("past", form.past)):
        if name not in inputs:
            continue
        standardize = Standardize(statistics[0].tolist(), statistics[1].tolist(), name=f"{name}_standardize")
        columns = standardize(inputs[name])
        if name == "known":
            ahead = Recent(form.horizon, name="known_ahead")(columns)
        small = layers.Dense(FEATURES, activation="gelu", name=f"{name}_features")(columns)
        flat.append(layers.Flatten(name=f"{name}_flat")(small))
    if not flat:
        return None, None
    return (layers.Concatenate(name="covariates")(flat) if len(flat) > 1 else flat[0]), ahead


@keras.saving.register_keras_serializable(package="suite_forecasting")
class StackMembers(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """Quantiles (batch, horizon, levels) of each member to (batch, members, horizon, levels)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, quantiles: Sequence[Tensor]) -> Tensor:
        return ops.stack(list(quantiles), axis=1)

    def compute_output_shape(self, shapes: Any) -> Any:
        return (shapes[0][0], len(shapes), *shapes[0][1:])


@keras.saving.register_keras_serializable(package="suite_forecasting")
class MeanOfMembers(layers.Layer):  # type: ignore[misc]
    """The mean of each quantile over the members, which keeps quantiles in their order (Vincentization)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, quantiles: Sequence[Tensor]) -> Tensor:
        return sum(quantiles) / len(quantiles)

    def compute_output_shape(self, shapes: Any) -> Any:
        return shapes[0]
