"""Transcripts as text files and as subtitles: SubRip (.srt) and WebVTT (.vtt, www.w3.org/TR/webvtt1)."""

from __future__ import annotations

import html
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from suite import UserError
from suite.evaluation.prediction_files import FILE_NAME
from suite.kit import atomic_write, reason
from suite.sources import FileSource, Member
from suite_speech_recognition.recordings import Recording
from suite_speech_recognition.spacing import SpacedWord, joined, spaced
from suite_speech_recognition.types import Transcript, Word
from suite_speech_recognition.utterances import Utterance

LINE = 42
"""Letters of a line of a subtitle at most, as broadcasters have it; a Chinese character counts as two."""

LINES = 2
"""Lines of a subtitle at most."""

LONGEST = 5.0
"""Seconds that a subtitle stands at most."""

SHORTEST = 1.0
"""Seconds that it stands at least, where the next one leaves the time."""

PAUSE = 0.8
"""Seconds of silence after which a new one begins."""


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

    A new one begins after a pause, and where one would stand too long or hold too much. A word that is longer
    than a line has a line of its own.
    """
    words = spaced(transcript)
    if not words and transcript.text:  # from elsewhere, without times
        whole = Word(text=transcript.text, start=0.0, end=transcript.seconds or LONGEST, confidence=1.0)
        words = [SpacedWord(whole)]
    groups = list(_groups(words))
    found = []
    for index, group in enumerate(groups):
        start = max(0.0, group[0].word.start)
        latest = groups[index + 1][0].word.start if index + 1 < len(groups) else float("inf")
        end = max(group[-1].word.end, min(start + SHORTEST, latest))
        found.append(Cue(start, max(end, start + 0.001), tuple(_lines(group))))
    return found


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


class TranscriptWriter(ABC):
    """Writes a file for each recording into a folder, or one recording to one file.

    Files are called like their recordings, with another ending, and in what was a folder or an archive lie in
    the same folders below; of two that would be called the same the later one gets a number. What a
    microphone heard becomes one file. Nothing that is there already is overwritten, except in a folder that
    `suite predict` wrote its lines to before.

    Args:
        path: with an ending a file, else a folder, which is made where it is not there.
        facts: of the data that the model was trained on; not needed.

    Attributes:
        suffix: the ending of what is written.
    """

    suffix: str

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        self._path = path
        self._is_folder = path.is_dir() or not path.suffix
        self._overwrites = self._is_folder and (path / FILE_NAME).exists()
        self._written: list[Path] = []
        self._name = ""
        self._heard: tuple[str, list[SpacedWord]] | None = None
        if not self._is_folder:
            self._refuse_to_overwrite(path)
            return
        if path.exists() and not path.is_dir():
            raise UserError(f"{path} is a file, but transcripts of several recordings need a folder")
        try:
            path.mkdir(exist_ok=True)
        except OSError as error:
            raise _not_written(path, error) from None

    @abstractmethod
    def content(self, transcript: Transcript) -> str:
        """What the file of a recording says."""

    def add(self, raw: Any, name: str, prediction: Transcript) -> None:
        """Write the next transcript, or keep it where it is only a part of what a microphone hears.

        Raises:
            suite.UserError: where it cannot be written, is not to be overwritten, or is a second one for one
                file.
        """
        if isinstance(raw, Utterance):  # its times count from the first one's beginning
            if self._heard is None or self._heard[0] != raw.source:
                self._finish()
                self._heard = raw.source, []
            self._heard[1].extend(spaced(prediction))
            return
        self._finish()
        self._write(_relative_name(raw, name), name, prediction)

    def close(self) -> Sequence[Path]:
        """Finish what was begun, and say what was written."""
        self._finish()
        return self._written

    def _finish(self) -> None:
        if self._heard is not None:
            (source, words), self._heard = self._heard, None
            transcript = Transcript(text=joined(words), words=[one.word for one in words])
            self._write(PurePosixPath(source.replace(":", "-")), source, transcript)

    def _write(self, relative: PurePosixPath, name: str, transcript: Transcript) -> None:
        path = self._free(relative) if self._is_folder else self._only(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._refuse_to_overwrite(path)
            atomic_write(path, self.content(transcript).encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise _not_written(path, error) from None
        self._written.append(path)

    def _only(self, name: str) -> Path:
        if self._written:
            raise UserError(
                f"{self._path} is one file and has the transcript of {self._name}; for {name} too, it takes"
                f" a folder: --out {self._path.with_suffix('')}"
            )
        self._name = name
        return self._path

    def _free(self, relative: PurePosixPath) -> Path:
        wanted = self._path / relative.with_suffix(self.suffix)
        path, number = wanted, 2
        while path in self._written:
            path = wanted.with_stem(f"{wanted.stem}-{number}")
            number += 1
        return path

    def _refuse_to_overwrite(self, path: Path) -> None:
        if path.exists() and not self._overwrites:
            raise UserError(f"{path} is there already and is not overwritten: give another name with --out")


class TextWriter(TranscriptWriter):
    """Writes what is said as it is."""

    suffix = ".txt"

    def content(self, transcript: Transcript) -> str:
        """The text and the end of a line."""
        return f"{transcript.text}\n"


class SrtWriter(TranscriptWriter):
    """Writes SubRip."""

    suffix = ".srt"

    def content(self, transcript: Transcript) -> str:
        """See `srt`."""
        return srt(transcript)


class VttWriter(TranscriptWriter):
    """Writes WebVTT."""

    suffix = ".vtt"

    def content(self, transcript: Transcript) -> str:
        """See `vtt`."""
        return vtt(transcript)


def _groups(words: Sequence[SpacedWord]) -> Iterator[list[SpacedWord]]:
    """The words of each subtitle."""
    group: list[SpacedWord] = []
    for one in words:
        if group and (
            one.word.start - group[-1].word.end > PAUSE
            or one.word.end - group[0].word.start > LONGEST
            or len(_lines([*group, one])) > LINES
        ):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _lines(words: Sequence[SpacedWord]) -> list[str]:
    lines: list[list[SpacedWord]] = []
    for one in words:
        if lines and _width(joined([*lines[-1], one])) <= LINE:
            lines[-1].append(one)
        else:
            lines.append([one])
    return [joined(line) for line in lines]


def _width(text: str) -> int:
    """In letters: what East Asian scripts write in a square counts as two (Unicode Annex 11)."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _time(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return (
        f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d}{point}{milliseconds % 1000:03d}"
    )


def _relative_name(raw: Any, name: str) -> PurePosixPath:
    """The path of a member within its folder or archive; of anything else the last part of its name."""
    source = raw.source if isinstance(raw, Recording) else raw
    if isinstance(source, Member):
        return PurePosixPath(source.tree.names[source.index])
    if isinstance(source, FileSource):
        return PurePosixPath(PurePath(source.name).name)
    return PurePosixPath(PurePath(name).name or "recording")


def _not_written(path: Path, error: OSError) -> UserError:
    return UserError(f"{path} cannot be written: {reason(error)}")
