"""What has to know how long a recording is: masks, normalization, and the network's output.

All of them take the recordings' true numbers of samples, and all leave exact zeros (or what the output has
for them) in the padding, so that padding never changes what is heard.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

Tensor = Any

PACKAGE = "suite_speech_recognition"

IMPOSSIBLE = -30.0
"""The log-probability of every symbol but the blank in the padding."""

RANGE = 14.0
"""How far below an utterance's loudest band bands are heard, in natural logarithms of power: 60 decibels.
Digital silence would else lie so far below everything that is said that it ruled mean and deviation."""


LOUDNESS = 0.75
"""The power of a frame's power by which it counts: frames 20 decibels below the loudest count 0.03 each."""


def within(x: Tensor, samples: Tensor, frame_samples: int) -> Tensor:
    """Where frames begin within their recordings: booleans (batch, frames, 1, ...), with the axes of `x`."""
    frames = ops.shape(x)[1]
    starts = ops.arange(frames, dtype="int32") * frame_samples
    inside = starts[None, :] < ops.cast(samples, "int32")[:, None]
    return ops.reshape(inside, (-1, frames) + (1,) * (len(x.shape) - 2))


class FrameLayer(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """A layer that is called with (batch, frames, ...) and the recordings' samples, and keeps the shape.

    Args:
        frame_samples: samples from one frame to the next.
    """

    def __init__(self, frame_samples: int, **rest: Any) -> None:
        super().__init__(**rest)
        self.frame_samples = frame_samples

    def compute_output_shape(
        self, x_shape: tuple[int | None, ...], samples_shape: Any = None
    ) -> tuple[int | None, ...]:
        """That of the first input."""
        return tuple(x_shape)

    def get_config(self) -> dict[str, Any]:
        """What makes the same layer again."""
        return {**super().get_config(), "frame_samples": self.frame_samples}


@keras.saving.register_keras_serializable(package=PACKAGE)
class HidePadding(FrameLayer):
    """Zeros in the padding: before every operation that looks beyond a frame."""

    def call(self, x: Tensor, samples: Tensor) -> Tensor:
        """The same shape and dtype."""
        return x * ops.cast(within(x, samples, self.frame_samples), x.dtype)


@keras.saving.register_keras_serializable(package=PACKAGE)
class UtteranceNormalization(FrameLayer):
    """Mean 0 and variance 1 of every band over what is said in an utterance, in float32.

    Frames count as much as they are loud (by a power of their loudness beside that of the loudest frame):
    silence before and after what is said, or faint noise, would else shift mean and variance, and so the
    words.

    Of a word alone little would be left so: what is the same in all of its frames tells its vowel. So `prior`
    frames are added in thought that have the mean and the variance of all bands together; the shorter an
    utterance, the more they count.

    Args:
        frame_samples: samples from one frame to the next.
        prior: frames; 0 for the bands' own mean and variance.
    """

    def __init__(self, frame_samples: int, prior: float = 0.0, **rest: Any) -> None:
        super().__init__(frame_samples, **({"dtype": "float32"} | rest))
        self.prior = prior

    def call(self, x: Tensor, samples: Tensor) -> Tensor:
        """From a log-mel spectrogram (batch, frames, bands) to the same shape."""
        valid = within(x, samples, self.frame_samples)
        loudest = ops.max(ops.where(valid, x, -1e9), axis=(1, 2), keepdims=True)
        x = ops.maximum(x, loudest - RANGE)
        power = ops.where(valid, ops.mean(ops.exp(x - loudest), axis=-1, keepdims=True), 0.0)
        weights = (power / ops.maximum(ops.max(power, axis=1, keepdims=True), 1e-30)) ** LOUDNESS
        count = ops.maximum(ops.sum(weights, axis=1, keepdims=True), 1e-6)

        def mean(x: Tensor) -> Tensor:
            own = ops.sum(weights * x, axis=1, keepdims=True)
            overall = ops.mean(own, axis=-1, keepdims=True) / count
            return (own + self.prior * overall) / (count + self.prior)

        centered = ops.where(valid, x - mean(x), 0.0)
        return centered / ops.sqrt(mean(ops.square(centered)) + 1e-2)

    def get_config(self) -> dict[str, Any]:
        """What makes the same layer again."""
        return {**super().get_config(), "prior": self.prior}


@keras.saving.register_keras_serializable(package=PACKAGE)
class LogProbabilities(FrameLayer):
    """The log-softmax of logits, in float32; the blank is certain in the padding.

    There the blank has exactly 0 and all other symbols `IMPOSSIBLE`, so that neither a loss nor decoding has
    to know how long the recording is: a frame that is surely blank adds nothing to either.
    """

    def __init__(self, frame_samples: int, **rest: Any) -> None:
        super().__init__(frame_samples, **({"dtype": "float32"} | rest))

    def call(self, x: Tensor, samples: Tensor) -> Tensor:
        """From logits (batch, frames, symbols) to log-probabilities of the same shape."""
        blank = ops.where(ops.arange(x.shape[-1]) == 0, 0.0, IMPOSSIBLE)
        return ops.where(within(x, samples, self.frame_samples), ops.log_softmax(x, axis=-1), blank)


@keras.saving.register_keras_serializable(package=PACKAGE)
class JoinFrames(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """So many frames beside each other become one; what is missing of the last one is zero.

    Args:
        count: how many.
    """

    def __init__(self, count: int, **rest: Any) -> None:
        super().__init__(**rest)
        self.count = count

    def call(self, x: Tensor) -> Tensor:
        """From (batch, frames, channels) to (batch, frames / count, count * channels)."""
        joined, channels = (ops.shape(x)[1] + self.count - 1) // self.count, x.shape[-1]
        # Padded by more than is needed and cut, so that the amount is known whatever the length is.
        padded = ops.pad(x, [[0, 0], [0, self.count - 1], [0, 0]])[:, : joined * self.count]
        return ops.reshape(padded, (-1, joined, self.count * channels))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Known if the number of frames is."""
        batch, frames, channels = shape
        assert channels is not None
        return batch, None if frames is None else -(-frames // self.count), self.count * channels

    def get_config(self) -> dict[str, Any]:
        """What makes the same layer again."""
        return {**super().get_config(), "count": self.count}


@keras.saving.register_keras_serializable(package=PACKAGE)
class SplitFrames(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """Every frame becomes `count` frames, as many altogether as another tensor has: `JoinFrames` undone.

    Args:
        count: how many, which divides the channels.
    """

    def __init__(self, count: int, **rest: Any) -> None:
        super().__init__(**rest)
        self.count = count

    def call(self, x: Tensor, like: Tensor) -> Tensor:
        """From (batch, joined, channels), and (batch, frames, any), to (batch, frames, channels / count)."""
        joined, channels = ops.shape(x)[1], x.shape[-1]
        split = ops.reshape(x, (-1, joined * self.count, channels // self.count))
        return split[:, : ops.shape(like)[1]]

    def compute_output_shape(
        self, x_shape: tuple[int | None, ...], like_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        """The other tensor's frames."""
        assert x_shape[-1] is not None
        return x_shape[0], like_shape[1], x_shape[-1] // self.count

    def get_config(self) -> dict[str, Any]:
        """What makes the same layer again."""
        return {**super().get_config(), "count": self.count}
