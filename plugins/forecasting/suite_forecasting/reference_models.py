"""Classical methods that networks are compared with: AutoETS and Theta, by statsforecast.

Each is fitted to the history of each forecast by itself, and learns nothing from other series. That takes
half a second for AutoETS and 900 hours, so many histories are shared out among processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from suite import RunError, UserError
from suite.data import Example, Examples
from suite.kit import needing
from suite_forecasting.encoding import history_of
from suite_forecasting.frequencies import frequency_of, texts
from suite_forecasting.types import Forecast

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_INTERVALS = (20, 40, 60, 80)

MAX_VALUES = 1_000_000
"""Of all histories: AutoETS takes about half a second for a thousand."""

ALONE = 16
"""So many histories are fitted in this process: another one takes two seconds to begin."""

MAX_PROCESSES = 8

_CHILD = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from suite_forecasting.reference_models import _child
_child()
"""


def auto_ets(train: Examples, examples: Sequence[Example], facts: Mapping[str, Any]) -> list[Forecast]:
    """Exponential smoothing, of the form that suits each history best (Hyndman et al. 2002).

    The quantiles are those of its intervals, and the median is its mean. Seasons of more than 24 steps are
    beyond this method, and are left out. Missing values are interpolated.

    Args:
        train: not used: the method learns from the histories.
        examples: with histories as inputs.
        facts: "horizon", "season" and "frequency".

    Raises:
        suite.UserError: if statsforecast is not installed, or the histories have more than a million values.
    """
    return _forecasts("AutoETS", examples, facts)


def theta(train: Examples, examples: Sequence[Example], facts: Mapping[str, Any]) -> list[Forecast]:
    """The Theta method (Assimakopoulos and Nikolopoulos 2000) after seasonal adjustment, as `auto_ets`."""
    return _forecasts("Theta", examples, facts)


def _forecasts(method: str, examples: Sequence[Example], facts: Mapping[str, Any]) -> list[Forecast]:
    with needing("suite-forecasting[statsforecast]", "AutoETS and Theta need"):
        if find_spec("statsforecast") is None:
            raise ModuleNotFoundError("statsforecast", name="statsforecast")
    histories = [history_of(example.input) for example in examples]
    values = sum(len(history.values) for history in histories)
    if values > MAX_VALUES:
        raise UserError(
            f"the {len(histories):,} histories have {values:,} values, which would take this method"
            f" {values / 1000 / 2 / 60:,.0f} minutes; it is for a million at most"
        )
    horizon, season = int(facts["horizon"]), int(facts["season"])
    job = {"method": method, "horizon": horizon, "season": season}
    quantiles = _shared([_complete(history.values).tolist() for history in histories], job)
    return [
        Forecast(
            name=history.name,
            start=texts(history.start, frequency_of(history.frequency), [len(history.values)])[0],
            frequency=history.frequency,
            levels=list(LEVELS),
            values=levels,
        )
        for history, levels in zip(histories, quantiles, strict=True)
    ]


def _complete(values: np.ndarray) -> np.ndarray:
    """Values without those that are missing: none at the beginning, between others a straight line."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return np.zeros(1)
    steps = np.arange(known[0], len(values))
    complete: np.ndarray = np.interp(steps, known, values[known])
    return complete


def _shared(series: list[list[float]], job: Mapping[str, Any]) -> list[list[list[float]]]:
    """The quantiles of each series, fitted here or, if there are many, in several processes."""
    processes = min(os.cpu_count() or 1, MAX_PROCESSES, len(series) // ALONE)
    if processes < 2:
        return [quantiles_of(np.array(values), **job) for values in series]
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _CHILD, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        for _ in range(processes)
    ]
    try:
        # All of them are given their series before any is waited for. Long ones are spread evenly.
        for number, child in enumerate(children):
            assert child.stdin is not None
            child.stdin.write(json.dumps({**job, "series": series[number::processes]}))
            child.stdin.close()
            child.stdin = None
        found: list[list[list[float]]] = [[] for _ in series]
        for number, child in enumerate(children):
            printed, errors = child.communicate()
            if child.returncode:
                last = (errors.strip().splitlines() or ["it ended without a word"])[-1]
                raise RunError(f"{job['method']} failed in a process of its own: {last}")
            found[number::processes] = json.loads(printed.splitlines()[-1])
        return found
    finally:
        for child in children:
            if child.poll() is None:
                child.kill()
                child.wait()


def _child() -> None:
    job = json.load(sys.stdin)
    series = job.pop("series")
    print(json.dumps([quantiles_of(np.array(values), **job) for values in series]))  # noqa: T201 - the answer


def quantiles_of(values: np.ndarray, *, method: str, horizon: int, season: int) -> list[list[float]]:
    """The quantiles of one series at `LEVELS`: levels x horizon numbers.

    A history that is too short for the season is fitted without one; one that is too short for the method, or
    on which it fails, stays at its last value.

    Args:
        values: float64 (n,), without gaps.
        method: "AutoETS" or "Theta".
        horizon: steps to predict.
        season: steps of a period, 1 for none.
    """
    from statsforecast import models

    season = season if len(values) >= 2 * season + 3 else 1
    for length in dict.fromkeys((season, 1)):
        try:
            found = getattr(models, method)(season_length=length).forecast(
                y=values, h=horizon, level=list(_INTERVALS)
            )
        except Exception:  # noqa: BLE001, S112 - whatever a method says of a series that does not suit it
            continue
        below = [found[f"lo-{share}"] for share in reversed(_INTERVALS)]
        above = [found[f"hi-{share}"] for share in _INTERVALS]
        quantiles = np.array([*below, found["mean"], *above], np.float64)
        if np.isfinite(quantiles).all():
            rising: list[list[float]] = np.sort(quantiles, axis=0).tolist()
            return rising
    return [[float(values[-1])] * horizon] * len(LEVELS)
