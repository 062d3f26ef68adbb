"""Series at regular times, from rows in any order: gaps, duplicates and other frequencies named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from suite import UserError
from suite.kit import counted, some
from suite_forecasting.frequencies import (
    NUMBERED,
    Frequency,
    fixed,
    found,
    found_numbers,
    frequency_of,
    time_text,
)
from suite_forecasting.options import SeriesOptions
from suite_forecasting.reading.grouped import Grouped, at, first_step
from suite_forecasting.reading.problems import SeriesProblems
from suite_forecasting.reading.times import NO_TIME

MAX_EMPTY = 50
"""A series may have so many times as many steps as values; else one of its times is taken to be wrong."""

MIN_FILLED = 0.25
"""The share of steps that have a value, for a series to be of the frequency of the others."""


@dataclass(eq=False, kw_only=True)
class Rows:
    """Rows of one file.

    Attributes:
        file: its name.
        part: the index in `SPLIT_NAMES` of the split that it is, 0 if it is of no split; or int64 (rows,).
        names: the series that there are.
        groups: what each of these belongs to (the id, if a table has several columns of values).
        codes: int64 (rows,), positions in `names`.
        lines: int64 (rows,), lines in the file.
        times: int64 (rows,).
        values: float64 (rows,), NaN where one is missing.
        covariates: float64 (rows, C), those known in the future first.
        numbered: whether times are numbers of steps.
        zone: what times are written with at their end.
    """

    file: str
    part: int | np.ndarray
    names: list[str]
    groups: list[str]
    codes: np.ndarray
    lines: np.ndarray
    times: np.ndarray
    values: np.ndarray
    covariates: np.ndarray | None = None
    numbered: bool = False
    zone: str = ""


@dataclass(eq=False, kw_only=True)
class Series:
    """Values at regular times.

    Attributes:
        name: of the series.
        group: what it belongs to.
        values: float64 (n,), NaN where one is missing; neither the first nor the last one is.
        start: the time of the first one.
        frequency: of the steps.
        zone: what times are written with at their end.
        known: float64 (m, K) with m >= n, or None.
        past: float64 (n, P), or None.
        ends: where the values of the parts "train" and "validation" end, if files say so; else n.
        location: a file, for messages.
    """

    name: str
    values: np.ndarray
    start: int = 0
    frequency: Frequency = NUMBERED
    group: str = ""
    zone: str = ""
    known: np.ndarray | None = None
    past: np.ndarray | None = None
    ends: tuple[int, int] = (-1, -1)
    location: str = ""

    def __post_init__(self) -> None:
        if self.ends == (-1, -1):
            self.ends = (len(self.values), len(self.values))

    def time_text(self, step: int) -> str:
        """The time of a step, as people read it."""
        time = int(self.frequency.times(self.start, np.array([step]))[0])
        return time_text(time, self.frequency, self.zone)


@dataclass(eq=False)
class Gathering:
    """Makes series of the rows of several files.

    Attributes:
        options: how.
        problems: what was left out or is odd.
        known: how many of the covariates are known in the future.
    """

    options: SeriesOptions
    problems: SeriesProblems
    known: int = 0
    files: list[Rows] = field(default_factory=list)

    def add(self, rows: Rows) -> None:
        """Take the rows of a file."""
        self.files.append(rows)

    def series(self, expected: Frequency | None = None) -> list[Series]:
        """All series, in the order in which they come in the files.

        Args:
            expected: the frequency of a model that is to forecast them; None if any will do.

        Raises:
            UserError: if there is no series, or they have no frequency in common.
        """
        grouped = self._grouped()
        numbered = {rows.numbered for rows in self.files if len(rows.times)}
        if len(numbered) > 1:
            raise UserError(
                "some files have times and others numbers of steps: give all of them one of the two"
            )
        if not grouped:
            raise UserError(f"{self._named()} has no row with a time and a value")
        frequency = self._frequency(grouped, numbered=True in numbered, expected=expected)
        regular = [self._regular(each, frequency) for each in grouped if self._belongs(each, frequency)]
        series = [each for each in regular if each is not None]
        if not series:
            reasons = "".join(f"; {reason}" for reason in self.problems.wrong())
            raise UserError(
                f"{self._named()} has no series of the frequency {frequency.alias or '1'}{reasons}"
            )
        return series

    def _named(self) -> str:
        return self.files[0].file if len(self.files) == 1 else some([rows.file for rows in self.files])

    def _location(self, row: int) -> str:
        for rows in self.files:
            if row < len(rows.lines):
                return f"{rows.file}, line {rows.lines[row]}"
            row -= len(rows.lines)
        raise IndexError(row)

    def _grouped(self) -> list[Grouped]:
        """The rows that have a time, by series and time; names the rows that have none."""
        numbers: dict[str, int] = {}
        groups: list[str] = []
        zones: list[str] = []
        codes = []
        for rows in self.files:
            own = np.zeros(len(rows.names), np.int64)
            for position, name in enumerate(rows.names):
                if name not in numbers:
                    groups.append(rows.groups[position])
                    zones.append(rows.zone)
                own[position] = numbers.setdefault(name, len(numbers))
            codes.append(own[rows.codes])
        if not codes:
            return []
        code = np.concatenate(codes)
        times = np.concatenate([rows.times for rows in self.files])
        values = np.concatenate([rows.values for rows in self.files])
        parts = np.concatenate([np.full(len(rows.times), rows.part) for rows in self.files])
        covariates = None
        if any(rows.covariates is not None for rows in self.files):
            width = max(rows.covariates.shape[1] for rows in self.files if rows.covariates is not None)
            covariates = np.concatenate(
                [
                    np.full((len(rows.times), width), np.nan) if rows.covariates is None else rows.covariates
                    for rows in self.files
                ]
            )
        order = np.lexsort((times, code))
        order = order[times[order] != NO_TIME]
        self._note_order(code, times, order)
        bounds = np.searchsorted(code[order], np.arange(len(numbers) + 1))
        grouped = []
        for number, name in enumerate(numbers):
            rows_of = order[bounds[number] : bounds[number + 1]]
            if len(rows_of):
                own_covariates = None if covariates is None else covariates[rows_of]
                grouped.append(
                    Grouped(
                        name, groups[number], zones[number], times[rows_of], values[rows_of], parts[rows_of],
                        rows_of, own_covariates,
                    )
                )  # fmt: skip
        return grouped

    def _note_order(self, code: np.ndarray, times: np.ndarray, order: np.ndarray) -> None:
        """Say where rows are not in the order of time."""
        backward = order[1:] < order[:-1]
        backward &= (code[order][1:] == code[order][:-1]) & (times[order][1:] > times[order][:-1])
        # What a test file repeats of a training file is of no order.
        file = np.repeat(np.arange(len(self.files)), [len(rows.times) for rows in self.files])[order]
        backward &= file[1:] == file[:-1]
        positions = np.flatnonzero(backward)
        if len(positions):
            rows = np.sort(order[positions])
            self.problems.add_odd(
                "row is not in the order of time: sorted",
                "rows are not in the order of time: sorted",
                [self._location(int(row)) for row in rows[:1000]],
                len(rows),
            )

    def _frequency(
        self, grouped: Sequence[Grouped], *, numbered: bool, expected: Frequency | None
    ) -> Frequency:
        """The frequency that all series have, or that was wanted."""
        for each in grouped:
            unique = np.unique(each.times)
            if not numbered:
                each.frequency = found(unique)
            elif len(unique) > 1:
                each.frequency = found_numbers(unique)
        if self.options.frequency:
            return frequency_of(self.options.frequency)
        if expected is not None:
            return expected
        kinds = Counter((each.frequency.kind, each.frequency.step) for each in grouped if each.frequency)
        if not kinds:
            longest = max(grouped, key=lambda each: len(each.times))
            if len(longest.times) < 2 or longest.times[0] == longest.times[-1]:
                raise UserError(
                    f"{self._named()} has a single time for each series: is a column missing, or is"
                    " one that names the series none? Say which with --set loader.id=COLUMN"
                )
            raise UserError(
                f"the times of '{longest.name}' ({self._location(int(longest.rows[0]))} and on) are not"
                " regular: give values at regular times, or say --set loader.frequency=h (or D, MS, ...) to"
                " leave out all that are not at such times"
            )
        if numbered:
            step = min(step for _, step in kinds)
            return Frequency(str(step), "numbers", step) if step > 1 else NUMBERED
        (kind, step), _ = kinds.most_common(1)[0]
        daily = fixed(86_400_000_000, 0)
        if kind == "business" and ("fixed", daily.step) in kinds:
            return daily
        chosen = next(
            each.frequency
            for each in grouped
            if each.frequency and (each.frequency.kind, each.frequency.step) == (kind, step)
        )
        self._refuse_mixed(grouped, chosen)
        return chosen

    def _refuse_mixed(self, grouped: Sequence[Grouped], chosen: Frequency) -> None:
        names: dict[str, list[str]] = {}
        for each in grouped:
            alias = "irregular" if each.frequency is None else each.frequency.alias
            own = each.frequency is None and len(each.times) < 3
            if not own and not self._fits(each, chosen):
                names.setdefault(alias, []).append(each.name)
        names.pop(chosen.alias, None)
        if names:
            listed = "; ".join(
                f"{counted(len(own), 'series has', 'series have')} {alias} ({some(own, 3)})"
                for alias, own in names.items()
            )
            raise UserError(
                f"the series have different frequencies: most have {chosen.alias}, but {listed}. Choose one"
                f" with --set loader.frequency={chosen.alias}; series with another one are then left out"
            )

    def _fits(self, each: Grouped, frequency: Frequency) -> bool:
        """Whether the times of a series are steps of a frequency, most of which have a value."""
        if each.frequency and (each.frequency.kind, each.frequency.step) == (frequency.kind, frequency.step):
            return True
        start = first_step(each.times, frequency)
        steps, right = frequency.steps(start, each.times)
        length = int(steps[-1] - steps[0]) + 1
        return bool(right.mean() >= 0.9 and len(np.unique(steps)) >= MIN_FILLED * length)

    def _belongs(self, each: Grouped, frequency: Frequency) -> bool:
        """Whether a series has the frequency; names one that has another."""
        if len(each.times) < 3 or self._fits(each, frequency):
            return True
        own = "irregular times" if each.frequency is None else each.frequency.alias
        self.problems.add(
            f"series has another frequency than {frequency.alias or '1'} and is left out",
            f"series have another frequency than {frequency.alias or '1'} and are left out",
            f"{each.name} ({own})",
        )
        return False

    def _regular(self, each: Grouped, frequency: Frequency) -> Series | None:
        """The series at regular times; None if it has no value."""
        start = first_step(each.times, frequency)
        steps, right = frequency.steps(start, each.times)
        right &= steps >= 0
        if not right.all():
            for row in each.rows[~right][:1000]:
                self.problems.add(
                    f"row is not at a time of the frequency {frequency.alias} and left out",
                    f"rows are not at a time of the frequency {frequency.alias} and left out",
                    f"{self._location(int(row))} ({each.name})",
                )
            each = at(each, right)
            steps = steps[right]
        if len(steps) and len(np.unique(steps)) < len(steps):
            each, steps = self._without_duplicates(each, steps)
        length = int(steps[-1]) + 1 if len(steps) else 0
        if length > MAX_EMPTY * len(steps) + 1000:
            row = int(each.rows[int(np.argmax(np.diff(steps))) + 1])
            raise UserError(
                f"series '{each.name}' would have {length:,} steps for {len(steps):,} values: is the time in"
                f" {self._location(row)} right?"
            )
        present = np.flatnonzero(np.isfinite(each.values))
        if not len(present):
            if len(steps):
                location = f"{each.name} ({self._location(int(each.rows[0]))})"
                self.problems.add("series has no value", "series have no value", location)
            return None
        first, end = int(steps[present[0]]), int(steps[present[-1]]) + 1
        values = np.full(length, np.nan)
        values[steps] = each.values
        values = self._filled(values[first:end])
        known = past = None
        if each.covariates is not None:
            all_covariates = np.full((length, each.covariates.shape[1]), np.nan)
            all_covariates[steps] = each.covariates
            known = all_covariates[first:, : self.known] if self.known else None
            past = all_covariates[first:end, self.known :] if all_covariates.shape[1] > self.known else None
        ends = tuple(self._end(each, steps, part, first, len(values)) for part in (0, 1))
        return Series(
            name=each.name,
            group=each.group,
            values=values,
            start=int(frequency.times(start, np.array([first]))[0]),
            frequency=frequency,
            zone=each.zone,
            known=known,
            past=past,
            ends=(ends[0], max(ends)),
            location=self._location(int(each.rows[0])),
        )

    def _end(self, each: Grouped, steps: np.ndarray, part: int, first: int, length: int) -> int:
        """Where the values of a part end, among those of the series."""
        if not each.parts.any():
            return length
        own = steps[each.parts <= part]
        return 0 if not len(own) else min(max(int(own[-1]) + 1 - first, 0), length)

    def _filled(self, values: np.ndarray) -> np.ndarray:
        missing = np.isnan(values)
        if not missing.any() or self.options.missing == "keep":
            return values
        if self.options.missing == "zero":
            return np.where(missing, 0.0, values)
        last = np.maximum.accumulate(np.where(missing, 0, np.arange(len(values))))
        filled: np.ndarray = values[last]
        return filled

    def _without_duplicates(self, each: Grouped, steps: np.ndarray) -> tuple[Grouped, np.ndarray]:
        """One row for each step; names the others, unless a test file repeats what a training file has."""
        bounds = np.flatnonzero(np.append(True, steps[1:] != steps[:-1]))
        ends = np.append(bounds[1:], len(steps))
        values = each.values.copy()
        chosen = ends - 1 if self.options.duplicates != "first" else bounds
        chosen = chosen.copy()
        for number in np.flatnonzero(ends - bounds > 1):
            same = slice(int(bounds[number]), int(ends[number]))
            own, parts = values[same], each.parts[same]
            lowest = np.flatnonzero(parts == parts.min()) + same.start
            equal = np.all(own == own[0]) or np.all(np.isnan(own))
            repeated = len(lowest) == 1 and equal
            rows = [self._location(int(row)) for row in each.rows[same]]
            if not repeated:
                kind = "with the same value" if equal else "with another value"
                how = {"mean": "their mean counts", "sum": "their sum counts"}.get(
                    self.options.duplicates, f"the {self.options.duplicates} one counts"
                )
                self.problems.add(
                    f"time of a series is there more than once, {kind}: {how}",
                    f"times of series are there more than once, {kind}: {how}",
                    f"{' and '.join(rows[:3])} ({each.name})",
                )
            chosen[number] = lowest[0 if self.options.duplicates == "first" else -1]
            there = values[lowest][np.isfinite(values[lowest])]
            if len(there) and self.options.duplicates in ("mean", "sum"):
                values[chosen[number]] = there.mean() if self.options.duplicates == "mean" else there.sum()
        each.values = values
        return at(each, chosen), steps[chosen]
