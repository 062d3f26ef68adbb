"""The rows of one series, by time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from suite_forecasting.frequencies import Frequency


@dataclass(eq=False)
class Grouped:
    """The rows of one series, by time."""

    name: str
    group: str
    zone: str
    times: np.ndarray
    values: np.ndarray
    parts: np.ndarray
    rows: np.ndarray
    covariates: np.ndarray | None
    frequency: Frequency | None = field(default=None)


def at(each: Grouped, rows: np.ndarray) -> Grouped:
    """Some of the rows."""
    covariates = None if each.covariates is None else each.covariates[rows]
    return Grouped(
        each.name, each.group, each.zone, each.times[rows], each.values[rows], each.parts[rows],
        each.rows[rows], covariates, each.frequency,
    )  # fmt: skip


def first_step(times: np.ndarray, frequency: Frequency) -> int:
    """The first time that is in phase with most of them."""
    if frequency.kind not in ("fixed", "numbers"):
        _, right = frequency.steps(int(times[0]), times)
        return int(times[0] if right.mean() >= 0.5 or len(times) < 2 else times[1])
    phases, inverse, counts = np.unique(times % frequency.step, return_inverse=True, return_counts=True)
    return int(times[np.flatnonzero(inverse == np.argmax(counts))[0]]) if len(phases) > 1 else int(times[0])
