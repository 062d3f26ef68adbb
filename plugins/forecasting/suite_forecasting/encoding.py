"""Windows of series as a network takes them, many at once; numpy only.

The network sees the shape of a window alone. So windows are centered and scaled in float64 first, for float32
would lose the noise of large values, and squares of very large or tiny ones leave its range; what the network
gives is put back by the same center and factor. The network normalizes once more, by itself (see
`suite_forecasting.models.ends`), which changes nothing here and lets it be used alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from suite import UserError
from suite_forecasting.types import History

MIN_VARIATION = 1e-13
"""As a share of the largest value: what varies less is the rounding of float64."""

MIN_SHARE = 0.01
"""Of the mean of a window: what is smaller counts as this when logarithms are taken."""


@dataclass(frozen=True)
class Windows:
    """Windows of values, centered and scaled.

    Attributes:
        values: float32 (count, context), 0 where a value is missing.
        observed: float32 (count, context), 1 where there is a value, else 0.
        center: float64 (count,), what was subtracted.
        factor: float64 (count,), what it was divided by; 1 for a window that never changes.
        varies: bool (count,), False for a window that never changes.
        ratio: float32 (count,), what turns `values` to logarithms: `log(1 + ratio * values)` is the logarithm
            of the series, but for a constant. 0 for a window with negative values, which has none.
    """

    values: np.ndarray
    observed: np.ndarray
    center: np.ndarray
    factor: np.ndarray
    varies: np.ndarray
    ratio: np.ndarray


def scaled(windows: np.ndarray) -> Windows:
    """Center and scale windows by the mean and the standard deviation of their observed values.

    Args:
        windows: float64 (count, context), NaN where a value is missing.
    """
    known = np.isfinite(windows)
    values = np.where(known, windows, 0.0)
    counts = np.maximum(known.sum(axis=1), 1)
    size = np.abs(values).max(axis=1, initial=0.0)
    divisor = np.where(size > 0, size, 1.0)
    shares = values / divisor[:, None]
    center = shares.sum(axis=1) / counts
    moved = np.where(known, shares - center[:, None], 0.0)
    scale = np.sqrt(np.square(moved).sum(axis=1) / counts)
    varies = scale > MIN_VARIATION
    usable = np.where(varies, scale, 1.0)
    least = np.where(known, shares, np.inf).min(axis=1, initial=np.inf)
    positive = varies & (least >= 0) & (center > 0)
    # Of values near 0 logarithms say nothing but how near: all are moved up, to 1 % of the mean at least.
    up = center + np.maximum(MIN_SHARE * center - np.where(positive, least, 0.0), 0.0)
    return Windows(
        values=np.where(varies[:, None], moved / usable[:, None], 0.0).astype(np.float32),
        observed=known.astype(np.float32),
        center=center * divisor,
        factor=np.where(varies, scale * divisor, 1.0),
        varies=varies,
        ratio=np.where(positive, usable / np.where(positive, up, 1.0), 0.0).astype(np.float32),
    )


def history_of(raw: Any) -> History:
    """An input as a history: it may be a list or an array of numbers, None where one is missing.

    Raises:
        suite.UserError: for anything else.
    """
    if isinstance(raw, History):
        return raw
    try:
        if isinstance(raw, str | bytes):
            raise TypeError
        return History(values=np.array([np.nan if value is None else value for value in raw], np.float64))
    except (TypeError, ValueError):
        raise UserError("this is no series: give a History, or a list of numbers") from None


def last(rows: np.ndarray, count: int) -> np.ndarray:
    """The last `count` rows of an array, after rows of NaN if it has fewer: float64 (count, ...)."""
    taken = np.asarray(rows[max(0, len(rows) - count) :], np.float64)
    if len(taken) == count:
        return taken
    missing = np.full((count - len(taken), *taken.shape[1:]), np.nan)
    return np.concatenate([missing, taken])


def filled(columns: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Covariates as float32, (..., columns), with a column's mean where a value is missing."""
    return np.where(np.isfinite(columns), columns, means).astype(np.float32)


def logarithms(values: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """Scaled values (count, steps) in the logarithmic units of their windows, about as large as they are.

    Values without a logarithm, since they are negative in the units of the series, count as small ones. Where
    the ratio is 0, values stay as they are.
    """
    ratio = ratio.astype(np.float64)[:, None]
    logs = np.log(np.maximum(1.0 + ratio * values, MIN_SHARE))
    return np.where(ratio > 0, logs / np.where(ratio > 0, ratio, 1.0), values)
