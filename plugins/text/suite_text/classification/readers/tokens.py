"""Reads a text as tokens of a vocabulary, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from suite_language.casing import lowered
from suite_text.tokens.padding import check_lengths, padded_batch
from suite_text.tokens.vocabulary import Vocabulary


class TokenReader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="tokens"):
    """Reads `tokens`, in lower case.

    Attributes:
        vocabulary: of tokens.
        lengths: that they are padded to; the last one is how many are read at once.
    """

    vocabulary: Vocabulary
    lengths: tuple[int, ...]

    def __post_init__(self) -> None:
        check_lengths(self.lengths)

    @property
    def inputs(self) -> Mapping[str, int]:
        """How many axes each array that is read has, by its name."""
        return {"tokens": 1}

    @property
    def max_length(self) -> int:
        """How many tokens are read at once."""
        return self.lengths[-1]

    def read(self, text: str) -> dict[str, np.ndarray]:
        return {"tokens": np.array(self.vocabulary.encode(lowered(text)), np.int32)}

    def batch(self, read: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        return {"tokens": padded_batch([numbers["tokens"] for numbers in read], self.lengths)}
