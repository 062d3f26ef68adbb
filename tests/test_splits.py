"""Splits that the data lacks are taken from train: seeded, stratified, and without copies on both sides."""

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite import UserError
from suite.data.dataset import Dataset, Example
from suite.data.duplicates import same_content
from suite.data.splits import complete
from suite.sources import open_tree


def examples(count, classes="abc", start=0):
    return [
        Example(f"{number:05}", f"content {number}", classes[number % len(classes)])
        for number in range(start, start + count)
    ]


def ids(split):
    return [split[index].id for index in range(len(split))]


def targets(split):
    return Counter(str(split[index].target) for index in range(len(split)))


def test_a_tenth_each_where_the_data_has_neither():
    made, notes = complete(Dataset(train=examples(300)), seed=0)
    assert {name: len(split) for name, split in made.splits.items()} == {
        "train": 240,
        "validation": 30,
        "test": 30,
    }
    assert notes == [
        "made a test split of 30 examples (10 % of train, seed 0)",
        "made a validation split of 30 examples (10 % of train, seed 0)",
    ]


def test_no_example_is_lost_or_doubled():
    made, _ = complete(Dataset(train=examples(307)))
    assert sorted(name for split in made.splits.values() for name in ids(split)) == ids(examples(307))


def test_only_validation_where_there_is_a_test_split():
    made, notes = complete(Dataset(train=examples(100), test=examples(20, start=100)), seed=3)
    assert {name: len(split) for name, split in made.splits.items()} == {
        "train": 90,
        "validation": 10,
        "test": 20,
    }
    assert notes == ["made a validation split of 10 examples (10 % of train, seed 3)"]


def test_no_test_split_is_made_where_there_is_validation():
    data = Dataset(train=examples(100), validation=examples(20, start=100))
    made, notes = complete(data)
    assert made is data
    assert len(notes) == 1
    assert "no test split" in notes[0]
    assert "optimistic" in notes[0]


def test_data_with_all_splits_is_left_alone():
    data = Dataset(train=examples(9), validation=examples(3), test=examples(3))
    assert complete(data) == (data, [])


@pytest.mark.slow
def test_made_splits_are_never_larger_than_their_use():
    made, _ = complete(Dataset(train=examples(60_000)))
    assert len(made.splits["validation"]) == 2500
    assert len(made.splits["test"]) == 5000


def test_the_users_share_wins():
    made, _ = complete(Dataset(train=examples(300)), validation=0.2, test=0)
    assert {name: len(split) for name, split in made.splits.items()} == {"train": 240, "validation": 60}


def test_a_test_split_can_be_asked_for():
    data = Dataset(train=examples(100), validation=examples(20, start=100))
    made, _ = complete(data, test=0.3)
    assert {name: len(split) for name, split in made.splits.items()} == {
        "train": 70,
        "validation": 20,
        "test": 30,
    }


def test_a_share_for_a_split_that_is_there_is_an_error():
    with pytest.raises(
        UserError, match=r"test = 0.2 asks for a share .* a test split of its own with 20 examples"
    ):
        complete(Dataset(train=examples(100), test=examples(20)), test=0.2)


@pytest.mark.parametrize("share", [-0.1, 1.0, 2])
def test_a_share_out_of_bounds(share):
    with pytest.raises(UserError, match="is a share of train, from 0 to below 1"):
        complete(Dataset(train=examples(100)), validation=share)


def test_shares_that_leave_nothing():
    with pytest.raises(UserError, match="do not suffice"):
        complete(Dataset(train=examples(100)), validation=0.5, test=0.5)


@pytest.mark.parametrize(
    ("count", "sentence"),
    [(1, "^1 training example does not suffice to take"), (2, "^2 training examples do not suffice to take")],
)
def test_too_few_examples(count, sentence):
    with pytest.raises(UserError, match=sentence):
        complete(Dataset(train=examples(count, "a")))


def test_only_copies_of_one_example():
    with pytest.raises(UserError, match=r"examples do not suffice.*give more examples that differ"):
        complete(Dataset(train=[Example(str(number), "same", "a") for number in range(50)]))


def test_every_class_has_its_share():
    train = examples(1000, "a" * 7 + "b" * 2 + "c")
    made, _ = complete(Dataset(train=train))
    assert targets(made.splits["test"]) == {"a": 70, "b": 20, "c": 10}


def test_a_class_with_one_example_stays_in_train_and_is_named():
    train = [*examples(99, "ab"), Example("rare", "rare", "c")]
    made, notes = complete(Dataset(train=train))
    assert targets(made.train)["c"] == 1
    assert notes[-1] == "only one example that differs from the rest, so it stays in train: 'c'"


def test_a_number_is_not_called_a_label():
    counts = [*(number % 5 for number in range(98)), 13, 14]
    train = [Example(str(number), f"text {number}", count) for number, count in enumerate(counts)]
    made, notes = complete(Dataset(train=train))
    assert {"13", "14"} <= set(targets(made.train))
    assert not any("only one" in note for note in notes)


def test_every_class_stays_in_train():
    made, _ = complete(Dataset(train=examples(60, "abcdefghijklmnopqrst")), validation=0.4, test=0.4)
    assert set(targets(made.train)) == set("abcdefghijklmnopqrst")


def test_another_seed_is_another_split_and_the_same_seed_the_same():
    data = Dataset(train=examples(300))
    first, again, other = (ids(complete(data, seed=seed)[0].splits["test"]) for seed in (0, 0, 1))
    assert first == again != other


def test_the_order_of_the_examples_does_not_matter():
    train = examples(300)
    shuffled = random.Random(0).sample(train, 300)
    first, second = (complete(Dataset(train=listed))[0] for listed in (train, shuffled))
    for name in ("train", "validation", "test"):
        assert sorted(ids(first.splits[name])) == sorted(ids(second.splits[name]))


def test_groups_stay_on_one_side():
    train = examples(300)
    data = Dataset(train=train, groups=lambda example: int(example.id) // 10)
    made, _ = complete(data)
    sides = [{int(name) // 10 for name in ids(split)} for split in made.splits.values()]
    assert sum(map(len, sides)) == 30
    assert all(sides)


def test_a_group_larger_than_the_share_is_taken_where_there_is_no_other():
    data = Dataset(train=examples(90), groups=lambda example: int(example.id) // 30)
    made, _ = complete(data, test=0)
    assert len(made.splits["validation"]) == 30


def test_copies_join_groups():
    train = [Example("a", "same", "x"), Example("b", "other", "x"), Example("c", "same", "x")]
    train += [Example(f"z{number}", f"{number}", "x") for number in range(20)]
    group = {"a": "one", "b": "one", "c": "two"}
    data = Dataset(train=train, groups=lambda example: group.get(example.id, example.id))
    for seed in range(20):
        made, _ = complete(data, seed=seed, validation=0.3, test=0.3)
        assert sum(bool({"a", "b", "c"} & set(ids(split))) for split in made.splits.values()) == 1


def test_lists_of_labels_are_stratified():
    train = [Example(str(number), f"{number}", ["a", "b"] if number % 4 else ["c"]) for number in range(400)]
    made, _ = complete(Dataset(train=train))
    assert targets(made.splits["test"]) == {"['a', 'b']": 30, "['c']": 10}


def test_a_label_of_a_list_stays_in_train():
    train = [Example(str(number), f"{number}", ["common"]) for number in range(40)]
    train += [Example("x", "x", ["common", "rare"]), Example("y", "y", ["rare", "odd"])]
    for seed in range(20):
        made, _ = complete(Dataset(train=train), seed=seed, validation=0.4, test=0.4)
        assert {label for index in range(len(made.train)) for label in made.train[index].target} == {
            "common",
            "rare",
            "odd",
        }


def test_texts_as_targets_are_split_without_classes():
    train = [Example(str(number), f"{number}", f"sentence {number}") for number in range(200)]
    made, notes = complete(Dataset(train=train))
    assert len(made.splits["test"]) == 20
    assert len(notes) == 2


def test_files_of_one_size_are_compared_by_content(tmp_path):
    for number in range(40):
        (tmp_path / f"{number:02}").write_bytes(b"%03d" % (number // 2))
    tree = open_tree(tmp_path)
    train = [Example(name, tree.source(index), "x") for index, name in enumerate(tree.names)]
    made, notes = complete(Dataset(train=train))
    for split in made.splits.values():
        assert all(count == 2 for count in Counter(int(name) // 2 for name in ids(split)).values())
    assert "20 examples have the content of another one: kept on the side of that one" in notes


@pytest.mark.slow
@given(
    contents=st.lists(st.integers(0, 12), min_size=20, max_size=80),
    classes=st.integers(1, 6),
    groups=st.none() | st.integers(5, 12),
    seed=st.integers(0, 5),
)
@settings(deadline=None, max_examples=150)
def test_a_split_is_a_partition_that_keeps_copies_groups_and_classes(contents, classes, groups, seed):
    train = [
        Example(f"{number:02}", f"{content}", f"class {content % classes}")
        for number, content in enumerate(contents)
    ]

    def group(example):
        return int(example.id) % groups

    data = Dataset(train=train, groups=group if groups else None)
    try:
        made, _ = complete(data, seed=seed, validation=0.2, test=0.2)
    except UserError:
        return
    listed = [[split[index] for index in range(len(split))] for split in made.splits.values()]
    assert sorted(example.id for split in listed for example in split) == ids(train)
    of = [lambda example: example.input, *([group] if groups else [])]
    for key in of:
        seen = [{key(example) for example in split} for split in listed]
        assert sum(map(len, seen)) == len(set().union(*seen))
    assert set(targets(made.train)) == set(targets(train))
    if not groups:
        assert len(made.splits["test"]) <= max(round(0.2 * len(train)), max(Counter(contents).values()))


def test_equal_inputs_have_the_number_of_the_first():
    first = [Example("a", "x"), Example("b", "x"), Example("c", np.zeros(2))]
    second = [Example("d", np.zeros(2)), Example("e", "y"), Example("f", np.ones(2))]
    assert same_content(first, second).tolist() == [0, 0, 2, 2, 4, 5]


def test_what_cannot_be_read_equals_nothing(tmp_path):
    for name in "ab":
        (tmp_path / name).write_bytes(b"same")
    tree = open_tree(tmp_path)
    (tmp_path / "b").unlink()
    assert same_content([Example(name, tree.source(index)) for index, name in enumerate("ab")]).tolist() == [
        0,
        1,
    ]


def test_targets_that_are_more_than_labels_are_spread_by_the_labels_in_them():
    train = [
        Example(f"{number:03}", f"content {number}", {"at": number, "what": ["ab"[number % 2]]})
        for number in range(80)
    ]
    train.append(Example("rare", "content rare", {"at": 80, "what": ["c", "a"]}))
    made, _ = complete(Dataset(train=train, labels=lambda example: example.target["what"]), test=0.5)
    counts = Counter(
        "".join(example.target["what"]) for example in (made.test[i] for i in range(len(made.test)))
    )
    assert set(counts) <= {"a", "b"}
    assert abs(counts["a"] - counts["b"]) <= 1
    assert "rare" in ids(made.train)


def timed(count, **more):
    train = [Example(f"e{index}", index, float(index)) for index in range(count)]
    return Dataset(train=train[::-1], order=lambda example: example.input, **more)


def test_made_splits_of_data_in_time_are_the_last_ones():
    made, notes = complete(timed(100), validation=0.1, test=0.2)
    assert [made.splits[name][0].input for name in ("train", "validation", "test")] == [0, 70, 80]
    assert {name: len(split) for name, split in made.splits.items()} == {
        "train": 70,
        "validation": 10,
        "test": 20,
    }
    assert notes[0] == "made a test split of the last 20 examples in time"


def test_a_gap_between_splits_in_time_is_left_out():
    made, notes = complete(timed(100, gap=5), validation=0.1, test=0.2)
    assert max(made.train[index].input for index in range(len(made.train))) == 59
    assert [made.splits[name][0].input for name in ("validation", "test")] == [65, 80]
    assert "left out between two splits in time: 5 examples" in notes


def test_examples_of_one_moment_are_in_one_split():
    train = [Example(f"e{index}", index // 8, float(index)) for index in range(40)]
    made, _ = complete(Dataset(train=train, order=lambda example: example.input), validation=0.1, test=0.1)
    moments = [{split[index].input for index in range(len(split))} for split in made.splits.values()]
    assert [sorted(found) for found in moments] == [[0, 1, 2], [3], [4]]


def test_too_few_examples_for_splits_in_time():
    with pytest.raises(UserError, match="do not suffice for .* in time with a gap of 50"):
        complete(timed(100, gap=50), validation=0.1, test=0.2)
