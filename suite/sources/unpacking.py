"""Compressed files, unpacked no further than the limits allow: a thousand bytes can become a million."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import IO, Any, cast

from suite.errors import UserError, reason
from suite.limits import Unpacking, check_memory

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
        unpacking = Unpacking(name)
        pieces = []
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            while piece := packed.read(_BLOCK):
                unpacking.add(len(piece))
                pieces.append(piece)
        return b"".join(pieces)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{name} is damaged, or not compressed by gzip: {reason(error)}") from None


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
        self._unpacking = Unpacking(name, line_by_line=True)
        self._line = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        into = memoryview(buffer)
        try:
            count = self._packed.readinto(into)
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(f"{self._name} is damaged, or not compressed by gzip: {reason(error)}") from None
        self._unpacking.add(count)
        end = bytes(into[:count]).rfind(b"\n")
        self._line = self._line + count if end < 0 else count - end - 1
        check_memory(f"{self._name} has a line of {self._line:,} bytes and more", self._line)
        return count

    def close(self) -> None:
        if not self.closed:
            self._packed.close()
            self._file.close()
        super().close()
