"""Defaults for options and training, chosen from what the data holds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite.options import chosen
from suite_speech_recognition.options import ConformerOptions, RecognitionOptions, RecurrentOptions
from suite_speech_recognition.survey import Survey

Choices = tuple[dict[str, Any], dict[str, Any]]
"""Values for the builder's options that are "auto", and values for the training options."""

GROWTH = 1.2
"""Each length that recordings are padded to is at least so many times the one before."""

MAX_LENGTHS = 8
"""How many lengths there are in training, at most: some backends compile the step once for each."""

FEW_HOURS = 0.05
"""Hours of recordings below which a network is the smallest, and learns words alone at first."""

MIN_TRANSCRIPTS = 1000
"""So many transcripts or more tell something of the language."""

HEARD_AT_ONCE = (20.0, 60.0)
"""Seconds that a network hears at once by default, at least and at most."""


def max_seconds_for(survey: Survey, slowest: float) -> float:
    """Seconds heard at once: the longest recording, those of training slowed down, within `HEARD_AT_ONCE`."""
    return float(np.clip(math.ceil(max(survey.longest, survey.seconds.max() / slowest)), *HEARD_AT_ONCE))


def lengths_for(
    survey: Survey, rate: int, frame_samples: int, slowest: float, max_seconds: float
) -> tuple[int, ...]:
    """The numbers of samples that recordings are padded to, multiples of `frame_samples`.

    From the short training recordings to the long ones in equal factors, and last what is heard at once.
    """
    first = max(0.5, float(np.percentile(survey.seconds, 10)))
    last = max(first * GROWTH, min(max_seconds, float(survey.seconds.max()) / slowest))
    steps = max(1, min(MAX_LENGTHS - 1, round(math.log(last / first) / math.log(GROWTH))))
    seconds = [*np.geomspace(first, last, steps + 1), max_seconds]
    return tuple(sorted({math.ceil(length * rate / frame_samples) * frame_samples for length in seconds}))


def mels_for(rate: int) -> int:
    """Mel bands: fewer if there are fewer frequencies."""
    return 80 if rate >= 16_000 else 64 if rate >= 8_000 else 40


def recognition_defaults(survey: Survey, options: RecognitionOptions) -> dict[str, Any]:
    """How audio and text are taken and varied, whichever network learns."""
    rate = chosen(options.rate, survey.rate)
    speed = chosen(options.speed, (0.87, 1.15))
    return {
        "rate": rate,
        "max_seconds": max_seconds_for(survey, min(1.0, *speed)),
        "case": "keep" if survey.one_case else "lower",
        "language": survey.language,
        "language_model": survey.count >= MIN_TRANSCRIPTS and not survey.repeated,
        "subwords": int(np.clip(32 * round(math.sqrt(survey.count) / 8), 64, 1024)),
        "speed": speed,
        "gain": 6.0,
        "noise": 0.1,
        "join": 0.0,
        # Minutes of recordings are few steps, in which a network has to learn the words first.
        **dict.fromkeys(("babble", "echo"), 0.0 if survey.hours < FEW_HOURS else 0.1),
        "silence": 0.5 if survey.seconds.mean() < 3 else 0.25,
        "empty": 0.03,
        "silence_from": 0.5 if survey.hours < FEW_HOURS else 0.0,
        "time_masks": 2,
        "time_mask": 0.05,
        "frequency_masks": 2,
        "frequency_mask": 0.15,
        "mels": mels_for(rate),
    }


def epochs_for(survey: Survey, at_an_hour: float, min_epochs: int, max_epochs: int) -> int:
    """A number of epochs: `at_an_hour` for an hour of recordings, half as many for four times as much."""
    return int(np.clip(round(at_an_hour * max(survey.hours, 0.01) ** -0.5), min_epochs, max_epochs))


def averaging_for(steps: int) -> float:
    """The moving average of the weights over a twelfth of the steps of training, but 500 at most.

    On less than an hour of digits (`fsdd`) the loss on validation falls sooner and stays down; on nearly two
    hours of words it ends higher; see docs/benchmarks.md.
    """
    return round(1 - 1 / float(np.clip(steps / 12, 1, 500)), 4)


def recurrent_defaults(survey: Survey, options: RecurrentOptions) -> Choices:
    """For `recurrent_network` from scratch.

    Small batches: on `sentences`, after 300 processor seconds of training, the loss on validation was 60.6
    with batches of 16 (at a rate of 3e-3) and 56.1 with batches of 8 (at 2e-3). Recordings of a word or two
    stay at 16, for the sake of speed.

    Hours of sentences that are all different want less augmentation and dropout than other data, which make
    learning slower, and more epochs: on `sentences` CER was 0.408 with hardly any in 25 epochs, 0.395 with
    some in 36. Where only few words are said, in whatever order, hardly any was better: WER was 0.006 on
    connected digits, and 0.009 with some and with all of it.
    """
    choices = {
        **recognition_defaults(survey, options),
        "network": "tiny" if survey.hours < FEW_HOURS else "small" if survey.hours < 20 else "medium",
        "dropout": 0.15 if survey.hours < 1 else 0.1,
    }
    at_an_hour = 40
    if survey.hours >= 1 and not survey.repeated:
        choices |= {"noise": 0.0, "babble": 0.0, "echo": 0.0}
        if survey.few_words:
            choices |= {"dropout": 0.05, "time_masks": 0, "frequency_masks": 0}
        else:
            choices |= {"time_masks": 1, "frequency_masks": 1}
            at_an_hour = 58
    batch_size = 32 if survey.hours >= 10 else 16 if survey.seconds.mean() < 3 else 8
    rate = 2e-3 if batch_size == 8 else 3e-3
    epochs = epochs_for(survey, at_an_hour, 8, 80 if survey.hours < FEW_HOURS else 40)
    recipe = _recipe(epochs, batch_size, learning_rate=rate, warmup=0.05)
    if batch_size == 16 and survey.hours < 1:
        recipe["ema"] = averaging_for(epochs * survey.count // batch_size)
    return choices, recipe


def shared_defaults(survey: Survey, options: RecognitionOptions) -> Choices:
    """For any network from scratch, of which nothing is known."""
    batch_size = 16 if survey.hours < 10 else 32
    recipe = _recipe(epochs_for(survey, 40, 8, 40), batch_size, learning_rate=2e-3, warmup=0.05)
    return {**recognition_defaults(survey, options), "dropout": 0.1}, recipe


def conformer_defaults(survey: Survey, options: ConformerOptions) -> Choices:
    """For `conformer_network` from scratch, which is slow to begin: it wants more epochs, or more data."""
    choices = {
        **recognition_defaults(survey, options),
        "network": "tiny" if survey.hours < 1 else "small" if survey.hours < 50 else "medium",
        "dropout": 0.1,
    }
    batch_size = 16 if survey.hours < 10 else 32
    return choices, _recipe(epochs_for(survey, 60, 10, 120), batch_size, learning_rate=1.5e-3, warmup=0.1)


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
