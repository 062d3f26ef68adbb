"""Examples with random access, and the choice of some of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

SPAN = 1 << 15
"""How many examples are gone through at once."""

Target = Any
"""A plain JSON value (a string, a list of strings, a list of boxes, ...), as documented by its task."""


@dataclass(frozen=True)
class Example:
    """One example, not decoded yet.

    Attributes:
        id: names it for people and in `predictions.jsonl`; unique within its split (a relative path, say).
        input: whatever the task's codecs can encode: a `suite.sources.Source`, a string, an array.
        target: what is to be predicted, a plain JSON value; None if it is not known.
    """

    id: str
    input: Any
    target: Target = None


@runtime_checkable
class Examples(Protocol):
    """A sequence of examples with random access. `examples[i]` is cheap: nothing is read or decoded.

    A list of `Example` is one.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Example: ...


@dataclass(frozen=True)
class Subset:
    """The examples of `examples` at `indices`, in that order."""

    examples: Examples
    indices: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int, /) -> Example:
        return self.examples[int(self.indices[index])]


def spans(count: int) -> Iterator[np.ndarray]:
    """The indices of so many examples, int64, in pieces of at most `SPAN`."""
    for start in range(0, count, SPAN):
        yield np.arange(start, min(start + SPAN, count))
