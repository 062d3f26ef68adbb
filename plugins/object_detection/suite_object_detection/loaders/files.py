"""The beginnings and ends of files, which tell formats apart."""

from __future__ import annotations

from contextlib import suppress

from suite import UserError
from suite.sources import Source, open_file


def head_of(source: Source, count: int) -> bytes:
    """The first bytes of a file, without reading all of it if it is on disk."""
    return _bytes_of(source, (0,), count)


def ends_of(source: Source, count: int) -> bytes:
    """The first bytes of a file and the last ones behind them."""
    return _bytes_of(source, (0, max(0, source.size - count)), count)


def _bytes_of(source: Source, starts: tuple[int, ...], count: int) -> bytes:
    with suppress(UserError, OSError, ValueError), open_file(source.name) as file:
        return b"".join(file.read(count) for start in starts if file.seek(start) == start)
    content = source.read()  # in an archive; or it says why it cannot be read
    return b"".join(content[start : start + count] for start in starts)
