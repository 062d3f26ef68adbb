"""What `suite inspect` says of series: lengths, spans, gaps, and which of them can hardly be forecast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from suite.data import Dataset, Finding, Inspection
from suite.figures import Table
from suite.kit import counted
from suite_forecasting.contract import values_of
from suite_forecasting.encoding import history_of
from suite_forecasting.frequencies import HOUR, frequency_of, texts, time_of

MAX_LISTED = 20
"""Series that are listed one by one."""

SUNDAY, LAST_SMALL_HOUR = 6, 3
"""When clocks are changed."""

CLOCKS = "as clocks with daylight saving time do: give times in UTC, or with their offset"

SEASONAL = 0.3
"""A seasonal period is taken to be there if this share of the variance has it."""


@dataclass(frozen=True)
class Whole:
    """A series as far as the examples tell.

    Attributes:
        name: of the series.
        values: float64, of the longest history and its target.
        start: time of the first value.
        frequency: of its steps.
    """

    name: str
    values: np.ndarray
    start: str
    frequency: str

    @property
    def missing(self) -> int:
        """How many values are missing."""
        return int(np.isnan(self.values).sum())

    @property
    def span(self) -> str:
        """The times of the first and the last value."""
        last = texts(self.start, frequency_of(self.frequency), [len(self.values) - 1])[0]
        return f"{self.start} to {last}"

    @property
    def constant(self) -> bool:
        """Whether all values are the same."""
        seen = self.values[np.isfinite(self.values)]
        return not len(seen) or bool((seen == seen[0]).all())


def whole_series(dataset: Dataset, progress: Callable[[int, int], None]) -> list[Whole]:
    """The series that the examples are windows of, each up to its last known value."""
    total = sum(map(len, dataset.splits.values()))
    longest: dict[str, Whole] = {}
    done = 0
    for split in dataset.splits.values():
        for index in range(len(split)):
            example = split[index]
            history = history_of(example.input)
            target = [] if example.target is None else values_of(example)
            name = history.name or example.id
            found = longest.get(name)
            if found is None or len(found.values) < len(history.values) + len(target):
                values = [np.nan if value is None else value for value in target]
                longest[name] = Whole(
                    name, np.append(history.values, values), history.start, history.frequency
                )
            done += 1
            if done % 500 == 0 or done == total:
                progress(done, total)
    return list(longest.values())


def inspect(dataset: Dataset, progress: Callable[[int, int], None]) -> Inspection:
    """Look at every series and report what there is and what is wrong.

    Args:
        dataset: inputs are histories, targets what followed.
        progress: called with the number of examples done, and of all.
    """
    series = whole_series(dataset, progress)
    facts = dataset.facts
    season = int(facts.get("season", 1))
    lengths = np.array([len(single.values) for single in series])
    seasonal = [_seasonality(single.values, season) for single in series]
    strong = sum(share >= SEASONAL for share in seasonal)
    missing = sum(single.missing for single in series)
    numbers: dict[str, float | str] = {
        "series": len(series),
        "values": int(lengths.sum()),
        "missing values": missing,
        "frequency": str(facts.get("frequency") or "numbered steps"),
        "horizon": int(facts.get("horizon", 1)),
        "season": season,
    }
    if season > 1:
        numbers["series with a season"] = f"{strong} of {len(series)}"
    for name in ("known", "past"):
        if facts.get(name):
            numbers[f"covariates, {name}"] = ", ".join(map(str, facts[name]))
    return Inspection(
        numbers=numbers,
        tables=[_lengths_table(dataset, lengths), _series_table(series, seasonal, season)],
        findings=[*_findings(series, season), *_other_ends(series)],
    )


def _lengths_table(dataset: Dataset, lengths: np.ndarray) -> Table:
    rows: list[list[str | int]] = [
        ["values of a series", len(lengths), int(lengths.min()), int(np.median(lengths)), int(lengths.max())]
    ]
    for name, split in dataset.splits.items():
        if len(split):
            sizes = np.array([len(values_of(split[index])) for index in range(len(split))])
            rows.append(
                [
                    f"values of a {name} window",
                    len(split),
                    int(sizes.min()),
                    int(np.median(sizes)),
                    int(sizes.max()),
                ]
            )
    return Table(title="Lengths", columns=["", "count", "minimum", "median", "maximum"], rows=rows)


def _series_table(series: list[Whole], seasonal: list[float], season: int) -> Table:
    rows: list[list[str | int | float]] = []
    for single, share in list(zip(series, seasonal, strict=True))[:MAX_LISTED]:
        seen = single.values[np.isfinite(single.values)]
        numbers = (
            [f"{number:.4g}" for number in (seen.min(), np.median(seen), seen.max())]
            if len(seen)
            else ["-"] * 3
        )
        rows.append(
            [single.name, len(single.values), single.missing, single.span, *numbers, f"{100 * share:.0f} %"]
        )
    return Table(
        title="Series" if len(series) <= MAX_LISTED else f"The first {MAX_LISTED} series",
        columns=["series", "values", "missing", "from, to", "minimum", "median", "maximum", "seasonal"],
        rows=rows,
        caption=f"seasonal: the share of the variance that a pattern of {season} steps has"
        if season > 1
        else "no seasonal period",
    )


def _seasonality(values: np.ndarray, season: int) -> float:
    """The share of the variance of the changes of a series that a fixed pattern of a season has."""
    changes = np.diff(values)
    phases = np.arange(len(changes)) % season
    seen = np.isfinite(changes)
    if season < 2 or seen.sum() < 2 * season:
        return 0.0
    changes, phases = changes[seen], phases[seen]
    size = np.abs(changes).max()
    if size == 0:
        return 0.0
    changes = changes / size
    counts = np.bincount(phases, minlength=season)
    means = np.bincount(phases, changes, minlength=season) / np.maximum(counts, 1)
    total = float(np.square(changes - changes.mean()).sum())
    rest = float(np.square(changes - means[phases]).sum())
    # A pattern of noise has a share, too: one degree of freedom for each step of the season.
    free = (len(changes) - 1) / max(1, len(changes) - season)
    return max(0.0, 1 - free * rest / total) if total else 0.0


def _findings(series: list[Whole], season: int) -> list[Finding]:
    constant = [single.name for single in series if single.constant]
    gaps = [
        f"{single.name}: {single.missing:,} of {len(single.values):,}, {_longest_gap(single)}"
        for single in series
        if single.missing
    ]
    short = [single.name for single in series if len(single.values) < 2 * season]
    stuck = [f"{single.name}: the last {count:,}" for single in series if (count := _stuck(single)) > 0]
    far = [
        f"{single.name}: {text}" for single in series if (text := _outlier(single))
    ]  # fmt: skip
    by_content: dict[bytes, list[str]] = {}
    for single in series:
        if not single.constant:
            by_content.setdefault(single.values.tobytes(), []).append(single.name)
    copies = [" = ".join(names) for names in by_content.values() if len(names) > 1]
    skipped = [f"{single.name}: {time}" for single in series if (time := _skipped_hours(single))]
    described = (
        (constant, False, "series never changes", "series never change"),
        (copies, True, "set of series has the very same values", "sets of series have the very same values"),
        (skipped, False, f"series lacks an hour, {CLOCKS}", f"series lack an hour, {CLOCKS}"),
        (gaps, False, "series has missing values", "series have missing values"),
        (short, False, f"series is shorter than two seasons of {season} steps",
         f"series are shorter than two seasons of {season} steps"),
        (stuck, False, "series stays at one value at its end, unlike before",
         "series stay at one value at their ends, unlike before"),
        (far, False, "series has values that are far from all others: a mistake?",
         "series have values that are far from all others: a mistake?"),
    )  # fmt: skip
    return [
        Finding(text=counted(len(names), text, texts_of), wrong=wrong, locations=names)
        for names, wrong, text, texts_of in described
        if names
    ]


def _gaps(single: Whole) -> tuple[np.ndarray, np.ndarray]:
    """The steps at which gaps begin, and how long they are."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.isnan(single.values).astype(int), [0]])))
    return edges[::2], edges[1::2] - edges[::2]


def _longest_gap(single: Whole) -> str:
    begins, lengths = _gaps(single)
    longest = int(np.argmax(lengths))
    begin = texts(single.start, frequency_of(single.frequency), [int(begins[longest])])[0]
    return f"{int(lengths[longest]):,} in a row from {begin}"


def _skipped_hours(single: Whole) -> str:
    """The first hour that lacks in the small hours of a Sunday in spring; empty if there is none."""
    frequency = frequency_of(single.frequency)
    first, zone = time_of(single.start)
    if zone or frequency.kind != "fixed" or HOUR % frequency.step:
        return ""
    begins, lengths = _gaps(single)
    times = frequency.times(first, begins[lengths == HOUR // frequency.step])
    for time in times.astype("datetime64[us]").tolist():
        if time.weekday() == SUNDAY and time.hour <= LAST_SMALL_HOUR and time.month in (3, 4, 9, 10):
            return str(time)
    return ""


def _stuck(single: Whole) -> int:
    """How many of the last values are the same, if there never were half as many before."""
    seen = single.values[np.isfinite(single.values)]
    if single.constant or len(seen) < 20:
        return 0
    changes = np.flatnonzero(np.diff(seen) != 0)
    tail = len(seen) - 1 - int(changes[-1])
    before = int(np.diff(np.concatenate([[-1], changes])).max())
    return tail if tail >= 10 and tail > 2 * before else 0


def _outlier(single: Whole) -> str:
    """The value that is farthest off, if it is absurd: a hundred times the usual spread, on one step."""
    seen = np.flatnonzero(np.isfinite(single.values))
    if len(seen) < 20:
        return ""
    values = single.values[seen]
    low, median, high = np.percentile(values, [10, 50, 90])
    if high <= low:
        return ""
    distances = np.abs(values - median) / (high - low)
    step = int(distances.argmax())
    if distances[step] < 100:
        return ""
    time = texts(single.start, frequency_of(single.frequency), [int(seen[step])])[0]
    return f"{values[step]:.6g} at {time}"


def _other_ends(series: list[Whole]) -> list[Finding]:
    """Series that end earlier than most: their last windows are of another time."""
    ends = {single.name: single.span.rpartition(" to ")[2] for single in series}
    last = Counter(ends.values()).most_common(1)[0][0]
    others = [f"{name}: {end}" for name, end in ends.items() if end != last]
    if not others or len(others) > len(series) / 2 or not series[0].frequency:
        return []
    text = counted(len(others), "series ends", "series end")
    return [Finding(text=f"{text} at another time than most ({last})", wrong=False, locations=others)]
