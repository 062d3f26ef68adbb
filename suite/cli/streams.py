"""The standard streams of the command: what becomes of output that nobody reads, or that holds commands.

A name from a stranger's file may hold control characters, which a terminal would obey: they are shown as
escapes. Notes and progress that cannot be shown (`suite train ... 2>&1 | head`) end nothing; output that
cannot be written is an error of its own.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")


def visible(text: str) -> str:
    """`text` with every control character but tabs and line ends shown as an escape."""
    return _CONTROL.sub(_escape, text) if _CONTROL.search(text) else text


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    # JSON leaves those from DEL on as they are, and this is how it escapes them.
    return f"\\u{code:04x}" if code >= 0x7F else f"\\x{code:02x}"


class _Stream:
    """A text stream; everything else than writing is that of the stream below."""

    def __init__(self, below: Any) -> None:
        self.below = below

    def __getattr__(self, name: str) -> Any:
        return getattr(self.below, name)

    def write(self, text: str) -> int:
        with self._watched():
            self.below.write(text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        with self._watched():
            self.below.flush()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        yield


class _Visible(_Stream):
    """Shows control characters instead of obeying them."""

    def write(self, text: str) -> int:
        self.below.write(visible(text))
        return len(text)


class _Output(_Stream):
    """The standard output, whose errors are said."""

    @contextmanager
    def _watched(self) -> Iterator[None]:
        from suite.files import writing

        with writing("the standard output"):
            yield


class _Notes(_Stream):
    """The error stream: once nobody can read it, what is written there is dropped."""

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError):  # ValueError: it was closed
            drop(self.below)


def drop(stream: Any) -> None:
    """Let everything that is still written to a stream, by child processes too, go nowhere."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextmanager
def standard_streams() -> Iterator[None]:
    """Give the process standard streams that can be used whatever it was started with."""
    before = sys.stdin, sys.stdout, sys.stderr
    if None in before:
        _open_closed()
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show is escaped; it does not end the program.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.stdout = _Visible(_Output(sys.stdout))
    sys.stderr = _Visible(_Notes(sys.stderr))
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = (
            then if then is not None else now
            for then, now in zip(before, (sys.stdin, _lowest(sys.stdout), _lowest(sys.stderr)), strict=True)
        )


def obeying(stream: Any) -> Any:
    """The stream below one that shows control characters: for what makes them itself."""
    return stream.below if isinstance(stream, _Visible) else stream


@contextmanager
def ended_like_interrupted() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does: keep what there is, and remove what is half written."""
    changes = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    )
    if changes:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        if changes:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _lowest(stream: Any) -> Any:
    while isinstance(stream, _Stream):
        stream = stream.below
    return stream


def _open_closed() -> None:
    """Open the closed ones of the first three descriptors: else the next file would become one of them."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest that is free
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - as long as the process
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
