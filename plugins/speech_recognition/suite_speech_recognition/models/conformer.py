"""The Conformer: attention and convolutions, for more data."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from suite_speech_recognition.models.attention import FrameAttention
from suite_speech_recognition.models.ends import frame_samples, front, outputs, projected
from suite_speech_recognition.models.frames import HidePadding

Tensor = Any

NETWORKS: dict[str, dict[str, Any]] = {
    "tiny": {"width": 96, "heads": 4, "depth": 4, "kernel": 15},
    "small": {"width": 144, "heads": 4, "depth": 8, "kernel": 15},
    "medium": {"width": 256, "heads": 4, "depth": 12, "kernel": 31},
    "large": {"width": 512, "heads": 8, "depth": 17, "kernel": 31},
}
"""What the sizes mean, as arguments of `conformer_network`."""


def _feed_forward(x: Tensor, width: int, dropout: float, name: str) -> Tensor:
    """Half a step of it (Gulati et al. 2020, section 2.3)."""
    y = layers.LayerNormalization(name=f"{name}_normalization")(x)
    y = layers.Dense(4 * width, name=f"{name}_in")(y)
    y = layers.Activation("silu", name=f"{name}_activation")(y)
    y = layers.Dropout(dropout, name=f"{name}_dropout_in")(y)
    y = layers.Dense(width, name=f"{name}_out")(y)
    y = layers.Dropout(dropout, name=f"{name}_dropout_out")(y)
    y = layers.Rescaling(0.5, name=f"{name}_half")(y)
    return layers.Add(name=f"{name}_add")([x, y])


def _convolution(
    x: Tensor, samples: Tensor, width: int, kernel: int, step: int, dropout: float, name: str
) -> Tensor:
    """Gate, depthwise convolution, normalization (the same, section 2.2).

    Layer normalization stands for batch normalization, whose statistics padding would be part of.
    """
    y = layers.LayerNormalization(name=f"{name}_normalization")(x)
    value = layers.Dense(width, name=f"{name}_value")(y)
    gate = layers.Dense(width, activation="sigmoid", name=f"{name}_gate")(y)
    y = layers.Multiply(name=f"{name}_gated")([value, gate])
    y = HidePadding(step, name=f"{name}_hidden")(y, samples)
    y = layers.DepthwiseConv1D(kernel, padding="same", name=f"{name}_depthwise")(y)
    y = layers.LayerNormalization(name=f"{name}_depthwise_normalization")(y)
    y = layers.Activation("silu", name=f"{name}_activation")(y)
    y = layers.Dense(width, name=f"{name}_out")(y)
    y = layers.Dropout(dropout, name=f"{name}_dropout")(y)
    return layers.Add(name=f"{name}_add")([x, y])


def conformer_network(
    rate: int,
    symbols: int,
    *,
    mels: int = 80,
    channels: int = 32,
    width: int = 144,
    heads: int = 4,
    depth: int = 8,
    kernel: int = 15,
    dropout: float = 0.1,
    masks: dict[str, Any] | None = None,
) -> keras.Model:
    """A Conformer (Gulati et al. 2020, arXiv:2005.08100) with rotary positions and an output for CTC.

    Args:
        rate: samples per second.
        symbols: of the output, the blank among them.
        mels: bands of the spectrogram.
        channels: of the two strided convolutions before it.
        width: channels of its blocks.
        heads: of the attention.
        depth: blocks.
        kernel: frames of the depthwise convolutions.
        dropout: share of dropped units.
        masks: arguments of `SpecAugment`; None for none.

    Returns:
        A model from float32 "audio" (batch, samples) and int32 "samples" (batch,) to log-probabilities
        float32 (batch, frames, symbols), 25 frames per second.
    """
    step = frame_samples(rate)
    audio, samples, x = front(rate, mels, channels, masks)
    x = projected(x, width, dropout)
    for index in range(1, depth + 1):
        name = f"block{index}"
        x = _feed_forward(x, width, dropout, f"{name}_first")
        y = layers.LayerNormalization(name=f"{name}_attention_normalization")(x)
        y = FrameAttention(heads, step, dropout, name=f"{name}_attention")(y, samples)
        y = layers.Dropout(dropout, name=f"{name}_attention_dropout")(y)
        x = layers.Add(name=f"{name}_attention_add")([x, y])
        x = _convolution(x, samples, width, kernel, step, dropout, f"{name}_convolution")
        x = _feed_forward(x, width, dropout, f"{name}_last")
        x = layers.LayerNormalization(name=f"{name}_normalization")(x)
    x = outputs(x, samples, symbols, step)
    return keras.Model({"audio": audio, "samples": samples}, x, name="conformer")
