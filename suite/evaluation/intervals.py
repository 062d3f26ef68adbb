"""How sure a score is: 95 % intervals by resampling the examples that were scored.

Percentile bootstraps over examples (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter
13): the examples are drawn again with replacement, as many as there are, and scored anew. If examples come
in groups (a speaker's recordings, a patient's images), whole groups are drawn, because the examples of one
group are not independent (chapter 8). The intervals say how much the score would vary with another sample of
this size; they do not cover the chance in training.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np

from suite.contributions import Metric
from suite.stopping import check_stop

LEVEL = 0.95
RESAMPLES = 1000
MIN_RESAMPLES = 200
SECONDS_FOR_RESAMPLES = 10.0
"""How long an evaluator that has to be called anew may take for its intervals, if 200 resamples allow."""
MAX_SECONDS_FOR_RESAMPLES = 60.0

_TAIL = (1 - LEVEL) / 2

Intervals = dict[str, tuple[float, float]]


def affordable_resamples(seconds: float) -> int:
    """How many resamples an evaluator that takes `seconds` for one of them is called for; 0 for none."""
    chosen = min(max(int(SECONDS_FOR_RESAMPLES / max(seconds, 1e-9)), MIN_RESAMPLES), RESAMPLES)
    return chosen if chosen * seconds <= MAX_SECONDS_FOR_RESAMPLES else 0


def bootstrap(
    score: Callable[[np.ndarray], Mapping[str, float]],
    numbers: Mapping[str, float],
    count: int,
    *,
    metrics: Mapping[str, Metric],
    groups: Sequence[Hashable] | None,
    resamples: int,
    seed: int,
) -> tuple[Intervals, dict[str, str]]:
    """The intervals of numbers, and remarks on those that are missing or come from fewer resamples.

    Args:
        score: the numbers of the examples at some indices (int64, which may repeat).
        numbers: those of all examples; each gets an interval.
        count: the number of examples.
        metrics: what the evaluator declares, by name.
        groups: the group of each example; None if there are no groups.
        resamples: how often examples are drawn.
        seed: the same seed gives the same intervals.
    """
    members = _members(groups)
    units = count if members is None else len(members)
    if units < 2 or not numbers:
        what = "example" if members is None else "group"
        return {}, dict.fromkeys(numbers, f"no interval, there is one {what} only")
    generator = np.random.default_rng(seed)
    values = np.full((resamples, len(numbers)), np.nan)
    for row in values:
        check_stop()
        drawn = generator.integers(0, units, units)
        indices = drawn if members is None else np.concatenate([members[unit] for unit in drawn])
        resampled = score(indices)
        row[:] = [resampled.get(name, np.nan) for name in numbers]
    intervals: Intervals = {}
    remarks: dict[str, str] = {}
    for (name, number), column in zip(numbers.items(), values.T, strict=True):
        finite = column[np.isfinite(column)]
        # A number that often cannot be computed has no honest interval: what is left is selected.
        if len(finite) < LEVEL * resamples:
            remarks[name] = "no interval, it cannot be computed in every resample"
        elif np.ptp(finite) < 1e-12:
            interval = _binomial(number, units) if name in metrics and metrics[name].share else None
            if interval is None:
                remarks[name] = "no interval, it is the same in every resample"
            else:
                intervals[name] = interval
                remarks[name] = "all examples agree, so its interval is the exact binomial one"
        else:
            low, high = np.quantile(finite, [_TAIL, 1 - _TAIL])
            intervals[name] = (float(low), float(high))
            if resamples < RESAMPLES:
                remarks[name] = f"its interval is of {resamples} resamples instead of {RESAMPLES:,}"
    return intervals, remarks


def _members(groups: Sequence[Hashable] | None) -> list[np.ndarray] | None:
    """The indices of the examples of each group, in the order of the groups' first examples."""
    if groups is None:
        return None
    members: dict[Hashable, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    return [np.array(indices, np.int64) for indices in members.values()]


def _binomial(share: float, units: int) -> tuple[float, float] | None:
    """The interval of a share of 0 or 1, which resampling cannot see (Clopper and Pearson, 1934)."""
    if share == 1:
        return float(_TAIL ** (1 / units)), 1.0
    return (0.0, float(1 - _TAIL ** (1 / units))) if share == 0 else None
