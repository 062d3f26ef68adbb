"""Sound files through libsndfile: known by what they hold, with random access, refused if cut off."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile

from suite import UserError
from suite.kit import reason
from suite.sources import FileSource, FolderTree, Member, Source
from suite_speech_recognition.audio.sound_files import cannot_be_decoded, cut_off, with_known_length

LOST = 0.02
"""A file is cut off if more than this share of what it announces, and 0.1 s at least, is missing."""

_RATES = range(1_000, 1_000_001)
_BLOCK, _LEAST_BLOCK = 1 << 20, 1 << 12
# After seeking, and so between two reads, libmpg123 lacks what the next frames of an MP3 file take from those
# before: 511 bytes, in which there can be 22 frames of the lowest rate.
_RESERVOIR = 1 << 15


def averaged(samples: np.ndarray) -> np.ndarray:
    """The mean of the channels: (samples, channels) as (samples,), float32."""
    mono: np.ndarray = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1, dtype=np.float32)
    return mono


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
        if self.rate not in _RATES:
            raise UserError(
                f"{name} says that it has {self.rate:,} samples per second: its header is damaged"
            )

    def mono(self, start: int, stop: int) -> np.ndarray:
        """The mean of the channels from frame `start` on and before `stop`, as float32 (frames,).

        Raises:
            UserError: if more is missing than `LOST`.
        """
        # In blocks: a damaged header may announce more than fits into memory. If one cannot be read,
        # smaller ones show how much there is.
        blocks: list[np.ndarray] = []
        have, size = start, _BLOCK
        while have < stop and size >= _LEAST_BLOCK:
            try:
                block = self._block(have, min(size, stop - have))
            except soundfile.LibsndfileError:
                size //= 4
                continue
            if not len(block):
                break
            blocks.append(averaged(block))
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
        before = min(start, self._before)
        if self._file.tell() != start - before:
            self._file.seek(start - before)
        block: np.ndarray = self._file.read(before + frames, dtype="float32", always_2d=True)[before:]
        return block


@contextmanager
def opened_file(raw: Any) -> Iterator[SoundFile]:
    """Open a file, and close it.

    Args:
        raw: a path, a `suite.sources.Source` or the bytes of a file.

    Raises:
        UserError: if it cannot be read, is none that libsndfile knows, or is cut off as its header shows.
    """
    if isinstance(raw, bytes):
        name, content = "the given file", raw
    elif isinstance(raw, str | os.PathLike):
        name, content = os.fspath(raw), None
    elif (path := _path_of(raw)) is not None:
        name, content = path, None
    elif hasattr(raw, "read"):
        name, content = raw.name, raw.read()
    else:
        raise UserError(
            f"{type(raw).__name__} is no recording: give a file, its bytes or an array of samples"
        )
    if content is not None:
        with io.BytesIO(content) as file, _decoder(name, file, file) as decoder:
            yield SoundFile(name, decoder)
        return
    try:
        file_on_disk = open(name, "rb", buffering=0)  # noqa: SIM115 (closed below)
    except OSError as error:
        raise UserError(f"{name} cannot be read: {reason(error)}") from None
    # By its descriptor, because libsndfile would also look at the ending of a name.
    with file_on_disk, _decoder(name, file_on_disk, file_on_disk.fileno()) as decoder:
        yield SoundFile(name, decoder)


def _path_of(source: Source) -> str | None:
    """The path of a file that need not be read as a whole."""
    if isinstance(source, FileSource):
        return str(source.path)
    if isinstance(source, Member) and isinstance(source.tree, FolderTree):
        return str(Path(source.tree.name, source.tree.names[source.index]))
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
            file.seek(0)
            handle = io.BytesIO(with_known_length(file.read() or b""))
            decoder = soundfile.SoundFile(handle)
    except soundfile.LibsndfileError as error:
        raise UserError(cannot_be_decoded(name, head, error.error_string)) from None
    with decoder:
        if message := cut_off(name, head, file, decoder, LOST):
            raise UserError(message)
        yield decoder
