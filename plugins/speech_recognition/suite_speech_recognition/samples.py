"""A few made-up utterances, for trying the task without any data."""

from __future__ import annotations

import numpy as np

from suite.data import Dataset, Example
from suite_speech_recognition.types import Target

RATE = 8_000
"""Samples per second."""

LETTERS = {"a": (500.0, 500.0), "b": (900.0, 1_600.0), "c": (2_600.0, 1_900.0)}
"""What is said, with the frequencies in Hz between which each letter glides."""

SPEAKERS = {"low": 0.9, "middle": 1.0, "high": 1.1}
"""Who speaks, with the factor of their frequencies."""

LETTER, GAP, PAUSE = 0.1, 0.03, 0.12
"""Seconds of a letter, of the quiet after it, and of that between words."""


def sample() -> Dataset:
    """One or two words of one to three letters, each a tone of its own, in noise: the same at every call.

    Inputs are float32 arrays (samples,) at 8 kHz, the fact "rate". Every speaker is in every split.
    """
    generator = np.random.default_rng(0)
    return Dataset(
        train=_split("train", 48, generator),
        validation=_split("validation", 12, generator),
        test=_split("test", 12, generator),
        facts={"rate": RATE},
    )


def utterance(text: str, speaker: str, generator: np.random.Generator) -> np.ndarray:
    """A text of `LETTERS` and spaces, said by one of `SPEAKERS`, as float32 (samples,) at `RATE`."""
    pieces = [_quiet(PAUSE)]
    for symbol in text:
        if symbol == " ":
            pieces.append(_quiet(PAUSE))
            continue
        first, last = LETTERS[symbol]
        count = round(RATE * LETTER * generator.uniform(0.9, 1.2))
        frequency = np.linspace(first, last, count) * SPEAKERS[speaker] * generator.uniform(0.98, 1.02)
        tone = np.sin(2 * np.pi * np.cumsum(frequency) / RATE) * np.hanning(count)
        pieces += [generator.uniform(0.3, 0.7) * tone, _quiet(GAP)]
    sound = np.concatenate([*pieces, _quiet(PAUSE)])
    return (sound + generator.normal(0, 0.01, len(sound))).astype(np.float32)


def _split(name: str, count: int, generator: np.random.Generator) -> list[Example]:
    examples = []
    for index in range(count):
        words = [
            "".join(generator.choice(list(LETTERS), generator.integers(1, 4)))
            for _ in range(generator.integers(1, 3))
        ]
        speaker = list(SPEAKERS)[index % len(SPEAKERS)]
        target = Target(text=" ".join(words), speaker=speaker)
        examples.append(
            Example(f"{name}/{index}", utterance(target["text"], speaker, generator), dict(target))
        )
    return examples


def _quiet(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE))
