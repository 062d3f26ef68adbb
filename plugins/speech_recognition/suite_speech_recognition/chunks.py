"""Long recordings in chunks, which overlap or are cut where it is quietest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import msgspec
import numpy as np

from suite_language.joining import join_pieces
from suite_speech_recognition.audio import recordings
from suite_speech_recognition.merging import merge
from suite_speech_recognition.types import Transcript

OVERLAP = 0.2
"""The share of a chunk that the next one hears again."""

MIN_OVERLAP = 1.0
"""Seconds of overlap if chunks are short: longer than most words, which one chunk then has whole."""

PLAY = 0.2
"""A cut may lie anywhere in this share of the longest chunk, but in no more than 6 seconds."""

PAUSE = 0.2
"""Seconds whose energy is looked at: the shortest pause between words that is worth a cut."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a recording, for the codec to encode.

    Attributes:
        recording: what it is a piece of.
        start: seconds from the recording's beginning.
        end: the same.
    """

    recording: Any
    start: float
    end: float


class OverlappingChunks:
    """A recording in chunks of one length, the last of which may be shorter: a `suite.pipeline.Chunks`.

    Only bounds are held; the codec reads each chunk when it encodes it.

    Args:
        recording: what to cut.
        seconds: how long it is.
        max_seconds: how long a chunk is; less than `seconds`.

    Attributes:
        total: the number of chunks.
    """

    def __init__(self, recording: Any, seconds: float, max_seconds: float) -> None:
        self._recording = recording
        self._seconds = seconds
        self._length = max_seconds
        overlap = min(max(OVERLAP * max_seconds, MIN_OVERLAP), max_seconds / 2)
        self._step = max_seconds - overlap
        # What is beyond the last step by rounding alone is not another chunk.
        self.total = max(1, math.ceil((seconds - overlap) / self._step - 1e-9))

    def __iter__(self) -> Iterator[Chunk]:
        """The chunks in their order."""
        for start, end in self._bounds():
            yield Chunk(self._recording, start, end)

    def merge(self, predictions: Sequence[Transcript]) -> Transcript:
        """The transcript of the whole from those of its chunks, whose times count from its beginning."""
        return merge(list(self._bounds()), predictions, self._seconds)

    def merge_first(self, predictions: Sequence[Transcript]) -> Transcript:
        """The transcript of the beginning, from those of the first chunks."""
        bounds = list(self._bounds())[: len(predictions)]
        return merge(bounds, predictions, min(bounds[-1][1], self._seconds))

    def _bounds(self) -> Iterator[tuple[float, float]]:
        for index in range(self.total):
            start = index * self._step
            is_last = index == self.total - 1
            yield start, self._seconds if is_last else start + self._length


class ChunksAtPauses:
    """A recording in chunks that do not overlap, cut where it is quietest: a `suite.pipeline.Chunks`.

    Only what is near a cut is read to find it, when it is needed; the codec reads each chunk.

    Args:
        recording: what to cut.
        rate: samples per second at which to look.
        seconds: how long it is.
        max_seconds: how long a chunk may be; less than `seconds`.

    Attributes:
        total: the number of chunks.
    """

    def __init__(self, recording: Any, rate: int, seconds: float, max_seconds: float) -> None:
        self._recording = recording
        self._rate = rate
        self._seconds = seconds
        self._play = min(PLAY * max_seconds, 6.0)
        self.total = max(2, math.ceil(seconds / (max_seconds - self._play)))

    def __iter__(self) -> Iterator[Chunk]:
        """The chunks in their order."""
        start = 0.0
        for number in range(1, self.total):
            end = self._quietest(number * self._seconds / self.total)
            yield Chunk(self._recording, start, end)
            start = end
        yield Chunk(self._recording, start, self._seconds)

    def merge(self, predictions: Sequence[Transcript]) -> Transcript:
        """The transcript of the whole from those of its chunks."""
        known = [transcript.confidence for transcript in predictions if transcript.confidence is not None]
        return Transcript(
            text=join_pieces(transcript.text for transcript in predictions),
            confidence=fmean(known) if known else None,
            seconds=self._seconds,
        )

    def merge_first(self, predictions: Sequence[Transcript]) -> Transcript:
        """The transcript of the beginning, from those of the first chunks."""
        end = self._seconds * len(predictions) / self.total  # about: the cut lies in the pause nearest to it
        return msgspec.structs.replace(self.merge(predictions), seconds=end)

    def _quietest(self, middle: float) -> float:
        """The time around `middle` with the least energy; of equal ones the nearest."""
        first = middle - self._play / 2
        audio = recordings.section(self._recording, self._rate, first, middle + self._play / 2)
        width = max(1, round(PAUSE * self._rate))
        if len(audio) <= width:
            return middle
        total = np.concatenate([[0.0], np.cumsum(np.square(audio, dtype=np.float64))])
        energies = total[width:] - total[:-width]
        quiet = np.flatnonzero(energies <= energies.min() * (1 + 1e-6) + 1e-12)
        center = (len(energies) - 1) / 2
        best = int(quiet[np.argmin(np.abs(quiet - center))])
        return first + (best + width / 2) / self._rate
