"""Convolutions, then recurrent layers: for little data."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from suite_speech_recognition.models.ends import frame_samples, front, outputs, projected
from suite_speech_recognition.models.frames import HidePadding, JoinFrames
from suite_speech_recognition.models.quasi_recurrent import QuasiRecurrence

JOINED = 2
"""Frames of the output to one of the recurrent layers, which work at half its rate."""

KERNEL = 9
"""Frames that each recurrent layer looks at together: 0.72 seconds."""

NETWORKS: dict[str, dict[str, Any]] = {
    "tiny": {"channels": 16, "units": 96, "depth": 3},
    "small": {"channels": 32, "units": 192, "depth": 4},
    "medium": {"channels": 32, "units": 384, "depth": 6},
    "large": {"channels": 32, "units": 512, "depth": 8},
}
"""What the sizes mean, as arguments of `recurrent_network`."""


def recurrent_network(
    rate: int,
    symbols: int,
    *,
    mels: int = 80,
    channels: int = 32,
    units: int = 192,
    depth: int = 4,
    dropout: float = 0.15,
    masks: dict[str, Any] | None = None,
) -> keras.Model:
    """Two strided convolutions, and recurrent layers that read in both directions.

    Quasi-recurrent layers, bidirectional and deep, for CTC as in Graves et al. 2013, arXiv:1303.5778, with a
    normalization after each layer and a way around it. Each hears its frame's neighbors by a depthwise
    convolution. They work on `JOINED` frames at once, and write the symbols of each, which halves the work
    (as in the middle of the Squeezeformer, Kim et al. 2022, arXiv:2206.00888, section 3.1.1).

    Args:
        rate: samples per second.
        symbols: of the output, the blank among them.
        mels: bands of the spectrogram.
        channels: of the convolutions.
        units: of each direction of a recurrent layer.
        depth: recurrent layers.
        dropout: share of dropped units.
        masks: arguments of `SpecAugment`; None for none.

    Returns:
        A model from float32 "audio" (batch, samples) and int32 "samples" (batch,) to log-probabilities
        float32 (batch, frames, symbols), 25 frames per second.
    """
    step = frame_samples(rate)
    audio, samples, features = front(rate, mels, channels, masks)
    x = projected(JoinFrames(JOINED, name="joined")(features), 2 * units, dropout)
    for index in range(1, depth + 1):
        name = f"recurrent{index}"
        y = HidePadding(JOINED * step, name=f"{name}_hidden")(x, samples)
        y = layers.DepthwiseConv1D(KERNEL, padding="same", name=f"{name}_depthwise")(y)
        y = layers.Add(name=f"{name}_around")([x, y])
        y = QuasiRecurrence(JOINED * step, units, name=name)(y, samples)
        y = layers.LayerNormalization(name=f"{name}_normalization")(y)
        y = layers.Dropout(dropout, name=f"{name}_dropout")(y)
        x = layers.Add(name=f"{name}_add")([x, y])
    x = layers.LayerNormalization(name="last_normalization")(x)
    x = outputs(x, samples, symbols, step, features, JOINED)
    return keras.Model({"audio": audio, "samples": samples}, x, name="recurrent")
