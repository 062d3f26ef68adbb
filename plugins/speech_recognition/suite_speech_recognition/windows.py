"""Long recordings in overlapping windows, and what was heard in them put together again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from suite_speech_recognition.spacing import SpacedWord, joined, spaced
from suite_speech_recognition.types import Transcript, Word

OVERLAP = 0.2
"""The share of a window that the next one hears again."""

LEAST_OVERLAP = 1.0
"""Seconds of overlap where windows are short: longer than most words, which one window then hears whole."""

_EDGE = 0.1
"""Within so many seconds of a window's end a word may have been cut by it."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a recording, for the codec to encode.

    Attributes:
        recording: what it is a stretch of.
        start: seconds from the recording's beginning.
        end: the same.
    """

    recording: Any
    start: float
    end: float


class Windows:
    """A recording in windows of one length, the last of which may be shorter.

    Only bounds are held; the codec reads each window when it encodes it.

    Args:
        recording: what to cut.
        seconds: how long it is.
        window: how long a window is, in seconds; less than `seconds`.

    Attributes:
        total: the number of windows.
    """

    def __init__(self, recording: Any, seconds: float, window: float) -> None:
        self._recording = recording
        self._seconds = seconds
        self._window = window
        overlap = min(max(OVERLAP * window, LEAST_OVERLAP), window / 2)
        self._step = window - overlap
        # What is beyond the last step by rounding alone is no window more.
        self.total = max(1, math.ceil((seconds - overlap) / self._step - 1e-9))

    def __iter__(self) -> Iterator[Window]:
        """The windows in their order."""
        for start, end in self._bounds():
            yield Window(self._recording, start, end)

    def merge(self, transcripts: Sequence[Transcript]) -> Transcript:
        """The transcript of the whole from those of its windows, whose times count from its beginning."""
        return merge(list(self._bounds()), transcripts, self._seconds)

    def _bounds(self) -> Iterator[tuple[float, float]]:
        for index in range(self.total):
            start = index * self._step
            is_last = index == self.total - 1
            yield start, self._seconds if is_last else start + self._window


def merge(
    bounds: Sequence[tuple[float, float]], transcripts: Sequence[Transcript], seconds: float
) -> Transcript:
    """The transcript of a recording from those of overlapping windows of it.

    Where two windows overlap, their words are aligned by time and text, so that a word which both heard is
    one word. Then one cut is made: before it stands what the first heard, after it what the second heard. It
    lies as near to the middle of the overlap, in as wide a pause, and between words on which both agree, as
    can be, and so that no word is taken from a window whose end may have cut it.

    Args:
        bounds: start and end of each window in seconds, rising; each overlaps with its neighbors alone.
        transcripts: what was heard in each, with times from the beginning of the recording.
        seconds: how long the recording is.
    """
    merged: list[SpacedWord] = []
    before = 0.0
    for (start, end), transcript in zip(bounds, transcripts, strict=True):
        heard = spaced(transcript)
        merged = _put_together(merged, heard, start, before) if merged else heard
        before = end
    words = [one.word for one in merged]
    confidence = fmean(word.confidence for word in words) if words else None
    return Transcript(text=joined(merged), words=words, confidence=confidence, seconds=seconds)


@dataclass(frozen=True, slots=True)
class _Unit:
    """A word of the recording, as either or both of two windows heard it."""

    first: SpacedWord | None
    second: SpacedWord | None

    @property
    def heard(self) -> list[SpacedWord]:
        return [one for one in (self.first, self.second) if one is not None]

    @property
    def is_sure(self) -> bool:
        """Whether both heard the same."""
        return (
            self.first is not None
            and self.second is not None
            and self.first.word.text == self.second.word.text
        )


def _put_together(
    first: list[SpacedWord], second: list[SpacedWord], start: float, end: float
) -> list[SpacedWord]:
    """What two windows heard that overlap from `start`, where the second begins, to `end` of the first."""
    old = [one for one in first if one.word.end <= start]
    new = [one for one in second if one.word.start >= end]
    units = _aligned(first[len(old) :], second[: len(second) - len(new)])
    cut = min(range(len(units) + 1), key=lambda place: _cost(units, place, start, end))
    kept = [unit.first for unit in units[:cut] if unit.first is not None]
    taken = [unit.second for unit in units[cut:] if unit.second is not None]
    after = [*taken, *new]
    if after and after[0] is not second[0]:
        return [*old, *kept, *after]
    # Nothing of the second window stands before this word: what the first heard there, it may know.
    space = units[cut].first.space if cut < len(units) and units[cut].first is not None else None  # type: ignore[union-attr]
    return [*old, *kept, *([SpacedWord(after[0].word, space)] if after else []), *after[1:]]


def _aligned(first: Sequence[SpacedWord], second: Sequence[SpacedWord]) -> list[_Unit]:
    """Pairs of words said at the same time, none crossing another, so that they overlap as long as can be.

    A pair of equal words counts twice. Words that stay alone lie between the pairs, in the order of time.
    """
    rows, columns = len(first), len(second)
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for row in range(rows - 1, -1, -1):
        for column in range(columns - 1, -1, -1):
            together = _together(first[row].word, second[column].word)
            best[row][column] = max(
                best[row + 1][column],
                best[row][column + 1],
                best[row + 1][column + 1] + together if together > 0 else 0.0,
            )
    units: list[_Unit] = []
    row = column = 0
    while row < rows and column < columns:
        together = _together(first[row].word, second[column].word)
        if together > 0 and best[row][column] == best[row + 1][column + 1] + together:
            units.append(_Unit(first[row], second[column]))
            row, column = row + 1, column + 1
        elif best[row + 1][column] == best[row][column + 1]:
            if first[row].middle <= second[column].middle:
                units.append(_Unit(first[row], None))
                row += 1
            else:
                units.append(_Unit(None, second[column]))
                column += 1
        elif best[row + 1][column] > best[row][column + 1]:
            units.append(_Unit(first[row], None))
            row += 1
        else:
            units.append(_Unit(None, second[column]))
            column += 1
    units += [_Unit(one, None) for one in first[row:]]
    units += [_Unit(None, one) for one in second[column:]]
    return units


def _together(one: Word, other: Word) -> float:
    """For how long two words are said at the same time, twice that for equal ones; 0 where they are not."""
    seconds = min(one.end, other.end) - max(one.start, other.start)
    return 0.0 if seconds <= 0 else seconds * (2 if one.text == other.text else 1)


def _cost(units: Sequence[_Unit], place: int, start: float, end: float) -> float:
    """How bad it is to change windows before unit `place`, in seconds."""
    left = max((one.word.end for unit in units[:place] for one in unit.heard), default=start)
    right = min((one.word.start for unit in units[place:] for one in unit.heard), default=end)
    left, right = max(left, start), min(right, end)
    pause = right - left
    middle = min(max((start + end) / 2, left), right) if pause > 0 else (left + right) / 2
    cost = abs(middle - (start + end) / 2) - min(pause, 0.3)
    neighbors = units[max(0, place - 1) : place + 1]
    cost += 0.25 * (end - start) * sum(not unit.is_sure for unit in neighbors)
    for index, unit in enumerate(units):
        chosen = unit.first if index < place else unit.second
        at_edge = unit.first is not None and unit.first.word.end > end - _EDGE
        if index < place and at_edge:
            cost += end - start
        at_edge = unit.second is not None and unit.second.word.start < start + _EDGE
        if index >= place and at_edge:
            cost += end - start
        if chosen is None:
            cost += 0.1 * (end - start)
    return cost
