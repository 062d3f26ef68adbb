"""What the codec needs of a reader, which is a part of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np


class Reader(Protocol):
    """Turns a cleaned text into the arrays that a network takes."""

    def read(self, text: str) -> dict[str, np.ndarray]:
        """A cleaned text as int32 (numbers,) by the name of a network's input, of any length."""

    def batch(self, read: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """What was read of several texts, with padding, as one array per input."""

    @property
    def inputs(self) -> Mapping[str, int]:
        """How many axes each array that `read` gives has, by its name."""

    @property
    def max_length(self) -> int | None:
        """How many numbers are taken at once; None if there is no limit."""
