"""Files in the cache whose content is still elsewhere: as long as the file, and readable by nobody."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from suite.sources.cache import key_of
from suite.sources.remote import Entry
from suite.sources.unfetched import PLACEHOLDER, is_placeholder_mode


def is_placeholder(path: Path) -> bool:
    """Whether the content of a file has not been fetched."""
    try:
        return is_placeholder_mode(path.stat().st_mode)
    except OSError:
        return False


def write_placeholder(path: Path, entry: Entry) -> None:
    """Make the placeholder of a file."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.ftruncate(descriptor, max(entry.size, 0))
    finally:
        os.close(descriptor)
    os.utime(path, ns=(_time(entry), _time(entry)))
    os.chmod(path, PLACEHOLDER)  # noqa: PTH101 - there may be a million


def make_readable(path: Path, entry: Entry) -> None:
    """Give a file that was fetched the right to be read, and the time that its placeholder had."""
    with suppress(OSError):
        path.chmod(0o644)
    os.utime(path, ns=(_time(entry), _time(entry)))


def _time(entry: Entry) -> int:
    """When it was changed, in seconds; its nanoseconds are made of its token: another one, another time."""
    seconds = entry.modified // 10**9 or 1_000_000_000
    return seconds * 10**9 + int(key_of(entry.token)[:7], 16) % 10**9
