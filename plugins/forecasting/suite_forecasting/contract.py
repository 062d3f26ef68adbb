"""What data must satisfy for forecasting, whoever loaded it, and what is derived from data without facts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset, Example, Examples
from suite_forecasting.encoding import history_of
from suite_forecasting.examples import naive_errors
from suite_forecasting.frequencies import frequency_of
from suite_forecasting.types import Facts, History

MAX_LOOKED_AT = 10_000
"""Examples of a split that are checked: those of a loader are alike."""


def facts(dataset: Dataset) -> Facts:
    """The facts of series that come without any: as long a horizon as the longest target."""
    first = next((split[0].input for split in dataset.splits.values() if len(split)), None)
    frequency = first.frequency if isinstance(first, History) else ""
    lengths = [
        len(values_of(example))
        for split in dataset.splits.values()
        for example in _examples(split)
        if example.target is not None
    ]
    season = frequency_of(frequency).season
    derived: Facts = {
        "horizon": max(lengths, default=1) or 1,
        "frequency": frequency,
        "season": season,
        "known": [],
        "past": [],
    }
    histories = [history_of(example.input).values for example in _examples(dataset.train)]
    errors = [naive_errors(values, season).before(len(values)) for values in histories]
    known = [error for error in errors if error is not None]
    if known:
        derived["naive_error"] = float(np.mean(known))
    return derived


def check(dataset: Dataset) -> None:
    """Refuse data that cannot be learned from or scored.

    Raises:
        suite.UserError: if a fact is missing, an input is no series, or a target is no list of numbers or
            longer than the horizon.
    """
    horizon, season = dataset.facts.get("horizon"), dataset.facts.get("season")
    for name, number in (("horizon", horizon), ("season", season)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise UserError(f"the data's fact '{name}' is {number!r}: it is a number of steps, 1 or more")
    frequency_of(str(dataset.facts.get("frequency", "")))
    known, past = (len(dataset.facts.get(name, ())) for name in ("known", "past"))
    for split in dataset.splits.values():
        for example in _examples(split):
            _check_input(example, known, past)
            _check_target(example, int(horizon or 1))


def _examples(split: Examples) -> list[Example]:
    step = max(1, len(split) // MAX_LOOKED_AT)
    return [split[index] for index in range(0, len(split), step)]


def _check_input(example: Example, known: int, past: int) -> None:
    raw = example.input
    if not isinstance(raw, History):
        if isinstance(raw, list | tuple) or (isinstance(raw, np.ndarray) and raw.ndim == 1):
            return
        raise UserError(
            f"{example.id}: the input is a {type(raw).__name__}: give a suite_forecasting.types.History, or a"
            " list of numbers"
        )
    if not isinstance(raw.values, np.ndarray) or raw.values.ndim != 1:
        raise UserError(f"{example.id}: the values of its history are no array with one axis")
    for name, columns, count in (("known", raw.known, known), ("past", raw.past, past)):
        if count != (0 if columns is None else columns.shape[-1]):
            raise UserError(
                f"{example.id}: its history has {0 if columns is None else columns.shape[-1]} covariates in"
                f" '{name}', and the data's facts say {count}"
            )


def _check_target(example: Example, horizon: int) -> None:
    if example.target is None:
        return
    values = values_of(example)
    if not 0 < len(values) <= horizon:
        raise UserError(
            f"{example.id}: the target has {len(values)} values, and the horizon is {horizon}: give 1 to"
            f" {horizon}"
        )


def values_of(example: Example) -> list[float | None]:
    """The values of a target, in whichever form.

    Raises:
        suite.UserError: if it is neither a list of numbers nor an object that has one.
    """
    target = example.target
    values = target.get("values") if isinstance(target, Mapping) else target
    if not isinstance(values, list | tuple) or not all(map(_is_number, values)):
        raise UserError(
            f"{example.id}: the target is no list of numbers (null where one is missing), nor an object with"
            ' one as "values"'
        )
    return list(values)


def _is_number(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
