"""Plain aligned text, for commands that must start too fast to import rich."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import Any


def aligned(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Rows of cells as lines of aligned columns; on a terminal the last column is wrapped to its width."""
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = []
    for row in rows:
        start = indent + "".join(f"{cell:<{width}}  " for cell, width in zip(row, widths, strict=False))
        lines.append(wrapped(start, row[-1]))
    return "\n".join(lines)


def wrapped(start: str, text: str) -> str:
    """`start` and then `text`, on a terminal wrapped to its width with the later lines indented alike."""
    if not sys.stdout.isatty():
        return (start + text).rstrip()
    room = max(shutil.get_terminal_size().columns - len(start), 30)
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".lstrip()
    return "\n".join(
        (start if index == 0 else " " * len(start)) + line for index, line in enumerate(lines)
    ).rstrip()


def json_text(value: Any) -> str:
    """JSON for programs that a person can read too."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
