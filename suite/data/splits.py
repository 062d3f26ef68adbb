"""The splits that a data set lacks, taken from its training split by a seeded, stratified split.

Examples with equal content and examples of one group (`Dataset.groups`) stay on one side: a copy of a
training example in the test split would make the score a lie.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from suite.data.dataset import Dataset, Subset, Target
from suite.data.duplicates import same_content
from suite.errors import UserError
from suite.options import Auto

AUTO_SHARE = 0.1
AUTO_MAX = {"validation": 2500, "test": 5000}
RARE = 10
"""Combinations of labels with fewer examples than this are one stratum."""


def complete(
    dataset: Dataset, *, validation: float | Auto = "auto", test: float | Auto = "auto", seed: int = 0
) -> tuple[Dataset, list[str]]:
    """Take the missing splits from `train`.

    A split that the data has of its own is never touched. "auto" makes a validation split if there is none
    (10 % of train, 2,500 examples at most), and a test split (10 %, 5,000 at most) if the data has neither
    of the two. The outcome depends on the seed and on the examples' ids, contents and targets, not on their
    order. If the data has an order in time (`Dataset.order`), the splits are its last examples instead:
    validation after train, test after validation, and `Dataset.gap` examples left out between two of them.

    Args:
        dataset: as a loader gave it.
        validation: the share of train to take, 0 for none.
        test: the share of train to take, 0 for none.
        seed: of the random choice.

    Returns:
        The data set with its splits, and sentences for people on what was done.

    Raises:
        UserError: if train has too few examples that differ, a share is out of bounds, or a share is
            given for a split that the data has of its own.
    """
    wanted, notes = _wanted(dataset, validation, test)
    if not wanted:
        return dataset, notes
    if dataset.order is not None:
        return _complete_in_time(dataset, wanted, notes)
    units = _units(dataset)
    side = np.zeros(len(units.size), np.int8)  # 0 is train
    rng = np.random.default_rng(seed)
    for number, count in enumerate(wanted.values(), start=1):
        side[_choose(units, np.flatnonzero(side == 0), count, rng)] = number
    _keep_labels_in_train(units, side)

    side_of_example = np.empty(len(dataset.train), np.int8)
    side_of_example[units.order] = side[units.of_example]
    splits: dict[str, Any] = {}
    for number, split in enumerate(["train", *wanted]):
        splits[split] = Subset(dataset.train, np.flatnonzero(side_of_example == number))
        count, total = len(splits[split]), len(dataset.train)
        if not count:
            raise UserError(
                f"the data has no {split} split, and its {total:,} training examples do not suffice to take"
                f" one from: give more examples that differ, or a {split} split, or set '{split}' to 0"
            )
        if number:
            share = f"{100 * count / total:.3g} % of train"
            notes.append(f"made a {split} split of {count:,} examples ({share}, seed {seed})")
    if units.copies:
        notes.append(
            f"{units.copies:,} examples have the content of another one: kept on the side of that one"
        )
    if alone := _single_labels(units):
        shown = ", ".join(f"'{name}'" for name in alone[:5])
        more = f" and {len(alone) - 5:,} more" if len(alone) > 5 else ""
        notes.append(f"only one example that differs from the rest, so it stays in train: {shown}{more}")
    return replace(dataset, **splits), notes


def _complete_in_time(
    dataset: Dataset, wanted: Mapping[str, int], notes: list[str]
) -> tuple[Dataset, list[str]]:
    """The last examples in time as the splits that are missing."""
    assert dataset.order is not None
    times = [dataset.order(dataset.train[index]) for index in range(len(dataset.train))]
    by_time = sorted(range(len(times)), key=times.__getitem__)
    splits: dict[str, Any] = {}
    end = len(by_time)
    for split in ("test", "validation"):
        if split in wanted:
            start = end - wanted[split]
            # Examples of one moment belong together: a split begins with a moment of its own.
            while 0 < start < end and times[by_time[start]] == times[by_time[start - 1]]:
                start -= 1
            splits[split] = Subset(dataset.train, np.array(by_time[max(start, 0) : end], np.int64))
            notes.append(f"made a {split} split of the last {len(splits[split]):,} examples in time")
            end = start - dataset.gap
    if end <= 0:
        raise UserError(
            f"{len(by_time):,} training examples do not suffice for {' and '.join(wanted)} in time with a gap"
            f" of {dataset.gap:,}: give more examples, or smaller shares"
        )
    if dataset.gap:
        notes.append(f"left out between two splits in time: {dataset.gap:,} examples")
    splits["train"] = Subset(dataset.train, np.array(by_time[:end], np.int64))
    return replace(dataset, **splits), notes


def _wanted(
    dataset: Dataset, validation: float | Auto, test: float | Auto
) -> tuple[dict[str, int], list[str]]:
    """The splits to make with their numbers of examples, and notes on those that there will not be."""
    total = len(dataset.train)
    shares: dict[str, float | Auto] = {"test": test, "validation": validation}
    wanted: dict[str, int] = {}
    for split, share in shares.items():
        own = dataset.splits.get(split)
        if share == "auto":
            if own is None and (split == "validation" or dataset.validation is None):
                wanted[split] = max(1, min(AUTO_MAX[split], round(AUTO_SHARE * total)))
        elif not 0 <= share < 1:
            raise UserError(f"{split} = {share} is not allowed: it is a share of train, from 0 to below 1")
        elif share > 0 and own is not None:
            raise UserError(
                f"{split} = {share} asks for a share of train, but the data has a {split} split of its own"
                f" with {len(own):,} examples: leave the option out, or give the data without that split"
            )
        elif share > 0:
            wanted[split] = max(1, round(share * total))
    if wanted and sum(wanted.values()) >= total:
        raise UserError(
            f"{total:,} training example{'s do' if total != 1 else ' does'} not suffice to take"
            f" {' and '.join(wanted)} examples from:"
            " give more, or splits of its own, or smaller shares"
        )
    notes = []
    if dataset.test is None and "test" not in wanted:
        notes.append(
            "there is no test split: scores are on validation, by which weights are chosen, and so optimistic"
        )
    if dataset.validation is None and "validation" not in wanted:
        notes.append("there is no validation split: weights cannot be chosen by it")
    return wanted, notes


@dataclass(frozen=True)
class _Units:
    """What is assigned as a whole: sets of examples, mostly of one.

    Attributes:
        order: int64 (examples,), the examples sorted by id.
        of_example: int64 (examples,), the unit of each, in that order.
        size: int64 (units,), the number of examples of each.
        stratum: int64 (units,)
        labels: int64 (n,): unit `labeled[i]` has the label `names[labels[i]]`.
        labeled: int64 (n,)
        names: of the labels.
        copies: the number of examples with the content of an earlier one.
    """

    order: np.ndarray
    of_example: np.ndarray
    size: np.ndarray
    stratum: np.ndarray
    labels: np.ndarray
    labeled: np.ndarray
    names: Sequence[str]
    copies: int


def _units(dataset: Dataset) -> _Units:
    train = dataset.train
    ids = [train[index].id for index in range(len(train))]
    order = np.array(sorted(range(len(train)), key=ids.__getitem__), np.int64)
    same = same_content(Subset(train, order))
    unit = same
    if dataset.groups is not None:
        unit = _joined(same, (dataset.groups(train[index]) for index in order))
    _, first, of_example, size = np.unique(unit, return_index=True, return_inverse=True, return_counts=True)

    numbers: dict[str | bytes, int] = {}
    kind = np.array([numbers.setdefault(_key(_stratified(dataset, index)), len(numbers)) for index in order])
    keys = list(numbers)
    rare = np.bincount(kind) == 1
    if np.sum(rare) > len(kind) / 2:  # most targets are unique: texts or measurements, not classes
        labels_of_key: list[list[str]] = [[] for _ in keys]
    else:
        rare = (np.bincount(kind) < RARE) & np.array([key[:1] in (b"[", b"{") for key in keys])
        labels_of_key = [_labels(key) for key in keys]
    labels, names, of_label = _flattened(labels_of_key, kind)
    return _Units(
        order=order,
        of_example=of_example,
        size=size,
        stratum=np.where(rare, len(keys), np.arange(len(keys)))[kind][first],
        labels=labels,
        labeled=of_example[of_label],
        names=names,
        copies=int(np.sum(same != np.arange(len(same)))),
    )


def _stratified(dataset: Dataset, index: int) -> Target:
    """What is spread evenly over the splits: the example's labels, each once, or its target."""
    example = dataset.train[index]
    return example.target if dataset.labels is None else sorted(set(dataset.labels(example)))


def _key(target: Target) -> str | bytes:
    """Text as it is, anything else as JSON."""
    return target if isinstance(target, str) else msgspec.json.encode(target)


def _labels(key: str | bytes) -> list[str]:
    """What must not be missing in train: the target itself, or the texts of a list of texts."""
    if isinstance(key, str):
        return [key]
    if key[:1] == b"[":
        return [item for item in msgspec.json.decode(key) if isinstance(item, str)]
    return [] if key[:1] == b"{" else [key.decode()]


def _flattened(
    labels_of_key: Sequence[Sequence[str]], kind: np.ndarray
) -> tuple[np.ndarray, list[str], np.ndarray]:
    """All labels of all examples in a row, the labels' names, and the example of each label in the row."""
    numbers: dict[str, int] = {}
    flat = [numbers.setdefault(label, len(numbers)) for labels in labels_of_key for label in labels]
    lengths = np.array([len(labels) for labels in labels_of_key], np.int64)
    starts = np.cumsum(lengths) - lengths
    repeats = lengths[kind]
    of_label = np.repeat(np.arange(len(kind)), repeats)
    within = np.arange(len(of_label)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    return np.array(flat, np.int64)[starts[kind][of_label] + within], list(numbers), of_label


def _joined(same: np.ndarray, groups: Iterable[Hashable]) -> np.ndarray:
    """The number of each example's unit: copies in two groups make one unit of both."""
    numbers: dict[Hashable, int] = {}
    group = np.array([numbers.setdefault(name, len(numbers)) for name in groups], np.int64)
    parent = list(range(len(numbers)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = number = parent[parent[number]]
        return number

    for index in np.flatnonzero(same != np.arange(len(same))):
        parent[root(int(group[index]))] = root(int(group[same[index]]))
    return np.array([root(number) for number in range(len(parent))], np.int64)[group]


def _choose(units: _Units, free: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Units among `free` with `count` examples or somewhat fewer, from each stratum its share.

    Shares are rounded by the largest remainder. The last unit of a stratum is never taken, and one that is
    larger than its stratum's share only if nothing else could be.
    """
    free = free[rng.permutation(len(free))]
    stratum = units.stratum[free]
    per_stratum = np.bincount(stratum, weights=units.size[free])
    exact = per_stratum * count / per_stratum.sum()
    quota = np.floor(exact)
    remainder = np.where(np.bincount(stratum) > 1, exact - quota, -1.0)
    quota[np.argsort(-remainder, kind="stable")[: count - int(quota.sum())]] += 1

    too_large = units.size[free] > quota[stratum]
    order = np.lexsort((too_large, stratum))  # stable, so random among equals
    free, stratum = free[order], stratum[order]
    size = units.size[free]
    total = np.cumsum(size)
    is_first = np.append(True, stratum[1:] != stratum[:-1])
    before = np.maximum.accumulate(np.where(is_first, total - size, 0))
    may_go = ~np.append(is_first[1:], True)
    taken = may_go & (total - before <= quota[stratum])
    if not taken.any() and may_go.any():
        taken[np.flatnonzero(may_go)[np.argmin(size[may_go])]] = True
    chosen: np.ndarray = free[taken]
    return chosen


def _keep_labels_in_train(units: _Units, side: np.ndarray) -> None:
    """Return a unit to train for each label that was left with none there."""
    in_train = np.zeros(len(units.names), bool)
    in_train[units.labels[side[units.labeled] == 0]] = True
    for label in np.flatnonzero(~in_train):
        side[units.labeled[units.labels == label][0]] = 0


def _single_labels(units: _Units) -> list[str]:
    """The labels that a single unit has."""
    pairs = np.unique(np.stack([units.labels, units.labeled]), axis=1)
    counts = np.bincount(pairs[0], minlength=len(units.names))
    return sorted(name for name, count in zip(units.names, counts, strict=True) if count == 1)
