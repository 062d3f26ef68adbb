"""What people call the parts of their data."""

from __future__ import annotations

import re

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
"""What a folder, a table or a cell may call a part, in lower case."""

_SEPARATORS = re.compile(r"[^a-z0-9]+")


def part_of_name(name: str) -> str | None:
    """The part that a file or folder is called after ("train", "dev-clean", "test_manifest"), if any."""
    found = {PARTS[word] for word in _SEPARATORS.split(name.lower()) if word in PARTS}
    return found.pop() if len(found) == 1 else None
