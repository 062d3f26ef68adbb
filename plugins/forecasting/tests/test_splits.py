from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite.data import Dataset, Examples
from suite_forecasting.examples import naive_errors
from suite_forecasting.frequencies import frequency_of
from suite_forecasting.options import SplitOptions
from suite_forecasting.reading.series import Series
from suite_forecasting.splits import dataset_of


def series(length: int, name: str = "a", tested: int = 0) -> Series:
    values = np.arange(length, dtype=np.float64)
    ends = (length - tested, length - tested)
    return Series(name=name, values=values, frequency=frequency_of("h"), ends=ends)


def targets(examples: Examples | None, name: str = "") -> list[float]:
    split = [] if examples is None else [examples[index] for index in range(len(examples))]
    return [
        value for example in split if name in ("", example.input.name) for value in example.target["values"]
    ]


def test_the_last_windows_are_the_test_and_those_before_the_validation() -> None:
    dataset = dataset_of([series(100)], SplitOptions(horizon=10, windows=2))
    assert targets(dataset.test) == list(range(80, 100))
    assert targets(dataset.validation) == list(range(70, 80))
    assert targets(dataset.train) == list(range(10, 70))
    example = dataset.test[0]  # type: ignore[index]
    assert example.input.values.tolist() == list(range(80))
    assert example.input.start == "1970-01-01T00:00:00"
    assert example.id == "a 1970-01-04T08:00:00"
    assert example.target["naive_error"] == 24


def test_a_gap_is_no_target() -> None:
    dataset = dataset_of([series(100)], SplitOptions(horizon=10, gap=5))
    assert targets(dataset.test) == list(range(90, 100))
    assert targets(dataset.validation) == list(range(75, 85))
    assert targets(dataset.train) == list(range(10, 70))


def test_a_test_file_is_covered_to_its_last_value() -> None:
    dataset = dataset_of([series(100, tested=25)], SplitOptions(horizon=10))
    assert targets(dataset.test) == list(range(75, 100))
    assert [len(dataset.test[index].target["values"]) for index in range(3)] == [10, 10, 5]  # type: ignore[index]
    assert targets(dataset.validation) == list(range(65, 75))


def test_the_horizon_is_that_of_the_test_file() -> None:
    assert dataset_of([series(100, tested=7)], SplitOptions()).facts["horizon"] == 7


@pytest.mark.parametrize(("length", "horizon"), [(1000, 48), (90, 30), (12, 4), (4, 1)])
def test_the_horizon_is_the_usual_one_if_the_series_suffice(length: int, horizon: int) -> None:
    dataset = dataset_of([series(length)], SplitOptions())
    season = 24 if length > 24 else 1
    assert dataset.facts == {"horizon": horizon, "frequency": "h", "season": season, "known": [], "past": []}
    assert dataset.options == SplitOptions(horizon=horizon, season=season, stride=horizon)
    assert len(dataset.train) > 0
    assert dataset.validation is not None
    assert dataset.test is not None


def test_short_series_are_for_training_and_named() -> None:
    every = [series(100, "long"), series(15, "short"), series(1, "single"), series(25, "middle")]
    dataset = dataset_of(every, SplitOptions(horizon=10))
    assert targets(dataset.train, "short") == list(range(7, 15))
    assert targets(dataset.train, "middle") == list(range(7, 15))
    assert targets(dataset.test, "middle") == list(range(15, 25))
    said = "\n".join(dataset.problems)
    assert "left out: 'single'" in said
    assert "for training only: 'short'" in said
    assert "has fewer: 'middle'" in said


def test_series_that_are_all_too_short_are_refused() -> None:
    with pytest.raises(UserError, match=r"horizon=3"):
        dataset_of([series(15)], SplitOptions(horizon=10))
    with pytest.raises(UserError, match="longer than the horizon"):
        dataset_of([series(100)], SplitOptions(horizon=10, stride=11))


def test_long_histories_are_cut_and_begin_later() -> None:
    dataset = dataset_of([series(100)], SplitOptions(horizon=10, max_history=16))
    history = dataset.test[0].input  # type: ignore[index]
    assert history.values.tolist() == list(range(74, 90))
    assert history.start == "1970-01-04T02:00:00"


def test_covariates_reach_to_the_horizon() -> None:
    known = np.arange(100.0)[:, None]
    single = Series(name="a", values=np.zeros(100), start=3, known=known, past=-known, ends=(88, 88))
    dataset = dataset_of([single], SplitOptions(horizon=10), facts={"known": ["k"], "past": ["p"]})
    assert dataset.test is not None
    first, last = dataset.test[0].input, dataset.test[1].input
    assert first.known[:, 0].tolist() == list(range(98))
    assert first.past[-1] == -87
    assert last.known[:, 0].tolist()[:100] == list(range(100))
    assert np.isnan(last.known[100:]).all()
    assert len(last.known) == 108
    assert first.start == "3"
    assert dataset.facts["known"] == ["k"]


def test_naive_errors_leave_missing_values_out() -> None:
    values = np.array([1.0, 2, np.nan, 4, 8, 8])
    errors = naive_errors(values, 2)
    assert errors.before(6) == np.mean([2, 4])
    assert errors.before(4) == 2
    assert errors.before(2) is None
    assert naive_errors(np.zeros(5), 1).before(5) is None
    assert naive_errors(np.zeros(2), 9).before(2) is None


SIZES = st.integers(1, 12)


@pytest.mark.slow
@given(
    lengths=st.lists(st.tuples(st.integers(1, 120), st.integers(0, 30)), min_size=1, max_size=5),
    horizon=SIZES,
    stride=SIZES,
    windows=st.integers(1, 5),
    validation_windows=st.integers(1, 4),
    gap=st.integers(0, 7),
    with_file=st.booleans(),
)
def test_no_value_of_a_test_window_is_ever_in_training(
    lengths: list[tuple[int, int]],
    horizon: int,
    stride: int,
    windows: int,
    validation_windows: int,
    gap: int,
    with_file: bool,
) -> None:
    every = [
        series(length + tested, f"s{number}", tested if with_file else 0)
        for number, (length, tested) in enumerate(lengths)
    ]
    options = SplitOptions(
        horizon=horizon,
        stride=min(stride, horizon),
        windows=windows,
        validation_windows=validation_windows,
        gap=gap,
    )
    try:
        dataset = dataset_of(every, options)
    except UserError:
        return
    for single in every:
        _check(single, dataset, horizon, gap)


def _check(single: Series, dataset: Dataset, horizon: int, gap: int) -> None:
    seen = {name: targets(split, single.name) for name, split in dataset.splits.items()}
    test, train, validation = seen["test"], seen["train"], seen.get("validation", [])
    assert len(set(train)) == len(train)
    if test:
        # All values from the first target on, to the end of the series.
        first = min(test)
        assert set(test) == set(range(int(first), len(single.values)))
        if single.ends[0] < len(single.values):
            assert first == single.ends[0]
    for earlier, later in ((train, validation), (train, test), (validation, test)):
        if earlier and later:
            assert max(earlier) + gap < min(later)
    for split in dataset.splits.values():
        for index in range(len(split)):
            example = split[index]
            if example.input.name == single.name:
                values = example.target["values"]
                assert example.input.values.tolist() == list(range(int(values[0])))
                assert 1 <= len(values) <= horizon
