"""The words of a text, one after the other, known by their hashes. numpy only."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable
from functools import cached_property

import msgspec
import numpy as np

from suite_language.casing import lowered
from suite_text.classification.readers.known_hashes import check_rising, numbers_of
from suite_text.classification.readers.ngrams import written_words
from suite_text.classification.readers.remembered_words import remembered
from suite_text.tokens.vocabulary import UNKNOWN

FIRST = UNKNOWN + 1
"""The number of the first known word; 0 is padding, 1 is any unknown word."""


class HashedWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """Numbers for the words of a text, in lower case; marks of punctuation are words.

    Attributes:
        known: the CRC-32 of the words that have a number, uint32 in rising order, little endian.
    """

    known: bytes

    def __post_init__(self) -> None:
        check_rising(self.known, "words")

    @classmethod
    def learn(cls, texts: Iterable[str], *, min_count: int = 1, max_words: int = 100_000) -> HashedWords:
        """The most frequent words of cleaned texts.

        Args:
            texts: cleaned.
            min_count: words that occur less often are unknown.
            max_words: how many words have a number.
        """
        counts = Counter[int]()
        for text in texts:
            counts.update(_hashes(text))
        frequent = [hashed for hashed, count in counts.most_common(max_words) if count >= min_count]
        return cls(known=np.array(sorted(frequent), "<u4").tobytes())

    def __len__(self) -> int:
        """How many numbers there are, padding and unknown words included."""
        return FIRST + len(self._known)

    def encode(self, text: str, max_words: int) -> np.ndarray:
        """The numbers of the first `max_words` words of a cleaned text, in their order: int32 (words,)."""
        hashes = np.array(_hashes(text)[:max_words], np.uint32)
        return numbers_of(hashes, self._known, first=FIRST, unknown=UNKNOWN)

    @cached_property
    def _known(self) -> np.ndarray:
        return np.frombuffer(self.known, "<u4")


def _hashes(text: str) -> list[int]:
    return [_hash_of(word) for word in written_words(text)]


@remembered
def _hash_of(word: str) -> int:
    return zlib.crc32(lowered(word).encode("utf-8", "replace"))
