"""Compressed files, unpacked no further than the limits allow: a thousand bytes can become a million."""

from __future__ import annotations

import gzip
import io
import tempfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, cast

from suite.errors import UserError, reason
from suite.limits import ByteCount, check_memory, limits

_BLOCK = 1 << 20


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
        count = ByteCount(f"{name} unpacks to")
        pieces = []
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            while piece := packed.read(_BLOCK):
                count.add(len(piece))
                pieces.append(piece)
        return b"".join(pieces)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{name} is damaged, or not compressed by gzip: {reason(error)}") from None


def read_stream(stream: IO[bytes], name: str) -> bytes:
    """All that comes out of a stream. Raises `UserError` if it is more than one input may be."""
    count = ByteCount(f"{name} gives")
    pieces = []
    while piece := stream.read(_BLOCK):
        count.add(len(piece))
        pieces.append(piece)
    return b"".join(pieces)


def copy_stream(stream: IO[bytes], to: IO[bytes], name: str) -> None:
    """Copy a stream to a temporary file. Raises `UserError` if it is more than an archive may unpack to."""
    count = ByteCount(f"{name} gives", to=tempfile.gettempdir())
    while piece := stream.read(_BLOCK):
        count.add(len(piece))
        to.write(piece)


def stream_lines(stream: IO[bytes], name: str) -> Iterator[bytes]:
    """The lines of a stream, as they come. Raises `UserError` for one longer than one input may be."""
    most = int(limits().max_input_gb * 10**9)
    while line := stream.readline(most + 1):
        check_memory(f"{name} has a line of {len(line):,} bytes and more", len(line))
        yield line


def open_gzip(file: IO[bytes] | io.RawIOBase, name: str) -> io.BufferedReader:
    """A file that was compressed by gzip, to be read line by line; it closes `file` with it.

    Reading raises `UserError` if it is damaged, unpacks to more than an archive may, or has a line that is
    longer than one input may be.

    Args:
        file: open, at its beginning.
        name: of the file.
    """
    return io.BufferedReader(_Lines(file, name), _BLOCK)


class _Lines(io.RawIOBase):
    def __init__(self, file: IO[bytes] | io.RawIOBase, name: str) -> None:
        self._file = file
        self._packed = gzip.GzipFile(fileobj=cast("IO[bytes]", file))
        self._name = name
        self._total = ByteCount(f"{name} unpacks to", line_by_line=True)
        self._line = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        into = memoryview(buffer)
        try:
            count = self._packed.readinto(into)
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(f"{self._name} is damaged, or not compressed by gzip: {reason(error)}") from None
        self._total.add(count)
        end = bytes(into[:count]).rfind(b"\n")
        self._line = self._line + count if end < 0 else count - end - 1
        check_memory(f"{self._name} has a line of {self._line:,} bytes and more", self._line)
        return count

    def close(self) -> None:
        if not self.closed:
            self._packed.close()
            self._file.close()
        super().close()
