"""Batches: windows at random cutoffs, a pure function of their arguments, in the units of the window."""

from __future__ import annotations

import numpy as np
import pytest

from suite import UserError
from suite.data import Example
from suite_forecasting.batches import MAX_DEVIATION, WindowBatches
from suite_forecasting.encoding import filled, history_of, last, logarithms, scaled
from suite_forecasting.types import History

CONTEXT, HORIZON = 6, 3


def maker(columns: int = 0, past: int = 0) -> WindowBatches:
    return WindowBatches(
        context=CONTEXT, horizon=HORIZON, known_means=np.full(columns, 5.0), past_means=np.full(past, -5.0)
    )


def example(length: int, steps: int = HORIZON, columns: int = 0, past: int = 0) -> Example:
    """A series of squares, so that each window says where it is."""
    values = np.arange(length + steps, dtype=float) ** 2
    history = History(
        values=values[:length],
        known=np.arange((length + HORIZON) * columns, dtype=float).reshape(-1, columns) if columns else None,
        past=np.arange(length * past, dtype=float).reshape(-1, past) if past else None,
    )
    return Example("a", history, {"values": values[length:].tolist(), "naive_error": 1.0})


def made(batches: WindowBatches, examples: list[Example], seed: int = 0):
    prepared = [batches.prepare(single) for single in examples]
    return batches.make(prepared, np.random.default_rng(seed), 0.0)


def test_every_cutoff_within_a_horizon_is_seen_and_targets_follow_their_window():
    inputs, targets = made(maker(), [example(20)] * 60)
    cutoffs = set()
    for row in range(60):
        for cutoff in range(18, 21):
            window = np.arange(cutoff - CONTEXT, cutoff) ** 2.0
            following = np.arange(cutoff, cutoff + HORIZON) ** 2.0
            center, factor = window.mean(), window.std()
            if inputs["values"][row] == pytest.approx((window - center) / factor, abs=1e-5):
                assert targets[row, :, 0] == pytest.approx((following - center) / factor, abs=1e-5)
                cutoffs.add(cutoff)
    assert cutoffs == {18, 19, 20}
    assert (inputs["observed"] == 1).all()
    assert (targets[:, :, 1] == 1).all()


def test_covariates_move_with_the_cutoff():
    batches = maker(columns=2, past=1)
    inputs, _ = made(batches, [example(20, columns=2, past=1)] * 40)
    begins = set()
    for row in range(40):
        begin = int(inputs["known"][row, 0, 0]) // 2
        begins.add(begin)
        assert inputs["known"][row].reshape(-1).tolist() == list(
            range(2 * begin, 2 * (begin + CONTEXT + HORIZON))
        )
        assert inputs["past"][row, :, 0].tolist() == list(range(begin, begin + CONTEXT))
    assert begins == {12, 13, 14}


def test_short_series_are_padded_before_their_first_value():
    inputs, targets = made(maker(columns=1), [example(3, columns=1)] * 20)
    lengths = inputs["observed"].sum(axis=1)
    assert set(lengths) == {2, 3}  # two values are kept
    for row, length in enumerate(lengths.astype(int)):
        assert inputs["observed"][row].tolist() == [0] * (CONTEXT - length) + [1] * length
        assert (inputs["values"][row, : CONTEXT - length] == 0).all()
        assert inputs["known"][row, : CONTEXT - length, 0].tolist() == [5] * (CONTEXT - length)
    assert (targets[:, :, 1] > 0).all()


def test_a_shorter_target_and_missing_values_weigh_nothing():
    (inputs, targets) = made(maker(), [example(20, steps=1)] * 30)
    known = targets[:, :, 1].sum(axis=1)
    assert set(known) == {1, 2, 3}  # a window further back has more of the series after it
    assert (targets[targets[:, :, 1] == 0][:, 0] == 0).all()
    history = History(values=np.array([1.0, np.nan, 3, 4, 5, 6]))
    inputs, targets = made(maker(), [Example("a", history, [None, 8, 9])] * 20)
    assert (inputs["values"][inputs["observed"] == 0] == 0).all()
    assert np.isfinite(targets).all()


def test_a_window_that_never_changes_teaches_nothing_and_a_leap_little():
    inputs, targets = made(maker(), [Example("a", History(values=np.full(20, 1e9)), [5.0, 6.0, 7.0])])
    assert not inputs["values"].any()
    assert not targets.any()
    quiet = np.tile([0.0, 1.0], 10)
    _, targets = made(maker(), [Example("a", History(values=quiet), [1e6, 1e6, 1e6])])
    farthest = np.abs(targets[0, :, 0]).max()
    assert targets[0, 0, 1] == pytest.approx(MAX_DEVIATION / farthest)


def test_large_offsets_and_scales_lose_nothing():
    pattern = np.sin(np.arange(20))
    windows = [
        scaled((factor * pattern + offset)[None]) for factor, offset in ((1, 0), (1e-3, 1e9), (1e200, 0))
    ]
    for other, tolerance in zip(windows[1:], (1e-3, 1e-6), strict=True):
        assert other.values == pytest.approx(windows[0].values, abs=tolerance)
    tiny = scaled((1e-200 * pattern)[None])
    assert tiny.values == pytest.approx(windows[0].values, abs=1e-6)
    assert [window.ratio[0] for window in windows] == [0, pytest.approx(0, abs=1e-11), 0]
    grown = 3 + pattern
    window = scaled(7 * grown[None])
    logs = np.log1p(window.ratio[0] * window.values[0])
    assert logs - logs[0] == pytest.approx(np.log(grown) - np.log(grown[0]), abs=1e-5)
    assert logarithms(window.values, window.ratio)[0] == pytest.approx(logs / window.ratio[0], rel=1e-5)
    assert np.isfinite(logarithms(np.array([[-1e9]]), window.ratio)).all()
    nothing = scaled(np.full((1, 4), np.nan))
    assert (nothing.center[0], nothing.factor[0], nothing.observed.any()) == (0, 1, False)


def test_the_same_arguments_give_the_same_batch_and_leave_examples_alone():
    batches, examples = maker(), [example(20), example(4), example(9, steps=2)]
    prepared = [batches.prepare(single) for single in examples]
    before = [[np.copy(part) for part in single] for single in prepared]
    first = batches.make(prepared, np.random.default_rng(3), 0.0)
    second = batches.make(prepared, np.random.default_rng(3), 0.5)
    assert np.array_equal(first[1], second[1])
    assert all(np.array_equal(first[0][name], second[0][name]) for name in first[0])
    for old, new in zip(before, prepared, strict=True):
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(old, new, strict=True))


def test_helpers():
    assert last(np.arange(5), 3).tolist() == [2, 3, 4]
    assert np.isnan(last(np.arange(2), 3)[0])
    assert filled(np.array([[1.0, np.nan]]), np.array([7.0, 8.0])).tolist() == [[1, 8]]
    assert history_of([1, None]).values[0] == 1
    for nonsense in ("12", 3, [[1], "x"]):
        with pytest.raises(UserError, match="no series"):
            history_of(nonsense)
