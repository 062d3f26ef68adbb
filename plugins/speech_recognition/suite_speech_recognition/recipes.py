"""Defaults for options and training, chosen from what the data holds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite_speech_recognition.model_options import ConformerOptions, RecognitionOptions, RecurrentOptions
from suite_speech_recognition.survey import Survey

Choices = tuple[dict[str, Any], dict[str, Any]]
"""Values for the builder's options that are "auto", and values for the training options."""

GROWTH = 1.2
"""How much longer than the one before each of the lengths is that recordings are padded to, at least."""

MOST_LENGTHS = 8
"""How many lengths there are in training, at most: some backends compile the step once for each."""

FEWEST_TRANSCRIPTS = 1000
"""From so many on, they tell something of the language."""

WINDOW = (20.0, 60.0)
"""Seconds that a network hears at once: least and most, by default."""


def longest_for(found: Survey, slowest: float) -> float:
    """Seconds heard at once: the longest recording, those of training slowed down, within `WINDOW`."""
    return float(np.clip(math.ceil(max(found.longest, found.seconds.max() / slowest)), *WINDOW))


def lengths_for(
    found: Survey, rate: int, frame_samples: int, slowest: float, longest: float
) -> tuple[int, ...]:
    """The numbers of samples that recordings are padded to, multiples of `frame_samples`.

    From the short training recordings to the long ones in equal factors, and last what is heard at once.
    """
    first = max(0.5, float(np.percentile(found.seconds, 10)))
    last = max(first * GROWTH, min(longest, float(found.seconds.max()) / slowest))
    steps = max(1, min(MOST_LENGTHS - 1, round(math.log(last / first) / math.log(GROWTH))))
    seconds = [*np.geomspace(first, last, steps + 1), longest]
    return tuple(sorted({math.ceil(one * rate / frame_samples) * frame_samples for one in seconds}))


def mels_for(rate: int) -> int:
    """Mel bands: fewer where there are fewer frequencies."""
    return 80 if rate >= 16_000 else 64 if rate >= 8_000 else 40


def recognition_defaults(found: Survey, options: RecognitionOptions) -> dict[str, Any]:
    """What is drawn at random and how audio and text are taken, whichever network learns."""
    rate = found.rate if options.rate == "auto" else options.rate
    speed = (0.87, 1.15) if options.speed == "auto" else options.speed
    return {
        "rate": rate,
        "longest": longest_for(found, min(1.0, *speed)),
        "case": "keep" if found.one_case else "lower",
        "language_model": found.count >= FEWEST_TRANSCRIPTS and not found.repeated,
        "subwords": int(np.clip(32 * round(math.sqrt(found.count) / 8), 64, 1024)),
        "speed": speed,
        "gain": 6.0,
        "noise": 0.1,
        "join": 0.0,
        "time_masks": 2,
        "time_mask": 0.05,
        "frequency_masks": 2,
        "frequency_mask": 0.15,
        "mels": mels_for(rate),
    }


def epochs_for(found: Survey, at_an_hour: float, least: int, most: int) -> int:
    """A number of epochs: `at_an_hour` for an hour of recordings, half as many for four times as much."""
    return int(np.clip(round(at_an_hour * max(found.hours, 0.01) ** -0.5), least, most))


def averaging_for(steps: int) -> float:
    """The moving average of the weights over a twelfth of the steps of training, but 500 at most.

    On less than an hour of digits (`fsdd`) the loss on validation falls sooner and stays down; on nearly two
    hours of words it ends higher; see docs/benchmarks.md.
    """
    return round(1 - 1 / float(np.clip(steps / 12, 1, 500)), 4)


def recurrent_defaults(found: Survey, options: RecurrentOptions) -> Choices:
    """For `recurrent_network` from scratch.

    Small batches: on `sentences`, after 300 processor seconds of training, the loss on validation was 60.6
    with batches of 16 (at a rate of 3e-3) and 56.1 with batches of 8 (at 2e-3). Recordings of a word or two
    stay at 16, for the sake of speed.

    Hours of sentences that are all different are not learned by heart in so few epochs: there, what makes
    learning harder only makes it slower.
    """
    choices = {
        **recognition_defaults(found, options),
        "network": "tiny" if found.hours < 0.05 else "small" if found.hours < 20 else "medium",
        "dropout": 0.15 if found.hours < 1 else 0.1,
    }
    if found.hours >= 1 and not found.repeated:
        choices |= {"dropout": 0.05, "noise": 0.0, "time_masks": 0, "frequency_masks": 0}
    batch_size = 32 if found.hours >= 10 else 16 if found.seconds.mean() < 3 else 8
    rate = 2e-3 if batch_size == 8 else 3e-3
    epochs = epochs_for(found, 40, 8, 40)
    recipe = _recipe(epochs, batch_size, learning_rate=rate, warmup=0.05)
    if batch_size == 16 and found.hours < 1:
        recipe["ema"] = averaging_for(epochs * found.count // batch_size)
    return choices, recipe


def conformer_defaults(found: Survey, options: ConformerOptions) -> Choices:
    """For `conformer_network` from scratch, which is slow to begin: it wants more epochs, or more data."""
    choices = {
        **recognition_defaults(found, options),
        "network": "tiny" if found.hours < 1 else "small" if found.hours < 50 else "medium",
        "dropout": 0.1,
    }
    batch_size = 16 if found.hours < 10 else 32
    return choices, _recipe(epochs_for(found, 60, 10, 120), batch_size, learning_rate=1.5e-3, warmup=0.1)


def _recipe(epochs: int, batch_size: int, learning_rate: float, warmup: float) -> dict[str, Any]:
    return {
        "epochs": epochs,
        "batch_size": batch_size,
        "optimizer": "adamw",
        "learning_rate": learning_rate,
        "schedule": "cosine",
        "warmup": warmup,
        "final_learning_rate": 0.01,
        "weight_decay": 0.01,
        "clip_norm": 1.0,
        "ema": 0.0,
        "early_stopping": 0,
        "validation_every": max(1, round(epochs / 12)),
    }
