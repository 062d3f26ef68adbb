"""What loaders of pictures share: what parts are called, and how names and numbers are put into sentences."""

from __future__ import annotations

from collections.abc import Sequence

from suite_pictures.headers import SUFFIXES

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

_SHOWN = 3
_SUFFIXES = frozenset(SUFFIXES)


def is_picture(name: str) -> bool:
    """Whether a file is a picture by its ending."""
    return name[name.rfind(".") :].lower() in _SUFFIXES


def some(names: Sequence[str]) -> str:
    """A few names for a message, in quotes, and how many more there are."""
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else shown


def counted(count: int, one: str, many: str) -> str:
    """`1 row is`, `2,000 rows are`."""
    return f"{count:,} {one if count == 1 else many}"
