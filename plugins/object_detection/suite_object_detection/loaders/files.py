"""The beginnings and ends of files, which tell formats apart."""

from __future__ import annotations

from contextlib import suppress

from suite.sources import Source


def head_of(source: Source, count: int) -> bytes:
    """The first bytes of a file, without reading all of it if it is on disk."""
    return _bytes_of(source, 0, count)


def tail_of(source: Source, count: int) -> bytes:
    """The last bytes of a file."""
    return _bytes_of(source, max(0, source.size - count), count)


def _bytes_of(source: Source, start: int, count: int) -> bytes:
    with suppress(OSError, ValueError), open(source.name, "rb") as file:
        file.seek(start)
        return file.read(count)
    return source.read()[start : start + count]  # in an archive; or it says why it cannot be read
