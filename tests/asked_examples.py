"""Prepared examples that say which of them a batch maker looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Asked(list[Any]):
    """Prepared examples, and which of them were asked for."""

    def __init__(self, examples: list[Any]) -> None:
        super().__init__(examples)
        self.which: set[int] = set()

    def __getitem__(self, index: Any) -> Any:
        self.which.add(index)
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("all are asked for")
