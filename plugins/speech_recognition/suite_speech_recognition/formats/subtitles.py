"""Transcripts as subtitles: SubRip (.srt) and WebVTT (.vtt, www.w3.org/TR/webvtt1)."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from suite_speech_recognition.spacing import SpacedWord, join_words, spaced
from suite_speech_recognition.types import Transcript, Word

MAX_LINE = 42
"""Letters of a line of a subtitle at most, as broadcasters have it; a Chinese character counts as two."""

MAX_LINES = 2
"""Lines of a subtitle at most."""

MAX_SECONDS = 5.0
"""Seconds that a subtitle stands at most."""

MIN_SECONDS = 1.0
"""Seconds that it stands at least, if the next one leaves the time."""

PAUSE = 0.8
"""Seconds of silence after which a new subtitle begins."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle.

    Attributes:
        start: seconds from the beginning.
        end: the same, after `start`.
        lines: what it says.
    """

    start: float
    end: float
    lines: tuple[str, ...]


def cues(transcript: Transcript) -> list[Cue]:
    """A transcript as subtitles.

    A new one begins after a pause, and when the last one would stand too long or hold too much. A word that
    is longer than a line has a line of its own.
    """
    words = spaced(transcript)
    if not words and transcript.text:  # from elsewhere, without times
        whole = Word(text=transcript.text, start=0.0, end=transcript.seconds or MAX_SECONDS, confidence=1.0)
        words = [SpacedWord(whole)]
    groups = list(_groups(words))
    subtitles = []
    for index, group in enumerate(groups):
        start = max(0.0, group[0].word.start)
        latest = groups[index + 1][0].word.start if index + 1 < len(groups) else float("inf")
        end = max(group[-1].word.end, min(start + MIN_SECONDS, latest))
        subtitles.append(Cue(start, max(end, start + 0.001), tuple(_lines(group))))
    return subtitles


def srt(transcript: Transcript) -> str:
    """A transcript as the content of a SubRip file."""
    blocks = [
        "\n".join((str(number), f"{_time(cue.start, ',')} --> {_time(cue.end, ',')}", *cue.lines))
        for number, cue in enumerate(cues(transcript), start=1)
    ]
    return "\n\n".join(blocks) + "\n" * bool(blocks)


def vtt(transcript: Transcript) -> str:
    """A transcript as the content of a WebVTT file."""
    blocks = ["WEBVTT"]
    for cue in cues(transcript):
        lines = [html.escape(line, quote=False) for line in cue.lines]
        blocks.append("\n".join((f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}", *lines)))
    return "\n\n".join(blocks) + "\n"


def _groups(words: Sequence[SpacedWord]) -> Iterator[list[SpacedWord]]:
    """The words of each subtitle."""
    group: list[SpacedWord] = []
    for word in words:
        if group and (
            word.word.start - group[-1].word.end > PAUSE
            or word.word.end - group[0].word.start > MAX_SECONDS
            or len(_lines([*group, word])) > MAX_LINES
        ):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _lines(words: Sequence[SpacedWord]) -> list[str]:
    lines: list[list[SpacedWord]] = []
    for word in words:
        if lines and _width(join_words([*lines[-1], word])) <= MAX_LINE:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [join_words(line) for line in lines]


def _width(text: str) -> int:
    """In letters: what East Asian scripts write in a square counts as two (Unicode Annex 11)."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _time(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return (
        f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d}{point}{milliseconds % 1000:03d}"
    )
