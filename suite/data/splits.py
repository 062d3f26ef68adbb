"""The splits that a data set lacks, taken from its training split by a seeded, stratified split.

Examples with equal content and examples of one group (`Dataset.groups`) stay on one side: a copy of a
training example in the test split would make the score a lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from suite.data.columns import index_type
from suite.data.dataset import Dataset, Subset
from suite.data.units import Units, keep_labels_in_train, mixed_strata, single_labels, spread, units_of
from suite.errors import UserError
from suite.options import Auto
from suite.wording import counted, some

AUTO_SHARE = 0.1
AUTO_MAX = {"validation": 2500, "test": 5000}


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
    units = units_of(dataset)
    side = np.zeros(len(units.size), np.int8)  # 0 is train
    rng = np.random.default_rng(seed)
    mixed = None if dataset.groups is None else mixed_strata(units)
    if mixed is not None:
        shares = np.array(list(wanted.values())) / len(dataset.train)
        side = spread(mixed, np.array([1 - shares.sum(), *shares]), rng).astype(np.int8)
    else:
        for number, count in enumerate(wanted.values(), start=1):
            free = np.flatnonzero(side == 0).astype(index_type(len(side)))
            side[_choose(units, free, count, rng)] = number
    keep_labels_in_train(units, side)

    side_of_example = np.empty(len(dataset.train), np.int8)
    side_of_example[units.order] = side[units.of_example]
    splits: dict[str, Any] = {}
    for number, split in enumerate(["train", *wanted]):
        chosen = np.flatnonzero(side_of_example == number).astype(index_type(len(dataset.train)))
        splits[split] = Subset(dataset.train, chosen)
        count, total = len(splits[split]), len(dataset.train)
        if not count and dataset.groups is not None:
            groups = counted(len(units.size), "group of the data does", "groups of the data do")
            raise UserError(
                f"the {groups} not suffice to make a {split} split: give more groups, or set '{split}' to 0"
            )
        if not count:
            raise UserError(
                f"the data has no {split} split, and its {total:,} training examples do not suffice to take"
                f" one from: give more examples that differ, or a {split} split, or set '{split}' to 0"
            )
        if number:
            share = f"{100 * count / total:.3g} % of train"
            made = counted(count, "example", "examples")
            notes.append(f"made a {split} split of {made} ({share}, seed {seed})")
    if units.copies:
        notes.append(
            counted(units.copies, "example has", "examples have")
            + " the content of another one: kept on the side of that one"
        )
    if alone := single_labels(units):
        what = "example that differs from the rest" if dataset.groups is None else "group"
        notes.append(f"only one {what}, so it stays in train: {some(alone, 5)}")
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


def _choose(units: Units, free: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
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

    quota = quota.astype(np.int32)
    too_large = units.size[free] > quota[stratum]
    order = np.lexsort((too_large, stratum))  # stable, so random among equals
    free, stratum = free[order], stratum[order]
    del order, too_large
    size = units.size[free]
    total = np.cumsum(size, dtype=index_type(int(per_stratum.sum())))
    is_first = np.append(True, stratum[1:] != stratum[:-1])
    before = total - size.astype(total.dtype)
    before[~is_first] = 0
    np.maximum.accumulate(before, out=before)
    total -= before
    del before
    may_go = ~np.append(is_first[1:], True)
    taken = may_go & (total <= quota[stratum])
    if not taken.any() and may_go.any():
        taken[np.flatnonzero(may_go)[np.argmin(size[may_go])]] = True
    chosen: np.ndarray = free[taken]
    return chosen
