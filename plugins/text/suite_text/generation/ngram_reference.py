"""The classical method that networks are compared with: a 5-gram model of characters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from suite.data import Example, Examples
from suite_text.reading.cleaning import clean, cleaning_of
from suite_text.generation.types import Continuation
from suite_text.reading.lines import text_of

ORDER = 5
MOST_CHARACTERS = 10_000_000
"""It learns from so many, which are spread evenly over the training part: more take much memory."""

_AT_ONCE = 1_000_000
_FALLBACK = (0.5, 1.0, 1.5)


def five_gram(train: Examples, examples: Sequence[Example], facts: Mapping[str, Any]) -> list[Continuation]:
    """The bits of passages by a model of the characters of the training part.

    Characters that it has never seen count 8 bits for each of their bytes besides.

    Raises:
        suite.UserError: where a passage cannot be read.
    """
    cleaning = cleaning_of(facts)
    model = NgramModel(_spread(train, lambda raw: clean(text_of(raw), cleaning)))
    bits = [bit for texts in _blocks(examples, cleaning) for bit in model.bits(texts).tolist()]
    return [Continuation(bits=one) for one in bits]


class NgramModel:
    """An n-gram model of characters with interpolated modified Kneser-Ney smoothing.

    Chen and Goodman, An Empirical Study of Smoothing Techniques for Language Modeling, 1999, section 3. The
    unigrams are interpolated with the uniform distribution over all characters and an unknown one, so that
    the probabilities of these sum to one after any text. Where a text is too small to estimate an order's
    discounts, they are 0.5, 1 and 1.5.

    Args:
        texts: to learn from, each by itself.
        order: characters of an n-gram at most.
    """

    def __init__(self, texts: Iterable[str], order: int = ORDER) -> None:
        texts = list(texts)
        self.order = order
        self._characters = np.unique(_code_points("".join(texts)))
        # 0 stands before a text; the last one for what is unknown.
        self._symbols = len(self._characters) + 2
        symbols, _ = self._encoded(texts)
        levels: list[_Counted] = []
        grams = symbols
        for length in range(1, order + 1):
            level, grams = _counted(symbols, grams, length, self._symbols, levels[-1] if levels else None)
            levels.append(level)
        self._levels = [
            _smoothed(level, shorter, longer, self._symbols)
            for shorter, level, longer in zip([None, *levels], levels, [*levels[1:], None], strict=False)
        ]

    def bits(self, texts: Sequence[str]) -> np.ndarray:
        """Minus the binary logarithm of the probability of each text: float64 (texts,)."""
        symbols, text_of_place = self._encoded(texts)
        probabilities = np.full(len(symbols), 1 / (self._symbols - 1))
        grams = np.zeros(len(symbols), np.int64)  # of all characters but the last
        for length, level in enumerate(self._levels, start=1):
            contexts = grams if length == 1 else np.concatenate([[0], grams[:-1]])
            grams = level.find(contexts * self._symbols + symbols, contexts >= 0)
            totals = np.where(contexts >= 0, level.totals[contexts], 0)
            seen = totals > 0
            shares = np.where(grams >= 0, level.discounted[grams], 0.0)[seen] / totals[seen]
            probabilities[seen] = shares + level.left[contexts[seen]] * probabilities[seen]
        told = symbols > 0
        surplus = np.array([self._spelled(text) for text in texts], np.float64)
        bits = np.bincount(text_of_place[told], -np.log2(probabilities[told]), len(texts))
        return bits + surplus

    def _encoded(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """All texts as symbols, with zeros before each, and the number of the text of each symbol."""
        zeros = "\0" * (self.order - 1)
        codes = _code_points("".join(zeros + text for text in texts))
        lengths = np.array([len(text) + len(zeros) for text in texts], np.int64)
        text_of_place = np.repeat(np.arange(len(texts)), lengths)
        within = np.arange(len(codes)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        places = np.minimum(np.searchsorted(self._characters, codes), len(self._characters) - 1)
        symbols = np.where(self._characters[places] == codes, places + 1, self._symbols - 1)
        return np.where(within < len(zeros), 0, symbols), text_of_place

    def _spelled(self, text: str) -> int:
        unknown = set(_code_points(text).tolist()) - set(self._characters.tolist())
        return sum(8 * len(one.encode()) for one in text if ord(one) in unknown) if unknown else 0


@dataclass(frozen=True)
class _Counted:
    """The different n-grams of one length, as they were counted.

    Attributes:
        keys: int64 (n-grams,), rising: the number of all symbols but the last, times symbols, plus the last.
        counts: how often each occurs.
        suffixes: the numbers of the n-grams without their first symbol.
        begins: whether it begins with what stands before a text.
    """

    keys: np.ndarray
    counts: np.ndarray
    suffixes: np.ndarray
    begins: np.ndarray


@dataclass(frozen=True)
class _Level:
    """What the n-grams of one length say.

    Attributes:
        keys: as counted.
        discounted: (n-grams,), how often each counts.
        totals: (contexts,), how often all after a context count, before the discount.
        left: (contexts,), the share that is left to shorter n-grams.
    """

    keys: np.ndarray
    discounted: np.ndarray
    totals: np.ndarray
    left: np.ndarray

    def find(self, keys: np.ndarray, possible: np.ndarray) -> np.ndarray:
        """The numbers of n-grams; -1 for what is unknown or not possible."""
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(possible & (self.keys[places] == keys), places, -1)


def _counted(
    symbols: np.ndarray, shorter: np.ndarray, length: int, size: int, before: _Counted | None
) -> tuple[_Counted, np.ndarray]:
    """The n-grams of a length, and the number of the one that ends at each symbol.

    Args:
        symbols: of all texts.
        shorter: the numbers of the n-grams one shorter that end at each symbol.
        length: of the n-grams.
        size: how many symbols there are.
        before: those one shorter.
    """
    if before is None:
        counts = np.bincount(symbols, minlength=size)
        level = _Counted(np.arange(size), counts, np.zeros(size, np.int64), np.arange(size) == 0)
        return level, symbols
    contexts = np.concatenate([[0], shorter[:-1]])
    keys, first, grams, counts = np.unique(
        contexts * size + symbols, return_index=True, return_inverse=True, return_counts=True
    )
    starts = np.maximum(first - length + 1, 0)
    level = _Counted(keys, counts, shorter[first], symbols[starts] == 0)
    return level, grams


def _smoothed(level: _Counted, shorter: _Counted | None, longer: _Counted | None, size: int) -> _Level:
    """What n-grams say, from the counts of theirs, of those one shorter and of those one longer."""
    contexts, last = (level.keys // size, level.keys % size) if shorter else (0 * level.keys, level.keys)
    count = len(shorter.keys) if shorter else 1
    counts = level.counts
    if longer is not None:
        # How many different symbols come before it; nothing does before the start of a text.
        told = longer.keys % size > 0
        before = np.bincount(longer.suffixes[told], minlength=len(counts))
        counts = np.where(level.begins, counts, before)
    counts = np.where(last > 0, counts, 0)  # nothing tells where a text begins
    discounts = np.array((0.0, *_discounts(counts)))[np.minimum(counts, 3)]
    totals = np.bincount(contexts, counts, count)
    taken = np.bincount(contexts, discounts, count)
    left = np.divide(taken, totals, out=np.ones_like(totals), where=totals > 0)
    return _Level(level.keys, counts - discounts, totals, left)


def _discounts(counts: np.ndarray) -> tuple[float, ...]:
    """What is taken off counts of 1, of 2, and of 3 and more (Chen and Goodman 1999, equation 26)."""
    once, twice, thrice, four_times = (int((counts == count).sum()) for count in (1, 2, 3, 4))
    if not (once and twice and thrice and four_times):
        return _FALLBACK
    share = once / (once + 2 * twice)
    estimated = (
        1 - 2 * share * twice / once,
        2 - 3 * share * thrice / twice,
        3 - 4 * share * four_times / thrice,
    )
    return estimated if all(0 < one < limit for limit, one in enumerate(estimated, 1)) else _FALLBACK


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "replace"), "<u4").astype(np.int64)


def _spread(train: Examples, read: Any) -> Iterator[str]:
    """The texts of passages that are spread evenly, up to `MOST_CHARACTERS`."""
    sizes = sum(int(train[index].target) for index in range(len(train)))
    step = max(1, -(-sizes // MOST_CHARACTERS))
    return (read(train[index].input) for index in range(0, len(train), step))


def _blocks(examples: Sequence[Example], cleaning: Any) -> Iterator[list[str]]:
    texts: list[str] = []
    for example in examples:
        texts.append(clean(text_of(example.input), cleaning))
        if sum(map(len, texts)) > _AT_ONCE:
            yield texts
            texts = []
    if texts:
        yield texts
