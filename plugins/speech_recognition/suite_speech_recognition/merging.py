"""Transcripts of overlapping chunks put together again, by the times of their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from suite_speech_recognition.spacing import SpacedWord, join_words, spaced
from suite_speech_recognition.types import Transcript, Word

_EDGE = 0.1
"""Within so many seconds of a chunk's end a word may have been cut by it."""


def merge(
    bounds: Sequence[tuple[float, float]], transcripts: Sequence[Transcript], seconds: float
) -> Transcript:
    """The transcript of a recording from those of overlapping chunks of it.

    Where two chunks overlap, their words are aligned by time and text, so that a word which both have is
    one word. Then one cut is made: before it stands what the first chunk has, after it what the second has.
    The cut lies as near to the middle of the overlap, in as wide a pause, and between words on which both
    agree, as can be, and so that no word is taken from a chunk whose end may have cut it.

    Args:
        bounds: start and end of each chunk in seconds, rising; each overlaps with its neighbors alone.
        transcripts: what each chunk says, with times from the beginning of the recording.
        seconds: how long the recording is.
    """
    merged: list[SpacedWord] = []
    before = 0.0
    for (start, end), transcript in zip(bounds, transcripts, strict=True):
        later = spaced(transcript)
        merged = _put_together(merged, later, start, before) if merged else later
        before = end
    words = [spaced_word.word for spaced_word in merged]
    confidence = fmean(word.confidence for word in words) if words else None
    return Transcript(text=join_words(merged), words=words, confidence=confidence, seconds=seconds)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A word of the recording, as either or both of two chunks have it."""

    first: SpacedWord | None
    second: SpacedWord | None

    @property
    def words(self) -> list[Word]:
        return [spaced_word.word for spaced_word in (self.first, self.second) if spaced_word is not None]

    @property
    def is_sure(self) -> bool:
        """Whether both chunks have the same."""
        return (
            self.first is not None
            and self.second is not None
            and self.first.word.text == self.second.word.text
        )


def _put_together(
    first: list[SpacedWord], second: list[SpacedWord], start: float, end: float
) -> list[SpacedWord]:
    """The words of two chunks that overlap from `start`, where the second begins, to `end` of the first."""
    old = [spaced_word for spaced_word in first if spaced_word.word.end <= start]
    new = [spaced_word for spaced_word in second if spaced_word.word.start >= end]
    pairs = _aligned(first[len(old) :], second[: len(second) - len(new)])
    cut = min(range(len(pairs) + 1), key=lambda position: _cost(pairs, position, start, end))
    kept = [pair.first for pair in pairs[:cut] if pair.first is not None]
    taken = [pair.second for pair in pairs[cut:] if pair.second is not None]
    after = [*taken, *new]
    if after and after[0] is not second[0]:
        return [*old, *kept, *after]
    # Nothing of the second chunk stands before this word: what stands there, the first may know.
    spoken = pairs[cut].first if cut < len(pairs) else None
    space = None if spoken is None else spoken.space
    return [*old, *kept, *([SpacedWord(after[0].word, space)] if after else []), *after[1:]]


def _aligned(first: Sequence[SpacedWord], second: Sequence[SpacedWord]) -> list[_Pair]:
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
    pairs: list[_Pair] = []
    row = column = 0
    while row < rows and column < columns:
        together = _together(first[row].word, second[column].word)
        if together > 0 and best[row][column] == best[row + 1][column + 1] + together:
            pairs.append(_Pair(first[row], second[column]))
            row, column = row + 1, column + 1
        elif best[row + 1][column] == best[row][column + 1]:
            if first[row].middle <= second[column].middle:
                pairs.append(_Pair(first[row], None))
                row += 1
            else:
                pairs.append(_Pair(None, second[column]))
                column += 1
        elif best[row + 1][column] > best[row][column + 1]:
            pairs.append(_Pair(first[row], None))
            row += 1
        else:
            pairs.append(_Pair(None, second[column]))
            column += 1
    pairs += [_Pair(spaced_word, None) for spaced_word in first[row:]]
    pairs += [_Pair(None, spaced_word) for spaced_word in second[column:]]
    return pairs


def _together(first: Word, second: Word) -> float:
    """For how long two words are said at the same time, twice that if they are equal; 0 if they are not."""
    seconds = min(first.end, second.end) - max(first.start, second.start)
    return 0.0 if seconds <= 0 else seconds * (2 if first.text == second.text else 1)


def _cost(pairs: Sequence[_Pair], position: int, start: float, end: float) -> float:
    """How bad it is to go over to the second chunk before a pair, in seconds."""
    left = max((word.end for pair in pairs[:position] for word in pair.words), default=start)
    right = min((word.start for pair in pairs[position:] for word in pair.words), default=end)
    left, right = max(left, start), min(right, end)
    pause = right - left
    middle = min(max((start + end) / 2, left), right) if pause > 0 else (left + right) / 2
    cost = abs(middle - (start + end) / 2) - min(pause, 0.3)
    neighbors = pairs[max(0, position - 1) : position + 1]
    cost += 0.25 * (end - start) * sum(not pair.is_sure for pair in neighbors)
    for index, pair in enumerate(pairs):
        taken = pair.first if index < position else pair.second
        at_edge = pair.first is not None and pair.first.word.end > end - _EDGE
        if index < position and at_edge:
            cost += end - start
        at_edge = pair.second is not None and pair.second.word.start < start + _EDGE
        if index >= position and at_edge:
            cost += end - start
        if taken is None:
            cost += 0.1 * (end - start)
    return cost
