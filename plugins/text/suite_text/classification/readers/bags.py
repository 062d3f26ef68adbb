"""Reads a text as a bag of n-grams, and perhaps its words in order. numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from suite_text.classification.readers.hashed_words import HashedWords
from suite_text.classification.readers.ngrams import NGrams
from suite_text.tokens.padding import check_lengths, padded_batch

MAX_WORDS = 512
"""Words at a text's beginning that the convolutions of a bag read; its n-grams are those of all of it."""


class NGramReader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="ngrams"):
    """Reads `ngrams`, and `words` one after the other if there are any. Texts are of any length.

    Attributes:
        ngrams: what is counted.
        lengths: that n-grams are padded to.
        words: what is read in order; None for nothing.
        word_lengths: that words are padded to.
    """

    ngrams: NGrams
    lengths: tuple[int, ...]
    words: HashedWords | None = None
    word_lengths: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_lengths(self.lengths)
        if self.lengths[-1] < len(self.ngrams) - 1:
            raise ValueError("a text may have more n-grams than its longest length")
        if self.words is not None:
            check_lengths(self.word_lengths)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of what is read."""
        return ("ngrams",) if self.words is None else ("ngrams", "words")

    @property
    def max_length(self) -> None:
        """No limit."""
        return None

    def read(self, text: str) -> dict[str, np.ndarray]:
        numbers = {"ngrams": self.ngrams.encode(text)}
        if self.words is not None:
            numbers["words"] = self.words.encode(text, self.word_lengths[-1])
        return numbers

    def batch(self, read: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        arrays = {"ngrams": padded_batch([numbers["ngrams"] for numbers in read], self.lengths)}
        if self.words is not None:
            arrays["words"] = padded_batch([numbers["words"] for numbers in read], self.word_lengths)
        return arrays
