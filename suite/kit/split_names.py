"""What people call the splits of their data."""

from __future__ import annotations

import re

SPLITS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
"""What a folder, a table or a cell may call a split, in lower case."""

_SEPARATORS = re.compile(r"[^a-z0-9]+")


def split_of_name(name: str) -> str | None:
    """The split that a file or folder is called after ("train", "dev-clean", "test_manifest"), if any."""
    found = {SPLITS[word] for word in _SEPARATORS.split(name.lower()) if word in SPLITS}
    return found.pop() if len(found) == 1 else None
