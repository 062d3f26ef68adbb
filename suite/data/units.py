"""What is put into a split as a whole: examples of equal content, and of one group, with their classes."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from suite.data.columns import column_rows, ids_at, index_type, narrow
from suite.data.dataset import Dataset, Examples, Subset, Target
from suite.data.duplicates import same_content

RARE = 10
"""Combinations of labels with fewer examples than this are one stratum."""

_NUMERIC = tuple(b"%c" % character for character in b"-0123456789")
"""What numbers begin with in JSON."""

MAX_STRATA = 200
"""Strata that are told apart if groups hold several: the most frequent ones."""


@dataclass(frozen=True)
class Units:
    """What is assigned as a whole: sets of examples, mostly of one.

    Attributes:
        order: int (examples,), the examples sorted by id.
        of_example: int (examples,), the unit of each, in that order.
        size: int (units,), the number of examples of each.
        stratum: int (units,), that of the unit's first example.
        stratum_of_example: int (examples,), of each example, in the order of `of_example`.
        labels: int (n,): unit `labeled[i]` has the label `names[labels[i]]`.
        labeled: int (n,)
        names: of the labels.
        numbers: those of the names that are numbers in the data: counts or measurements as well as classes.
        copies: the number of examples with the content of an earlier one.
    """

    order: np.ndarray
    of_example: np.ndarray
    size: np.ndarray
    stratum: np.ndarray
    stratum_of_example: np.ndarray
    labels: np.ndarray
    labeled: np.ndarray
    names: Sequence[str]
    numbers: Collection[str]
    copies: int


def units_of(dataset: Dataset) -> Units:
    """The units of the training split."""
    train = dataset.train
    order = _by_id(train).astype(index_type(len(train)))
    same = same_content(Subset(train, order)).astype(order.dtype)
    unit = same
    if dataset.groups is not None:
        unit = _joined(same, (dataset.groups(train[index]) for index in order))
    if np.array_equal(unit, np.arange(len(unit))):  # a million examples that are units need no sorting
        first = of_example = unit
        size: np.ndarray = np.ones(len(unit), np.uint8)
    else:
        _, first, of_example, size = np.unique(
            unit, return_index=True, return_inverse=True, return_counts=True
        )

    kind, numbers = _kinds(dataset, order)
    keys = list(numbers)
    rare = np.bincount(kind) == 1
    if np.sum(rare) > len(kind) / 2:  # most targets are unique: texts or measurements, not classes
        labels_of_key: list[list[str]] = [[] for _ in keys]
    else:
        rare = (np.bincount(kind) < RARE) & np.array([key[:1] in (b"[", b"{") for key in keys])
        labels_of_key = [_labels(key) for key in keys]
    labels, names, of_label = _flattened(labels_of_key, kind)
    stratum = narrow(np.where(rare, len(keys), np.arange(len(keys))))[kind]
    return Units(
        order=order,
        of_example=of_example,
        size=size,
        stratum=stratum[first],
        stratum_of_example=stratum,
        labels=labels,
        labeled=of_example if of_label is None else of_example[of_label],
        names=names,
        numbers={key.decode() for key in keys if isinstance(key, bytes) and key[:1] in _NUMERIC},
        copies=int(np.sum(same != np.arange(len(same)))),
    )


def _by_id(examples: Examples) -> np.ndarray:
    """The indices of examples in the order of their ids, int64."""
    everything = np.arange(len(examples))
    if (found := column_rows(examples, everything)) is not None:
        columns, rows = found
        if (order := columns.ids.order(rows)) is not None:
            return order
    ids = ids_at(examples, everything)
    return np.array(sorted(range(len(ids)), key=ids.__getitem__), np.int64)


def _kinds(dataset: Dataset, order: np.ndarray) -> tuple[np.ndarray, dict[str | bytes, int]]:
    """The number of what each example is stratified by, (examples,), and these numbers by its key."""
    numbers: dict[str | bytes, int] = {}
    found = column_rows(dataset.train, order) if dataset.labels is None else None
    if found is None:
        keys = (_key(_stratified(dataset, index)) for index in order)
        return narrow(np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)), numbers
    columns, rows = found
    kinds = columns.kinds[rows]
    different, first = np.unique(kinds, return_index=True)
    number_of_kind = np.zeros(len(columns.targets), np.int64)
    for kind in different[np.argsort(first)].tolist():
        number_of_kind[kind] = numbers.setdefault(_key(columns.targets[kind]), len(numbers))
    return narrow(number_of_kind)[kinds], numbers


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
) -> tuple[np.ndarray, list[str], np.ndarray | None]:
    """All labels of all examples in a row, the labels' names, and the example of each label in the row.

    There is no third if each example has one label.
    """
    numbers: dict[str, int] = {}
    flat = [numbers.setdefault(label, len(numbers)) for labels in labels_of_key for label in labels]
    lengths = np.array([len(labels) for labels in labels_of_key], np.int64)
    if (lengths == 1).all():
        return narrow(np.array(flat, np.int64))[kind], list(numbers), None
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


def keep_labels_in_train(units: Units, side: np.ndarray) -> None:
    """Return a unit to train for each label that was left with none there."""
    in_train = np.zeros(len(units.names), bool)
    in_train[units.labels[side[units.labeled] == 0]] = True
    for label in np.flatnonzero(~in_train):
        side[units.labeled[units.labels == label][0]] = 0


def single_labels(units: Units) -> list[str]:
    """The labels that a single unit has; numbers are not said to be labels, which they may not be."""
    present, first = np.unique(units.labels, return_index=True)
    unit = np.zeros(len(units.names), units.labeled.dtype)
    unit[present] = units.labeled[first]
    others = units.labels[units.labeled != unit[units.labels]]
    several = np.bincount(others, minlength=len(units.names)) > 0
    single = (units.names[label] for label in present.tolist() if not several[label])
    return sorted(name for name in single if name not in units.numbers)


def mixed_strata(units: Units) -> np.ndarray | None:
    """How many examples of each stratum each unit has, int64 (units, strata); None if none mixes any.

    Of many strata the most frequent ones are told apart, and the others are one.
    """
    if (units.stratum_of_example == units.stratum[units.of_example]).all():
        return None
    stratum = np.unique(units.stratum_of_example, return_inverse=True)[1]
    frequency = np.bincount(stratum)
    rank = np.empty_like(frequency)
    rank[np.argsort(-frequency, kind="stable")] = np.arange(len(frequency))
    stratum = np.minimum(rank, MAX_STRATA - 1)[stratum]
    strata = int(stratum.max()) + 1
    flat = np.bincount(
        units.of_example.astype(np.int64) * strata + stratum, minlength=len(units.size) * strata
    )
    return flat.reshape(-1, strata)


def spread(counts: np.ndarray, shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put units into bins so that each bin gets its share of every stratum, as well as that is possible.

    Greedy, as scikit-learn's `StratifiedGroupKFold`: large units first, each into the bin that it brings
    nearest to its share. No bin is left empty as long as there are units.

    Args:
        counts: int (units, strata), the examples of each stratum in each unit.
        shares: float (bins,), which sum to 1.
        rng: for the order of units of one size.

    Returns:
        int64 (units,), the bin of each.
    """
    wanted = shares[:, None] * counts.sum(axis=0)
    have = np.zeros_like(wanted)
    bins = np.zeros(len(counts), np.int64)
    order = rng.permutation(len(counts))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    weights = 1 / np.maximum(wanted, 1e-9)
    for unit in order.tolist():
        row = counts[unit]
        present = np.flatnonzero(row)
        own = row[present]
        cost = (own * (2 * (have[:, present] - wanted[:, present]) + own) * weights[:, present]).sum(axis=1)
        bins[unit] = best = int(cost.argmin())
        have[best] += row
    for number in np.flatnonzero(np.bincount(bins, minlength=len(shares)) == 0).tolist():
        largest = int(np.bincount(bins, minlength=len(shares)).argmax())
        members = np.flatnonzero(bins == largest)
        if len(members) > 1:
            bins[members[counts[members].sum(axis=1).argmin()]] = number
    return bins
