"""What the loaders share: what parts and recordings are called, and names and numbers in sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from suite.sources import Tree, is_archive, open_tree
from suite_speech_recognition.recordings import SUFFIXES

PARTS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
"""What a folder, a manifest or a cell may call a part, in lower case."""

_SEPARATORS = re.compile(r"[^a-z0-9]+")
_SUFFIXES = frozenset(SUFFIXES)
_SHOWN = 3


def is_recording(name: str) -> bool:
    """Whether a file is a recording by its ending."""
    return name[name.rfind(".") :].lower() in _SUFFIXES


def stem(name: str) -> str:
    """The path without the ending."""
    return name.rpartition(".")[0] or name


def part_of_name(name: str) -> str | None:
    """The part that a file or folder is called after ("train", "dev-clean", "test_manifest"), if any."""
    found = {PARTS[word] for word in _SEPARATORS.split(name.lower()) if word in PARTS}
    return found.pop() if len(found) == 1 else None


def some(names: Sequence[str]) -> str:
    """A few names for a message, in quotes, and how many more there are."""
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else shown


def counted(count: int, one: str, many: str) -> str:
    """`1 row is`, `2,000 rows are`."""
    return f"{count:,} {one if count == 1 else many}"


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
