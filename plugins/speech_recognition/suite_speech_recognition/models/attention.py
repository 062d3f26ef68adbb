"""Self-attention over frames with rotary positions, blind to padding."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from suite_speech_recognition.models.frames import PACKAGE, FrameLayer, within

Tensor = Any

LONGEST_PERIOD = 10_000.0
"""Of the rotations, in units of frames / (2 pi) (Su et al. 2021, section 3.2.2)."""


@keras.saving.register_keras_serializable(package=PACKAGE)
class FrameAttention(FrameLayer):
    """Multi-head self-attention in which only the distance of two frames counts, not where they are.

    Rotary positions: Su et al. 2021, arXiv:2104.09864. A recording is heard alike wherever in a chunk it
    lies, and chunks may be longer than all that training saw.

    Args:
        heads: their number, which divides the channels.
        frame_samples: samples from one frame to the next.
        dropout: share of dropped weights.
    """

    def __init__(self, heads: int, frame_samples: int, dropout: float = 0.0, **rest: Any) -> None:
        super().__init__(frame_samples, **rest)
        self.heads = heads
        self.dropout = dropout
        self.dropped = layers.Dropout(dropout, name="dropped", dtype=self.dtype_policy)

    def build(self, x_shape: tuple[int | None, ...], samples_shape: Any = None) -> None:
        """Projections of queries, keys and values, and of what comes out."""
        channels = x_shape[-1]
        assert channels is not None
        self.inward = layers.Dense(3 * channels, name="inward", dtype=self.dtype_policy)
        self.outward = layers.Dense(channels, name="outward", dtype=self.dtype_policy)
        self.inward.build(x_shape)
        self.outward.build(x_shape)

    def call(self, x: Tensor, samples: Tensor, training: bool = False) -> Tensor:
        """(batch, frames, channels) of the same shape."""
        frames, channels = ops.shape(x)[1], x.shape[-1]
        size = channels // self.heads
        split = ops.reshape(self.inward(x), (-1, frames, 3 * self.heads, size))
        split = ops.transpose(split, (0, 2, 1, 3))
        queries, keys, values = ops.split(split, 3, axis=1)
        queries, keys = _turned(queries, frames, size), _turned(keys, frames, size)
        scores = ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2)))
        scores = ops.cast(scores, "float32") * size**-0.5
        of_recording = ops.transpose(within(x, samples, self.frame_samples), (0, 2, 1))
        of_recording = ops.expand_dims(of_recording, 2)  # LiteRT has no such slice of truths
        weights = ops.softmax(ops.where(of_recording, scores, -1e9), axis=-1)
        weights = self.dropped(ops.cast(weights, values.dtype), training=training)
        mixed = ops.transpose(ops.matmul(weights, values), (0, 2, 1, 3))
        return self.outward(ops.reshape(mixed, (-1, frames, channels)))

    def get_config(self) -> dict[str, Any]:
        """What makes the same layer again."""
        return super().get_config() | {"heads": self.heads, "dropout": self.dropout}


def _turned(x: Tensor, frames: Any, size: int) -> Tensor:
    """Pairs of channels of (batch, heads, frames, size), turned by angles that grow with the frame."""
    speeds = LONGEST_PERIOD ** (-ops.arange(0, size, 2, dtype="float32") / size)
    angles = ops.cast(ops.arange(frames), "float32")[:, None] * speeds[None, :]
    cosine, sine = ops.cast(ops.cos(angles), x.dtype), ops.cast(ops.sin(angles), x.dtype)
    first, second = ops.split(x, 2, axis=-1)
    return ops.concatenate([first * cosine - second * sine, first * sine + second * cosine], axis=-1)
