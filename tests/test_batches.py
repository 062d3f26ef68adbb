"""A batch is a pure function of seed, epoch and step; and nothing is left out of an epoch."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.data.dataset import Example
from suite.errors import UserError
from suite.pipeline.batch_makers import Stacked, rows_of
from suite.pipeline.codec import Codec
from suite.process_group import ProcessGroup
from suite.training.batches import Batches, EpochPlan
from suite.training.prepared import PreparedExamples, memory_budget

EXAMPLES = [Example(str(number), number, number) for number in range(10)]


class Echo:
    """Batches of the numbers themselves and one random number."""

    def prepare(self, example):
        return np.array([example.input])

    def make(self, prepared, rng, progress):
        return np.stack(prepared), np.array([rng.random(), progress])


def batches(first_step=0, last_step=12, seed=7, threads=3):
    plan = EpochPlan(len(EXAMPLES), 4, seed)
    maker = Echo()
    return Batches(
        plan,
        PreparedExamples(EXAMPLES, maker.prepare, 1 << 20),
        maker,
        first_step=first_step,
        last_step=last_step,
        total_steps=12,
        threads=threads,
    )


class EchoOfRows(Echo):
    """The same, of some rows without the others."""

    def make_rows(self, prepared, rng, progress, rows):
        return np.stack(prepared[rows]), rng.random(len(prepared))[rows]

    def make(self, prepared, rng, progress):
        return self.make_rows(prepared, rng, progress, slice(None))


class InItsOwnWay(Stacked):
    """Makes batches in its own way, and says nothing of rows."""

    def make(self, prepared, rng, progress):
        inputs, targets = super().make(prepared, rng, progress)
        return {"number": inputs["number"] + rng.random((4, 2))}, targets


class Numbers(Codec):
    def encode(self, raw):
        return {"number": np.array([raw, raw])}


def noise(inputs, rng, progress):
    return {"number": inputs["number"] + rng.random((4, 2))}


@pytest.mark.parametrize(
    ("maker", "reads"),
    [
        (Stacked(Numbers(), np.array), 2),
        (Stacked(Numbers(), np.array, noise), 4),
        (InItsOwnWay(Numbers(), np.array), 4),
        (Echo(), 4),
        (EchoOfRows(), 2),
    ],
)
def test_each_process_makes_its_rows_and_reads_what_they_need(maker, reads):
    read = []

    def prepare(example):
        read.append(example.id)
        return maker.prepare(example)

    rows = [ProcessGroup(rank, 2).rows(4) for rank in range(2)]
    assert rows == [slice(0, 2), slice(2, 4)]
    many = {"first_step": 0, "last_step": 6, "total_steps": 6, "threads": 1}
    prepared = PreparedExamples(EXAMPLES, prepare, 0)
    shares = [Batches(EpochPlan(10, 4, 7), prepared, maker, rows=own, **many) for own in rows]
    for step in range(6):
        whole = shares[0].batch(step)
        for own, share in zip(rows, shares, strict=True):
            check_batch_is(share[step], rows_of(whole, own))
    for share in shares:
        share.close()
    read.clear()
    shares[1].batch(0, rows[1])
    assert len(read) == reads


def check_batch_is(batch, expected):
    assert len(batch) == len(expected)
    for arrays, others in zip(batch, expected, strict=True):
        for array, other in zip(*map(keras.tree.flatten, (arrays, others)), strict=True):
            np.testing.assert_array_equal(array, other)


counts = st.integers(1, 200)


@given(counts, st.integers(1, 64), st.integers(0, 2**32 - 1), st.integers(0, 5), st.integers(1, 4))
def test_every_example_is_in_every_epoch(count, batch_size, seed, epoch, multiple):
    plan = EpochPlan(count, batch_size, seed, multiple)
    seen = np.concatenate([plan.indices(epoch, step) for step in range(plan.steps_per_epoch)])
    assert set(seen.tolist()) == set(range(count))


@given(counts, st.integers(1, 64), st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_every_step_has_the_same_number_of_examples(count, batch_size, seed, multiple):
    plan = EpochPlan(count, batch_size, seed, multiple)
    assert {len(plan.indices(0, step)) for step in range(plan.steps_per_epoch)} == {batch_size}
    assert plan.steps_per_epoch % multiple == 0


@given(counts, st.integers(1, 64), st.integers(0, 2**32 - 1), st.integers(0, 5))
def test_every_example_is_in_every_epoch_where_lengths_count(count, batch_size, seed, epoch):
    lengths = np.random.default_rng(seed).integers(1, 50, count)
    plan = EpochPlan(count, batch_size, seed, lengths=lengths)
    assert sorted(plan.order(epoch).tolist()) == list(range(count))


def test_examples_of_alike_lengths_share_batches_which_are_in_random_order():
    lengths = np.random.default_rng(0).integers(1, 1000, 2000)

    def longest(plan):
        return np.array([lengths[plan.indices(0, step)].max() for step in range(plan.steps_per_epoch)])

    alike, mixed = EpochPlan(2000, 16, 0, lengths=lengths), EpochPlan(2000, 16, 0)
    assert longest(alike).sum() < 1.2 * lengths.sum() / 16
    assert longest(mixed).sum() > 1.7 * lengths.sum() / 16
    assert 0.2 < np.mean(np.diff(longest(alike)) > 0) < 0.8


def test_batches_of_alike_lengths_differ_from_epoch_to_epoch():
    plan = EpochPlan(200, 8, 3, lengths=np.arange(1, 201))
    first, second = ({frozenset(plan.indices(epoch, step)) for step in range(25)} for epoch in (0, 1))
    assert len(first & second) <= 2


def test_order_does_not_depend_on_what_was_asked_before():
    fresh, used = EpochPlan(50, 8, 3), EpochPlan(50, 8, 3)
    for epoch in (4, 0, 2):
        used.order(epoch)
    np.testing.assert_array_equal(fresh.order(1), used.order(1))


def test_epochs_and_seeds_differ_in_order():
    plan = EpochPlan(50, 8, 3)
    assert plan.order(0).tolist() != plan.order(1).tolist()
    assert plan.order(0).tolist() != EpochPlan(50, 8, 4).order(0).tolist()


def test_the_same_step_gives_the_same_batch_wherever_training_begins():
    whole, rest = batches(), batches(first_step=5)
    for step in range(5, 12):
        for left, right in zip(whole[step], rest[step - 5], strict=True):
            np.testing.assert_array_equal(left, right)


def test_the_same_step_gives_the_same_batch_with_any_number_of_threads():
    for left, right in zip(batches(threads=1)[6], batches(threads=4)[6], strict=True):
        np.testing.assert_array_equal(left, right)


def test_items_can_be_asked_for_again_and_out_of_order():
    made = batches()
    first = made[0][1].copy()
    made[1], made[5]
    np.testing.assert_array_equal(made[0][1], first)


def test_progress_goes_from_zero_to_below_one():
    made = batches()
    shares = [made[step][1][1] for step in range(12)]
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert shares[-1] < 1


@pytest.mark.parametrize(("open_lengths", "shape"), [(False, (4, 1)), (True, (4, None))])
def test_tensorflow_takes_the_same_batches(open_lengths, shape):
    tensorflow = pytest.importorskip("tensorflow")
    made = batches().as_dataset(open_lengths=open_lengths)
    assert made.element_spec == (
        tensorflow.TensorSpec(shape, tensorflow.int64),
        tensorflow.TensorSpec((2,), tensorflow.float64),
    )
    for taken, batch in zip(made.as_numpy_iterator(), (batches()[step] for step in range(12)), strict=True):
        for left, right in zip(taken, batch, strict=True):
            np.testing.assert_array_equal(left, right)


def test_letting_go_of_a_stopped_dataset_waits_for_no_thread_that_tunes_it():
    pytest.importorskip("tensorflow")
    assert batches().as_dataset(open_lengths=False).options().autotune.enabled is False


def failing(example):
    if example.input in (2, 3):
        raise UserError(f"{example.id} is broken")
    return np.array([example.input])


def test_an_unreadable_example_stops_with_its_own_error():
    with pytest.raises(UserError, match="2 is broken"):
        PreparedExamples(EXAMPLES, failing, 1 << 20)[2]


def test_an_unreadable_example_can_be_left_out_and_is_named_once():
    messages = []
    prepared = PreparedExamples(EXAMPLES, failing, 1 << 20, skip_unreadable=True, on_skip=messages.append)
    assert [int(prepared[index][0]) for index in (1, 2, 3, 2)] == [1, 4, 4, 4]
    assert messages == ["2 is broken", "3 is broken"]


def test_when_nothing_can_be_read_that_is_said():
    def broken(example):
        raise UserError("broken")

    many = EXAMPLES * 200  # more than Python calls itself
    prepared = PreparedExamples(many, broken, 1 << 20, skip_unreadable=True)
    for index in (0, 7):
        with pytest.raises(UserError, match="none of the 2000 training examples can be read: .*broken"):
            prepared[index]


def test_examples_that_fit_are_prepared_once():
    calls = []

    def prepare(example):
        calls.append(example.id)
        return np.zeros(10)

    prepared = PreparedExamples(EXAMPLES, prepare, 1 << 20)
    for _ in range(3):
        prepared[4]
    assert calls == ["4"]


def test_the_user_decides_whether_examples_are_kept():
    assert memory_budget("none", 0.4) == 0
    assert memory_budget("memory", 0.4) > 2 * memory_budget("auto", 0.4) > 0


def test_examples_that_do_not_fit_are_not_kept():
    prepared = PreparedExamples(EXAMPLES, lambda example: np.zeros(1000), 20_000)
    for index in range(10):
        prepared[index]
    assert not prepared.cached
