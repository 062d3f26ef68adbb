"""Transcripts with times: subtitles (SubRip and WebVTT), and the files of words and phones that TIMIT has."""

from __future__ import annotations

import re
from typing import NamedTuple

_TIME = r"((?:\d{1,9}:)?\d{1,9}:\d+[.,]\d+)"
_ARROW = re.compile(rf"\s*{_TIME}\s+-->\s+{_TIME}")
_MARKUP = re.compile(r"<[^>]{0,1000}>|\{\\[^}]{0,1000}\}")
_NUMBERED = re.compile(r"(\d{1,18})\s+(\d{1,18})\s+(\S.*)", re.DOTALL)
_MIN_SAMPLES = 400
"""Fewer samples than this are no recording of speech: the numbers mean something else."""


class Cue(NamedTuple):
    """What is said between two times, in seconds."""

    start: float
    end: float
    text: str


def cues(text: str) -> list[Cue]:
    """The cues of subtitles, in their order, without markup; those without a text are left out."""
    found: list[Cue] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not (match := _ARROW.match(line)):
            continue
        said = []
        for following in lines[number + 1 :]:
            if not following.strip() or _ARROW.match(following):
                break
            said.append(_MARKUP.sub("", following))
        if words := " ".join(" ".join(said).split()):
            found.append(Cue(_seconds(match[1]), _seconds(match[2]), words))
    return found


def without_sample_numbers(texts: list[str]) -> list[str] | None:
    """Texts of TIMIT's form, `0 22838 She had your dark suit`, without the numbers of samples.

    Returns:
        None if any of them is of another form: then the numbers are said.
    """
    matches = [_NUMBERED.fullmatch(text.strip()) for text in texts]
    if not texts or not all(match and int(match[2]) - int(match[1]) >= _MIN_SAMPLES for match in matches):
        return None
    return [match[3] for match in matches if match]


def units(text: str) -> str:
    """The words or phones of a file with a line `START END WORD` for each, in samples."""
    matches = (_NUMBERED.fullmatch(line.strip()) for line in text.splitlines())
    return " ".join(match[3] for match in matches if match)


def _seconds(written: str) -> float:
    *larger, seconds = written.replace(",", ".").split(":")
    minutes = 0
    for count in larger:
        minutes = 60 * minutes + int(count)
    return 60 * minutes + float(seconds)
