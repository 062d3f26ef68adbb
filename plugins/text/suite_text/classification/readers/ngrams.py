"""Hashed n-grams of words and of characters: what a bag is filled with. numpy only.

An n-gram is known by its 32-bit hash. The n-grams of the training texts that are kept have numbers; one that
training never saw means nothing, and is left out.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

import msgspec
import numpy as np

from suite_language.casing import lowered
from suite_language.words import word_spans
from suite_text.classification.readers.known_hashes import check_rising, numbers_of
from suite_text.classification.readers.remembered_words import remembered
from suite_text.tokens.vocabulary import PADDING

MAX_DISTINCT = 1 << 22
"""Distinct n-grams that are counted at most; beyond, those seen once so far are forgotten."""

BLOCK = 4096
"""Texts that are counted at once."""

_BLOCK_CHARACTERS = 1 << 19

_PUNCTUATION = (
    "!-/:-@\\[-`{-~\u00a1-\u00bf\u2010-\u205e\u2190-\u2bff\u3001-\u3003\u3008-\u3020\uff01-\uff0f\uff1a-\uff20"
    "\uff3b-\uff40\uff5b-\uff65\U0001f300-\U0001faff"
)
_PIECE = re.compile(f"[^{_PUNCTUATION}]+|[{_PUNCTUATION}]")

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SPACE = ord(" ")


def words(text: str) -> list[str]:
    """The words of a text in lower case; marks of punctuation are words, and so is each Chinese character."""
    return written_words(lowered(text))


def written_words(text: str) -> list[str]:
    """The words of a text with their capitals, otherwise as `words` has them."""
    return [piece for start, end in word_spans(text) for piece in _PIECE.findall(text[start:end])]


class NGrams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """Numbers for the n-grams of a text.

    Numbers of n-grams of words come first, then those of characters. 0 is none: it is for padding.

    Attributes:
        words: how many words an n-gram of words has at most; 0: there are none. The beginning and the end of
            a text count as words.
        characters: how many characters an n-gram of characters has, at least and at most, within a word and
            the spaces at its ends; (0, 0): there are none.
        across_words: whether an n-gram of characters may go from a word into the next one.
        known_words: the hashes of n-grams of words that have a number, uint32 in rising order, little endian.
        known_characters: the hashes of n-grams of characters.
    """

    words: int
    characters: tuple[int, int] = (0, 0)
    across_words: bool = False
    known_words: bytes = b""
    known_characters: bytes = b""

    def __post_init__(self) -> None:
        min_size, max_size = self.characters
        no_characters = (min_size, max_size) == (0, 0)
        if not 0 <= self.words <= 100 or not (0 < min_size <= max_size <= 100 or no_characters):
            raise ValueError(
                f"there are no n-grams of {self.words} words and {min_size} to {max_size} characters"
            )
        for known in (self.known_words, self.known_characters):
            check_rising(known, "n-grams")

    @classmethod
    def learn(
        cls,
        texts: Iterable[str],
        *,
        words: int,
        characters: tuple[int, int] = (0, 0),
        across_words: bool = False,
        min_count: int = 1,
        max_ngrams: int = 1 << 20,
    ) -> tuple[NGrams, np.ndarray]:
        """The n-grams of texts, and in how many texts each one is.

        Args:
            texts: cleaned.
            words: see the attribute.
            characters: see the attribute.
            across_words: see the attribute.
            min_count: n-grams in fewer texts have no number.
            max_ngrams: n-grams of words, and of characters, that have a number; the most frequent ones.

        Returns:
            The n-grams, and float32 (numbers,): in how many texts each is, 0 for the padding.
        """
        blank = cls(words=words, characters=characters, across_words=across_words)
        counted = [_Counts(), _Counts()]
        for block in _blocks(texts):
            for counts, hashes in zip(counted, blank._hashes(block), strict=True):
                counts.add(hashes, len(block))
        kept = [counts.kept(min_count, max_ngrams) for counts in counted]
        known = [hashes.astype("<u4").tobytes() for hashes, _ in kept]
        learned = msgspec.structs.replace(blank, known_words=known[0], known_characters=known[1])
        return learned, np.concatenate([[0], *(numbers for _, numbers in kept)]).astype(np.float32)

    def __len__(self) -> int:
        """How many numbers there are, that of the padding included."""
        return 1 + sum(map(len, self._known))

    @property
    def first_of_characters(self) -> int:
        """The first number of an n-gram of characters."""
        return 1 + len(self._known[0])

    def encode(self, text: str) -> np.ndarray:
        """The numbers of the known n-grams of a cleaned text, each once, rising: int32 (n-grams,)."""
        small = lowered(text)
        in_order = written_words(small)
        of_words = _distinct(list(_word_hashes(in_order, self.words)), np.uint32)
        if self.across_words:
            joined = " ".join(small.split())
            of_characters = [self._known_characters(_character_hashes(joined, self.characters, across=True))]
        else:
            of_characters = [self._characters_of(word) for word in dict.fromkeys(in_order)]
        # The numbers rise as the hashes do.
        return np.concatenate(
            [_known_numbers(of_words, self._known[0], first=1), _distinct(of_characters, np.int32)]
        )

    def _known_characters(self, hashes: np.ndarray) -> np.ndarray:
        return _known_numbers(hashes, self._known[1], first=self.first_of_characters)

    @cached_property
    def _characters_of(self) -> Callable[[str], np.ndarray]:
        """The numbers of the n-grams of characters of a word."""
        return remembered(lambda word: self._known_characters(self._hashes_in(word)))

    @cached_property
    def _hashes_in(self) -> Callable[[str], np.ndarray]:
        """The hashes of the n-grams of characters of a word."""
        return remembered(lambda word: _character_hashes(word, self.characters, across=False))

    @cached_property
    def _known(self) -> tuple[np.ndarray, np.ndarray]:
        return np.frombuffer(self.known_words, "<u4"), np.frombuffer(self.known_characters, "<u4")

    def _hashes(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The hashes of the n-grams of words, and of characters, of all texts, once for each text: uint32."""
        in_order = [written_words(lowered(text)) for text in texts]
        if self.across_words:
            characters = [
                _character_hashes(" ".join(lowered(text).split()), self.characters, across=True)
                for text in texts
            ]
            lengths = np.array(list(map(len, characters)))
        else:
            distinct = [dict.fromkeys(words) for words in in_order]
            characters = [self._hashes_in(word) for words in distinct for word in words]
            of_word = np.repeat(np.arange(len(texts)), list(map(len, distinct)))
            of_hash = np.array(list(map(len, characters)), np.int64)
            lengths = np.bincount(of_word, of_hash, minlength=len(texts)).astype(np.int64)
        return (
            _once_for_each(*_word_hashes_of(in_order, self.words)),
            _once_for_each(np.concatenate([_NONE, *characters]), np.repeat(np.arange(len(texts)), lengths)),
        )


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    """Texts in lists of few characters, of which one ends with every `BLOCK` texts."""
    block: list[str] = []
    characters = 0
    for number, text in enumerate(texts, start=1):
        block.append(text)
        characters += len(text)
        if characters > _BLOCK_CHARACTERS or number % BLOCK == 0:
            yield block
            block, characters = [], 0
    if block:
        yield block


def _once_for_each(hashes: np.ndarray, of_text: np.ndarray) -> np.ndarray:
    """The hashes, each once for every text that has it: uint32."""
    # numpy.unique takes five times as long for so many numbers of 64 bits.
    pairs = np.sort(of_text.astype(np.uint64) << np.uint64(32) | hashes)
    once = pairs[np.append(np.True_, pairs[1:] != pairs[:-1])[: len(pairs)]]
    hashed: np.ndarray = (once & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    return hashed


def _word_hashes_of(texts: Sequence[Sequence[str]], max_size: int) -> tuple[np.ndarray, np.ndarray]:
    """What `_word_hashes` gives for all texts, and the number of the text of each."""
    if max_size < 1:
        return _NONE, np.zeros(0, np.int64)
    single: list[int] = []
    for words in texts:
        if words:
            single += (1 << 33, *(zlib.crc32(word.encode("utf-8", "replace")) for word in words), 1 << 34)
    text = np.repeat(np.arange(len(texts)), [len(words) + 2 if words else 0 for words in texts])
    runs, of_run = [_NONE], [text[:0]]
    sizes = range(1, max_size + 1)
    for size, hashes in zip(sizes, _run_hashes(np.array(single, np.uint64), sizes), strict=True):
        within = text[: len(hashes)] == text[size - 1 : size - 1 + len(hashes)]
        runs.append(hashes[within])
        of_run.append(text[: len(hashes)][within])
    return np.concatenate(runs), np.concatenate(of_run)


_NONE = np.zeros(0, np.uint32)


def _distinct(arrays: list[np.ndarray], dtype: type[np.generic]) -> np.ndarray:
    """All that is in any of the arrays, once, rising."""
    return np.unique(np.concatenate(arrays)) if arrays else np.zeros(0, dtype)


def _known_numbers(hashes: np.ndarray, known: np.ndarray, *, first: int) -> np.ndarray:
    """The numbers of those hashes that have any: int32."""
    numbers = numbers_of(hashes, known, first=first, unknown=PADDING)
    found: np.ndarray = numbers[numbers != PADDING]
    return found


def _word_hashes(words: list[str], max_size: int) -> Iterator[np.ndarray]:
    if max_size < 1 or not words:
        return
    # The two ends have hashes that no word has in practice: words have 32 bits.
    single = np.array([1 << 33, *(zlib.crc32(word.encode("utf-8", "replace")) for word in words), 1 << 34])
    yield from _run_hashes(single.astype(np.uint64), range(1, max_size + 1))


def _character_hashes(text: str, sizes: tuple[int, int], *, across: bool) -> np.ndarray:
    """The hashes of the n-grams of characters of a text, or of a single word if not `across` words."""
    min_size, max_size = sizes
    if max_size < 1 or not text:
        return _NONE
    points = np.frombuffer(f" {text} ".encode("utf-32-le", "replace"), "<u4")
    runs = list(_run_hashes(points, range(min_size, max_size + 1)))
    if across and min_size == 1:
        runs[0] = runs[0][points != _SPACE]
    elif min_size == 1:
        runs[0] = runs[0][1:-1]
    return np.concatenate(runs)


def _run_hashes(values: np.ndarray, sizes: range) -> Iterator[np.ndarray]:
    """The hashes of all runs of so many values: uint32 (runs,) for each size, perhaps none."""
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
        self._texts = 0

    def add(self, hashes: np.ndarray, texts: int) -> None:
        """Count the hashes of some texts, each of which is there once for each text that holds it."""
        self._waiting.append(hashes)
        self._texts += texts
        if self._texts >= BLOCK:
            self._merge()

    def kept(self, min_count: int, max_ngrams: int) -> tuple[np.ndarray, np.ndarray]:
        """The most frequent hashes, rising, and their counts."""
        self._merge()
        frequent = np.flatnonzero(self._numbers >= min_count)
        if len(frequent) > max_ngrams:
            order = np.argsort(-self._numbers[frequent], kind="stable")
            frequent = np.sort(frequent[order[:max_ngrams]])
        return self._hashes[frequent], self._numbers[frequent]

    def _merge(self) -> None:
        hashes, numbers = np.unique(np.concatenate([_NONE, *self._waiting]), return_counts=True)
        both, indices = np.unique(np.concatenate([self._hashes, hashes]), return_inverse=True)
        self._numbers = np.bincount(
            indices, np.concatenate([self._numbers, numbers]), minlength=len(both)
        ).astype(np.int64)
        self._hashes = both
        self._waiting = []
        self._texts = 0
        if len(both) > MAX_DISTINCT:
            several = self._numbers > 1
            self._hashes, self._numbers = self._hashes[several], self._numbers[several]
