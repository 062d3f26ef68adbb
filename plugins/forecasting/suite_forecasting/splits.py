"""Series cut into windows for training, validation and test: by time, within each series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from suite import UserError
from suite.data import Dataset, Example, Problem
from suite.kit import ProblemLog, counted
from suite_forecasting.examples import Windows
from suite_forecasting.frequencies import Frequency, frequency_of, time_of
from suite_forecasting.options import SplitOptions
from suite_forecasting.reading.series import Series


@dataclass(frozen=True)
class Sizes:
    """How windows are cut.

    Attributes:
        horizon: steps that are predicted.
        stride: from one window to the next one.
        windows: of the test split.
        validation_windows: of the validation split.
        gap: steps between two splits.
    """

    horizon: int
    stride: int
    windows: int
    validation_windows: int
    gap: int

    def span(self, windows: int) -> int:
        """How many values the targets of so many windows cover."""
        return self.horizon + (windows - 1) * self.stride if windows else 0


Cut = tuple[int, int]
"""A cutoff, and the end of the target."""


@dataclass(frozen=True)
class Cuts:
    """The windows of a series in each split."""

    train: Sequence[Cut] = ()
    validation: Sequence[Cut] = ()
    test: Sequence[Cut] = ()


def dataset_of(
    series: Sequence[Series],
    options: SplitOptions,
    *,
    problems: ProblemLog | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Dataset:
    """The data set of series.

    The last `windows` windows of each series are the test split; the last one ends with the series. If there
    is a test file, windows one after the other cover all of it, and the last one may be shorter than the
    horizon. The windows before them are the validation split, and all that is before these is for training,
    in windows whose targets do not overlap. A history is all that is before its cutoff. Between two splits,
    `gap` values are no target of any window. A series that is too short has fewer windows for validation,
    then for the test, and what is too short for these is for training.

    Args:
        series: of one frequency, with unique names.
        options: of the loader; `Dataset.options` has what "auto" became.
        problems: what the loader found so far; what became of short series is added.
        facts: "known" and "past", and others.

    Raises:
        suite.UserError: if no series is long enough, or the stride leaves values out.
    """
    series = [single for single in series if len(single.values)]
    if not series:
        raise UserError("there is no series with any value")
    frequency = series[0].frequency
    season = frequency.season if options.season == "auto" else options.season
    horizon = _horizon(series, options, frequency) if options.horizon == "auto" else options.horizon
    stride = horizon if options.stride == "auto" else options.stride
    if stride > horizon:
        raise UserError(
            f"stride = {stride} is longer than the horizon of {horizon} steps, so values between two windows"
            " would be left out of every score: make it the horizon at most"
        )
    sizes = Sizes(horizon, stride, options.windows, options.validation_windows, options.gap)
    cuts = [cut(single, sizes) for single in series]
    if options.season == "auto" and _all_shorter(cuts, season):
        season = 1
    chosen = msgspec.structs.replace(options, horizon=horizon, season=season, stride=stride)
    windows = {
        split: _windows(series, [getattr(cut, split) for cut in cuts], horizon, season, options.max_history)
        for split in ("train", "validation", "test")
    }
    if not len(windows["test"]) or not len(windows["train"]):
        longest = max(len(single.values) for single in series)
        raise UserError(
            f"the longest series has {longest:,} values, which do not suffice for test windows of {horizon}"
            f" steps and as much to learn from: set a smaller horizon (--set loader.horizon="
            f"{max(1, longest // 4)})"
        )
    return Dataset(
        train=windows["train"],
        validation=windows["validation"] if len(windows["validation"]) else None,
        test=windows["test"],
        facts={
            "horizon": horizon,
            "frequency": frequency.alias,
            "season": season,
            "known": [],
            "past": [],
            **(facts or {}),
        },
        problems=[*(problems.sentences() if problems else ()), *_said_of_short(series, cuts, sizes)],
        groups=_name if len(series) > 1 else None,
        order=_end,
        options=chosen,
    )


def _all_shorter(cuts: Sequence[Cuts], season: int) -> bool:
    """Whether no history that is scored has as much as a season, of which nothing could then be said."""
    scored = [cutoff for single in cuts for cutoff, _ in (*single.validation, *single.test)]
    return max(scored, default=0) <= season


def cut(series: Series, sizes: Sizes) -> Cuts:
    """The windows of a series."""
    length, horizon = len(series.values), sizes.horizon
    tested, validated = _held_out(series)
    least = max(2, horizon)  # values to learn from
    if tested:
        begin = length - tested
        if begin < 1:
            return Cuts()
        test = _covering(begin, length, sizes)
        rest = begin - sizes.gap
    else:
        windows = sizes.windows
        while windows and length - sizes.span(windows) - sizes.gap < least:
            windows -= 1
        test = _last(length, windows, sizes)
        rest = test[0][0] - sizes.gap if test else length
    validation: list[Cut] = []
    if validated and tested:
        begin = length - tested - validated
        validation = _covering(begin, begin + validated, sizes) if begin > 0 else []
    elif test:
        windows = sizes.validation_windows
        while windows and rest - sizes.span(windows) - sizes.gap < least:
            windows -= 1
        validation = _last(rest, windows, sizes)
    if validation:
        rest = validation[0][0] - sizes.gap
    return Cuts(_training(rest, horizon), validation, test)


def _held_out(series: Series) -> tuple[int, int]:
    """How many of the last values are of a test file, and of those before them of a validation file."""
    end, validation_end = series.ends
    return len(series.values) - validation_end, validation_end - end


def _covering(begin: int, end: int, sizes: Sizes) -> list[Cut]:
    """Windows one after the other, the last of which may be shorter."""
    cuts = []
    for cutoff in range(begin, end, sizes.stride):
        cuts.append((cutoff, min(cutoff + sizes.horizon, end)))
        if cuts[-1][1] == end:
            break
    return cuts


def _last(end: int, windows: int, sizes: Sizes) -> list[Cut]:
    last = end - sizes.horizon
    return [(last - back * sizes.stride, end - back * sizes.stride) for back in range(windows - 1, -1, -1)]


def _training(end: int, horizon: int) -> list[Cut]:
    """Windows whose targets end where the next one's begin; a short series has a shorter one."""
    if end < 2:
        return []
    if end < 2 * horizon:
        cutoff = max(1, end - horizon, end // 2)
        return [(cutoff, end)]
    return [(cutoff, cutoff + horizon) for cutoff in range(end - horizon, horizon - 1, -horizon)][::-1]


def _horizon(series: Sequence[Series], options: SplitOptions, frequency: Frequency) -> int:
    tested = max(_held_out(single)[0] for single in series)
    if tested:
        return min(tested, 10_000)
    length = float(np.median([len(single.values) for single in series])) - 2 * options.gap
    longest = int(length) // (options.windows + options.validation_windows + 1)
    return max(1, min(frequency.horizon, longest))


def _windows(
    series: Sequence[Series], cuts: Sequence[Sequence[Cut]], horizon: int, season: int, max_history: int
) -> Windows:
    rows = [(number, *cut) for number, of_series in enumerate(cuts) for cut in of_series]
    return Windows(list(series), np.array(rows, np.int64).reshape(-1, 3), horizon, season, max_history)


def _said_of_short(series: Sequence[Series], cuts: Sequence[Cuts], sizes: Sizes) -> list[str]:
    """What became of series that are too short."""

    def problem(names: list[str], what: str, whats: str) -> list[str]:
        return [Problem(counted(len(names), what, whats), names, wrong=False)] if names else []

    pairs = list(zip(series, cuts, strict=True))
    unused = [single.name for single, cut in pairs if not (cut.train or cut.test)]
    untested = [single.name for single, cut in pairs if cut.train and not cut.test]
    fewer = [
        single.name
        for single, cut in pairs
        if cut.test
        and (
            (not _held_out(single)[0] and len(cut.test) < sizes.windows)
            or (not _held_out(single)[1] and len(cut.validation) < sizes.validation_windows)
        )
    ]
    return [
        *problem(
            unused,
            "series has no value to learn from and is left out",
            "series have no value to learn from and are left out",
        ),
        *problem(
            untested,
            f"series is too short for a test window of {sizes.horizon} steps, and for training only",
            f"series are too short for a test window of {sizes.horizon} steps, and for training only",
        ),
        *problem(
            fewer,
            f"series is too short for all windows of {sizes.horizon} steps, and has fewer",
            f"series are too short for all windows of {sizes.horizon} steps, and have fewer",
        ),
    ]


def _name(example: Example) -> str:
    return str(example.input.name)


def _end(example: Example) -> int:
    """When the target of a window begins."""
    history = example.input
    start, _ = time_of(history.start)
    return int(frequency_of(history.frequency).times(start, np.array([len(history.values)]))[0])
