"""Bytes with a name: files, and bytes in memory."""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from suite.documents import expanded
from suite.errors import UserError, reason
from suite.limits import check_file_size
from suite.regular_files import open_regular, read_regular
from suite.shown_addresses import with_addresses
from suite.sources.addresses import is_address
from suite.stopping import check_stop


class Source(Protocol):
    """Bytes with a name. Reading is safe from several threads at once."""

    @property
    def name(self) -> str:
        """For people: a path, or `archive.zip/member.jpg`."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    def read(self) -> bytes:
        """The whole content. Raises `UserError` if it cannot be read."""


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file on disk."""

    path: Path

    @property
    def name(self) -> str:
        """The path, or the address that it is a copy of."""
        return with_addresses(str(self.path))

    @property
    def size(self) -> int:
        """The number of bytes now."""
        try:
            return self.path.stat().st_size
        except OSError as error:
            raise UserError(f"{self.path} cannot be read: {reason(error)}") from None

    def read(self) -> bytes:
        """The whole content. Raises `UserError` if it cannot be read."""
        return read_file(self.path)


@dataclass(frozen=True, slots=True)
class BytesSource:
    """Bytes in memory."""

    content: bytes
    name: str = "the bytes"

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.content)

    def read(self) -> bytes:
        """The whole content."""
        return self.content


def source(raw: str | Path | bytes | bytearray | memoryview | Source | BinaryIO) -> Source:
    """The source of a raw input: a path becomes a file, bytes and an open file become bytes in memory.

    So does an address (`s3://bucket/a.jpg`): its file is fetched.

    What an open file holds is read from its beginning, as often as it is asked for; it stays open.

    Raises:
        TypeError: for anything else.
        UserError: if there is nothing at an address.
    """
    if isinstance(raw, str | Path):
        return FileSource(located(raw))
    if isinstance(raw, bytes | bytearray | memoryview):
        return BytesSource(bytes(raw))
    if hasattr(raw, "seek"):
        if not hasattr(raw, "read"):  # Pillow's images have the one without the other
            raise TypeError(_refused(raw))
        raw.seek(0)
        content = raw.read()
        if not isinstance(content, bytes):
            raise TypeError("a file of bytes is needed: open it with mode 'rb'")
        name = getattr(raw, "name", "")
        return BytesSource(content, name) if isinstance(name, str) and name else BytesSource(content)
    if callable(getattr(raw, "read", None)):
        return raw
    raise TypeError(_refused(raw))


def _refused(raw: object) -> str:
    return f"a path, bytes or a source is needed, not {type(raw).__name__}"


def located(path: str | Path) -> Path:
    """Where a path that a person gave can be read: `~` is a home, and an address the copy of what is there.

    Raises:
        UserError: if there is nothing at an address, or it cannot be read.
    """
    if not is_address(path):
        return expanded(path)
    from suite.sources.mirrors import known_mirror  # which hardly any data needs

    return known_mirror(path)


def read_file(path: str | Path) -> bytes:
    """The content of a file.

    Raises:
        UserError: if it cannot be read, is no regular file, or is larger than one input may be.
    """
    check_stop()
    try:
        return read_regular(path, functools.partial(check_file_size, path))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {reason(error)}") from None


def open_file(path: str | Path) -> io.FileIO:
    """Open a regular file for reading, without a buffer.

    Raises:
        UserError: if it cannot be opened, or is a folder, a pipe, a device or a socket.
    """
    try:
        return open_regular(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {reason(error)}") from None
