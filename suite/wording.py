"""How messages put names and numbers into sentences."""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 3


def some(names: Sequence[str]) -> str:
    """A few names for a message, in quotes, and how many more there are."""
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else shown


def counted(count: int, singular: str, plural: str) -> str:
    """`1 row is`, `2,000 rows are`."""
    return f"{count:,} {singular if count == 1 else plural}"
