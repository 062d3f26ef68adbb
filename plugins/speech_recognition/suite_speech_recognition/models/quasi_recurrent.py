"""Recurrent layers whose only step from frame to frame is a weighted mean: all else is done at once."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from suite_speech_recognition.models.frames import PACKAGE, FrameLayer, within

Tensor = Any


@keras.saving.register_keras_serializable(package=PACKAGE)
class QuasiRecurrence(FrameLayer):
    """A quasi-recurrent layer that reads in both directions, blind to padding.

    In each direction `c[t] = f[t] * c[t - 1] + (1 - f[t]) * z[t]` and the output is `o[t] * c[t]`, where
    candidates z and gates f and o follow from frame t alone (Bradbury et al. 2016, arXiv:1611.01576, with
    windows of one frame; Lei et al. 2017, arXiv:1709.02755, section 2). No matrix is multiplied from step to
    step, so that most of the work is a few large products.

    Args:
        frame_samples: samples from one frame to the next.
        units: of each direction.
    """

    def __init__(self, frame_samples: int, units: int, **rest: Any) -> None:
        super().__init__(frame_samples, **rest)
        self.units = units
        self.gates = layers.Dense(6 * units, name="gates", dtype=self.dtype_policy)

    def build(self, x_shape: tuple[int | None, ...], samples_shape: Any = None) -> None:
        """The projection of candidates and gates."""
        self.gates.build(x_shape)

    def call(self, x: Tensor, samples: Tensor) -> Tensor:
        """From (batch, frames, channels) to (batch, frames, 2 * units), zero in the padding."""
        valid = ops.cast(within(x, samples, self.frame_samples), "float32")
        candidates, forget, output = ops.split(ops.cast(self.gates(x), "float32"), 3, axis=-1)
        forget = ops.sigmoid(forget)
        # Nothing new comes from the padding, which is where the second direction begins.
        new = (1.0 - forget) * ops.tanh(candidates) * valid
        state = self._turned(_weighted_sums(self._turned(forget), self._turned(new)))
        return ops.cast(ops.sigmoid(output) * state * valid, self.compute_dtype)

    def _turned(self, x: Tensor) -> Tensor:
        """The second direction's half of the channels turned around in time."""
        return ops.concatenate([x[..., : self.units], ops.flip(x[..., self.units :], axis=1)], axis=-1)

    def compute_output_shape(
        self, x_shape: tuple[int | None, ...], samples_shape: Any = None
    ) -> tuple[int | None, ...]:
        """Both directions beside each other."""
        return (*x_shape[:2], 2 * self.units)

    def get_config(self) -> dict[str, Any]:
        """What makes the same layer again."""
        return {**super().get_config(), "units": self.units}


def _weighted_sums(forget: Tensor, new: Tensor) -> Tensor:
    """`c[t] = forget[t] * c[t - 1] + new[t]` over the frames of (batch, frames, channels)."""

    def step(state: Tensor, now: Tensor) -> tuple[Tensor, Tensor]:
        kept, added = ops.split(now, 2, axis=-1)
        state = kept * state + added
        return state, state

    # One array: Keras 3.15 on TensorFlow cannot scan several whose length is not known.
    both = ops.transpose(ops.concatenate([forget, new], axis=-1), (1, 0, 2))
    return ops.transpose(ops.scan(step, ops.zeros_like(new[:, 0]), both)[1], (1, 0, 2))
