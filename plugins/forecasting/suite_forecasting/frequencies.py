"""Frequencies of series by the names of pandas, found in times, and the times that follow.

Times are microseconds since 1970, int64, of whatever clock the data has. Months, quarters, years and business
days are counted on the calendar, all other steps are of one length. numpy only: an exported network is used
without pandas.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from suite import UserError

Times = np.ndarray

DAY = 86_400_000_000
_LENGTHS = {
    "W": 7 * DAY,
    "D": DAY,
    "h": 3_600_000_000,
    "min": 60_000_000,
    "s": 1_000_000,
    "ms": 1000,
    "us": 1,
}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_OTHER_NAMES = {
    "H": "h", "T": "min", "S": "s", "L": "ms", "U": "us", "d": "D", "M": "ME", "Q": "QE", "Y": "YE",
    "A": "YE", "AS": "YS", "w": "W", "b": "B", "m": "min", "hour": "h", "day": "D", "week": "W",
    "month": "MS", "quarter": "QS", "year": "YS", "hourly": "h", "daily": "D", "weekly": "W",
    "monthly": "MS", "quarterly": "QS", "yearly": "YS", "minute": "min", "second": "s",
}  # fmt: skip
_OF_MONTHS = {"M": 1, "Q": 3, "Y": 12}
_NAME = re.compile(r"(\d*)([A-Za-z]+)(?:-([A-Za-z]{3}))?")

MIN_PRESENT = 0.5
"""Times are on no grid if less than this share of its steps would have a value."""


@dataclass(frozen=True)
class Frequency:
    """A step from one time to the next.

    Attributes:
        name: as pandas calls it; empty for numbered steps, or how far apart their numbers are, if not 1.
        length: microseconds, or steps; 0 if that depends on the calendar.
        months: of a step; 0 if it is no number of months.
        at_end: the times are the last days of their months.
    """

    name: str
    length: int = 0
    months: int = 0
    at_end: bool = False

    @property
    def business(self) -> bool:
        """The steps are Mondays to Fridays."""
        return not self.length and not self.months

    @property
    def numbered(self) -> bool:
        """The steps are numbers, not times."""
        return not self.name or self.name.isdigit()

    def __str__(self) -> str:
        return f"numbered steps{f' of {self.name}' if self.name else ''}" if self.numbered else self.name


NUMBERED = Frequency("", length=1)


def frequency_of(name: str) -> Frequency:
    """The frequency that pandas calls `name`; older names of pandas, and words such as "monthly", too.

    Raises:
        UserError: if it is none that is known.
    """
    if not name:
        return NUMBERED
    if name.isascii() and name.isdigit() and 1 < int(name) < 10**15:
        return Frequency(name, length=int(name))
    match = _NAME.fullmatch(name.strip())
    count, unit, anchor = match.groups() if match else ("", "", None)
    unit = _OTHER_NAMES.get(unit, _OTHER_NAMES.get(unit.lower(), unit) if len(unit) > 3 else unit)
    number = int(count or 1)
    prefix = count if number > 1 else ""
    if 0 < number <= 1_000_000:
        if unit == "W":
            suffix = f"-{(anchor or 'SUN').upper()}"
            if suffix[1:] in _WEEKDAYS:
                return Frequency(f"{prefix}W{suffix}", length=number * _LENGTHS["W"])
        elif unit in _LENGTHS and anchor is None:
            return Frequency(f"{prefix}{unit}", length=number * _LENGTHS[unit])
        elif unit == "B" and number == 1 and anchor is None:
            return Frequency("B")
        elif len(unit) == 2 and unit[0] in _OF_MONTHS and unit[1] in "SE":
            at_end, months = unit[1] == "E", _OF_MONTHS[unit[0]]
            default = "" if months == 1 else "DEC" if at_end else "JAN"
            month = (anchor or default).upper()
            if not month if months == 1 else month in _MONTHS:
                full = f"{prefix}{unit}{'-' + month if month else ''}"
                return Frequency(full, months=number * months, at_end=at_end)
    raise UserError(
        f"'{name}' is no frequency that is known: h, 15min, s, D, B (business days), W-SUN, MS, ME, QS-JAN,"
        " QE-DEC, YS-JAN, YE-DEC, and multiples of them"
    )


def season_of(frequency: str) -> int:
    """The steps of the seasonal period that is usual: a day of hours, a week of days, a year of months."""
    found = frequency_of(frequency)
    if found.months:
        return 12 // found.months if 12 % found.months == 0 else 1
    if found.business:
        return 5
    if found.numbered:
        return 1
    if found.name.endswith(("s", "us", "ms")) and found.length < _LENGTHS["min"]:
        period = _LENGTHS["min"] if found.length >= _LENGTHS["s"] else _LENGTHS["s"]
    elif found.length < DAY:
        period = DAY
    else:
        period = 7 * DAY if found.length < 7 * DAY else 52 * 7 * DAY
    return period // found.length if period % found.length == 0 else 1


def horizon_of(frequency: str) -> int:
    """The steps that are usually predicted: as in the M4 competition."""
    found = frequency_of(frequency)
    if found.months:
        return {1: 18, 3: 8, 12: 6}.get(found.months, 8)
    if found.business:
        return 10
    return {_LENGTHS["h"]: 48, DAY: 14, 7 * DAY: 13}.get(0 if found.numbered else found.length, 24)


def _calendar(times: Times) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The months since 1970, the days of the month, its last days, and the microseconds of the day."""
    moments = times.astype("datetime64[us]")
    months = moments.astype("datetime64[M]")
    days = (moments.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64) + 1
    return months.astype(np.int64), days, _last_days(months.astype(np.int64)), times % DAY


def _last_days(months: np.ndarray) -> np.ndarray:
    begin = months.astype("datetime64[M]").astype("datetime64[D]")
    after = (months + 1).astype("datetime64[M]").astype("datetime64[D]")
    return (after - begin).astype(np.int64)


def positions(times: Times, frequency: Frequency) -> tuple[np.ndarray, np.ndarray]:
    """Which step each time is, from the first one on.

    Args:
        times: rising.
        frequency: of the steps.

    Returns:
        The numbers of the steps, int64, and whether each time is exactly on one.
    """
    if frequency.length:
        since = times - times[0]
        return since // frequency.length, since % frequency.length == 0
    if frequency.months:
        months, days, last, clock = _calendar(times)
        since = months - months[0]
        if frequency.at_end:
            fits = days == last
        else:
            fits = days == np.minimum(days.max(), last)
        fits &= (clock == clock[0]) & (since % frequency.months == 0)
        return since // frequency.months, fits
    dates = times.astype("datetime64[us]").astype("datetime64[D]")
    fits = np.is_busday(dates) & (times % DAY == times[0] % DAY)
    return np.busday_count(dates[0], dates).astype(np.int64), fits


def times_after(start: int, first: int, count: int, frequency: Frequency) -> Times:
    """The times of the steps `first` to `first + count - 1`, where `start` is the time of step 0."""
    steps = np.arange(first, first + count, dtype=np.int64)
    if frequency.length:
        return start + steps * frequency.length
    if frequency.months:
        month, day, last, clock = (int(part[0]) for part in _calendar(np.array([start])))
        months = month + steps * frequency.months
        ends = _last_days(months)
        # A series of month ends that begins on February 28 is not one of 28th days.
        days = ends if frequency.at_end and day == last else np.minimum(day, ends)
        begin = months.astype("datetime64[M]").astype("datetime64[us]").astype(np.int64)
        return begin + (days - 1) * DAY + clock
    date = np.datetime64(start, "us").astype("datetime64[D]")
    dates = np.busday_offset(date, steps, roll="forward")
    return dates.astype("datetime64[us]").astype(np.int64) + start % DAY


def find(times: Times) -> Frequency | None:
    """The frequency of rising times that differ; None if there is none, or too few times to tell."""
    if len(times) < 2:
        return None
    steps = np.diff(times)
    return _months(times, steps) or _days(times, steps) or _fixed(times, steps)


def _months(times: Times, steps: np.ndarray) -> Frequency | None:
    if int(steps.min()) < 28 * DAY:
        return None
    months, days, last, clock = _calendar(times)
    at_end = bool((days == last).all())
    if (clock != clock[0]).any() or not (at_end or (days == np.minimum(days.max(), last)).all()):
        return None
    apart = np.diff(months)
    count = _usual(apart)
    if count is None or (len(times) < 3 and count not in (1, 3, 12)):
        return None
    if at_end and count % 12 == 0 and days[0] == 29:
        return None
    letter, unit = "E" if at_end else "S", next(unit for unit in "YQM" if count % _OF_MONTHS[unit] == 0)
    number = count // _OF_MONTHS[unit]
    month = int(months[0]) % 12
    if unit == "Q":  # quarters are called after the last month that one ends in, or the first of the year
        anchors = [other for other in range(12) if (other - month) % 3 == 0]
        month = anchors[-1] if at_end else anchors[0]
    anchor = "" if unit == "M" else f"-{_MONTHS[month]}"
    return Frequency(f"{number if number > 1 else ''}{unit}{letter}{anchor}", months=count, at_end=at_end)


def _days(times: Times, steps: np.ndarray) -> Frequency | None:
    if (steps % DAY).any():
        return None
    apart = steps // DAY
    weekdays = (times // DAY + 3) % 7
    if int(_mode(apart)) == 1 and len(times) >= 6 and (weekdays < 5).all() and apart.max() > 2:
        return Frequency("B")
    count = _usual(apart)
    if count is None:
        return None
    if count % 7 == 0:
        name = f"{count // 7 if count > 7 else ''}W-{_WEEKDAYS[int(weekdays[0])]}"
    else:
        name = f"{count if count > 1 else ''}D"
    return Frequency(name, length=count * DAY)


def _fixed(times: Times, steps: np.ndarray) -> Frequency | None:
    length = _usual(steps)
    if length is None:
        return None
    unit = next(unit for unit, size in _LENGTHS.items() if unit != "W" and length % size == 0)
    number = length // _LENGTHS[unit]
    return Frequency(f"{number if number > 1 else ''}{unit}", length=length)


def find_numbered(steps: np.ndarray) -> Frequency | None:
    """The frequency of numbers of steps, rising; None if there is none."""
    apart = _usual(np.diff(steps)) if len(steps) > 1 else None
    return None if apart is None else frequency_of(str(apart) if apart > 1 else "")


def _mode(steps: np.ndarray) -> int:
    if (steps == steps[0]).all():
        return int(steps[0])
    values, counts = np.unique(steps, return_counts=True)
    return int(values[counts.argmax()])


def _usual(steps: np.ndarray) -> int | None:
    """The step of which all of them are multiples, if most of them are that step; else None."""
    usual = _mode(steps)
    if not (steps % usual).any():
        return usual
    divisor = math.gcd(*np.unique(steps).tolist())
    if len(steps) * divisor >= MIN_PRESENT * int(steps.sum()):
        return divisor
    # A few times off a grid are named; many are no grid.
    return usual if (steps == usual).mean() >= 0.9 else None
