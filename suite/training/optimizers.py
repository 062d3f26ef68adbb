"""Optimizers and learning-rate schedules from training options."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from suite.training_options import TrainingOptions

NOT_DECAYED = ("bias", "gamma", "beta", "scale", "embedding_positions")
"""Variables to which no weight decay is applied: their size is no complexity of the function."""


class Schedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # not typed
    """A rise and a fall of the learning rate over a fixed number of steps.

    - "cosine": a linear rise, then half a cosine (Loshchilov & Hutter 2017, SGDR, section 3).
    - "one-cycle": a cosine rise from a twenty-fifth of the peak, then a cosine fall (Smith & Topin 2018).
    - "linear": a linear rise, then a linear fall.
    - "constant": a linear rise, then the peak.

    Args:
        kind: one of the above.
        peak: the highest learning rate.
        steps: the number of steps of all of it.
        warmup: the share of the steps that rise.
        final: the last learning rate as a share of the peak.
    """

    def __init__(self, kind: str, peak: float, steps: int, warmup: float, final: float) -> None:
        super().__init__()
        self.kind = kind
        self.peak = peak
        self.steps = steps
        self.warmup = warmup
        self.final = final

    def __call__(self, step: Any) -> Any:
        return self._at(ops.cast(step, "float32"), ops)

    def value(self, step: int) -> float:
        """The learning rate at a step, outside of any backend."""
        return float(self._at(np.float64(step), np))

    def _at(self, step: Any, math_of: Any) -> Any:
        """The formula, for a step of `keras.ops` or of numpy: they name its functions alike."""
        rising = max(1.0, self.warmup * self.steps)
        falling = max(1.0, self.steps - rising)
        risen = math_of.minimum(1.0, (step + 1.0) / rising)
        # The last step still learns: the fall would reach its end one step later.
        fallen = math_of.clip((step + 1.0 - rising) / (falling + 1.0), 0.0, 1.0)
        if self.kind == "one-cycle":
            start = 1.0 / 25.0
            up = start + (1.0 - start) * 0.5 * (1.0 - math_of.cos(math.pi * risen))
        else:
            up = risen
        if self.kind == "constant":
            down = math_of.ones_like(fallen)
        elif self.kind == "linear":
            down = 1.0 - fallen * (1.0 - self.final)
        else:
            down = self.final + (1.0 - self.final) * 0.5 * (1.0 + math_of.cos(math.pi * fallen))
        return self.peak * up * down

    def get_config(self) -> dict[str, Any]:
        """What makes the same schedule again."""
        return {
            "kind": self.kind,
            "peak": self.peak,
            "steps": self.steps,
            "warmup": self.warmup,
            "final": self.final,
        }


class AdamBesideMomentum(keras.optimizers.Adam):  # type: ignore[misc]  # not typed
    """Adam, but stochastic gradient descent with Nesterov momentum for some variables.

    A linear layer of many rare features generalizes worse with Adam, whose steps are as large for a feature
    that was seen once as for any other; layers above each other hardly learn without it. So the wide and the
    deep part of a network have an optimizer each (Cheng et al. 2016, arXiv:1606.07792, section 3.3, where
    they are FTRL and AdaGrad).

    Args:
        factors: of the learning rate, for the variables that learn by descent with momentum, by their paths.
        momentum: of theirs.
        options: those of Adam.
    """

    def __init__(self, factors: Mapping[str, float], momentum: float, **options: Any) -> None:
        super().__init__(**options)
        self._factors = dict(factors)
        self._momentum = momentum

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Change a variable and what is kept of its gradients."""
        # TensorFlow gives its own variable here, which has no path.
        index = self._get_variable_index(variable)
        factor = self._factors.get(self._trainable_variables[index].path)
        if factor is None:
            super().update_step(gradient, variable, learning_rate)
            return
        kept = self._momentums[index]
        rate = ops.cast(learning_rate * factor, variable.dtype)
        change = ops.multiply(ops.cast(gradient, variable.dtype), rate)
        velocity = ops.subtract(ops.multiply(kept, self._momentum), change)
        self.assign(kept, velocity)
        self.assign_add(variable, ops.subtract(ops.multiply(velocity, self._momentum), change))


def make_optimizer(
    options: TrainingOptions, steps: int, factor: float = 1.0, by_momentum: Mapping[str, float] | None = None
) -> Any:
    """A Keras optimizer with its schedule.

    Args:
        options: resolved: no value is "auto".
        steps: over which the schedule runs.
        factor: multiplies the learning rate (of a stage).
        by_momentum: see `AdamBesideMomentum`; other optimizers treat all variables alike.
    """
    schedule = Schedule(
        options.schedule,
        float(options.learning_rate) * factor,
        steps,
        float(options.warmup),
        float(options.final_learning_rate),
    )
    common: dict[str, Any] = {
        "learning_rate": schedule,
        "weight_decay": float(options.weight_decay) or None,
        "global_clipnorm": float(options.clip_norm) or None,
    }
    if options.ema:
        common |= {"use_ema": True, "ema_momentum": float(options.ema)}
    momentum = float(options.momentum)
    makers: dict[str, Any] = {
        "sgd": lambda: keras.optimizers.SGD(momentum=momentum, nesterov=momentum > 0, **common),
        "adam": lambda: keras.optimizers.Adam(**common),
        # Keras decouples the weight decay of Adam too, so this is AdamW; unlike AdamW it allows no decay.
        "adamw": lambda: keras.optimizers.Adam(**common),
        "lion": lambda: keras.optimizers.Lion(**common),
        "rmsprop": lambda: keras.optimizers.RMSprop(momentum=momentum, **common),
        "nadam": lambda: keras.optimizers.Nadam(**common),
        "muon": lambda: keras.optimizers.Muon(**common),
    }
    if by_momentum:
        mixed = functools.partial(AdamBesideMomentum, by_momentum, momentum, **common)
        makers |= {"adam": mixed, "adamw": mixed}
    optimizer = makers[options.optimizer]()
    if common["weight_decay"]:
        optimizer.exclude_from_weight_decay(var_names=list(NOT_DECAYED))
    return optimizer
