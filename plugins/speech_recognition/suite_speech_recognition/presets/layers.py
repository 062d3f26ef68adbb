"""The layers that Whisper and Moonshine are made of, in plain Keras.

`network` takes keras-hub's own apart and copies their weights. So a trained network needs no
keras-hub, the encoder's result does not depend on padding, and the decoder exports.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from suite_speech_recognition.audio.mel import mel_filters, windowed_fourier

Tensor = Any

_HIDDEN = -1e9  # what a masked attention score becomes: its share is 0 in float32 and bfloat16


@keras.saving.register_keras_serializable(package="suite_speech_recognition")
class WithoutPadding(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """Audio float32 (batch, samples) with zeros in the padding, from audio and the numbers of samples."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32"} | kwargs)

    def call(self, audio: Tensor, samples: Tensor) -> Tensor:
        return ops.where(_real(ops.shape(audio)[1], samples), audio, 0.0)

    def compute_output_shape(self, audio_shape: Any, samples_shape: Any) -> Any:
        return audio_shape


@keras.saving.register_keras_serializable(package="suite_speech_recognition")
class WhisperLogMel(layers.Layer):  # type: ignore[misc]
    """The logarithmic mel spectrogram of Whisper (Radford et al. 2022, arXiv:2212.04356, section 2.2).

    Other than `LogMel`: the ends are reflected, the logarithm is decadic and no smaller than 8 below the
    greatest of the recording, and x becomes (x + 4) / 4.

    Args:
        rate: samples per second.
        mels: filters.
        window: samples of a frame.
        hop: samples from one frame to the next.

    From float32 (batch, samples) to float32 (batch, samples // hop, mels).
    """

    def __init__(self, rate: int, mels: int, window: int = 400, hop: int = 160, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.rate, self.mels, self.window, self.hop = rate, mels, window, hop
        # A frame is put together from blocks of one hop, as in `LogMel`.
        self.blocks = -(-window // hop)
        fourier = windowed_fourier(window)
        self._fourier = np.pad(fourier, [(0, self.blocks * hop - window), (0, 0)]).astype("float32")
        self._filters = mel_filters(rate, window, mels).astype("float32")

    def call(self, audio: Tensor) -> Tensor:
        frames = ops.shape(audio)[1] // self.hop
        padded = ops.pad(audio, [[0, 0], [self.window // 2, self.window // 2]], mode="reflect")
        padded = ops.pad(padded, [[0, 0], [0, self.blocks * self.hop]])
        padded = padded[:, : (frames + self.blocks - 1) * self.hop]
        blocks = ops.reshape(padded, (-1, frames + self.blocks - 1, self.hop))
        framed = ops.concatenate([blocks[:, shift : shift + frames] for shift in range(self.blocks)], axis=-1)
        real, imaginary = ops.split(ops.matmul(framed, self._fourier), 2, axis=-1)
        power = ops.square(real) + ops.square(imaginary)
        mel = ops.maximum(ops.matmul(power, self._filters), 1e-10)
        spectrogram = ops.log(mel) / float(np.log(10))
        floor = ops.max(spectrogram, axis=(1, 2), keepdims=True) - 8.0
        return (ops.maximum(spectrogram, floor) + 4.0) / 4.0

    def compute_output_shape(self, input_shape: Any) -> Any:
        samples = input_shape[1]
        return (input_shape[0], None if samples is None else samples // self.hop, self.mels)

    def get_config(self) -> dict[str, Any]:
        own = {"rate": self.rate, "mels": self.mels, "window": self.window, "hop": self.hop}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="suite_speech_recognition")
class Positions(layers.Layer):  # type: ignore[misc]
    """Adds a vector of its own to each frame, (batch, frames, width); there are `length` of them at most."""

    def __init__(self, length: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.length = length

    def build(self, input_shape: Any) -> None:
        self.vectors = self.add_weight(name="vectors", shape=(self.length, input_shape[-1]), trainable=False)

    def call(self, x: Tensor) -> Tensor:
        return x + ops.cast(self.vectors, self.compute_dtype)[: ops.shape(x)[1]]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "length": self.length}


@keras.saving.register_keras_serializable(package="suite_speech_recognition")
class FrameCount(layers.Layer):  # type: ignore[misc]
    """How many frames convolutions without padding make of so many samples: int32 (batch,) of int32 (batch,).

    Args:
        kernels: and
        strides: of the convolutions, one after the other.
    """

    def __init__(self, kernels: Any, strides: Any, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "int32"} | kwargs)
        self.kernels, self.strides = list(kernels), list(strides)

    def call(self, samples: Tensor) -> Tensor:
        count = samples
        for kernel, stride in zip(self.kernels, self.strides, strict=True):
            count = ops.maximum(ops.floor_divide(count - kernel, stride) + 1, 1)
        return count

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kernels": self.kernels, "strides": self.strides}


@keras.saving.register_keras_serializable(package="suite_speech_recognition")
class WholeNormalization(layers.Layer):  # type: ignore[misc]
    """Group normalization with a single group over the frames that are no padding (Wu & He 2018, section 3).

    From (batch, frames, width) and their numbers int32 (batch,), to the same shape.
    """

    def __init__(self, epsilon: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, x_shape: Any, count_shape: Any) -> None:
        self.gamma = self.add_weight(name="gamma", shape=(x_shape[-1],), initializer="ones")
        self.beta = self.add_weight(name="beta", shape=(x_shape[-1],), initializer="zeros")

    def call(self, x: Tensor, count: Tensor) -> Tensor:
        x = ops.cast(x, "float32")
        real = ops.cast(_real(ops.shape(x)[1], count), "float32")[:, :, None]
        numbers = ops.cast(count, "float32")[:, None, None] * x.shape[-1]
        mean = ops.sum(x * real, axis=(1, 2), keepdims=True) / numbers
        variance = ops.sum(ops.square(x - mean) * real, axis=(1, 2), keepdims=True) / numbers
        normalized = (x - mean) / ops.sqrt(variance + self.epsilon)
        scaled = normalized * ops.cast(self.gamma, "float32") + ops.cast(self.beta, "float32")
        return ops.cast(scaled, self.compute_dtype)

    def compute_output_shape(self, x_shape: Any, count_shape: Any) -> Any:
        return x_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "epsilon": self.epsilon}


class Attention(layers.Layer):  # type: ignore[misc]
    """Attention with several heads (Vaswani et al. 2017, section 3.2.2), its parts callable one by one.

    Args:
        heads: their number.
        size: of a head's keys and values.
        bias: whether queries, values and outputs have a bias.
        key_bias: whether keys have one.
        rotary: frequencies by which pairs of numbers of queries and keys are turned with the position (Su et
            al. 2021, arXiv:2104.09864); the numbers after them stay as they are.
    """

    def __init__(
        self, heads: int, size: int, *, bias: bool, key_bias: bool, rotary: Any = (), **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.heads, self.size, self.bias, self.key_bias = heads, size, bias, key_bias
        self.rotary = [float(frequency) for frequency in rotary]

    def build(self, query_shape: Any, context_shape: Any) -> None:
        def heads(name: str, shape: Any, *, bias: bool) -> Any:
            layer = layers.EinsumDense(
                "btd,dhk->bthk",
                output_shape=(None, self.heads, self.size),
                bias_axes="hk" if bias else None,
                name=name,
                dtype=self.dtype_policy,
            )
            layer.build((None, None, shape[-1]))
            return layer

        self.query = heads("query", query_shape, bias=self.bias)
        self.key = heads("key", context_shape, bias=self.key_bias)
        self.value = heads("value", context_shape, bias=self.bias)
        self.output_projection = layers.EinsumDense(
            "bthk,hkd->btd",
            output_shape=(None, query_shape[-1]),
            bias_axes="d" if self.bias else None,
            name="output",
            dtype=self.dtype_policy,
        )
        self.output_projection.build((None, None, self.heads, self.size))

    def keys_and_values(self, context: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, steps, heads, size) each, of (batch, steps, width) at int32 (steps,)."""
        return self._turned(self.key(context), positions), self.value(context)

    def attend(self, x: Tensor, positions: Tensor, keys: Tensor, values: Tensor, seen: Tensor) -> Tensor:
        """What each of x, (batch, steps, width), gets from keys and values, the same shape.

        Args:
            x: makes the queries.
            positions: of its steps, int32 (steps,).
            keys: (batch, others, heads, size).
            values: the same.
            seen: bool, broadcasts to (batch, heads, steps, others); None if all are.
        """
        queries = self._turned(self.query(x), positions)
        scores = ops.einsum("bthk,bshk->bhts", queries, keys)
        scores = ops.cast(scores, "float32") / self.size**0.5
        if seen is not None:
            scores = ops.where(seen, scores, _HIDDEN)
        shares = ops.cast(ops.softmax(scores), self.compute_dtype)
        return self.output_projection(ops.einsum("bhts,bshk->bthk", shares, values))

    def _turned(self, x: Tensor, positions: Tensor) -> Tensor:
        if not self.rotary:
            return x
        count = 2 * len(self.rotary)
        frequencies = np.array(self.rotary, np.float32)
        angles = ops.cast(positions, "float32")[:, None, None, None] * frequencies[:, None]
        cosine = ops.cast(ops.cos(angles), self.compute_dtype)  # (steps, 1, pairs, 1)
        sine = ops.cast(ops.sin(angles), self.compute_dtype)
        steps = ops.shape(x)[1]
        pairs = ops.reshape(x[..., :count], (-1, steps, self.heads, count // 2, 2))
        first, second = ops.split(pairs, 2, axis=-1)
        turned = ops.concatenate(
            [first * cosine - second * sine, second * cosine + first * sine],
            axis=-1,
        )
        turned = ops.reshape(turned, (-1, steps, self.heads, count))
        return ops.concatenate([turned, x[..., count:]], axis=-1)


@keras.saving.register_keras_serializable(package="suite_speech_recognition")
class Block(layers.Layer):  # type: ignore[misc]
    """A block of a Transformer that normalizes first: attention, in a decoder twice, and feed-forward.

    Args:
        heads: of the attention.
        size: of a head.
        units: of the feed-forward part.
        cross: whether there is attention to the encoder.
        gated: whether the feed-forward part is a SwiGLU (Shazeer 2020, arXiv:2002.05202), else with a GELU.
        bias: whether attention (but for its keys) and normalization have biases, as in Whisper.
        attention_bias: whether attention has biases, keys too, as some Moonshines might.
        rotary: see `Attention`.
        dropout: of what each part adds, while training.
    """

    def __init__(
        self,
        heads: int,
        size: int,
        units: int,
        *,
        cross: bool = False,
        gated: bool = False,
        bias: bool = True,
        attention_bias: bool = False,
        rotary: Any = (),
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.own = {
            "heads": heads,
            "size": size,
            "units": units,
            "cross": cross,
            "gated": gated,
            "bias": bias,
            "attention_bias": attention_bias,
            "rotary": [float(frequency) for frequency in rotary],
            "dropout": dropout,
        }
        self.cross, self.gated, self.units = cross, gated, units
        policy = self.dtype_policy
        with_bias = {"bias": bias or attention_bias, "key_bias": attention_bias, "dtype": policy}
        self.attention = Attention(heads, size, rotary=rotary, name="attention", **with_bias)
        self.attention_norm = _normalization("attention_norm", bias, policy)
        if cross:
            self.cross_attention = Attention(heads, size, name="cross_attention", **with_bias)
            self.cross_norm = _normalization("cross_norm", bias, policy)
        self.inner = layers.Dense(units * 2 if gated else units, name="inner", dtype=policy)
        self.activation = layers.Activation("silu" if gated else "gelu", dtype=policy)
        self.outer: Any = None
        self.norm = _normalization("norm", bias, policy)
        self.dropout = layers.Dropout(dropout, name="dropout", dtype=policy)

    def build(self, x_shape: Any, count_shape: Any = None) -> None:
        shape, width = x_shape, x_shape[-1]
        self.attention.build(shape, shape)
        self.attention_norm.build(shape)
        if self.cross:
            self.cross_attention.build(shape, shape)
            self.cross_norm.build(shape)
        self.norm.build(shape)
        self.inner.build(shape)
        self.outer = layers.Dense(width, name="outer", dtype=self.dtype_policy)
        self.outer.build((*shape[:-1], self.units))

    def call(self, x: Tensor, count: Tensor = None, training: Any = None) -> Tensor:
        """As a block of an encoder: all frames see all frames, but for those after the first `count`."""
        frames = ops.shape(x)[1]
        positions = ops.arange(frames, dtype="int32")
        seen = None if count is None else _real(frames, count)[:, None, None, :]
        normal = self.attention_norm(x)
        keys, values = self.attention.keys_and_values(normal, positions)
        x = x + self.dropout(self.attention.attend(normal, positions, keys, values, seen), training=training)
        return x + self.dropout(self.feed_forward(x), training=training)

    def compute_output_shape(self, x_shape: Any, count_shape: Any = None) -> Any:
        return x_shape

    def feed_forward(self, x: Tensor) -> Tensor:
        """The last part; what is added to x."""
        inner = self.inner(self.norm(x))
        if self.gated:
            inner, gate = ops.split(inner, 2, axis=-1)
            return self.outer(inner * self.activation(gate))
        return self.outer(self.activation(inner))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.own}


def _normalization(name: str, center: bool, policy: Any) -> Any:
    return layers.LayerNormalization(epsilon=1e-5, center=center, name=name, dtype=policy)


def _real(length: Tensor, count: Tensor) -> Tensor:
    """Bool (batch, length): which ones are among the first `count`, (batch,)."""
    return ops.arange(length, dtype="int32")[None, :] < ops.cast(count, "int32")[:, None]
