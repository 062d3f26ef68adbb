"""Texts that are longer than what the network sees at once, as windows that overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from suite_text.generation.types import Continuation


@dataclass(frozen=True, eq=False)
class Window:
    """Some tokens of a text, of which those from `first` on are scored after all before them.

    Attributes:
        ids: the tokens, without a start.
        first: the first that is scored.
        place: where the first that is scored stands in the whole text, counted from 0.
        surplus: (tokens,), bits that each one counts besides: what an unknown character is spelled with.
        dissected: whether the bits of each token are wanted.
    """

    ids: Sequence[int]
    first: int
    place: int
    surplus: np.ndarray
    dissected: bool = False


class Windows:
    """A text in windows; each token is scored in exactly one, with at least `overlap` others before it.

    Args:
        whole: the text as a single window.
        size: tokens of a window at most, more than `overlap`.
        overlap: tokens that a window has in common with the one before it.
    """

    def __init__(self, whole: Window, size: int, overlap: int) -> None:
        if not 0 <= overlap < size:
            raise ValueError(f"windows of {size} tokens cannot overlap by {overlap}")
        self.whole, self.size, self.overlap = whole, size, overlap

    @property
    def total(self) -> int:
        """The number of windows."""
        left = max(0, len(self.whole.ids) - self.size)
        return 1 + -(-left // (self.size - self.overlap))

    def __iter__(self) -> Iterator[Window]:
        """The windows in their order."""
        scored = 0
        for number in range(self.total):
            end = min(len(self.whole.ids), self.size + number * (self.size - self.overlap))
            begin = max(0, end - self.size)
            yield Window(
                ids=self.whole.ids[begin:end],
                first=scored - begin,
                place=scored,
                surplus=self.whole.surplus[begin:end],
                dissected=self.whole.dissected,
            )
            scored = end

    def merge(self, predictions: Sequence[Continuation]) -> Continuation:
        """The prediction for the whole: its bits are those of all windows."""
        by_place = np.zeros(max((len(one.by_place) for one in predictions), default=0))
        for one in predictions:
            by_place[: len(one.by_place)] += one.by_place
        return Continuation(
            bits=sum(one.bits for one in predictions),
            tokens=sum(one.tokens for one in predictions),
            by_place=tuple(by_place.tolist()),
            pieces=tuple(piece for one in predictions for piece in one.pieces),
        )
