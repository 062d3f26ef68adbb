"""Long recordings cut where it is quietest, for networks that do not say when words are said."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from suite_speech_recognition import recordings
from suite_speech_recognition.scripts import without_spaces
from suite_speech_recognition.types import Transcript
from suite_speech_recognition.windows import Window

PLAY = 0.2
"""A cut may lie anywhere in this share of the longest stretch, but in no more than 6 seconds."""

QUIET = 0.2
"""Seconds whose energy is looked at: the least pause between words that is worth a cut."""


class Stretches:
    """A recording in stretches that do not overlap.

    Only what is near a cut is read to find it, when it is needed; the codec reads each stretch.

    Args:
        recording: what to cut.
        rate: samples per second at which to look.
        seconds: how long it is.
        longest: how long a stretch may be, in seconds; less than `seconds`.

    Attributes:
        total: the number of stretches.
    """

    def __init__(self, recording: Any, rate: int, seconds: float, longest: float) -> None:
        self._recording = recording
        self._rate = rate
        self._seconds = seconds
        self._play = min(PLAY * longest, 6.0)
        self.total = max(2, math.ceil(seconds / (longest - self._play)))

    def __iter__(self) -> Iterator[Window]:
        """The stretches in their order."""
        start = 0.0
        for number in range(1, self.total):
            end = self._quietest(number * self._seconds / self.total)
            yield Window(self._recording, start, end)
            start = end
        yield Window(self._recording, start, self._seconds)

    def merge(self, transcripts: Sequence[Transcript]) -> Transcript:
        """The transcript of the whole from those of its stretches."""
        text = ""
        for one in transcripts:
            joined = without_spaces(text[-1:] or " ") and without_spaces(one.text[:1] or " ")
            text += one.text if joined or not text or not one.text else f" {one.text}"
        sure = [one.confidence for one in transcripts if one.confidence is not None]
        return Transcript(text=text, confidence=fmean(sure) if sure else None, seconds=self._seconds)

    def _quietest(self, middle: float) -> float:
        """The time around `middle` where there is the least energy; of equals the one nearest to it."""
        first = middle - self._play / 2
        audio = recordings.section(self._recording, self._rate, first, middle + self._play / 2)
        width = max(1, round(QUIET * self._rate))
        if len(audio) <= width:
            return middle
        total = np.concatenate([[0.0], np.cumsum(np.square(audio, dtype=np.float64))])
        energies = total[width:] - total[:-width]
        quiet = np.flatnonzero(energies <= energies.min() * (1 + 1e-6) + 1e-12)
        center = (len(energies) - 1) / 2
        best = int(quiet[np.argmin(np.abs(quiet - center))])
        return first + (best + width / 2) / self._rate
