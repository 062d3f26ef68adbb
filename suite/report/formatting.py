"""Numbers, times and tables as the report and the terminal show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from suite.wording import number


def capitalized(text: str) -> str:
    """With a capital at its beginning, unless the first word has capitals of its own (mAP)."""
    first = text.partition(" ")[0]
    return text if first != first.lower() else f"{text[:1].upper()}{text[1:]}"


def duration(seconds: float) -> str:
    """Seconds for people: `19 min 40 s`."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {left} s" if minutes else f"{seconds:.3g} s"


def day(moment: Any) -> str:
    """The day of an ISO time, as `21 November 2026`; "" if it is no time."""
    try:
        return f"{datetime.fromisoformat(str(moment)):%d %B %Y}".lstrip("0")
    except ValueError:
        return ""


def html_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table with a head; columns of numbers are aligned to the right."""
    numeric = [all(_is_number(row[index]) for row in rows) for index in range(len(columns))]
    kinds = [' class="number"' if is_numeric else "" for is_numeric in numeric]
    head = "".join(f"<th{kind}>{escape(name)}</th>" for kind, name in zip(kinds, columns, strict=True))
    # Text of a script from right to left is set so, whatever the page's is.
    cells = [kind or ' dir="auto"' for kind in kinds]
    body = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{escape(plain_text(cell))}</td>" for kind, cell in zip(cells, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _is_number(cell: Any) -> bool:
    if isinstance(cell, int | float):
        return True
    try:
        float(str(cell).removesuffix("%").replace(",", ""))
    except ValueError:
        return False
    return True


def plain_text(value: Any) -> str:
    """A JSON value for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {plain_text(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(plain_text(item) for item in value)
    return "" if value is None else str(value)


def facts_table(facts: Mapping[str, Any]) -> str:
    """A table of names and values, without those that are empty."""
    rows = "".join(
        f"<tr><th>{escape(name.replace('_', ' '))}</th><td>{escape(plain_text(value))}</td></tr>"
        for name, value in facts.items()
        if value not in (None, "", [], {})
    )
    return f'<div class="scroll"><table><tbody>{rows}</tbody></table></div>'


def toml_value(value: Any) -> str:
    """A value as `config.toml` has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {toml_value(item)}" for name, item in value.items()) + "}"
    return str(value)
