"""How a cleaned text becomes the arrays that a network takes. A reader is a part of the codec."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
import numpy as np

from suite_text.buckets import padded_batch
from suite_text.classification.hashed_words import HashedWords
from suite_text.classification.ngrams import NGrams
from suite_text.vocabulary import Vocabulary

WORDS_READ = 512
"""Words at a text's beginning that the convolutions of a bag read; its n-grams are those of all of it."""


class Reader(Protocol):
    """What the codec needs of a reader."""

    def read(self, text: str) -> dict[str, np.ndarray]:
        """A cleaned text as int32 (numbers,) by the name of a network's input, of any length."""

    def batch(self, read: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """What was read of several texts, with padding, as one array per input."""

    @property
    def longest(self) -> int | None:
        """How many numbers are taken at once; None where there is no limit."""

    def impossible(self) -> str:
        """What cannot be about it, in words; empty where nothing is."""


class NGramReader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="ngrams"):
    """Reads `ngrams`, and `words` one after the other where there are any. Texts are of any length.

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

    @property
    def longest(self) -> None:
        """No limit."""
        return None

    def read(self, text: str) -> dict[str, np.ndarray]:
        found = {"ngrams": self.ngrams.encode(text)}
        if self.words is not None:
            found["words"] = self.words.encode(text, self.word_lengths[-1])
        return found

    def batch(self, read: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        arrays = {"ngrams": padded_batch([one["ngrams"] for one in read], self.lengths)}  # type: ignore[misc]
        if self.words is not None:
            arrays["words"] = padded_batch([one["words"] for one in read], self.word_lengths)  # type: ignore[misc]
        return arrays

    def impossible(self) -> str:
        wrong = self.ngrams.impossible() or _wrong_lengths(self.lengths)
        if not wrong and self.lengths[-1] < len(self.ngrams) - 1:
            wrong = "a text may have more n-grams than its longest length"
        if not wrong and self.words is not None:
            wrong = self.words.impossible() or _wrong_lengths(self.word_lengths)
        return wrong


class TokenReader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="tokens"):
    """Reads `tokens`, in lower case.

    Attributes:
        vocabulary: of tokens.
        lengths: that they are padded to; the last one is how many are read at once.
    """

    vocabulary: Vocabulary
    lengths: tuple[int, ...]

    @property
    def longest(self) -> int:
        """How many tokens are read at once."""
        return self.lengths[-1]

    def read(self, text: str) -> dict[str, np.ndarray]:
        return {"tokens": np.array(self.vocabulary.encode(text.lower()), np.int32)}

    def batch(self, read: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        return {"tokens": padded_batch([one["tokens"] for one in read], self.lengths)}  # type: ignore[misc]

    def impossible(self) -> str:
        return self.vocabulary.impossible() or _wrong_lengths(self.lengths)


def _wrong_lengths(lengths: Any) -> str:
    rising = bool(lengths) and lengths[0] > 0 and list(lengths) == sorted(set(lengths))
    return "" if rising else f"its lengths {list(lengths)} do not rise"
