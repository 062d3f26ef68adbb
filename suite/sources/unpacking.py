"""Compressed files, unpacked no further than the limits allow: a thousand bytes can become a million."""

from __future__ import annotations

import gzip
import io
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from suite.errors import UserError, reason
from suite.limits import ByteCount, check_memory, limits
from suite.sources.source_types import open_file

_BLOCK = 1 << 20


def counted_blocks(stream: IO[bytes] | gzip.GzipFile, count: ByteCount) -> Iterator[bytes]:
    """What comes out of a stream, block by block. Raises `UserError` if it is too much."""
    while block := stream.read(_BLOCK):
        count.add(len(block))
        yield block


def gunzipped(content: bytes, name: str, max_bytes: int = -1) -> bytes:
    """What was compressed by gzip.

    Args:
        content: of the file, or its beginning if `max_bytes` is given.
        name: of the file.
        max_bytes: how much of it is wanted, about; -1: all.

    Raises:
        UserError: if it is damaged, or more than one input may be.
    """
    try:
        if max_bytes >= 0:
            return zlib.decompressobj(31).decompress(content, max_bytes)
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            return b"".join(counted_blocks(packed, ByteCount(f"{name} unpacks to")))
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{name} is damaged, or not compressed by gzip: {reason(error)}") from None


def read_stream(stream: IO[bytes], name: str) -> bytes:
    """All that comes out of a stream. Raises `UserError` if it is more than one input may be."""
    return b"".join(counted_blocks(stream, ByteCount(f"{name} gives")))


def copy_stream(stream: IO[bytes], to: IO[bytes], name: str) -> None:
    """Copy a stream to a temporary file. Raises `UserError` if it is more than an archive may unpack to."""
    to.writelines(counted_blocks(stream, ByteCount(f"{name} gives", to=tempfile.gettempdir())))


def stream_lines(stream: IO[bytes], name: str) -> Iterator[bytes]:
    """The lines of a stream, as they come. Raises `UserError` for one longer than one input may be."""
    most = int(limits().max_input_gb * 10**9 / _COPIES)
    while line := stream.readline(most + 1):
        _check_line(name, len(line))
        yield line


def open_lines(path: str | Path, name: str | None = None) -> io.BufferedReader:
    """Open a file that is to be read line by line; one that ends with .gz is unpacked.

    Reading raises `UserError` if it is damaged, unpacks to more than an archive may, or has a line that is
    longer than one input may be.

    Args:
        path: of the file.
        name: for people; None for its path.

    Raises:
        UserError: if it cannot be opened, or is no regular file.
    """
    file = open_file(path)
    name = str(path) if name is None else name
    if not str(path).lower().endswith(".gz"):
        return io.BufferedReader(_Lines(file, name), _BLOCK)
    return io.BufferedReader(_PackedLines(io.BufferedReader(file), name), _BLOCK)


_COPIES = 4
"""Of a line that are in memory while it is put together and decoded."""


def _check_line(name: str, size: int) -> None:
    if size > _BLOCK or limits().max_input_gb < 0.1:
        check_memory(f"{name} has a line of {size:,} bytes and more", _COPIES * size)


class _Lines(io.RawIOBase):
    """Reads a file, and looks how long its lines are."""

    def __init__(self, file: io.RawIOBase, name: str) -> None:
        self._file = file
        self._name = name
        self._line = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        into = memoryview(buffer)
        count = self._read(into)
        end = bytes(into[:count]).rfind(b"\n")
        self._line = self._line + count if end < 0 else count - end - 1
        _check_line(self._name, self._line)
        return count

    def _read(self, into: memoryview) -> int:
        count: int | None = self._file.readinto(into)
        return count or 0

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


class _PackedLines(_Lines):
    """The same, of what was compressed by gzip."""

    def __init__(self, file: io.BufferedReader, name: str) -> None:
        packed = gzip.GzipFile(fileobj=file)
        super().__init__(cast("io.RawIOBase", packed), name)
        self._below = file
        self._total = ByteCount(f"{name} unpacks to", line_by_line=True)

    def _read(self, into: memoryview) -> int:
        try:
            count = super()._read(into)
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(f"{self._name} is damaged, or not compressed by gzip: {reason(error)}") from None
        self._total.add(count)
        return count

    def close(self) -> None:
        super().close()
        self._below.close()
