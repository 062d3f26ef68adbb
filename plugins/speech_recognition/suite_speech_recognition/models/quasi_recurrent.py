"""Recurrent layers whose only step from frame to frame is a weighted mean: all else is done at once."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from suite_speech_recognition.models.frames import PACKAGE, FrameLayer, within

Tensor = Any


@keras.saving.register_keras_serializable(package=PACKAGE)
class WeightedSum(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """The step from frame to frame, `c[t] = f[t] * c[t - 1] + n[t]`: a cell for `keras.layers.RNN`.

    Its input is f and n beside each other, (batch, 2 * channels).

    Args:
        channels: of the state.
    """

    def __init__(self, channels: int, **rest: Any) -> None:
        super().__init__(**rest)
        self.state_size = self.output_size = channels

    def build(self, shape: tuple[int | None, ...]) -> None:
        """There is nothing to learn."""

    def call(self, inputs: Tensor, states: list[Tensor], training: bool = False) -> Any:
        """The next state, as output and as state."""
        kept, new = ops.split(inputs, 2, axis=-1)
        state = kept * states[0] + new
        return state, [state]

    def get_config(self) -> dict[str, Any]:
        """What makes the same layer again."""
        return {**super().get_config(), "channels": self.state_size}


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
        # Not ops.scan, whose loop on TensorFlow has no form in ONNX.
        cell = WeightedSum(2 * units, dtype="float32")
        self.sums = layers.RNN(cell, return_sequences=True, dtype="float32", name="sums")

    def build(self, x_shape: tuple[int | None, ...], samples_shape: Any = None) -> None:
        """The projection of candidates and gates."""
        self.gates.build(x_shape)
        self.sums.build((x_shape[0], x_shape[1], 4 * self.units))

    def call(self, x: Tensor, samples: Tensor) -> Tensor:
        """From (batch, frames, channels) to (batch, frames, 2 * units), zero in the padding."""
        valid = ops.cast(within(x, samples, self.frame_samples), "float32")
        candidates, forget, output = ops.split(ops.cast(self.gates(x), "float32"), 3, axis=-1)
        forget = ops.sigmoid(forget)
        # Nothing new comes from the padding, which is where the second direction begins.
        new = (1.0 - forget) * ops.tanh(candidates) * valid
        both = ops.concatenate([self._turned(forget), self._turned(new)], axis=-1)
        state = self._turned(self.sums(both))
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
