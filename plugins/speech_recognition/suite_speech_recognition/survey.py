"""What a builder must know of the data before it chooses: how many recordings, how long, with which texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

import numpy as np

from suite import UserError
from suite.data import Dataset, Examples
from suite.kit import in_threads
from suite_speech_recognition.audio import recordings
from suite_speech_recognition.normalization import is_one_case, language_of
from suite_speech_recognition.types import text_of

THREADS = 16
"""Headers are read by so many threads: it is waiting for the disk that takes time."""

FEW_WORDS = 100
"""So many different words or fewer are few: digits, say, or commands."""

ASSUMED_RATE = 16_000
"""Samples per second of arrays if the data does not say."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What the training split holds.

    Attributes:
        seconds: (count,) how long each recording is; the median if it cannot be read, which training reports.
        rates: (count,) each one's own samples per second; 0 if it cannot be read.
        texts: the transcripts as they stand in the data.
        longest: seconds of the longest recording of training and validation.
        channel: of recordings with several channels, what the loader takes: "mix", "left" or "right".
    """

    seconds: np.ndarray
    rates: np.ndarray
    texts: tuple[str, ...]
    longest: float = 0.0
    channel: Literal["mix", "left", "right"] = "mix"

    @property
    def count(self) -> int:
        """The number of recordings."""
        return len(self.seconds)

    @property
    def hours(self) -> float:
        """Of all recordings together."""
        return float(self.seconds.sum()) / 3600

    @property
    def rate(self) -> int:
        """The most frequent sample rate, by hours; but no more than 16 kHz, above which speech has little."""
        known, groups = np.unique(self.rates[self.rates > 0], return_inverse=True)
        hours = np.bincount(groups, weights=self.seconds[self.rates > 0])
        return min(16_000, int(known[int(hours.argmax())]))

    @property
    def repeated(self) -> bool:
        """Whether most transcripts are there several times, as if several people read the same words."""
        return 2 * len(set(self.texts)) < self.count

    @property
    def few_words(self) -> bool:
        """Whether all transcripts are made of few words, in whatever order."""
        return len({word for text in self.texts for word in text.split()}) <= FEW_WORDS

    @property
    def language(self) -> str:
        """Of the transcripts, as far as it matters to their case."""
        return language_of(self.texts)

    @property
    def one_case(self) -> bool:
        """Whether all letters of the transcripts are of one case."""
        return is_one_case(self.texts)


def survey(dataset: Dataset) -> Survey:
    """Look at the transcripts and the headers of all recordings of training; none is decoded.

    Raises:
        suite.UserError: if there is no recording, none that can be read, or no transcript.
    """
    count = len(dataset.train)
    if count == 0:
        filled = [split for split, found in dataset.splits.items() if len(found)]
        only = f": the data has only {' and '.join(filled)}" if filled else ""
        raise UserError(f"there is no training split to learn from, or no recording in it{only}")
    examples = [dataset.train[index] for index in range(count)]
    texts = tuple(text_of(example.target) for example in examples)
    if not any(text.strip() for text in texts):
        raise UserError(
            f"none of the {count} training recordings has a transcript: there is nothing to learn;"
            " `suite inspect` shows how they were read"
        )
    array_rate = int(dataset.facts.get("rate", ASSUMED_RATE))

    def described(raw: Any) -> tuple[float, int]:
        try:
            description = recordings.describe(raw, array_rate)
        except UserError as error:
            problems.append(str(error))
            return 0.0, 0
        return description.seconds, description.rate

    problems: list[str] = []
    train, others = (_in_threads(described, split) for split in (dataset.train, dataset.validation or []))
    seconds = np.array([length for length, _ in train], np.float64)
    rates = np.array([rate for _, rate in train], np.int64)
    if not rates.any():
        raise UserError(f"none of the {count} training recordings can be read: {problems[0]}")
    seconds[rates == 0] = np.median(seconds[rates > 0])
    longest = max(seconds.max(), *(length for length, _ in others), 0.0)
    channel = getattr(dataset.options, "channel", "")
    return Survey(
        seconds=seconds,
        rates=rates,
        texts=texts,
        longest=float(longest),
        channel="left" if channel == "left" else "right" if channel == "right" else "mix",
    )


def _in_threads(described: Callable[[Any], tuple[float, int]], examples: Examples) -> list[tuple[float, int]]:
    def several(places: range) -> list[tuple[float, int]]:
        return [described(examples[place].input) for place in places]

    return list(chain.from_iterable(in_threads(several, len(examples), THREADS)))
