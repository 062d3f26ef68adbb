"""Sizes of images as they are annotated."""

from __future__ import annotations

from typing import Any

_LIMIT = 10**9


def written_size(height: Any, width: Any) -> tuple[int, int] | None:
    """Height and width as annotated, in numbers or in texts; None if either is missing or none."""
    try:
        rows, columns = int(float(height)), int(float(width))
    except (TypeError, ValueError, OverflowError):
        return None
    return (rows, columns) if 0 < rows < _LIMIT and 0 < columns < _LIMIT else None
