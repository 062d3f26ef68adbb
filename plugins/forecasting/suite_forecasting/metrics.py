"""The metrics of forecasts: sums of each series, computed once, from which resampled scores are cheap.

The definitions are those of the M4 competition (Makridakis et al. 2020, International Journal of Forecasting
36, 54-74) for MASE and sMAPE, and of GluonTS for the weighted quantile loss. They are tested to be equal to
those of utilsforecast. Values that are missing from a target are left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from suite import UserError
from suite.evaluation import Details, Pairs

MAX_SERIES = 1000
"""Series with rows of their own in `metrics.json`, at most: those with the largest errors."""


@dataclass(frozen=True)
class Truth:
    """A target as arrays.

    Attributes:
        values: float64 (steps,), NaN where one is missing.
        naive_error: the denominator of MASE; NaN if it is not known or 0.
    """

    values: np.ndarray
    naive_error: float


def truth(target: Any, name: str) -> Truth:
    """A target, which is a mapping with "values" and "naive_error", or the values alone.

    Args:
        target: as the task documents it.
        name: of its example, for messages.

    Raises:
        suite.UserError: for anything else.
    """
    values, naive_error = target, None
    if isinstance(target, Mapping):
        values, naive_error = target.get("values"), target.get("naive_error")
    try:
        if isinstance(values, str | bytes):
            raise TypeError
        array = np.array([math.nan if value is None else value for value in values], np.float64).reshape(-1)
        scale = math.nan if not naive_error else float(naive_error)
    except (TypeError, ValueError):
        raise UserError(
            f"{name}: the target is to be a list of numbers (null where one is missing), or an object with"
            ' such "values" and a "naive_error"'
        ) from None
    return Truth(array, scale if math.isfinite(scale) and scale > 0 else math.nan)


SUMS = ("examples", "mae", "mse", "scaled", "mase", "smape", "quantile_loss", "values", "inside", "counted")
"""The columns of `Scoring.sums`."""


class Scoring:
    """All that is computed of some pairs, once; metrics and figures take from it.

    Attributes:
        truths: the targets.
        names: the series of each pair.
        errors: float64 (pairs, steps), the absolute errors of the medians, NaN where no value is known.
        scales: float64 (pairs,), the denominators of MASE, NaN where unknown.
        smape: float64 (pairs, steps), in percent.
        inside: float64 (pairs, steps), 1 where the widest interval holds the value, else 0.
        sums: float64 (pairs, columns of `SUMS`): by pair, 1 (0 if it has no value), the means over its steps,
            1 and the scaled error if there is a scale, the sum over the steps of the mean quantile loss, the
            sum of absolute values, how many values are inside the widest interval and how many could be.
        interval: the levels at the ends of the widest interval of all forecasts; None if they have none in
            common.
    """

    def __init__(self, pairs: Pairs) -> None:
        self.truths = [truth(target, name) for target, name in zip(pairs.targets, pairs.ids, strict=True)]
        self.names = [
            getattr(prediction, "name", "") or name
            for prediction, name in zip(pairs.predictions, pairs.ids, strict=True)
        ]
        shape = (len(pairs), max((len(known.values) for known in self.truths), default=0))
        self.errors, self.smape, self.inside = (np.full(shape, np.nan) for _ in range(3))
        fallback = float(pairs.facts.get("naive_error") or math.nan)
        self.scales = np.array(
            [
                known.naive_error if isinstance(target, Mapping) else fallback
                for known, target in zip(self.truths, pairs.targets, strict=True)
            ],
            np.float64,
        )
        self.sums = np.zeros((len(pairs), len(SUMS)))
        intervals = set()
        for row, (known, prediction) in enumerate(zip(self.truths, pairs.predictions, strict=True)):
            intervals.add(self._add(row, known.values, prediction, pairs.ids[row]))
        self.interval = intervals.pop() if len(intervals) == 1 else None
        if self.interval is None:
            self.sums[:, SUMS.index("counted")] = 0.0

    def _add(self, row: int, values: np.ndarray, prediction: Any, name: str) -> tuple[float, float] | None:
        """Count a pair, and say which levels its widest interval is between."""
        steps = len(values)
        levels = np.asarray(prediction.levels, np.float64)
        quantiles = _quantiles(prediction, steps, name)
        median = quantiles[int(np.argmin(np.abs(levels - 0.5)))]
        known = np.isfinite(values)
        errors = np.abs(median - values)
        sizes = np.abs(median) + np.abs(values)
        self.errors[row, :steps] = errors
        self.smape[row, :steps] = np.where(known, 200 * errors / np.where(sizes > 0, sizes, 1.0), np.nan)
        interval = _widest(levels)
        if interval is not None:
            low, high = quantiles[0], quantiles[-1]
            self.inside[row, :steps] = np.where(known, (values >= low) & (values <= high), np.nan)
        if not known.any():
            return interval
        missed = values[known] - quantiles[:, known]
        losses = 2 * np.maximum(levels[:, None] * missed, (levels[:, None] - 1) * missed)
        mae, scale = float(errors[known].mean()), self.scales[row]
        self.sums[row] = (
            1.0,
            mae,
            float(np.square(errors[known]).mean()),
            float(np.isfinite(scale)),
            mae / scale if np.isfinite(scale) else 0.0,
            float(np.nanmean(self.smape[row])),
            float(losses.mean(axis=0).sum()),
            float(np.abs(values[known]).sum()),
            0.0 if interval is None else float(np.nansum(self.inside[row])),
            0.0 if interval is None else float(known.sum()),
        )
        return interval

    def score(self, indices: np.ndarray) -> dict[str, float]:
        """The metrics of the pairs at `indices`."""
        return rates(np.bincount(indices, minlength=len(self.sums)) @ self.sums)

    def of_pair(self, row: int) -> dict[str, float]:
        """The metrics of one pair; NaN where they are not known."""
        return rates(self.sums[row])

    def by_series(self) -> dict[str, dict[str, float]]:
        """The metrics of each series, those with the largest error first: MASE, or sMAPE where it lacks."""
        totals: dict[str, np.ndarray] = {}
        for name, sums in zip(self.names, self.sums, strict=True):
            if sums[0]:
                totals[name] = totals.get(name, 0.0) + sums
        rows = {name: {"windows": sums[0], **rates(sums)} for name, sums in totals.items()}
        return dict(sorted(rows.items(), key=lambda row: (-_known(row[1]["mase"]), -_known(row[1]["smape"]))))

    def by_step(self) -> dict[str, dict[str, float]]:
        """MAE, MASE, sMAPE and coverage of each step of the horizon, over all pairs that have its value."""
        columns = {
            "mae": self.errors,
            "mase": self.errors / self.scales[:, None],
            "smape": self.smape,
            "coverage": self.inside if self.interval else np.full_like(self.inside, np.nan),
        }
        means = {name: _means(column) for name, column in columns.items()}
        counts = np.isfinite(self.errors).sum(axis=0)
        return {
            str(step + 1): {"values": float(counts[step])}
            | {name: float(mean[step]) for name, mean in means.items()}
            for step in range(self.errors.shape[1])
            if counts[step]
        }

    def details(self) -> Details:
        """The metrics by step of the horizon, and by series if there are several."""
        series = self.by_series()
        tables = {"steps": self.by_step()}
        if len(series) > 1:
            tables["series"] = dict(list(series.items())[:MAX_SERIES])
        return {
            name: {row: {key: value for key, value in numbers.items() if np.isfinite(value)}
                   for row, numbers in table.items()}
            for name, table in tables.items()
        }  # fmt: skip

    def notes(self) -> dict[str, str]:
        """What people should know about the numbers."""
        notes = {}
        examples, scaled = self.sums[:, 0].sum(), self.sums[:, SUMS.index("scaled")].sum()
        if scaled < examples:
            missing = f"{int(examples - scaled):,} of {int(examples):,} forecasts are left out"
            notes["mase"] = f"{missing}: the naive error of their history is 0 or not known"
        if not self.sums[:, SUMS.index("values")].any():
            notes["weighted_quantile_loss"] = "left out, all values are 0"
        if self.interval is None:
            notes["coverage"] = "left out, the forecasts have no interval in common"
        else:
            low, high = self.interval
            notes["coverage"] = (
                f"of the interval between the quantiles {low:g} and {high:g}, which should hold"
                f" {100 * (high - low):.3g} % of the values"
            )
        return notes


def rates(sums: np.ndarray) -> dict[str, float]:
    """The metrics from summed columns of `SUMS`; NaN for a share of nothing."""
    total = dict(zip(SUMS, sums.tolist(), strict=True))
    return {
        "mase": _ratio(total["mase"], total["scaled"]),
        "smape": _ratio(total["smape"], total["examples"]),
        "weighted_quantile_loss": _ratio(total["quantile_loss"], total["values"]),
        "coverage": _ratio(total["inside"], total["counted"]),
        "mae": _ratio(total["mae"], total["examples"]),
        "mse": _ratio(total["mse"], total["examples"]),
    }


def _quantiles(prediction: Any, steps: int, name: str) -> np.ndarray:
    """The quantiles of a target's steps, float64 (levels, steps). Raises `UserError` if they are none."""
    rows, levels = prediction.values, prediction.levels
    if not levels or len(rows) != len(levels):
        raise UserError(f"{name}: the forecast has {len(rows)} lists of values for {len(levels)} levels")
    lengths = {len(row) for row in rows}
    if len(lengths) > 1:
        raise UserError(f"{name}: the forecast has another number of steps for each level: {sorted(lengths)}")
    if min(lengths) < steps:
        raise UserError(
            f"{name}: the forecast has {min(lengths)} steps and the target {steps}: give one for each step of"
            " the target"
        )
    return np.array(rows, np.float64)[:, :steps]


def _widest(levels: np.ndarray) -> tuple[float, float] | None:
    return (float(levels[0]), float(levels[-1])) if len(levels) > 1 else None


def _ratio(amount: float, total: float) -> float:
    return amount / total if total else float("nan")


def _known(number: float) -> float:
    return number if np.isfinite(number) else -1.0


def _means(columns: np.ndarray) -> np.ndarray:
    """The mean of each column over what is finite; NaN where nothing is."""
    finite = np.isfinite(columns)
    counts = finite.sum(axis=0)
    sums: np.ndarray = np.where(finite, columns, 0.0).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def series_of(scoring: Scoring, name: str) -> Sequence[int]:
    """The pairs of a series, in their order."""
    return [index for index, other in enumerate(scoring.names) if other == name]
