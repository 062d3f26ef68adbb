"""Times as people write them, to microseconds since 1970, and what is in doubt named."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from suite import UserError
from suite_forecasting.frequencies import DAY, MINUTE, SECOND
from suite_forecasting.reading.numbers import is_missing

NO_TIME = np.iinfo(np.int64).min
"""Stands for a cell that has no time."""

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}

_TIME = (
    r"(?:(?:[T ,]\s*)(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s?(?P<half>[AaPp])\.?[Mm]\.?)?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?"
)
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? )?"
_MONTH = r"(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"


def _pattern(date: str) -> re.Pattern[str]:
    return re.compile(date + _TIME, re.IGNORECASE)


_FORMS = (
    _pattern(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"),
    _pattern(r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"),
    _pattern(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4}|\d\d)"),
    _pattern(_WEEKDAY + r"(?P<day>\d{1,2})[ -]" + _MONTH + r"[ ,-]+(?P<year>\d{4}|\d\d)"),
    _pattern(_WEEKDAY + _MONTH + r"[ -](?P<day>\d{1,2}),? (?P<year>\d{4})"),
)
_DOUBTFUL = _pattern(r"(?P<first>\d{1,2})(?P<mark>[/-])(?P<other>\d{1,2})(?P=mark)(?P<year>\d{4}|\d\d)")
_MONTHLY = (
    re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})"),
    re.compile(r"(?P<month>\d{1,2})[/.](?P<year>\d{4})"),
    re.compile(_MONTH + r"[ -](?P<year>\d{4}|\d\d)", re.IGNORECASE),
    re.compile(r"(?P<year>\d{4})[ -]" + _MONTH, re.IGNORECASE),
    re.compile(r"(?P<year>\d{4})[ -]?Q(?P<quarter>[1-4])", re.IGNORECASE),
    re.compile(r"Q(?P<quarter>[1-4])[ -]?(?P<year>\d{4})", re.IGNORECASE),
    re.compile(r"(?P<year>\d{4})M(?P<month>\d\d)"),
)
_WEEK = re.compile(r"(\d{4})-?W(\d\d)")
_STAMP = re.compile(r"\d{12}|\d{14}")
_EPOCH = ((19, 1 / 1000), (16, 1), (13, 1000), (10, SECOND), (9, SECOND))
"""The digits of seconds, milli-, micro- and nanoseconds since 1970, and what they are multiplied with."""


@dataclass(frozen=True)
class Times:
    """A column of times.

    Attributes:
        values: int64 (cells,), microseconds since 1970, or numbers of steps; `NO_TIME` where a cell has none.
        zone: what times are written with at their end ("Z", "+01:00"); empty for local ones.
        numbered: whether they are numbers of steps.
        note: what people should know of how they were read; empty if nothing.
    """

    values: np.ndarray
    zone: str = ""
    numbered: bool = False
    note: str = ""


def times(cells: Sequence[Any], what: str, dates: str = "auto", name: str = "") -> Times:
    """The times in the cells of a column.

    Args:
        cells: texts, numbers or objects of `datetime`.
        what: how a message calls the column.
        dates: "day-first", "month-first", or "auto": whichever leaves no doubt.
        name: of the column: a "year" has numbers that are years.

    Raises:
        UserError: if days and months may be each other's, or forms contradict each other.
    """
    if any(isinstance(cell, list | dict | tuple) for cell in cells):  # several things are no time
        cells = [str(cell) if isinstance(cell, list | dict | tuple) else cell for cell in cells]
    if (fast := _iso(cells)) is not None:
        return Times(fast)
    if any(isinstance(cell, dt.date) or hasattr(cell, "isoformat") for cell in cells):
        cells = [cell.isoformat() if hasattr(cell, "isoformat") else cell for cell in cells]
        if (fast := _iso(cells)) is not None:
            return Times(fast)
    unique = {cell: _text(cell) for cell in set(cells)}
    texts = sorted({text for text in unique.values() if text})
    if texts and all(re.fullmatch(r"-?\d{1,19}", text) for text in texts):
        moments, numbered = _of_integers(texts, name)
        return Times(_mapped(cells, unique, moments), numbered=numbered)
    order = _order(texts, what, dates)
    parsed = {text: _parsed(text, order) for text in texts}
    return _zoned(cells, unique, parsed)


def _iso(cells: Sequence[Any]) -> np.ndarray | None:
    """Times that are all written as 2024-01-31 or 2024-01-31 05:00:00, by numpy; else None."""
    first = cells[0] if len(cells) else None
    if not isinstance(first, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d([T ][\d:.]{5,15})?", first):
        return None
    try:
        if any(cell[4] != "-" or len(cell) != len(first) or cell[-1] == "Z" for cell in cells):
            return None
        if len(first) > 10 and any("+" in cell or cell.count("-") != 2 for cell in cells):
            return None
        return np.array(cells, "datetime64[us]").astype(np.int64)
    except (TypeError, ValueError, IndexError, AttributeError):
        return None


def _text(cell: Any) -> str:
    """A cell as text; empty if it has nothing."""
    if is_missing(cell):
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e18:
        return str(int(cell))
    return " ".join(str(cell).split())


def _mapped(cells: Sequence[Any], unique: dict[Any, str], moments: dict[str, int]) -> np.ndarray:
    by_cell = {cell: moments.get(text, NO_TIME) for cell, text in unique.items()}
    return np.fromiter((by_cell[cell] for cell in cells), np.int64, len(cells))


def _of_integers(texts: Sequence[str], name: str) -> tuple[dict[str, int], bool]:
    """Years, months, days or seconds since 1970, if whole numbers look like them; else numbers of steps."""
    lengths = {len(text) for text in texts}
    called = name.strip().lower()
    is_time = any(word in called for word in ("year", "date", "time", "ds", "month", "day", "jahr"))
    if lengths == {4} and is_time and all("1500" <= text <= "2300" for text in texts):
        return {text: _moment(int(text), 1, 1) for text in texts}, False
    for length, month, day in ((8, slice(4, 6), slice(6, 8)), (6, slice(4, 6), None)):
        if lengths == {length} and (is_time or length == 8):
            try:
                return {
                    text: _moment(int(text[:4]), int(text[month]), int(text[day]) if day else 1)
                    for text in texts
                }, False
            except ValueError:
                continue
    if lengths in ({12}, {14}):
        try:
            return {text: _stamp(text) for text in texts}, False
        except ValueError:
            pass
    for digits, factor in _EPOCH:
        if is_time and max(lengths) == digits and digits >= 9 and min(lengths) >= digits - 1:
            return {
                text: int(int(text) * factor) if factor >= 1 else int(text) // 1000 for text in texts
            }, False
    return {text: int(text) for text in texts if abs(int(text)) < 1 << 62}, True


def _moment(year: int, month: int, day: int) -> int:
    return (dt.date(year, month, day) - dt.date(1970, 1, 1)).days * DAY


def _stamp(text: str) -> int:
    day = _moment(int(text[:4]), int(text[4:6]), int(text[6:8]))
    hour, minute, second = int(text[8:10]), int(text[10:12]), int(text[12:14] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(text)
    return day + ((hour * 60 + minute) * 60 + second) * SECOND


def _order(texts: Iterable[str], what: str, dates: str) -> str:
    """Whether dates as 03/04/2024 begin with the day or the month; "" if there are none.

    Raises:
        UserError: if both are possible, or some dates are only possible each way.
    """
    day_first = month_first = doubtful = ""
    for text in texts:
        match = _DOUBTFUL.fullmatch(text)
        if match:
            doubtful = text
            if int(match["first"]) > 12:
                day_first = text
            if int(match["other"]) > 12:
                month_first = text
    if dates != "auto" or not doubtful:
        return dates if dates != "auto" else ""
    if day_first and month_first:
        raise UserError(
            f"{what} has '{day_first}', which begins with the day, and '{month_first}', which begins with the"
            " month: write all dates alike, best as 2024-01-31"
        )
    if not day_first and not month_first:
        raise UserError(
            f"{what} has '{doubtful}' and no date that shows whether the day or the month comes first: say"
            " which with --set loader.dates=day-first or month-first"
        )
    return "day-first" if day_first else "month-first"


def _parsed(text: str, order: str) -> tuple[int, int | None] | None:
    """Local microseconds and the zone's minutes, None without a zone; None for what is no time."""
    try:
        for form in _FORMS:
            if match := form.fullmatch(text):
                return _joined(match, match.groupdict())
        if order and (match := _DOUBTFUL.fullmatch(text)):
            parts = match.groupdict()
            first, other = parts["first"], parts["other"]
            parts["day"], parts["month"] = (first, other) if order == "day-first" else (other, first)
            return _joined(match, parts)
        for form in _MONTHLY:
            if match := form.fullmatch(text):
                parts = match.groupdict()
                month = 3 * int(parts["quarter"]) - 2 if parts.get("quarter") else _month(parts)
                return _moment(_year(parts["year"]), month, 1), None
        if match := _WEEK.fullmatch(text):
            monday = dt.date.fromisocalendar(int(match[1]), int(match[2]), 1)
            return (monday - dt.date(1970, 1, 1)).days * DAY, None
        if _STAMP.fullmatch(text):
            return _stamp(text), None
    except ValueError:  # there is no 31st of June
        pass
    return None


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) == 4 else year + (1900 if year >= 69 else 2000)


def _month(parts: dict[str, Any]) -> int:
    return _MONTHS[parts["name"].lower()[:3]] if parts.get("name") else int(parts["month"])


def _joined(match: re.Match[str], parts: dict[str, Any]) -> tuple[int, int | None]:
    moment = _moment(_year(parts["year"]), _month(parts), int(parts["day"]))
    if parts["hour"]:
        hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
        if parts["half"]:
            if not 1 <= hour <= 12:
                raise ValueError(match[0])
            hour = hour % 12 + 12 * (parts["half"].lower() == "p")
        if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute or second)):
            raise ValueError(match[0])
        moment += ((hour * 60 + minute) * 60 + second) * SECOND + int(
            (parts["fraction"] or "").ljust(6, "0")[:6]
        )
    zone = parts["zone"]
    if not zone:
        return moment, None
    if zone[0] not in "+-":
        return moment, 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return moment, (int(digits[:2]) * 60 + int(digits[2:])) * (-1 if zone[0] == "-" else 1)


def _zoned(cells: Sequence[Any], unique: dict[Any, str], parsed: dict[str, Any]) -> Times:
    """Times of one zone as they are; of several, local if they agree on the time of day, else UTC."""
    there = [entry for entry in parsed.values() if entry is not None]
    zones = {zone for _, zone in there}
    local = {text: entry[0] for text, entry in parsed.items() if entry is not None}
    if len(zones) <= 1:
        return Times(_mapped(cells, unique, local), _zone_text(next(iter(zones), None)))
    if len({moment % DAY for moment, _ in there}) == 1:
        note = "times are of several zones (daylight saving time): read as dates, at the place's own time"
        return Times(_mapped(cells, unique, local), note=note)
    moments = {
        text: entry[0] - (entry[1] or 0) * MINUTE for text, entry in parsed.items() if entry is not None
    }
    note = "times are of several zones (daylight saving time): read in UTC"
    if None in zones:
        note += ", as those without a zone are"
    return Times(_mapped(cells, unique, moments), "Z", note=note)


def _zone_text(minutes: int | None) -> str:
    if minutes is None:
        return ""
    if minutes == 0:
        return "Z"
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def looks_like_times(cells: Sequence[Any], name: str = "") -> bool:
    """Whether most of some cells, none of which is empty, are times, or numbers that a column of times has.

    Args:
        cells: of a column, or some of them.
        name: of the column.
    """
    if not cells:
        return False
    if all(isinstance(cell, dt.date) or hasattr(cell, "isoformat") for cell in cells):
        return True
    texts = [_text(cell) for cell in cells]
    if all(re.fullmatch(r"-?\d{1,19}", text) for text in texts):
        return True
    return 2 * sum(_parsed(text, "day-first") is not None or _parsed(text, "month-first") is not None
                   for text in texts) > len(texts)  # fmt: skip
