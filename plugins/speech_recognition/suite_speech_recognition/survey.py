"""What a builder must know of the data before it chooses: how many recordings, how long, of what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset
from suite_speech_recognition import recordings
from suite_speech_recognition.types import text_of

THREADS = 16
"""Headers are read by so many threads: it is waiting for the disk that takes time."""

ASSUMED_RATE = 16_000
"""Samples per second of arrays where the data does not say."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What was found in the training part.

    Attributes:
        seconds: (count,) how long each recording is; the median where it cannot be read: training will say.
        rates: (count,) each one's own samples per second; 0 where it cannot be read.
        texts: the transcripts as they stand in the data.
        longest: seconds of the longest recording of training and validation.
    """

    seconds: np.ndarray
    rates: np.ndarray
    texts: tuple[str, ...]
    longest: float = 0.0

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
        known, places = np.unique(self.rates[self.rates > 0], return_inverse=True)
        hours = np.bincount(places, weights=self.seconds[self.rates > 0])
        return min(16_000, int(known[int(hours.argmax())]))

    @property
    def repeated(self) -> bool:
        """Whether most transcripts are there several times, as where several people read the same words."""
        return 2 * len(set(self.texts)) < self.count

    @property
    def one_case(self) -> bool:
        """Whether all letters of the transcripts are of one case: there is none to unlearn."""
        joined = "".join(self.texts)
        return joined == joined.upper() or joined == joined.lower()


def survey(dataset: Dataset) -> Survey:
    """Look at the transcripts and the headers of all recordings of training; none is decoded.

    Raises:
        suite.UserError: where there is no recording, none that can be read, or no transcript.
    """
    count = len(dataset.train)
    if count == 0:
        raise UserError("the training part holds no recording")
    examples = [dataset.train[index] for index in range(count)]
    texts = tuple(text_of(example.target) for example in examples)
    if not any(text.strip() for text in texts):
        raise UserError(
            f"none of the {count} training recordings has a transcript: there is nothing to learn, so look at"
            " `suite inspect` for how they were read"
        )
    array_rate = int(dataset.facts.get("rate", ASSUMED_RATE))

    def described(raw: Any) -> tuple[float, int]:
        try:
            found = recordings.describe(raw, array_rate)
        except UserError as error:
            problems.append(str(error))
            return 0.0, 0
        return found.seconds, found.rate

    problems: list[str] = []
    validation = dataset.validation or []
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(described, [example.input for example in examples]))
        others = list(pool.map(described, [validation[index].input for index in range(len(validation))]))
    seconds = np.array([one for one, _ in found], np.float64)
    rates = np.array([one for _, one in found], np.int64)
    if not rates.any():
        raise UserError(f"none of the {count} training recordings can be read: {problems[0]}")
    seconds[rates == 0] = np.median(seconds[rates > 0])
    longest = max(seconds.max(), *(one for one, _ in others), 0.0)
    return Survey(seconds=seconds, rates=rates, texts=texts, longest=float(longest))
