"""Sound files through libsndfile: known by what they hold, with random access, refused if cut off."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import soundfile

from suite import UserError
from suite.kit import check_memory, reason
from suite.sources import FileSource, FolderTree, Member, Source, open_file, source
from suite_speech_recognition.audio.channels import one_channel
from suite_speech_recognition.audio.sound_files import (
    LOST,
    RATES,
    UNKNOWN,
    cannot_be_decoded,
    cut_off,
    read_by_av,
    with_known_length,
)

if TYPE_CHECKING:
    from suite_speech_recognition.audio.av_decoder import AvFile

_BLOCK, _LEAST_BLOCK = 1 << 20, 1 << 12
# After seeking, and so between two reads, libmpg123 lacks what the next frames of an MP3 file take from those
# before: 511 bytes, in which there can be 22 frames of the lowest rate.
_RESERVOIR = 1 << 15

_MAX_VALUES = 1 << 23
"""That are decoded at once of files with many channels."""


class SoundFile:
    """A file that libsndfile reads, with random access.

    Args:
        name: for people.
        file: open.

    Attributes:
        name: for people.
        rate: samples per second.
        channels: how many.
        frames: samples of each, as the header has it.
    """

    def __init__(self, name: str, file: soundfile.SoundFile) -> None:
        self.name = name
        self._file = file
        self.rate, self.channels, self.frames = file.samplerate, file.channels, file.frames
        self._before = _RESERVOIR if file.format == "MP3" else 0
        self._whole: np.ndarray | None = None
        if self.rate not in RATES:
            raise UserError(
                f"{name} says that it has {self.rate:,} samples per second: its header is damaged"
            )
        self._max_block = max(_LEAST_BLOCK, min(_BLOCK, _MAX_VALUES // max(1, self.channels)))
        if self.frames >= UNKNOWN:
            raise UserError(
                f"{name} does not say how long it is, as a file does not that was written to a pipe: convert"
                f" it (ffmpeg -i {Path(name).name} recording.flac)"
            )

    def mono(self, start: int, stop: int, channel: int | None = None) -> np.ndarray:
        """A channel, or the mean of all, from frame `start` on and before `stop`, as float32 (frames,).

        Raises:
            UserError: if more is missing than `LOST`.
        """
        # In blocks: a damaged header may announce more than fits into memory. If one cannot be read,
        # smaller ones show how much there is.
        blocks: list[np.ndarray] = []
        have, size = start, self._max_block
        while have < stop and size >= _LEAST_BLOCK:
            try:
                block = self._block(have, min(size, stop - have))
            except soundfile.LibsndfileError:
                size //= 4
                continue
            if not len(block):
                break
            blocks.append(one_channel(block, channel))
            have += len(block)
        missing = stop - have
        if not blocks or missing > max(LOST * (stop - start), 0.1 * self.rate):
            raise UserError(
                f"{self.name} is damaged or cut off: of its {self.frames / self.rate:.6g} s only"
                f" {have / self.rate:.6g} s can be decoded"
            )
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def _block(self, start: int, frames: int) -> np.ndarray:
        """float32 (frames or fewer, channels)."""
        if not self._file.seekable():  # GSM, G.721, G.723: each frame needs the one before
            if self._whole is None:
                check_memory(f"{self.name} is read as a whole", 4 * self.frames * self.channels)
                self._whole = self._file.read(self.frames, dtype="float32", always_2d=True)
            return self._whole[start : start + frames]
        before = min(start, self._before)
        if self._file.tell() != start - before:
            self._file.seek(start - before)
        block: np.ndarray = self._file.read(before + frames, dtype="float32", always_2d=True)[before:]
        return block


@contextmanager
def opened_file(raw: Any) -> Iterator[SoundFile | AvFile]:
    """Open a file, and close it.

    Args:
        raw: a path, a `suite.sources.Source`, the bytes of a file or an open file.

    Raises:
        UserError: if it cannot be read, is none that libsndfile or PyAV knows, or is cut off as its header
            shows.
    """
    if isinstance(raw, bytes | bytearray | memoryview):
        name, content = "the given file", bytes(raw)
    elif isinstance(raw, str | os.PathLike) and "://" in os.fspath(raw):
        named = source(os.fspath(raw))
        name, content = named.name, named.read()
    elif isinstance(raw, str | os.PathLike):
        name, content = os.fspath(raw), None
    elif (path := _path_of(raw)) is not None:
        name, content = path, None
    elif hasattr(raw, "read"):
        named = source(raw)
        name, content = named.name, named.read()
    else:
        raise UserError(
            f"{type(raw).__name__} is no recording: give a file, its bytes or an array of samples"
        )
    if kind := read_by_av(_head(name, content)):
        from suite_speech_recognition.audio.av_decoder import INSTALL, check_installed, opened_by_av

        check_installed(f"{name} is {kind}, which needs PyAV: {INSTALL}, or convert it to WAV or FLAC")
        with opened_by_av(name, content) as decoded:
            yield decoded
        return
    if content is not None:
        with io.BytesIO(content) as file, _decoder(name, file, file) as decoder:
            yield SoundFile(name, decoder)
        return
    # By its descriptor, because libsndfile would also look at the ending of a name.
    with open_file(name) as file_on_disk, _decoder(name, file_on_disk, file_on_disk.fileno()) as decoder:
        yield SoundFile(name, decoder)


def _head(name: str, content: bytes | None) -> bytes:
    """The first bytes of a file."""
    if content is not None:
        return content[:64]
    with open_file(name) as file:
        try:
            return file.read(64) or b""
        except OSError as error:
            raise UserError(f"{name} cannot be read: {reason(error)}") from None


def _path_of(raw: Source) -> str | None:
    """The path of a file that need not be read as a whole."""
    if isinstance(raw, FileSource):
        return str(raw.path)
    if isinstance(raw, Member) and isinstance(raw.tree, FolderTree):
        return str(Path(raw.tree.name, raw.tree.names[raw.index]))
    return None


@contextmanager
def _decoder(
    name: str, file: BinaryIO | io.RawIOBase, handle: BinaryIO | int
) -> Iterator[soundfile.SoundFile]:
    head = file.read(64) or b""
    file.seek(0)
    if not head:
        raise UserError(f"{name} is empty: it has no bytes")
    try:
        decoder = soundfile.SoundFile(handle, closefd=False)
        if decoder.frames == 0 and head[:4] == b"RIFF":
            decoder.close()
            check_memory(f"{name} does not say how long it is", file.seek(0, io.SEEK_END))
            file.seek(0)
            handle = io.BytesIO(with_known_length(file.read() or b""))
            decoder = soundfile.SoundFile(handle)
    except soundfile.LibsndfileError as error:
        raise UserError(cannot_be_decoded(name, head, error.error_string)) from None
    with decoder:
        if message := cut_off(name, head, file, decoder, LOST):
            raise UserError(message)
        yield decoder
