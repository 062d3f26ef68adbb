"""Convolutions, then recurrent layers: for little data."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from suite_speech_recognition.models.frames import (
    HidePadding,
    JoinFrames,
    LogProbabilities,
    PartFrames,
    UtteranceNormalization,
)
from suite_speech_recognition.models.log_mel import LogMel, hop_samples
from suite_speech_recognition.models.quasi_recurrent import QuasiRecurrence
from suite_speech_recognition.models.spec_augment import SpecAugment

Tensor = Any

REDUCTION = 4
"""Frames of the spectrogram to one of the output."""

JOINED = 2
"""Frames of the output to one of the recurrent layers, which work at half its rate."""

PRIOR = 100.0
"""Frames of the spectrogram, a second, that normalization adds to an utterance in thought."""

KERNEL = 9
"""Frames that each recurrent layer looks at together: 0.72 seconds."""

NETWORKS: dict[str, dict[str, Any]] = {
    "tiny": {"channels": 16, "units": 96, "depth": 3},
    "small": {"channels": 32, "units": 192, "depth": 4},
    "medium": {"channels": 32, "units": 384, "depth": 6},
    "large": {"channels": 32, "units": 512, "depth": 8},
}
"""What the sizes mean, as arguments of `recurrent_network`."""


def frame_samples(rate: int) -> int:
    """Samples from one frame of the output to the next."""
    return REDUCTION * hop_samples(rate)


def front(rate: int, mels: int, channels: int, masks: dict[str, Any] | None) -> tuple[Any, Any, Tensor]:
    """From audio to features at the rate of the output: what the networks begin with.

    Returns:
        The inputs "audio" and "samples", and (batch, frames, features), zero in the padding.
    """
    hop = hop_samples(rate)
    masks = masks or {"time_masks": 0, "time_mask": 0.0, "frequency_masks": 0, "frequency_mask": 0.0}
    audio = keras.Input((None,), dtype="float32", name="audio")
    samples = keras.Input((), dtype="int32", name="samples")
    x = LogMel(rate, mels, multiple=REDUCTION, name="log_mel")(audio)
    x = UtteranceNormalization(hop, PRIOR, name="normalization")(x, samples)
    x = SpecAugment(hop, **masks, name="spec_augment")(x, samples)
    x = layers.Reshape((-1, mels, 1), name="image")(x)
    for index in (1, 2):
        x = layers.Conv2D(
            channels * index // 2,
            3,
            strides=2,
            padding="same",
            kernel_initializer="he_normal",
            name=f"front{index}",
        )(x)
        x = layers.Activation("relu", name=f"front{index}_activation")(x)
        x = HidePadding(hop * 2**index, name=f"front{index}_hidden")(x, samples)
    bands = (mels + REDUCTION - 1) // REDUCTION
    return audio, samples, layers.Reshape((-1, bands * channels), name="features")(x)


def projected(x: Tensor, width: int, dropout: float) -> Tensor:
    """Features as (batch, frames, width)."""
    x = layers.Dense(width, name="front_projection")(x)
    x = layers.LayerNormalization(name="front_normalization")(x)
    return layers.Dropout(dropout, name="front_dropout")(x)


def outputs(x: Tensor, samples: Tensor, symbols: int, step: int, features: Tensor | None = None) -> Tensor:
    """Log-probabilities of symbols: what the networks end with.

    Where `features` are given, each frame of `x` tells the symbols of `JOINED` frames of theirs.

    All symbols are about as probable at first: the first steps would else go into unlearning logits that
    mean nothing.
    """
    small = keras.initializers.RandomNormal(stddev=0.01)
    count = symbols if features is None else JOINED * symbols
    x = layers.Dense(count, kernel_initializer=small, dtype="float32", name="symbols")(x)
    if features is not None:
        x = PartFrames(JOINED, dtype="float32", name="parted")(x, features)
    return LogProbabilities(step, name="log_probabilities")(x, samples)


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
    convolution. They work on `JOINED` frames at once, and tell the symbols of each, which halves the work
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
    x = outputs(x, samples, symbols, step, features)
    return keras.Model({"audio": audio, "samples": samples}, x, name="recurrent")
