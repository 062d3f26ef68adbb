"""Bytes of text in UTF-8 that are read in pieces: files, and what lies elsewhere in another form."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from suite import UserError
from suite.kit import reason
from suite.sources import open_file


class Storage(Protocol):
    """Bytes in UTF-8 that can be read in pieces, from several threads at once."""

    def read_at(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset`, fewer at the end. Raises `UserError` if they cannot be read."""


@dataclass(frozen=True, slots=True)
class FileStorage:
    """A file, opened for each piece: there may be more files than a process may keep open.

    Attributes:
        path: of the file.
        begin: the byte at which the text begins, after a byte order mark.
    """

    path: Path
    begin: int = 0

    def read_at(self, offset: int, size: int) -> bytes:
        try:
            with open_file(self.path) as file:
                return _pread(file.fileno(), size, self.begin + offset)
        except OSError as error:
            raise UserError(f"{self.path} cannot be read: {reason(error)}") from None


class Spool:
    """A temporary file without a name, for text that lies elsewhere in another form."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the last reference to this)
        self.size = 0

    def write(self, texts: Iterable[str]) -> SpooledStorage:
        """Add texts, one after the other.

        Raises:
            UserError: if there is no room for them.
        """
        base = self.size
        try:
            self._file.seek(base)
            for text in texts:
                self.size += self._file.write(text.encode("utf-8", "replace"))
            self._file.flush()
        except OSError as error:
            raise UserError(
                f"there is no room in {tempfile.gettempdir()} for the text in UTF-8: {reason(error)}"
            ) from None
        return SpooledStorage(self, base, self.size - base)

    def read_at(self, offset: int, size: int) -> bytes:
        """A piece of what was written."""
        return _pread(self._file.fileno(), size, offset)


@dataclass(frozen=True, slots=True)
class SpooledStorage:
    """A range of a `Spool`.

    Attributes:
        spool: the file.
        base: its first byte.
        size: the number of its bytes.
    """

    spool: Spool
    base: int
    size: int

    def read_at(self, offset: int, size: int) -> bytes:
        return self.spool.read_at(self.base + offset, max(0, min(size, self.size - offset)))


def _pread(descriptor: int, size: int, offset: int) -> bytes:
    """`size` bytes, fewer at the end of the file only."""
    content = os.pread(descriptor, size, offset)
    if len(content) in (0, size):
        return content
    pieces = [content]
    while content and (left := size - sum(map(len, pieces))):
        content = os.pread(descriptor, left, offset + size - left)
        pieces.append(content)
    return b"".join(pieces)
