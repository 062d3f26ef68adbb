"""What people look at: forecasts beside what came, the worst series, and errors by step of the horizon."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from suite.evaluation import Pairs
from suite.figures import Band, Figure, Image, Line, Table, line_chart
from suite_forecasting.metrics import Scoring, series_of

TYPICAL, WORST = 3, 3
"""How many forecasts are drawn, of typical errors and of the largest ones."""

MAX_ROWS = 20
"""Series in the table of the worst ones."""

HISTORY = 3
"""Horizons of the history that are drawn before a forecast."""


def figures_of(scoring: Scoring, pairs: Pairs) -> list[Figure]:
    """All figures that the pairs allow, in the order of the report."""
    return list(_figures(scoring, pairs))


def _figures(scoring: Scoring, pairs: Pairs) -> Iterator[Figure]:
    ranked = _ranked(scoring)
    for kind, index in _chosen(ranked):
        yield forecast_chart(scoring, pairs, index, kind)
    yield from _by_step(scoring)
    rows = _rows(scoring, pairs)
    if len(rows) > 1:
        yield Table(
            title="The series with the largest errors",
            columns=["series", "MASE", "sMAPE (%)", "MAE", "coverage", "known values before"],
            rows=rows[:MAX_ROWS],
            caption="By MASE: 1 is the mean error of the seasonal naive forecast within the history.",
        )


def forecast_chart(scoring: Scoring, pairs: Pairs, index: int, kind: str) -> Image:
    """One forecast with its interval, what came, and the end of the history.

    Args:
        scoring: of the pairs.
        pairs: targets and predictions.
        index: of the pair.
        kind: why this one is shown, in a word or two.
    """
    prediction, values = pairs.predictions[index], scoring.truths[index].values
    quantiles = np.asarray(prediction.values, np.float64)
    levels = [float(level) for level in prediction.levels]
    steps = np.arange(1, quantiles.shape[1] + 1)
    history = history_of(pairs, index)[-HISTORY * quantiles.shape[1] :]
    # The history and what came are one line.
    actual = np.concatenate([history, values])
    lines = [
        Line(name="actual", x=np.arange(len(actual)) - len(history) + 1, y=actual, color=7),
        Line(name="median", x=steps, y=quantiles[_middle(levels)], color=0),
    ]
    bands = []
    if len(levels) > 1:
        share = f"{100 * (levels[-1] - levels[0]):.3g} % interval"
        bands.append(Band(name=share, x=steps, low=quantiles[0], high=quantiles[-1], color=0))
    error = scoring.of_pair(index)
    numbers = [f"MASE {error['mase']:.3f}"] if np.isfinite(error["mase"]) else []
    numbers += [f"sMAPE {error['smape']:.2f} %"] if np.isfinite(error["smape"]) else []
    start = getattr(prediction, "start", "")
    name = pairs.ids[index]
    chart = line_chart(
        f"forecast of {name}",
        lines,
        bands=bands,
        x_label=f"steps; 1 is {start}" if start else "steps",
        mark=(0.5, "forecast") if len(history) else None,
    )
    return Image(title=f"{name}: {kind}", content=chart, caption=", ".join(numbers))


def history_of(pairs: Pairs, index: int) -> np.ndarray:
    """The values before a forecast, float64 (n,); none if they are not at hand."""
    if pairs.examples is None:
        return np.zeros(0)
    given: Any = pairs.examples[index].input
    return np.asarray(getattr(given, "values", []), np.float64).reshape(-1)


def _ranked(scoring: Scoring) -> list[int]:
    """The pairs that have an error, by rising MASE; by sMAPE if no scale is known."""
    errors = np.array([scoring.of_pair(index)["mase"] for index in range(len(scoring.truths))])
    if not np.isfinite(errors).any():
        errors = np.array([scoring.of_pair(index)["smape"] for index in range(len(scoring.truths))])
    known = np.flatnonzero(np.isfinite(errors))
    order: list[int] = known[np.argsort(errors[known], kind="stable")].tolist()
    return order


def _chosen(ranked: list[int]) -> list[tuple[str, int]]:
    """Which forecasts are drawn, and why: typical ones around the median, then the worst ones."""
    if not ranked:
        return []
    shares = np.linspace(0, 1, TYPICAL + 2)[1:-1]
    typical = dict.fromkeys(ranked[int(share * (len(ranked) - 1))] for share in shares)
    worst = [index for index in ranked[::-1] if index not in typical][:WORST]
    return [("a typical error", index) for index in typical] + [("a large error", index) for index in worst]


def _by_step(scoring: Scoring) -> Iterator[Image]:
    by_step = scoring.by_step()
    steps = [int(step) for step in by_step]
    if len(steps) < 2:
        return
    for name, label in (("mase", "MASE"), ("smape", "sMAPE (%)")):
        heights = [numbers[name] for numbers in by_step.values()]
        if np.isfinite(heights).any():
            yield Image(
                title="Error by step",
                content=line_chart(
                    f"{label} by step of the horizon",
                    [Line(name="", x=steps, y=heights)],
                    x_label="step of the horizon",
                    y_label=label,
                    whole_x=True,
                ),
                caption="How far ahead forecasts can be trusted.",
            )
            break
    if scoring.interval is not None:
        wanted = scoring.interval[1] - scoring.interval[0]
        inside = [numbers["coverage"] for numbers in by_step.values()]
        yield Image(
            title="Coverage by step",
            content=line_chart(
                "share of the values within the interval, by step of the horizon",
                [
                    Line(name="coverage", x=steps, y=inside),
                    Line(name="wanted", x=[steps[0], steps[-1]], y=[wanted, wanted], color=None, dashed=True),
                ],
                x_label="step of the horizon",
                y_label=f"values within the {100 * wanted:.3g} % interval",
                whole_x=True,
            ),
            caption="Below the dashed line the forecast is surer than it should be.",
        )


def _rows(scoring: Scoring, pairs: Pairs) -> list[list[str | float | int]]:
    rows: list[list[str | float | int]] = []
    for name, numbers in scoring.by_series().items():
        before = history_of(pairs, series_of(scoring, name)[0])
        cells = [
            _shown(numbers["mase"], ".3f"),
            _shown(numbers["smape"], ".2f"),
            _shown(numbers["mae"], ".4g"),
        ]
        known = int(np.isfinite(before).sum()) if pairs.examples is not None else "-"
        rows.append([name, *cells, _shown(numbers["coverage"], ".2f"), known])
        if len(rows) == MAX_ROWS:
            break
    return rows


def _shown(number: float, form: str) -> str:
    return f"{number:{form}}" if np.isfinite(number) else "-"


def _middle(levels: list[float]) -> int:
    return int(np.argmin(np.abs(np.asarray(levels) - 0.5)))
