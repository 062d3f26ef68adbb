from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from suite import UserError
from suite_forecasting.frequencies import found, frequency_of

NAMES = [
    "h", "2h", "15min", "s", "D", "3D", "B", "W-SUN", "W-WED", "2W-MON", "MS", "ME", "2MS", "QS-OCT",
    "QE-DEC", "QS-JAN", "QE-NOV", "YS-JAN", "YE-DEC", "YE-JUN", "250ms",
]  # fmt: skip


def of_pandas(name: str, start: str, count: int) -> np.ndarray:
    times = pd.date_range(start, periods=count, freq=name)
    return times.to_numpy().astype("datetime64[us]").astype(np.int64)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("start", ["2023-11-30 07:00", "2024-02-29", "2020-01-31"])
def test_frequencies_are_those_of_pandas(name: str, start: str) -> None:
    times = of_pandas(name, start, 40)
    frequency = found(times)
    assert frequency is not None
    # The quarters of October are those of January.
    assert frequency.alias in {name, {"QS-OCT": "QS-JAN"}.get(name), {"2MS": "2MS"}.get(name)}
    assert frequency.times(int(times[0]), np.arange(30, 40)).tolist() == times[30:].tolist()
    numbers, fits = frequency.steps(int(times[0]), times)
    assert numbers.tolist() == list(range(40))
    assert fits.all()


@pytest.mark.parametrize("name", ["h", "D", "B", "MS", "ME", "QE-DEC", "W-SUN"])
def test_gaps_do_not_hide_a_frequency(name: str) -> None:
    times = of_pandas(name, "2021-01-01", 100)
    kept = np.delete(np.arange(100), [3, 4, 40, 77])
    frequency = found(times[kept])
    assert frequency is not None
    assert frequency.alias == name
    assert frequency.steps(int(times[0]), times[kept])[0].tolist() == kept.tolist()


def test_times_without_a_grid_have_no_frequency() -> None:
    rng = np.random.default_rng(0)
    assert found(np.sort(rng.integers(0, 10**15, 50))) is None
    assert found(np.array([5])) is None


def test_the_same_day_of_each_month_is_a_monthly_series() -> None:
    days = ["2024-01-30", "2024-02-29", "2024-03-30", "2024-04-30", "2024-05-30"]
    times = np.array(days, "datetime64[us]").astype(np.int64)
    frequency = found(times)
    assert frequency is not None
    assert frequency.alias == "MS"
    assert frequency.times(int(times[0]), np.arange(5)).tolist() == times.tolist()


def test_seasons_and_horizons() -> None:
    names = ["h", "15min", "D", "W-SUN", "MS", "QE-DEC", "YS-JAN", "B", "s", "", "2h", "5D"]
    assert [frequency_of(name).season for name in names] == [24, 96, 7, 52, 12, 4, 1, 5, 60, 1, 12, 1]
    names = ["h", "D", "W-SUN", "MS", "QS-JAN", "YE-DEC", ""]
    assert [frequency_of(name).horizon for name in names] == [48, 14, 13, 18, 8, 6, 24]


def test_older_names_are_understood() -> None:
    names = ["H", "15T", "M", "Q", "A", "W"]
    expected = ["h", "15min", "ME", "QE", "YE", "W"]
    assert [frequency_of(name) == frequency_of(other) for name, other in zip(names, expected, strict=True)]


@pytest.mark.parametrize("name", ["fortnight", "0", "W-XXX", "0h", "-1h", "h-MON"])
def test_what_is_no_frequency_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="no frequency"):
        frequency_of(name)
