"""What `suite inspect` says of series, and how they are previewed."""

from __future__ import annotations

import numpy as np
import pytest

from suite import UserError
from suite.data import Dataset, Example
from suite.figures import Image
from suite_forecasting.frequencies import frequency_of
from suite_forecasting.inspection import inspect
from suite_forecasting.options import SplitOptions
from suite_forecasting.preview import preview
from suite_forecasting.reading.series import Series
from suite_forecasting.splits import dataset_of
from suite_forecasting.types import History

DAYS = np.arange(100)
WEEK = np.sin(2 * np.pi * DAYS / 7)


def dataset(**values: np.ndarray) -> Dataset:
    series = [
        Series(name=name, values=np.array(numbers, np.float64), frequency=frequency_of("D"))
        for name, numbers in values.items()
    ]
    return dataset_of(series, SplitOptions(horizon=7))


def found(**values: np.ndarray) -> str:
    inspection = inspect(dataset(**values), lambda done, total: None)
    return "\n".join(f"{finding.text}: {', '.join(finding.locations)}" for finding in inspection.findings)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=100)


def test_what_there_is() -> None:
    progress: list[tuple[int, int]] = []
    data = dataset(a=WEEK + 0.1 * noise(0), b=noise(1))
    inspection = inspect(data, lambda done, total: progress.append((done, total)))
    assert inspection.numbers["series"] == 2
    assert inspection.numbers["values"] == 200
    assert inspection.numbers["series with a season"] == "1 of 2"
    assert inspection.tables[0].rows[0] == ["values of a series", 2, 100, 100, 100]
    assert inspection.tables[1].rows[0][3] == "1970-01-01 to 1970-04-10"
    assert not inspection.findings
    total = sum(map(len, data.splits.values()))
    assert progress[-1] == (total, total)


def test_what_can_hardly_be_forecast_is_named() -> None:
    missing = noise(2)
    missing[[3, 10, 11, 12]] = np.nan
    stuck = noise(3)
    stuck[-20:] = 0.5
    wild = noise(4)
    wild[50] = 1e6
    said = found(a=np.full(100, 3.0), b=missing, c=stuck, d=wild, e=WEEK, f=WEEK)
    assert "1 series never changes: a" in said
    assert "1 series has missing values: b: 4 of 100, 3 in a row" in said
    assert "stays at one value at its end, unlike before: c: the last 20" in said
    assert "d: 1e+06 at 1970-02-20" in said
    assert "1 set of series has the very same values: e = f" in said


def test_series_that_end_earlier_are_named() -> None:
    assert "1 series ends at another time than most (1970-04-10): c: 1970-03-31" in found(
        a=noise(5), b=noise(6), c=noise(7)[:90]
    )


def test_lists_of_numbers_are_inspected() -> None:
    facts = {"horizon": 1, "frequency": "", "season": 1, "known": [], "past": []}
    data = Dataset.of([[1, 2, 3]], [[4]], test=([[1, None]], [[3]]), facts=facts)
    assert inspect(data, lambda done, total: None).numbers["missing values"] == 1


def test_a_chart_for_each_example() -> None:
    data = dataset(a=WEEK)
    assert data.test is not None
    (chart,) = preview([data.test[0]], data.facts)
    assert isinstance(chart, Image)
    assert chart.title == "a 1970-04-04"
    assert "svg" in str(chart.content)[:200]
    assert chart.caption == "93 values before"
    with pytest.raises(UserError, match="no value"):
        preview([Example("x", History(values=np.full(3, np.nan)), None)], data.facts)
