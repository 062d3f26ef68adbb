"""What networks with CTC begin and end with: audio to features, and features to log-probabilities."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from suite_speech_recognition.audio.mel import hop_samples
from suite_speech_recognition.models.frames import (
    HidePadding,
    LogProbabilities,
    SplitFrames,
    UtteranceNormalization,
)
from suite_speech_recognition.models.log_mel import LogMel
from suite_speech_recognition.models.spec_augment import SpecAugment

Tensor = Any

REDUCTION = 4
"""Frames of the spectrogram to one of the output."""

PRIOR = 30.0
"""Frames of the spectrogram that normalization adds to an utterance in thought: about as many as a second
of speech counts for."""


def frame_samples(rate: int) -> int:
    """Samples from one frame of the output to the next."""
    return REDUCTION * hop_samples(rate)


def front(
    rate: int, mels: int, channels: int = 32, masks: dict[str, Any] | None = None
) -> tuple[Any, Any, Tensor]:
    """From audio to features at the rate of the output: what the networks begin with.

    Args:
        rate: samples per second.
        mels: bands of the spectrogram.
        channels: of the two strided convolutions.
        masks: arguments of `SpecAugment`; None for none.

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


def outputs(
    x: Tensor, samples: Tensor, symbols: int, step: int, features: Tensor | None = None, joined: int = 1
) -> Tensor:
    """Log-probabilities of symbols: what the networks end with.

    All symbols are about as probable at first: otherwise the first steps would go into unlearning logits that
    mean nothing.

    Args:
        x: (batch, frames, any).
        samples: the input "samples".
        symbols: how many, the blank among them.
        step: samples from one frame of the output to the next, see `frame_samples`.
        features: what `front` returned, if each frame of `x` stands for several of its frames.
        joined: for how many.
    """
    small = keras.initializers.RandomNormal(stddev=0.01)
    count = symbols if features is None else joined * symbols
    x = layers.Dense(count, kernel_initializer=small, dtype="float32", name="symbols")(x)
    if features is not None:
        x = SplitFrames(joined, dtype="float32", name="parted")(x, features)
    return LogProbabilities(step, name="log_probabilities")(x, samples)
