"""What libjpeg says of corrupt data, which it writes to C's standard error stream and nowhere else.

While images are decoded here, that stream (not Python's) is one in memory: nothing reaches the terminal, and
whoever decodes learns of it. Does nothing on systems whose C library is not known.
"""

from __future__ import annotations

import ctypes
import platform
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")


class _Stream:
    """C's standard error stream, and one in memory in its place while anything is decoded.

    Decoding a small image takes a tenth of a millisecond, so this takes a few microseconds.
    """

    def __init__(self) -> None:
        self._library: Any = None
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._waiting = 0
        self._decoding = 0
        self._alone = False
        symbol = _symbol()
        if symbol is None:
            return
        try:
            # Calls keep Python's lock: they are short, and whoever holds the stream's needs it not.
            library = ctypes.PyDLL(None)
            self._pointer = ctypes.c_void_p.in_dll(library, symbol)
            library.open_memstream.restype = ctypes.c_void_p
            library.ftell.argtypes = [ctypes.c_void_p]
            library.ftell.restype = ctypes.c_long
            library.fflush.argtypes = [ctypes.c_void_p]
            self._text, self._size = ctypes.c_void_p(), ctypes.c_size_t()
            stream = library.open_memstream(ctypes.byref(self._text), ctypes.byref(self._size))
        except (AttributeError, OSError, ValueError):
            return
        if stream:
            self._memory, self._original, self._library = stream, self._pointer.value, library
            self._ftell = library.ftell

    @property
    def known(self) -> bool:
        """Whether anything can be learned."""
        return self._library is not None

    def enter(self) -> None:
        """Decode beside others."""
        with self._lock:
            while self._alone:
                self._wait()
            self._decoding += 1
            if self._decoding == 1:
                self._pointer.value = self._memory

    def enter_alone(self) -> None:
        """Decode when nobody else does."""
        with self._lock:
            while self._decoding:
                self._wait()
            self._alone, self._decoding = True, 1
            self._pointer.value = self._memory

    def leave(self) -> None:
        """Decoding is done."""
        with self._lock:
            self._alone = False
            self._decoding -= 1
            if not self._decoding:
                self._pointer.value = self._original
            if self._waiting:
                self._idle.notify_all()

    def _wait(self) -> None:
        self._waiting += 1
        self._idle.wait()
        self._waiting -= 1

    def position(self) -> int:
        """How much was written so far."""
        written: int = self._ftell(self._memory)
        return written

    def text(self, start: int) -> str:
        """What was written since it was at `start`."""
        self._library.fflush(self._memory)
        size = self.position() - start
        if size <= 0 or not self._text.value:
            return ""
        return ctypes.string_at(self._text.value + start, size).decode("utf-8", "replace")


def _symbol() -> str | None:
    if sys.platform == "darwin":
        return "__stderrp"
    return "stderr" if platform.libc_ver()[0] == "glibc" else None


_stream = _Stream()


def watched(decode: Callable[[], Result]) -> tuple[Result, str]:
    """The result of `decode`, and what a C library wrote to standard error meanwhile.

    Threads decode at once. Only if something was written does one do so again, alone, to learn whether it was
    about its own image.
    """
    if not _stream.known:
        return decode(), ""
    _stream.enter()
    try:
        start = _stream.position()
        result = decode()
        silent = _stream.position() == start
    finally:
        _stream.leave()
    if silent:
        return result, ""
    _stream.enter_alone()
    try:
        start = _stream.position()
        result = decode()
        return result, _stream.text(start)
    finally:
        _stream.leave()


def can_watch() -> bool:
    """Whether `watched` learns anything on this system."""
    return _stream.known
