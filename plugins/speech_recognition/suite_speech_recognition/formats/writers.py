"""Writers of transcripts: a text file or a subtitle file for each recording, or lines of a text file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from suite import UserError
from suite.evaluation import PREDICTIONS_FILE
from suite.kit import atomic_write, unwritable
from suite.sources import FileSource, Member
from suite_speech_recognition.audio.live import LiveUtterance
from suite_speech_recognition.audio.recordings import Recording
from suite_speech_recognition.formats.subtitles import srt, vtt
from suite_speech_recognition.spacing import SpacedWord, join_words, spaced
from suite_speech_recognition.types import Transcript


class TranscriptWriter(ABC):
    """Writes a file for each recording into a folder, or one recording to one file.

    Files are named after their recordings, with another ending. Those of a folder or an archive lie in the
    same folders below; of two that would have the same name the later one keeps the folder that it comes
    from, or gets a number. What a microphone heard becomes one file. No file that exists is overwritten,
    except in a folder that `suite predict` wrote its lines to before.

    Args:
        path: a file if it has an ending, else a folder, which is made if it does not exist.
        facts: of the data that the model was trained on; not needed.

    Attributes:
        suffix: the ending of what is written.
    """

    suffix: str

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        self._path = path
        self._is_folder = path.is_dir() or not path.suffix
        self._overwrites = self._is_folder and (path / PREDICTIONS_FILE).exists()
        self._written: list[Path] = []
        self._folders: dict[Path, str] = {}
        self._name = ""
        self._live: tuple[str, list[SpacedWord]] | None = None
        if not self._is_folder:
            self._refuse_to_overwrite(path)
            return
        if path.exists() and not path.is_dir():
            raise UserError(f"{path} is a file, but transcripts of several recordings need a folder")
        try:
            path.mkdir(exist_ok=True)
        except OSError as error:
            raise unwritable(path, error) from None

    @abstractmethod
    def content(self, transcript: Transcript) -> str:
        """The content of the file of a recording."""

    def add(self, raw: Any, name: str, prediction: Transcript) -> None:
        """Write the next transcript, or keep it if it is one utterance of many from a microphone.

        Raises:
            suite.UserError: if it cannot be written, would overwrite a file, or is the second for one file.
        """
        if isinstance(raw, LiveUtterance):  # its times count from the first one's beginning
            if self._live is None or self._live[0] != raw.source:
                self._finish()
                self._live = raw.source, []
            self._live[1].extend(spaced(prediction))
            return
        self._finish()
        self._write(_relative_name(raw, name), name, prediction, _folder_name(raw))

    def close(self) -> Sequence[Path]:
        """Finish what was begun, and return what was written."""
        self._finish()
        return self._written

    def _finish(self) -> None:
        if self._live is not None:
            (source, words), self._live = self._live, None
            transcript = Transcript(text=join_words(words), words=[word.word for word in words])
            self._write(PurePosixPath(source.replace(":", "-")), source, transcript)

    def _write(self, relative: PurePosixPath, name: str, transcript: Transcript, folder: str = "") -> None:
        path = self._free(relative, folder) if self._is_folder else self._only(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._refuse_to_overwrite(path)
            atomic_write(path, self.content(transcript).encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise unwritable(path, error) from None
        self._written.append(path)

    def _only(self, name: str) -> Path:
        if self._written:
            raise UserError(
                f"{self._path} is one file and has the transcript of {self._name}; to write {name} too, give"
                f" a folder: --out {self._path.with_suffix('')}"
            )
        self._name = name
        return self._path

    def _free(self, relative: PurePosixPath, folder: str) -> Path:
        wanted = self._path / relative.with_suffix(self.suffix)
        if folder and self._folders.setdefault(wanted, folder) != folder:
            wanted = self._path / folder / relative.with_suffix(self.suffix)
        path, number = wanted, 2
        while path in self._written:
            path = wanted.with_stem(f"{wanted.stem}-{number}")
            number += 1
        return path

    def _refuse_to_overwrite(self, path: Path) -> None:
        if path.exists() and not self._overwrites:
            raise UserError(f"{path} exists already and is not overwritten: give another name with --out")


class TextWriter(TranscriptWriter):
    """Writes the text alone; in one file a line for each recording, in their order."""

    suffix = ".txt"

    def content(self, transcript: Transcript) -> str:
        """The text in a line."""
        return f"{' '.join(transcript.text.splitlines())}\n"

    def _write(self, relative: PurePosixPath, name: str, transcript: Transcript, folder: str = "") -> None:
        if self._is_folder or not self._written:
            super()._write(relative, name, transcript, folder)
            return
        try:
            with self._path.open("ab") as file:
                file.write(self.content(transcript).encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise unwritable(self._path, error) from None


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


def _relative_name(raw: Any, name: str) -> PurePosixPath:
    """The path of a member within its folder or archive; of anything else the last part of its name."""
    source = raw.source if isinstance(raw, Recording) else raw
    if isinstance(source, Member):
        return PurePosixPath(source.tree.names[source.index])
    if isinstance(source, FileSource):
        return PurePosixPath(PurePath(source.name).name)
    return PurePosixPath(PurePath(name).name or "recording")


def _folder_name(raw: Any) -> str:
    """The name of the folder or archive that a recording comes from; empty if it comes from none."""
    source = raw.source if isinstance(raw, Recording) else raw
    if isinstance(source, Member):
        return PurePath(source.tree.name).stem
    return source.path.resolve().parent.name if isinstance(source, FileSource) else ""
