"""Recurrent layers whose only step from frame to frame is a weighted mean: all else is done at once."""

from __future__ import annotations

from collections.abc import Callable
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


CHUNK = 8
"""Frames that are summed up side by side: what is done one after the other is an eighth as long."""


def weighted_sums(kept: Tensor, new: Tensor, one_by_one: Callable[[Tensor], Tensor]) -> Tensor:
    """`c[t] = kept[t] * c[t - 1] + new[t]`, beginning with 0: float32 (batch, frames, channels), as both are.

    All chunks of `CHUNK` frames are summed up at once as if nothing came before, beside the product of what
    they keep; then the sums at the ends of the chunks follow one by one, and what comes from them is added
    (Blelloch 1990, "Prefix sums and their applications", section 1.4). Nothing is divided by a factor, so
    that nothing overflows if factors are small.

    Args:
        kept: factors from 0 to 1.
        new: what is added.
        one_by_one: does the same frame by frame: a `keras.layers.RNN` of `WeightedSum`.
    """
    frames, channels = ops.shape(new)[1], new.shape[-1]
    examples = -1 if new.shape[0] is None else new.shape[0]
    chunks = (frames + CHUNK - 1) // CHUNK

    def columns(x: Tensor) -> list[Tensor]:
        """`CHUNK` times (batch, chunks, channels)."""
        padded = ops.pad(x, [[0, 0], [0, CHUNK - 1], [0, 0]])[:, : chunks * CHUNK]
        split = ops.reshape(padded, (examples, chunks, CHUNK, channels))
        return [split[:, :, index] for index in range(CHUNK)]

    (product, *factors), (total, *added) = columns(kept), columns(new)
    products, totals = [product], [total]
    for factor, more in zip(factors, added, strict=True):
        product, total = product * factor, total * factor + more
        products.append(product)
        totals.append(total)
    before = _one_later(one_by_one(ops.concatenate([product, total], axis=-1)))
    whole = [total + product * before for product, total in zip(products, totals, strict=True)]
    return ops.reshape(ops.stack(whole, axis=2), (examples, chunks * CHUNK, channels))[:, :frames]


def _one_later(x: Tensor) -> Tensor:
    """Every frame at the position of the next, and zeros first."""
    return ops.pad(x, [[0, 0], [1, 0], [0, 0]])[:, :-1]


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
        if new.shape[0] is None and samples.shape[0] is not None:
            # The layers before it have lost the number of examples, which LiteRT has to know of a loop.
            forget, new = (ops.reshape(y, (samples.shape[0], -1, y.shape[-1])) for y in (forget, new))
        state = self._turned(self.weighted_sum(self._turned(forget), self._turned(new)))
        return ops.cast(ops.sigmoid(output) * state * valid, self.compute_dtype)

    def weighted_sum(self, kept: Tensor, new: Tensor) -> Tensor:
        """`c[t] = kept[t] * c[t - 1] + new[t]`, whose gradient is such a sum from the end to the beginning.

        Both and the result are (batch, frames, 2 * units). Measured in processor time, for 16 recordings of
        104 frames of 384 channels: 13 ms with the gradient given so; 54 ms if it is derived, and 24 ms
        if all frames follow one by one.
        """

        @ops.custom_gradient  # type: ignore[untyped-decorator]  # Keras is not typed
        def summed(kept: Tensor, new: Tensor) -> Any:
            states = weighted_sums(kept, new, self.sums)

            def gradient(*gradients: Any, upstream: Any = None) -> tuple[Tensor, Tensor]:
                # Torch gives it by name, the other backends by position.
                following = ops.flip(gradients[0] if gradients else upstream, 1)
                later = ops.flip(ops.pad(kept[:, 1:], [[0, 0], [0, 1], [0, 0]]), 1)
                of_new = ops.flip(weighted_sums(later, following, self.sums), 1)
                return of_new * _one_later(states), of_new

            return states, gradient

        return summed(kept, new)

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
