"""How messages put names and numbers into sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

_SHOWN = 3


def some(names: Sequence[str]) -> str:
    """A few names for a message, in quotes, and how many more there are."""
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else shown


def counted(count: int, singular: str, plural: str) -> str:
    """`1 row is`, `2,000 rows are`."""
    return f"{count:,} {singular if count == 1 else plural}"


def number(value: float) -> str:
    """A number with the digits that people compare: three after the point, or four significant ones."""
    size = abs(value)
    if size < 1e-6 or 0.0095 <= size < 100:
        # A value that is not quite 1 does not read as 1.
        return f"{value:.5f}" if 0.9995 <= size < 1 else f"{value:.3f}"
    if size < 0.0095:
        return f"{value:.{min(6, 3 - math.floor(math.log10(size)))}f}".rstrip("0")
    return f"{value:,.0f}" if 1000 <= size < 1e12 else f"{value:.4g}"
