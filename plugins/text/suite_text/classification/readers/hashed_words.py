"""The words of a text, one after the other, known by hashes of them. numpy only."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable
from functools import cached_property

import msgspec
import numpy as np

from suite_text.classification.readers.readers.ngrams import words
from suite_text.tokens.vocabulary import UNKNOWN

FIRST = UNKNOWN + 1
"""The number of the first known word; 0 is padding, 1 is any unknown word."""


class HashedWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """Numbers for the words of a text, in lower case; marks of punctuation are words.

    Attributes:
        known: the CRC-32 of the words that have a number, uint32 in rising order, little endian.
    """

    known: bytes

    @classmethod
    def learn(cls, texts: Iterable[str], *, least_count: int = 1, most: int = 100_000) -> HashedWords:
        """The most frequent words of cleaned texts.

        Args:
            texts: cleaned.
            least_count: words that occur less often are unknown.
            most: words that have a number.
        """
        counts = Counter[int]()
        for text in texts:
            counts.update(_hashes(text))
        frequent = [hashed for hashed, count in counts.most_common(most) if count >= least_count]
        return cls(known=np.array(sorted(frequent), "<u4").tobytes())

    def __len__(self) -> int:
        """How many numbers there are, those of padding and of unknown words included."""
        return FIRST + len(self._known)

    def encode(self, text: str, most: int) -> np.ndarray:
        """The numbers of the first `most` words of a cleaned text, in their order: int32 (words,)."""
        hashes = np.array(_hashes(text)[:most], np.uint32)
        if not len(self._known):
            return np.full(len(hashes), UNKNOWN, np.int32)
        places = np.minimum(np.searchsorted(self._known, hashes), len(self._known) - 1)
        return np.where(self._known[places] == hashes, FIRST + places, UNKNOWN).astype(np.int32)

    def impossible(self) -> str:
        """What cannot be about it, in words; empty where nothing is."""
        rising = len(self.known) % 4 == 0 and (np.diff(self._known.astype(np.int64)) > 0).all()
        return "" if rising else "the hashes of its words are not in rising order"

    @cached_property
    def _known(self) -> np.ndarray:
        return np.frombuffer(self.known, "<u4")


def _hashes(text: str) -> list[int]:
    return [zlib.crc32(word.encode("utf-8", "replace")) for word in words(text)]
