"""Series as they are read, each with what is to be predicted, to look at before training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Example
from suite.figures import Figure, Image, Line, line_chart
from suite_forecasting.contract import values_of
from suite_forecasting.encoding import history_of

HORIZONS = 6
"""Horizons of the history that are drawn."""

MAX_STEPS = 2000


def preview(examples: Sequence[Example], facts: Mapping[str, Any]) -> list[Figure]:
    """A chart for each example: the end of its history, and the values that follow.

    Raises:
        suite.UserError: for an example without any value.
    """
    horizon = int(facts.get("horizon", 1))
    return [_chart(example, horizon) for example in examples]


def _chart(example: Example, horizon: int) -> Image:
    history = history_of(example.input)
    values = history.values[-min(MAX_STEPS, max(HORIZONS * horizon, 20)) :]
    target = [] if example.target is None else values_of(example)
    ahead = np.array([np.nan if value is None else value for value in target], np.float64)
    if not np.isfinite(values).any() and not np.isfinite(ahead).any():
        raise UserError(f"{example.id} has no value to show")
    lines = [Line(name="history", x=np.arange(1 - len(values), 1), y=values, color=None)]
    if len(ahead):
        # From the last value of the history on, so that there is one line.
        joined = np.concatenate([values[-1:], ahead])
        lines.append(Line(name="to be predicted", x=np.arange(len(joined)), y=joined, color=0))
    missing = int(np.isnan(history.values).sum())
    caption = f"{len(history.values):,} values before" + (f", {missing:,} missing" if missing else "")
    return Image(
        title=example.id,
        content=line_chart(
            example.id, lines, x_label=f"steps ({history.frequency or 'numbered'})", whole_x=True
        ),
        caption=caption,
    )
