"""Texts that are longer than what the network sees at once, in chunks that overlap; several samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from suite_text.generation.types import Continuation


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some tokens of a text, of which those from `first` on are scored after all before them.

    Attributes:
        ids: the tokens, without a start.
        first: the index of the first token that is scored.
        position: of the first token that is scored, in the whole text, counted from 0.
        surplus: (tokens,), bits that are added to each token: the cost of spelling an unknown character.
        dissected: whether the bits of each token are wanted.
    """

    ids: Sequence[int]
    first: int
    position: int
    surplus: np.ndarray
    dissected: bool = False


class Chunks:
    """A text in chunks; each token is scored in exactly one, with at least `overlap` others before it.

    Args:
        text: the text as a single chunk.
        size: tokens of a chunk at most, more than `overlap`.
        overlap: tokens that a chunk has in common with the one before it.
    """

    def __init__(self, text: Chunk, size: int, overlap: int) -> None:
        if not 0 <= overlap < size:
            raise ValueError(f"chunks of {size} tokens cannot overlap by {overlap}")
        self.text, self.size, self.overlap = text, size, overlap

    @property
    def total(self) -> int:
        """The number of chunks."""
        left = max(0, len(self.text.ids) - self.size)
        return 1 + -(-left // (self.size - self.overlap))

    def __iter__(self) -> Iterator[Chunk]:
        """The chunks in their order."""
        scored = 0
        for number in range(self.total):
            end = min(len(self.text.ids), self.size + number * (self.size - self.overlap))
            begin = max(0, end - self.size)
            yield Chunk(
                ids=self.text.ids[begin:end],
                first=scored - begin,
                position=scored,
                surplus=self.text.surplus[begin:end],
                dissected=self.text.dissected,
            )
            scored = end

    def merge(self, predictions: Sequence[Continuation]) -> Continuation:
        """The prediction for the whole: its bits are those of all chunks."""
        groups = max((len(prediction.by_position) for prediction in predictions), default=0)
        by_position = np.zeros(groups)
        for prediction in predictions:
            by_position[: len(prediction.by_position)] += prediction.by_position
        return Continuation(
            bits=sum(prediction.bits for prediction in predictions),
            tokens=sum(prediction.tokens for prediction in predictions),
            by_position=tuple(by_position.tolist()),
            pieces=tuple(piece for prediction in predictions for piece in prediction.pieces),
        )


@dataclass(frozen=True)
class Samples:
    """A prompt as often as it is to be continued.

    Attributes:
        prompts: each with its number.
    """

    prompts: Sequence[Any]

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.prompts)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.prompts)

    def merge(self, predictions: Sequence[Continuation]) -> Continuation:
        """The first continuation, with the texts of all."""
        return msgspec.structs.replace(
            predictions[0], samples=tuple(prediction.text for prediction in predictions)
        )
