"""Hashed n-grams of words and of characters: what a bag is filled with. numpy only.

An n-gram is known by a 32-bit hash of it. Those of the training texts that are kept are numbered; what was
never seen in training could mean nothing, and is left out.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec
import numpy as np

from suite_text.words import places

MOST_DISTINCT = 1 << 22
"""Distinct n-grams that are counted at most; beyond, those seen once so far are forgotten."""

BLOCK = 4096
"""Texts that are counted at once."""

_PUNCTUATION = (
    "!-/:-@\\[-`{-~\u00a1-\u00bf\u2010-\u205e\u2190-\u2bff\u3001-\u3003\u3008-\u3020\uff01-\uff0f\uff1a-\uff20"
    "\uff3b-\uff40\uff5b-\uff65\U0001f300-\U0001faff"
)
_PIECE = re.compile(f"[^{_PUNCTUATION}]+|[{_PUNCTUATION}]")

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SPACE = ord(" ")


def words(text: str) -> list[str]:
    """The words of a text in lower case; marks of punctuation are words, and so is each Chinese character."""
    text = text.lower()
    return [piece for start, end in places(text) for piece in _PIECE.findall(text[start:end])]


class NGrams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """Numbers for the n-grams of a text.

    Numbers of n-grams of words come first, then those of characters. 0 is none: it is for padding.

    Attributes:
        words: n-grams of words have at most so many; 0 is no n-grams of words. The beginning and the end of
            a text are words to them.
        characters: n-grams of characters have so many, least and most, within a word and the spaces at its
            ends; (0, 0) is none.
        known_words: the hashes of n-grams of words that have a number, uint32 in rising order, little endian.
        known_characters: those of n-grams of characters.
    """

    words: int
    characters: tuple[int, int] = (0, 0)
    known_words: bytes = b""
    known_characters: bytes = b""

    @classmethod
    def learn(
        cls,
        texts: Iterable[str],
        *,
        words: int,
        characters: tuple[int, int] = (0, 0),
        least_count: int = 1,
        most: int = 1 << 20,
    ) -> tuple[NGrams, np.ndarray]:
        """The n-grams of texts, and in how many texts each one is.

        Args:
            texts: cleaned.
            words: see the attribute.
            characters: see the attribute.
            least_count: n-grams in fewer texts have no number.
            most: n-grams of words, and of characters, that have a number; the most frequent ones.

        Returns:
            The n-grams, and float32 (numbers,): in how many texts each is, 0 for the padding.
        """
        blank = cls(words=words, characters=characters)
        counted = [_Counts(), _Counts()]
        for text in texts:
            for counts, hashes in zip(counted, blank._hashes(text), strict=True):
                counts.add(hashes)
        found = [counts.kept(least_count, most) for counts in counted]
        known = [hashes.astype("<u4").tobytes() for hashes, _ in found]
        learned = cls(words=words, characters=characters, known_words=known[0], known_characters=known[1])
        return learned, np.concatenate([[0], *(number for _, number in found)]).astype(np.float32)

    def __len__(self) -> int:
        """How many numbers there are, that of the padding included."""
        return 1 + sum(map(len, self._known))

    @property
    def first_of_characters(self) -> int:
        """The first number of an n-gram of characters."""
        return 1 + len(self._known[0])

    def encode(self, text: str) -> np.ndarray:
        """The numbers of the known n-grams of a cleaned text, each once, rising: int32 (n-grams,)."""
        numbers = []
        first = 1
        for known, hashes in zip(self._known, self._hashes(text), strict=True):
            places = np.searchsorted(known, hashes)
            places = places[places < len(known)] if not len(known) else np.minimum(places, len(known) - 1)
            numbers.append((first + places[known[places] == hashes]) if len(known) else places)
            first += len(known)
        return np.concatenate(numbers).astype(np.int32)

    def impossible(self) -> str:
        """What cannot be about it, in words; empty where nothing is."""
        least, most = self.characters
        if self.words < 0 or not (0 < least <= most or (least, most) == (0, 0)):
            return f"there are no n-grams of {self.words} words and {least} to {most} characters"
        for known in (self.known_words, self.known_characters):
            if len(known) % 4 or (np.diff(np.frombuffer(known, "<u4").astype(np.int64)) <= 0).any():
                return "the hashes of its n-grams are not in rising order"
        return ""

    @cached_property
    def _known(self) -> tuple[np.ndarray, np.ndarray]:
        return np.frombuffer(self.known_words, "<u4"), np.frombuffer(self.known_characters, "<u4")

    def _hashes(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """The hashes of the n-grams of words, and of characters, each once, rising: uint32."""
        found = words(text)
        return (
            np.unique(np.concatenate([_NONE, *_word_hashes(found, self.words)])),
            np.unique(np.concatenate([_NONE, *_character_hashes(found, *self.characters)])),
        )


_NONE = np.zeros(0, np.uint32)


def _word_hashes(found: list[str], most: int) -> Iterator[np.ndarray]:
    if most < 1 or not found:
        return
    # The two ends have hashes that no word has in practice: words have 32 bits.
    single = np.array([1 << 33, *(zlib.crc32(word.encode("utf-8", "replace")) for word in found), 1 << 34])
    yield from _windows(single.astype(np.uint64), range(1, most + 1))


def _character_hashes(found: list[str], least: int, most: int) -> Iterator[np.ndarray]:
    if most < 1 or not found:
        return
    text = f" {' '.join(found)} "
    points = np.frombuffer(text.encode("utf-32-le", "replace"), "<u4")
    spaces = np.concatenate([[0], np.cumsum(points == _SPACE)])
    for size, hashes in zip(range(least, most + 1), _windows(points, range(least, most + 1)), strict=True):
        # Within one word: the only spaces of the window are at its ends.
        first = np.arange(len(hashes))
        inside = spaces[np.maximum(first + size - 1, first + 1)] - spaces[first + 1]
        yield hashes[(inside == 0) & ((points[: len(hashes)] != _SPACE) | (size > 1))]


def _windows(values: np.ndarray, sizes: range) -> Iterator[np.ndarray]:
    """The hashes of all runs of so many values: uint32 (runs,) for each size; none where it is too short."""
    values = values.astype(np.uint64) + np.uint64(1)
    state = np.zeros(len(values) + 1, np.uint64)
    for size in range(1, sizes.stop):
        # Unsigned numbers wrap around: a polynomial of the values, modulo 2 to the 64.
        state = (
            state[: len(values) - size + 1] * _FACTOR + values[size - 1 :] if size <= len(values) else _EMPTY
        )
        if size >= sizes.start:
            mixed = (state ^ (state >> np.uint64(29))) * (_FACTOR + np.uint64(2 * size))
            yield (mixed >> np.uint64(32)).astype(np.uint32)


_EMPTY = np.zeros(0, np.uint64)


class _Counts:
    """In how many texts hashes are, counted in blocks."""

    def __init__(self) -> None:
        self._hashes = _NONE
        self._numbers = np.zeros(0, np.int64)
        self._waiting: list[np.ndarray] = []

    def add(self, hashes: np.ndarray) -> None:
        """Count the hashes of one text, each of which it holds once."""
        self._waiting.append(hashes)
        if len(self._waiting) >= BLOCK:
            self._merge()

    def kept(self, least_count: int, most: int) -> tuple[np.ndarray, np.ndarray]:
        """The most frequent hashes, rising, and their counts."""
        self._merge()
        frequent = np.flatnonzero(self._numbers >= least_count)
        if len(frequent) > most:
            order = np.argsort(-self._numbers[frequent], kind="stable")
            frequent = np.sort(frequent[order[:most]])
        return self._hashes[frequent], self._numbers[frequent]

    def _merge(self) -> None:
        hashes, numbers = np.unique(np.concatenate([_NONE, *self._waiting]), return_counts=True)
        both, places = np.unique(np.concatenate([self._hashes, hashes]), return_inverse=True)
        self._numbers = np.bincount(
            places, np.concatenate([self._numbers, numbers]), minlength=len(both)
        ).astype(np.int64)
        self._hashes = both
        self._waiting = []
        if len(both) > MOST_DISTINCT:
            several = self._numbers > 1
            self._hashes, self._numbers = self._hashes[several], self._numbers[several]
