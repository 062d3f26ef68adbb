"""Reading regular files only.

A pipe or a device in the place of a file would keep whoever opens it waiting, or never end.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path

from suite.errors import UserError
from suite.sources.unfetched import is_placeholder_mode

_NEVER_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_MAX_READ = 1 << 30  # at once: the system gives little more

_SPECIAL = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(path: str | Path) -> io.FileIO:
    """Open a file for reading, without a buffer; it is never waited for.

    Raises:
        UserError: if it is a pipe, a device or a socket.
        OSError: if it cannot be opened, or is a folder.
    """
    descriptor, _ = _open_regular(path)
    try:
        return io.FileIO(descriptor, "r")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: str | Path, check_size: Callable[[int], None] = lambda size: None) -> bytes:
    """The content of a file; the errors are those of `open_regular`.

    Args:
        path: of the file.
        check_size: called with its size before it is read.
    """
    # Not by a FileIO, which would look at the file once more, nor by a Path: most files are small and many.
    descriptor, size = _open_regular(path)
    try:
        check_size(size)
        pieces = []
        while piece := os.read(descriptor, min(size + 1, _MAX_READ)):
            pieces.append(piece)
            size = max(size - len(piece), 1 << 16)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
    finally:
        os.close(descriptor)


def _open_regular(path: str | Path) -> tuple[int, int]:
    """The descriptor of a file that has been opened for reading, and the size of the file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _NEVER_WAIT)
    except PermissionError:
        if not _fill(path):
            raise
        descriptor = os.open(path, os.O_RDONLY | _NEVER_WAIT)
    try:
        found = os.fstat(descriptor)
        while is_placeholder_mode(found.st_mode) and _fill(path):  # an administrator may read anything
            os.close(descriptor)
            descriptor = os.open(path, os.O_RDONLY | _NEVER_WAIT)
            found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            _refuse_mode(path, found.st_mode)
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        return descriptor, found.st_size
    except BaseException:
        os.close(descriptor)
        raise


def refuse_special(path: str | Path) -> None:
    """Refuse a path that another library is about to read, if there is no regular file but a pipe, say.

    Of data that is elsewhere, it fetches the file.

    Raises:
        UserError: if it is a pipe, a device or a socket.
        OSError: if there is nothing.
    """
    mode = Path(path).stat().st_mode
    _refuse_mode(path, mode)
    if is_placeholder_mode(mode):
        _fill(path)


def _fill(path: str | Path) -> bool:
    """Fetch the content of a placeholder; whether the file is to be opened again."""
    from suite.sources.mirrors import fill  # which hardly any file needs

    return fill(path)


def _refuse_mode(path: str | Path, mode: int) -> None:
    kind = next((kind for is_so, kind in _SPECIAL if is_so(mode)), "")
    if kind:
        raise UserError(f"{path} is {kind}, not a file: give a regular file")
