"""What the loaders share: which files are recordings, and lists of what is in folders and archives."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from suite.sources import Tree, is_archive, open_tree
from suite_speech_recognition.recordings import SUFFIXES

_SUFFIXES = frozenset(SUFFIXES)


def is_recording(name: str) -> bool:
    """Whether a file is a recording by its ending."""
    return name[name.rfind(".") :].lower() in _SUFFIXES


def stem(name: str) -> str:
    """The path without the ending."""
    return name.rpartition(".")[0] or name


def opened(path: Path) -> Tree:
    """List a folder or an archive, an archive only once as long as it does not change.

    All loaders look into it in turn to tell whether it is theirs, and a compressed tar has to be decompressed
    for that.
    """
    if not is_archive(path) or not path.is_file():
        return open_tree(path)
    found = path.stat()
    return _archive(str(path), found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=1)
def _archive(path: str, modified: int, size: int) -> Tree:
    del modified, size
    return open_tree(path)
