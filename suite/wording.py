"""How messages put names and numbers into sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

_MAX_NAME = 500
"""Characters of a name in a message: paths are rarely longer, and damaged files have names without end."""


def some(names: Sequence[str], max_shown: int = 3, *, quoted: bool = True) -> str:
    """A few names for a message, in quotes or not, and how many more there are."""
    first = [shortened(name, _MAX_NAME) for name in names[:max_shown]]
    told = ", ".join(f"'{name}'" if quoted else name for name in first)
    return f"{told} and {len(names) - max_shown:,} more" if len(names) > max_shown else told


def shown(value: object, max_length: int = 200) -> str:
    """A value of somebody's file for a message: as Python writes it, and shortened."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, say
        return f"a {type(value).__name__} that is too large to be shown"
    return shortened(text, max_length)


def shortened(text: str, max_length: int) -> str:
    """A text, or its beginning with three dots if it is longer than so many characters."""
    return text if len(text) <= max_length else f"{text[: max_length - 1]}…"


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


def short(value: float, digits: int = 4) -> str:
    """A number with so many significant digits: `0.00005` and not `5e-05`; very large ones as `1.6e+31`."""
    text = f"{value:.{digits}g}"
    if "e" not in text or abs(value) >= 1e12:
        return text
    if abs(value) >= 1:
        return f"{value:,.0f}"
    return f"{value:.{digits - 1 - math.floor(math.log10(abs(value)))}f}".rstrip("0")
