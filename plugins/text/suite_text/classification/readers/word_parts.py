"""The parts of words: how a word is written, and its n-grams of characters. numpy only.

Words that training never saw have parts that it knows.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property

import msgspec
import numpy as np

from suite_language.casing import lowered
from suite_text.classification.readers.known_hashes import check_rising, numbers_of
from suite_text.classification.readers.ngrams import written_words
from suite_text.classification.readers.remembered_words import remembered
from suite_text.tokens.vocabulary import PADDING

SIZES = range(3, 6)
"""Characters of an n-gram, the two ends of the word being one each."""

MAX_PARTS = 24
"""Parts of a word that are read, the first of which is how it is written."""

FORMS = 10
"""How many ways of writing a word are told apart, that of padding, 0, included."""


class WordParts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """Numbers for the parts of each word of a text.

    A word's first number is how it is written: in small letters, in capitals, with a capital, as a number of
    so many digits, as a mark of punctuation. The others are its n-grams of characters in lower case, which
    have numbers of their own, from 1 on.

    Attributes:
        known: the CRC-32 of the n-grams that have a number, uint32 in rising order, little endian.
    """

    known: bytes

    def __post_init__(self) -> None:
        check_rising(self.known, "parts of words")

    @classmethod
    def learn(cls, texts: Iterable[str], *, min_count: int = 2, max_parts: int = 50_000) -> WordParts:
        """The most frequent n-grams of the different words of cleaned texts.

        Args:
            texts: cleaned.
            min_count: n-grams of fewer words have no number: they would say no more than the word.
            max_parts: how many n-grams have a number.
        """
        distinct = {lowered(word) for text in texts for word in written_words(text)}
        counts = Counter[int]()
        for word in sorted(distinct):
            counts.update(_hashes(word))
        frequent = [hashed for hashed, count in counts.most_common(max_parts) if count >= min_count]
        return cls(known=np.array(sorted(frequent), "<u4").tobytes())

    def __len__(self) -> int:
        """How many numbers n-grams have, padding included."""
        return 1 + len(self._known)

    def encode(self, text: str, max_words: int) -> np.ndarray:
        """The numbers of the parts of the first words of a cleaned text: int32 (words, `MAX_PARTS`)."""
        rows = [self._row_of(word) for word in written_words(text)[:max_words]]
        return np.stack(rows) if rows else np.zeros((0, MAX_PARTS), np.int32)

    @cached_property
    def _row_of(self) -> Callable[[str], np.ndarray]:
        """The numbers of the parts of a word: int32 (`MAX_PARTS`,)."""
        return remembered(self._parts_of)

    def _parts_of(self, word: str) -> np.ndarray:
        hashes = np.array(_hashes(lowered(word)), np.uint32)
        numbers = numbers_of(hashes, self._known, first=1, unknown=PADDING)
        known = numbers[numbers != PADDING][: MAX_PARTS - 1]
        row = np.full(MAX_PARTS, PADDING, np.int32)
        row[0] = _form(word)
        row[1 : 1 + len(known)] = known
        return row

    @cached_property
    def _known(self) -> np.ndarray:
        return np.frombuffer(self.known, "<u4")


def _hashes(word: str) -> tuple[int, ...]:
    """The hashes of the n-grams of a word in lower case, each once, in their order; none for one letter."""
    if len(word) < 2:
        return ()
    text = f"\u0002{word}\u0003"
    runs = [text[start : start + size] for size in SIZES for start in range(len(text) - size + 1)]
    return tuple(dict.fromkeys(zlib.crc32(run.encode("utf-8", "replace")) for run in runs))


def _form(word: str) -> int:
    """How a word is written, from 1 on."""
    if word[0].isdigit():
        return 4 + min(len(word), 4)
    if not word[0].isalpha():
        return 1
    if word.isupper():
        return 3 if len(word) > 1 else 9
    return 4 if word[0].isupper() else 2
