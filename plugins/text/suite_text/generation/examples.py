"""Texts of any size as passages that are read when they are asked for.

What is kept in memory is eight bytes a passage: the offsets between which it lies in its file.
"""

from __future__ import annotations

import os
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Protocol

import numpy as np

from suite import UserError
from suite.data import Example

BLOCK = 1 << 23
"""Bytes that are read at once while a file is indexed."""


class Storage(Protocol):
    """Bytes in UTF-8 that can be read in pieces, from several threads at once."""

    def read_at(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset`, fewer at the end. Raises `UserError` where they cannot be read."""


@dataclass(frozen=True, slots=True)
class FileStorage:
    """A file, opened for each piece: there may be more files than a process may keep open.

    Attributes:
        path: of the file.
        begin: where the text begins, after a byte order mark.
    """

    path: Path
    begin: int = 0

    def read_at(self, offset: int, size: int) -> bytes:
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
            try:
                return _pread(descriptor, size, self.begin + offset)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unreadable(str(self.path), error) from None


class Spool:
    """A temporary file without a name, to which text is written that lies elsewhere in another form."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the last mention of this)
        self.size = 0

    def write(self, texts: Iterable[str]) -> SpooledStorage:
        """Add texts, one after the other.

        Raises:
            UserError: where there is no room for them.
        """
        base = self.size
        try:
            self._file.seek(base)
            for text in texts:
                self.size += self._file.write(text.encode("utf-8", "replace"))
            self._file.flush()
        except OSError as error:
            raise UserError(
                f"there is no room in {tempfile.gettempdir()} for the text in UTF-8:"
                f" {(error.strerror or str(error)).lower()}"
            ) from None
        return SpooledStorage(self, base, self.size - base)

    def read_at(self, offset: int, size: int) -> bytes:
        """A piece of what was written."""
        return _pread(self._file.fileno(), size, offset)


@dataclass(frozen=True, slots=True)
class SpooledStorage:
    """A stretch of a `Spool`.

    Attributes:
        spool: the file.
        base: where the stretch begins.
        size: how long it is.
    """

    spool: Spool
    base: int
    size: int

    def read_at(self, offset: int, size: int) -> bytes:
        return self.spool.read_at(self.base + offset, max(0, min(size, self.size - offset)))


@dataclass(frozen=True, slots=True, eq=False)
class TextFile:
    """A file of passages.

    Attributes:
        name: for people, and in the ids of examples.
        storage: where its text is.
        bounds: int64 (passages + 1,), where passages begin and end.
        broken: numbers of the lines that are not all UTF-8.
        nul: numbers of the lines with NUL bytes.
    """

    name: str
    storage: Storage
    bounds: np.ndarray = field(repr=False)
    broken: Sequence[int] = field(default=(), repr=False)
    nul: Sequence[int] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a file, read when it is asked for; a `suite.sources.Source`.

    Attributes:
        file: in which it lies.
        start: its first byte, in UTF-8.
        size: the number of its bytes.
    """

    file: TextFile
    start: int
    size: int

    @property
    def name(self) -> str:
        """The file, and the byte at which it begins."""
        return f"{self.file.name}@{self.start}"

    def read(self) -> bytes:
        """Its bytes. Raises `UserError` where they cannot be read."""
        content = self.file.storage.read_at(self.start, self.size)
        if len(content) != self.size:
            raise UserError(f"{self.file.name} has become shorter since it was indexed")
        return content

    @property
    def text(self) -> str:
        """Its text; what is no UTF-8 is U+FFFD."""
        return self.read().decode("utf-8", "replace")


class Passages:
    """The passages of files as examples, whose target is their number of bytes in UTF-8.

    Args:
        files: indexed by `indexed`.
    """

    def __init__(self, files: Sequence[TextFile]) -> None:
        self._files = files
        self._ends = list(accumulate(len(file.bounds) - 1 for file in files))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: int, /) -> Example:
        index = int(index)
        if not 0 <= index < len(self):
            raise IndexError(index)
        number = bisect_right(self._ends, index)
        file = self._files[number]
        place = index - (self._ends[number - 1] if number else 0)
        start = int(file.bounds[place])
        size = int(file.bounds[place + 1]) - start
        return Example(f"{file.name}@{start}", Passage(file, start, size), size)

    def sizes(self) -> np.ndarray:
        """int64 (passages,), the number of bytes of each."""
        return np.concatenate([np.diff(file.bounds) for file in self._files])


def indexed(name: str, storage: Storage, most: int) -> TextFile:
    """A file cut into passages, which put together are the file again.

    A passage ends after the last line break that leaves it at least half full, else after the last space,
    else after any line break, any space, or between two characters. Only one block is in memory.

    Args:
        name: of the file.
        storage: its bytes, in UTF-8.
        most: bytes of a passage.

    Raises:
        UserError: where it cannot be read.
    """
    bounds = [np.zeros(1, np.int64)]
    broken: list[int] = []
    nul: list[int] = []
    offset = lines = 0  # of what is cut already
    rest = b""
    while True:
        block = storage.read_at(offset + len(rest), BLOCK)
        content = rest + block
        ends = list(_cuts(content, most, last=not block))
        done = ends[-1] if ends else 0
        bounds.append(np.array(ends, np.int64) + offset)
        cut = content[:done]
        if not _is_utf8(cut):
            broken += _lines_where(cut, lines, lambda line: not _is_utf8(line))
        if b"\0" in cut:
            nul += _lines_where(cut, lines, lambda line: b"\0" in line)
        lines += cut.count(b"\n")
        offset += done
        rest = content[done:]
        if not block:
            return TextFile(name, storage, np.concatenate(bounds), broken, nul)


def _cuts(content: bytes, most: int, last: bool) -> Iterator[int]:
    """Where passages end; what is left at the end is the last one only if nothing follows."""
    start, total = 0, len(content)
    find = content.rfind
    while total - start > most:
        limit = start + most
        half = start + most // 2
        end = (
            find(b"\n", half, limit) + 1
            or find(b" ", half, limit) + 1
            or find(b"\n", start, limit) + 1
            or find(b" ", start, limit) + 1
            or _between_characters(content, start, limit)
        )
        yield end
        start = end
    if last and start < total:
        yield total


def _between_characters(content: bytes, start: int, limit: int) -> int:
    """The last place before `limit` at which a character of UTF-8 begins; `limit` where that is none."""
    for end in range(limit, max(start, limit - 4), -1):
        if content[end] & 0xC0 != 0x80:
            return end
    return limit


def _is_utf8(content: bytes) -> bool:
    if content.isascii():
        return True
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _lines_where(content: bytes, before: int, holds: Callable[[bytes], bool]) -> list[int]:
    lines = content.split(b"\n")
    return [number for number, line in enumerate(lines, start=before + 1) if holds(line)]


def _pread(descriptor: int, size: int, offset: int) -> bytes:
    """So many bytes, fewer at the end of the file only."""
    content = os.pread(descriptor, size, offset)
    if len(content) in (0, size):
        return content
    pieces = [content]
    while content and (left := size - sum(map(len, pieces))):
        content = os.pread(descriptor, left, offset + size - left)
        pieces.append(content)
    return b"".join(pieces)


def _unreadable(name: str, error: OSError) -> UserError:
    return UserError(f"{name} cannot be read: {(error.strerror or str(error)).lower()}")
