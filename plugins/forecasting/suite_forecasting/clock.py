"""Times of series as text (ISO 8601), or the numbers of steps, and those that follow."""

from __future__ import annotations

import re

import numpy as np

from suite import UserError
from suite_forecasting.frequencies import DAY, Frequency, frequency_of, times_after

_OFFSET = re.compile(r"(?<=\d)(?:Z|[+-]\d\d:?\d\d)$")


def moment(text: str, frequency: Frequency) -> tuple[int, str]:
    """A time as a number, of microseconds or of the step, and its offset from UTC as it was written.

    Raises:
        UserError: if it is none.
    """
    try:
        if frequency.numbered:
            return int(text), ""
        found = _OFFSET.search(text) if len(text) > 10 else None
        offset = found.group() if found else ""
        time = np.datetime64(text.removesuffix(offset).strip(), "us")
        if np.isnat(time):
            raise ValueError(text)
        return int(time.astype(np.int64)), offset
    except ValueError:
        needed = "number of a step" if frequency.numbered else "time such as 2024-01-31T12:00:00"
        raise UserError(f"'{text}' is no {needed}") from None


def written(time: int, frequency: Frequency, offset: str = "") -> str:
    """The text of a time: a date alone if the steps are days or more, and begin at midnight."""
    if frequency.numbered:
        return str(time)
    moment = np.datetime64(time, "us")
    if time % DAY == 0 and frequency.length % DAY == 0 and not offset:
        return str(moment.astype("datetime64[D]"))
    return str(moment if time % 1_000_000 else moment.astype("datetime64[s]")) + offset


def following(start: str, first: int, count: int, frequency: str) -> list[str]:
    """The times of the steps `first` to `first + count - 1` from `start` on, each a step of `frequency`.

    Raises:
        UserError: if `start` is no time, or there is no such frequency.
    """
    found = frequency_of(frequency)
    begin, offset = moment(start, found)
    return [written(int(time), found, offset) for time in times_after(begin, first, count, found)]
