"""Examples kept as columns: a few bytes for each of millions, and no object until it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, repeat
from typing import Any, Protocol

import numpy as np

from suite.data.examples import Example, Examples, Subset, Target, spans


class Column(Protocol):
    """A value for each example, all of one type, read when it is asked for; safe from several threads."""

    def __len__(self) -> int: ...

    def take(self, rows: np.ndarray) -> list[Any]:
        """The values of some rows, in that order; rising rows are read fastest."""


class NumberedIds:
    """Ids of the form `name:number`: four bytes each, and two more if there are several names.

    Args:
        names: of files, say, each once.
        numbers: (examples,), whole numbers from 0 on.
        of_name: (examples,), the index in `names` of each; None if there is one name.
    """

    def __init__(self, names: Sequence[str], numbers: np.ndarray, of_name: np.ndarray | None = None) -> None:
        self.names = names
        self.numbers = narrow(numbers)
        self.of_name = None if of_name is None or len(names) == 1 else narrow(of_name)

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: np.ndarray) -> list[str]:
        """The ids of some rows."""
        numbers = self.numbers[rows].tolist()
        if self.of_name is None:
            begin = f"{self.names[0]}:"
            return [f"{begin}{number}" for number in numbers]
        begins = [f"{name}:" for name in self.names]
        of_name = self.of_name[rows].tolist()
        return [f"{begins[name]}{number}" for name, number in zip(of_name, numbers, strict=True)]

    def order(self, rows: np.ndarray) -> np.ndarray | None:
        """The order of some rows by their ids, as texts; None if it takes the texts to know it."""
        begins = [f"{name}:" for name in self.names]
        by_begin = sorted(range(len(begins)), key=begins.__getitem__)
        # Texts begin with their neighbors in alphabetical order, if with any.
        if any(begins[after].startswith(begins[before]) for before, after in pairwise(by_begin)):
            return None
        numbers = self.numbers[rows].astype(np.int64)
        digits = np.ones(len(numbers), np.int8)
        power = 10
        while len(numbers) and power <= numbers.max():
            digits += numbers >= power
            power *= 10
        # "7" and "70" are filled up to the same number: the shorter text comes first.
        filled = numbers * (power // 10 ** digits.astype(np.int64))
        if self.of_name is None:
            return np.lexsort((digits, filled))
        rank = np.empty(len(begins), np.int32)
        rank[by_begin] = np.arange(len(begins))
        return np.lexsort((digits, filled, rank[self.of_name[rows]]))


class ColumnExamples:
    """Examples as columns.

    Args:
        ids: of the examples.
        inputs: their inputs; none is None.
        targets: the different targets.
        kinds: (examples,), the index in `targets` of each example's target.
    """

    def __init__(
        self, ids: NumberedIds, inputs: Column, targets: Sequence[Target], kinds: np.ndarray
    ) -> None:
        self.ids = ids
        self.inputs = inputs
        self.targets = targets
        self.kinds = narrow(kinds)

    def __len__(self) -> int:
        return len(self.kinds)

    def __getitem__(self, index: int, /) -> Example:
        if not -len(self) <= index < len(self):
            raise IndexError(f"there is no example {index} of {len(self)}")
        row = np.array([index % len(self)])
        return Example(self.ids.take(row)[0], self.inputs.take(row)[0], self.target(int(self.kinds[row[0]])))

    def target(self, kind: int) -> Target:
        """A target of its own, that the caller may change."""
        target = self.targets[kind]
        return list(target) if isinstance(target, list) else target

    def different_targets(self) -> list[Target]:
        """Each target that any of the examples has."""
        return [self.target(kind) for kind in np.unique(self.kinds).tolist()]


def narrow(numbers: np.ndarray) -> np.ndarray:
    """Whole numbers from 0 on in as few bytes as hold them."""
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))), copy=False)


def index_type(count: int) -> type[np.signedinteger[Any]]:
    """The type of indices of so many examples."""
    return np.int32 if count < 1 << 31 else np.int64


def column_rows(examples: Examples, indices: np.ndarray) -> tuple[ColumnExamples, np.ndarray] | None:
    """The columns that some examples lie in, and in which rows; None if they are not columns."""
    while isinstance(examples, Subset):
        indices = examples.indices[indices]
        examples = examples.examples
    return (examples, indices) if isinstance(examples, ColumnExamples) else None


def ids_at(examples: Examples, indices: np.ndarray) -> list[str]:
    """The ids of some examples."""
    if (found := column_rows(examples, indices)) is not None:
        columns, rows = found
        return columns.ids.take(rows)
    return [examples[index].id for index in indices.tolist()]


def inputs_at(examples: Examples, indices: np.ndarray) -> list[Any]:
    """The inputs of some examples."""
    if (found := column_rows(examples, indices)) is not None:
        columns, rows = found
        return columns.inputs.take(rows)
    return [examples[index].input for index in indices.tolist()]


def targets_at(examples: Examples, indices: np.ndarray) -> list[Target]:
    """The targets of some examples, which are not to be changed."""
    if (found := column_rows(examples, indices)) is not None:
        columns, rows = found
        return [columns.targets[kind] for kind in columns.kinds[rows].tolist()]
    return [examples[index].target for index in indices.tolist()]


def each_input(examples: Examples) -> Iterator[Any]:
    """The inputs of all examples, one after the other, in their order."""
    for span in spans(len(examples)):
        yield from inputs_at(examples, span)


def target_counts(examples: Examples) -> list[tuple[Target, int]] | None:
    """The different targets of examples that are columns, and how many examples have each; else None."""
    if (found := column_rows(examples, np.arange(len(examples)))) is None:
        return None
    columns, rows = found
    counts = np.bincount(columns.kinds[rows], minlength=len(columns.targets)).tolist()
    return [(columns.target(kind), count) for kind, count in enumerate(counts) if count]


def listed(examples: Examples, indices: np.ndarray) -> Iterator[tuple[str, Any, Target]]:
    """Id, number of bytes and target of some examples; the number is empty for inputs that do not know it."""
    if (found := column_rows(examples, indices)) is not None and len(indices):
        columns, rows = found
        texts = isinstance(columns.inputs.take(rows[:1])[0], str)
        sizes = repeat("") if texts else map(_size, columns.inputs.take(rows))
        yield from zip(columns.ids.take(rows), sizes, targets_at(columns, rows), strict=False)
        return
    for index in indices.tolist():
        example = examples[index]
        yield example.id, _size(example.input), example.target


def _size(raw: Any) -> Any:
    try:
        size = getattr(raw, "size", "")
    except Exception:  # noqa: BLE001 - what cannot be read is named when it is read
        return ""
    return "" if callable(size) else size
