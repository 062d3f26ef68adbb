"""Tables of other shapes, made into rows with a time: series in rows, and times in two columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from suite_forecasting.reading.columns import Columns
from suite_forecasting.reading.numbers import is_missing, looks_numeric
from suite_forecasting.reading.times import looks_like_times

MIN_STEPS = 5
"""Columns that have to be steps, for the rows of a table to be series."""

_NUMBERED = re.compile(r"([A-Za-z_ .-]*?)(\d{1,6})")
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d(\.\d+)?)?( ?[AaPp][Mm])?")
_DATES = ("date", "day", "datum", "data", "fecha")
_CLOCKS = ("time", "hour", "zeit", "uhrzeit", "stunde", "hr")
_SAMPLE = 200


def reshaped(table: Columns) -> Columns:
    """The table with a row for each time, and the time in one column; itself if it is so already."""
    return _with_joined_times(table) or _with_steps_as_rows(table) or table


def _with_joined_times(table: Columns) -> Columns | None:
    """A date in one column, and the time of day or the hour in another one, as one column."""
    called = {name.strip().lower(): name for name in reversed(list(table.cells))}
    date = next((called[name] for name in _DATES if name in called), "")
    clock = next((called[name] for name in _CLOCKS if name in called and called[name] != date), "")
    if not date or not clock:
        return None
    dates = [str(cell).strip() for cell in table.cells[date][:_SAMPLE] if not is_missing(cell)]
    hours = [str(cell).strip() for cell in table.cells[clock][:_SAMPLE] if not is_missing(cell)]
    if not dates or not hours or any(":" in cell for cell in dates) or not looks_like_times(dates, date):
        return None
    whole = all(hour.isdecimal() and int(hour) <= 24 for hour in hours)
    if not whole and not all(_CLOCK.fullmatch(hour) for hour in hours):
        return None
    joined = [
        "" if is_missing(day) or is_missing(hour) else f"{str(day).strip()} {_clock(hour)}"
        for day, hour in zip(table.cells[date], table.cells[clock], strict=True)
    ]
    cells: dict[str, Sequence[Any]] = {f"{date} {clock}": joined}
    cells |= {name: column for name, column in table.cells.items() if name not in (date, clock)}
    return Columns(table.file, table.lines, cells)


def _clock(cell: Any) -> str:
    text = str(cell).strip()
    return f"{int(text):02}:00" if text.isdecimal() else text


def _with_steps_as_rows(table: Columns) -> Columns | None:
    """A series in each row, and a column for each of its steps: dates, or numbers in their order."""
    names = list(table.cells)
    if len(names) < MIN_STEPS:
        return None
    words = [name for name in names if _is_words(table, name)]
    steps = _dated([name for name in names if name not in words])
    numbered = [] if steps else _numbered([name for name in names if name not in words])
    ids = [name for name in words if len(set(table.cells[name])) == len(table)]
    if not steps and any(_are_times(table, name) for name in ids):
        return None  # a row for each time, and series that are called "shop 1", "shop 2"
    if len(steps) < MIN_STEPS and (len(numbered) < MIN_STEPS or not ids):
        return None
    columns = steps or numbered
    if len(columns) < 0.8 * (len(names) - len(words)):
        return None
    moments: list[Any] = columns if steps else list(range(1, len(columns) + 1))
    series = [str(cell) for cell in table.cells[ids[0]]] if ids else [f"row {line}" for line in table.lines]
    values = zip(*(table.cells[name] for name in columns), strict=True)
    width = len(columns)
    return Columns(
        table.file,
        [line for line in table.lines for _ in range(width)],
        {
            "unique_id": [name for name in series for _ in range(width)],
            "ds": moments * len(series),
            "y": [cell for row in values for cell in row],
        },
    )


def _are_times(table: Columns, name: str) -> bool:
    cells = [cell for cell in table.cells[name][:_SAMPLE] if not is_missing(cell)]
    return looks_like_times(cells, name)


def _is_words(table: Columns, name: str) -> bool:
    cells = [cell for cell in table.cells[name][:_SAMPLE] if not is_missing(cell)]
    return bool(cells) and not looks_numeric(cells)


def _dated(names: Sequence[str]) -> list[str]:
    """The columns that are called after times, if most are."""
    dated = [name for name in names if not name.strip().isdecimal() and looks_like_times([name], "date")]
    return dated if len(dated) >= 0.8 * len(names) else []


def _numbered(names: Sequence[str]) -> list[str]:
    """The columns that have the same name but for a number that rises by 1, if most are."""
    matches = [(name, _NUMBERED.fullmatch(name.strip())) for name in names]
    of_prefix: dict[str, list[tuple[str, int]]] = {}
    for name, match in matches:
        if match:
            of_prefix.setdefault(match[1], []).append((name, int(match[2])))
    largest = max(of_prefix.values(), key=len, default=[])
    numbers = [number for _, number in largest]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True:
        return []
    return [name for name, _ in largest]
