"""Frequencies of series: the steps between two values, by the names that pandas has for them.

Times are int64, microseconds since 1970, or the numbers of steps if the frequency is "". Nothing here needs
pandas: prediction with an exported network is to need numpy alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from suite import UserError

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")

_UNITS = {"us": 1, "ms": 1000, "s": SECOND, "min": MINUTE, "h": HOUR, "D": DAY, "W": 7 * DAY}
_OLD = {"H": "h", "T": "min", "S": "s", "L": "ms", "U": "us", "M": "ME", "Q": "QE", "A": "YE", "Y": "YE",
        "AS": "YS"}  # fmt: skip
"""What pandas called them before 2.2, and what GluonTS and others still do."""

_CALENDAR = {"MS": 1, "ME": 1, "QS": 3, "QE": 3, "YS": 12, "YE": 12}
_ALIAS = re.compile(r"(\d*)([A-Za-z]+)(?:-([A-Za-z]{3}))?")

MIN_SHARE = 0.25
"""The share of the gaps between times that have to be one step, for a frequency to be found."""

ON_GRID = 0.95
"""The share of a series' times that have to be on the grid of a frequency, for it to be found."""


@dataclass(frozen=True)
class Frequency:
    """A step of time.

    Attributes:
        alias: as pandas calls it; for numbered steps their distance, empty for 1.
        kind: what steps are counted in: microseconds, months, business days, or numbers.
        step: how many of these.
        at_end: months are named by their last day, whatever its number is.
    """

    alias: str
    kind: Literal["fixed", "months", "business", "numbers"]
    step: int
    at_end: bool = False

    def times(self, start: int, steps: np.ndarray) -> np.ndarray:
        """The times of the steps that are numbered `steps` (int64) from `start` on, int64."""
        moved = np.asarray(steps, np.int64) * self.step
        if self.kind in ("fixed", "numbers"):
            return np.int64(start) + moved
        day, rest = divmod(int(start), DAY)
        if self.kind == "business":
            first = np.datetime64(day, "D")
            days = np.busday_offset(first, moved, roll="forward").astype(np.int64)
            return np.asarray(days * DAY + rest, np.int64)
        first_month, number = _month_and_day(np.array([day]))
        months = first_month[0] + moved
        lengths = _month_lengths(months)
        wanted = lengths if self.at_end else np.minimum(number[0], lengths)
        days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + wanted - 1
        return np.asarray(days * DAY + rest, np.int64)

    def steps(self, start: int, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the steps from `start` at which `times` are, and whether they are exactly there."""
        if self.kind in ("fixed", "numbers"):
            steps, rest = np.divmod(times - np.int64(start), self.step)
            return steps, rest == 0
        days = np.floor_divide(times, DAY)
        first_day = int(start) // DAY
        if self.kind == "business":
            steps = np.busday_count(np.datetime64(first_day, "D"), days.astype("datetime64[D]"))
        else:
            months, _ = _month_and_day(days)
            first_month, _ = _month_and_day(np.array([first_day]))
            steps = np.floor_divide(months - first_month[0], self.step)
        steps = np.asarray(steps, np.int64)
        return steps, self.times(start, steps) == times

    @property
    def season(self) -> int:
        """The usual number of steps of a seasonal period; 1 if there is none."""
        if self.kind == "numbers":
            return 1
        if self.kind == "business":
            return 5 if self.step == 1 else 1
        if self.kind == "months":
            return 12 // self.step if 12 % self.step == 0 else 1
        if self.step < MINUTE:
            period = MINUTE
        elif self.step < DAY:
            period = DAY
        elif self.step % (7 * DAY):
            period = 7 * DAY
        else:
            return 52 // (self.step // (7 * DAY)) if 52 % (self.step // (7 * DAY)) == 0 else 1
        return period // self.step if period % self.step == 0 and self.step < period else 1

    @property
    def horizon(self) -> int:
        """How many steps are usually predicted: those of the M4 competition, where it had such series."""
        if self.kind == "numbers":
            return 24
        if self.kind == "business":
            return 10
        if self.kind == "months":
            return {1: 18, 3: 8, 12: 6}.get(self.step, max(4, 24 // self.step))
        if self.step < MINUTE:
            return 60
        if self.step < DAY:
            return max(2, min(96, 2 * DAY // self.step))
        return 13 if self.step % (7 * DAY) == 0 else max(2, 14 * DAY // self.step)


NUMBERED = Frequency("", "numbers", 1)


def frequency_of(alias: str) -> Frequency:
    """The frequency that pandas, an old one too, calls so.

    Raises:
        UserError: for anything else.
    """
    if alias == "":
        return NUMBERED
    if alias.isdecimal() and 1 < int(alias) < 10**15:
        return Frequency(alias, "numbers", int(alias))
    match = _ALIAS.fullmatch(alias.strip())
    if match:
        count, unit, anchor = int(match[1] or 1), match[2], (match[3] or "").upper()
        unit = _OLD.get(unit, unit)
        if count < 1 or count > 10**6:
            match = None
        elif unit in _CALENDAR and anchor in ("", *MONTHS):
            return Frequency(alias.strip(), "months", count * _CALENDAR[unit], unit.endswith("E"))
        elif unit == "B" and not anchor:
            return Frequency(alias.strip(), "business", count)
        elif unit in _UNITS and (not anchor or (unit == "W" and anchor in WEEKDAYS)):
            return Frequency(alias.strip(), "fixed", count * _UNITS[unit])
    raise UserError(
        f"'{alias}' is no frequency that is known: say 15min, h, D, B (business days), W, MS (months), QS"
        " (quarters) or YS (years), as pandas does"
    )


def fixed(step: int, start: int) -> Frequency:
    """A frequency of so many microseconds, with its usual name."""
    if step % (7 * DAY) == 0:
        weekday = WEEKDAYS[(int(start) // DAY + 3) % 7]
        return Frequency(f"{_count(step // (7 * DAY))}W-{weekday}", "fixed", step)
    unit = next(name for name in ("D", "h", "min", "s", "ms", "us") if step % _UNITS[name] == 0)
    return Frequency(f"{_count(step // _UNITS[unit])}{unit}", "fixed", step)


def _count(number: int) -> str:
    return "" if number == 1 else str(number)


def _calendar(step: int, month: int, *, at_end: bool) -> Frequency:
    """A frequency of months, with its usual name; `month` is that of any time, from 0."""
    letter = "E" if at_end else "S"
    if step % 12 == 0:
        alias = f"{_count(step // 12)}Y{letter}-{MONTHS[month]}"
    elif step % 3 == 0:
        anchor = month % 3 + 9 if at_end else month % 3
        alias = f"{_count(step // 3)}Q{letter}-{MONTHS[anchor]}"
    else:
        alias = f"{_count(step)}M{letter}"
    return Frequency(alias, "months", step, at_end)


def found(times: np.ndarray) -> Frequency | None:
    """The frequency of a series by its times.

    Args:
        times: int64 microseconds, rising, without duplicates.

    Returns:
        The frequency; None if there are fewer than two times, or none that nearly all of them are of.
    """
    if len(times) < 2:
        return None
    gaps = np.diff(times)
    if int(gaps.min()) >= 27 * DAY and (calendar := _found_calendar(times)):
        return calendar
    lengths, counts = np.unique(gaps, return_counts=True)
    for number in np.argsort(-counts, kind="stable")[:5]:
        step = int(lengths[number])
        if counts[number] < MIN_SHARE * len(gaps):
            break
        if step == DAY and _is_business(times):
            return Frequency("B", "business", 1)
        # By the most frequent phase: a first time that is off does not spoil the rest.
        phases, sizes = np.unique(times % step, return_counts=True)
        if sizes.max() >= ON_GRID * len(times):
            start = int(times[np.flatnonzero(times % step == phases[np.argmax(sizes)])[0]])
            return fixed(step, start)
    return None


def found_numbers(steps: np.ndarray) -> Frequency:
    """The frequency of numbered steps, whose numbers may rise by more than 1."""
    gaps = np.diff(steps)
    step = int(np.gcd.reduce(gaps)) if len(gaps) else 1
    return Frequency(str(step), "numbers", step) if step > 1 else NUMBERED


def _found_calendar(times: np.ndarray) -> Frequency | None:
    days = np.floor_divide(times, DAY)
    if np.any(times % DAY != times[0] % DAY):
        return None
    months, numbers = _month_and_day(days)
    lengths = _month_lengths(months)
    at_end = bool(np.all(numbers == lengths))
    if not at_end and np.any(numbers != np.minimum(numbers.max(), lengths)):
        return None
    gaps = np.diff(months)
    step = int(np.gcd.reduce(gaps))
    if step < 1:
        return None
    return _calendar(step, int(months[0] % 12), at_end=at_end)


def _is_business(times: np.ndarray) -> bool:
    """Whether a daily series leaves out all weekends that it goes over."""
    days = np.floor_divide(times, DAY)
    weekdays = (days + 3) % 7
    weekends = int(days[-1] + 3) // 7 - int(days[0] + 3) // 7
    return bool(np.all(weekdays < 5) and weekends >= 1 and np.all(times % DAY == times[0] % DAY))


def _month_and_day(days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The months since 1970 and the numbers of the days in them, from days since 1970."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    numbers = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    return months.astype(np.int64), numbers


def _month_lengths(months: np.ndarray) -> np.ndarray:
    begins = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    ends = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return np.asarray(ends - begins, np.int64)


def time_text(time: int, frequency: Frequency, zone: str = "") -> str:
    """A time in ISO 8601, a date alone where every step is one; the number of a step."""
    if frequency.kind == "numbers":
        return str(int(time))
    daily = frequency.kind != "fixed" or frequency.step % DAY == 0
    if daily and time % DAY == 0:
        return str(np.datetime64(int(time) // DAY, "D"))
    moment = np.datetime64(int(time), "us")
    return f"{moment if time % SECOND else moment.astype('datetime64[s]')}{zone}"


def texts(start: str, frequency: Frequency, steps: Sequence[int] | np.ndarray) -> list[str]:
    """The times of steps that are numbered from `start`, as `time_text` writes them."""
    first, zone = time_of(start)
    return [time_text(int(time), frequency, zone) for time in frequency.times(first, np.asarray(steps))]


_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?))?(Z|[+-]\d\d:?\d\d)?")


def time_of(text: str) -> tuple[int, str]:
    """The time in what `time_text` wrote, and its zone, which is not subtracted.

    Raises:
        UserError: for anything else.
    """
    if re.fullmatch(r"-?\d{1,18}", text):
        return int(text), ""
    match = _ISO.fullmatch(text)
    try:
        if match:
            moment = np.datetime64(f"{match[1]}T{match[2]}" if match[2] else match[1], "us")
            return int(moment.astype(np.int64)), match[3] or ""
    except ValueError:
        pass
    raise UserError(f"'{text}' is no time in ISO 8601 (2024-01-31, 2024-01-31T05:00:00), nor a step's number")
