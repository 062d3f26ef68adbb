"""Reads a text as a bag of n-grams, and perhaps its words in order. numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from suite_text.classification.readers.hashed_words import HashedWords
from suite_text.classification.readers.ngrams import NGrams
from suite_text.classification.readers.word_parts import WordParts
from suite_text.tokens.padding import check_lengths, padded_batch

MAX_WORDS = 512
"""Words at a text's beginning that the convolutions of a bag read; its n-grams are those of all of it."""


class NGramReader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="ngrams"):
    """Reads `ngrams`, and `words` one after the other and their `parts` if there are any.

    Texts are of any length.

    Attributes:
        ngrams: what is counted.
        lengths: that n-grams are padded to.
        words: what is read in order; None for nothing.
        word_lengths: that words are padded to.
        parts: what words are made of; None for nothing.
    """

    ngrams: NGrams
    lengths: tuple[int, ...]
    words: HashedWords | None = None
    word_lengths: tuple[int, ...] = ()
    parts: WordParts | None = None

    def __post_init__(self) -> None:
        check_lengths(self.lengths)
        if self.lengths[-1] < len(self.ngrams) - 1:
            raise ValueError("a text may have more n-grams than its longest length")
        if self.words is not None:
            check_lengths(self.word_lengths)
        elif self.parts is not None:
            raise ValueError("there are parts of words, and no words")

    @property
    def inputs(self) -> Mapping[str, int]:
        """How many axes each array that is read has, by its name."""
        axes = {"ngrams": 1}
        if self.words is not None:
            axes["words"] = 1
        if self.parts is not None:
            axes["parts"] = 2
        return axes

    @property
    def max_length(self) -> None:
        """No limit."""
        return None

    def read(self, text: str) -> dict[str, np.ndarray]:
        numbers = {"ngrams": self.ngrams.encode(text)}
        if self.words is not None:
            numbers["words"] = self.words.encode(text, self.word_lengths[-1])
        if self.parts is not None:
            numbers["parts"] = self.parts.encode(text, self.word_lengths[-1])
        return numbers

    def batch(self, read: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        arrays = {"ngrams": padded_batch([numbers["ngrams"] for numbers in read], self.lengths)}
        if self.words is not None:
            arrays["words"] = padded_batch([numbers["words"] for numbers in read], self.word_lengths)
        if self.parts is not None:
            arrays["parts"] = padded_batch([numbers["parts"] for numbers in read], self.word_lengths)
        return arrays
