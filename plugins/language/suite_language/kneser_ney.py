"""Interpolated modified Kneser-Ney smoothing of n-grams: what language models of any symbols share.

Chen and Goodman, An Empirical Study of Smoothing Techniques for Language Modeling, 1999, section 3.

Symbols are integers from 0; 0 stands before a text. The n-grams of a length are numbered by rising keys; a
key is the number of all symbols but the last (among the n-grams one shorter), times the number of symbols,
plus the last symbol. So the n-grams of all lengths form a trie.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

FALLBACK = (0.5, 1.0, 1.5)
"""The discounts if a text is too small or too repetitive to estimate them (KenLM has the same)."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The different n-grams of one length, by rising keys.

    Attributes:
        keys: int64 (n-grams,).
        counts: how often each occurs.
        suffixes: the numbers of the n-grams without their first symbol.
        begins: whether each begins with what stands before a text, bool (n-grams,).
    """

    keys: np.ndarray
    counts: np.ndarray
    suffixes: np.ndarray
    begins: np.ndarray


@dataclass(frozen=True, slots=True)
class Level:
    """What the n-grams of one length say of the symbol that comes next.

    Attributes:
        keys: as counted.
        parents: the numbers of the contexts, which are all symbols but the last.
        suffixes: as counted.
        discounted: how often each n-gram counts after the discount, float64 (n-grams,).
        totals: how often all after a context count before the discount, float64 (contexts,).
        left: the share that each context leaves to shorter ones, float64 (contexts,); 1 if nothing follows.
    """

    keys: np.ndarray
    parents: np.ndarray
    suffixes: np.ndarray
    discounted: np.ndarray
    totals: np.ndarray
    left: np.ndarray

    def find(self, keys: np.ndarray, possible: np.ndarray) -> np.ndarray:
        """The numbers of n-grams; -1 for those that are unknown or not possible."""
        positions = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(possible & (self.keys[positions] == keys), positions, -1)


def count_ngrams(symbols: np.ndarray, reach: np.ndarray, size: int, order: int) -> list[Counts]:
    """Count the n-grams of each length from 1 to `order`.

    Args:
        symbols: all texts one after the other, int64 (symbols,).
        reach: how long an n-gram that ends at each symbol may be, int64 (symbols,); 0 if the symbol is not to
            be counted at all.
        size: how many different symbols there are.
        order: the length of the longest n-grams.
    """
    # Also symbols that do not occur, so that looking one up comes to an end here at the latest.
    counts = np.bincount(symbols[reach > 0], minlength=size)
    levels = [Counts(np.arange(size), counts, np.zeros(size, np.int64), np.arange(size) == 0)]
    grams = symbols  # the number of the n-gram that ends at each position
    for length in range(2, order + 1):
        ends = np.flatnonzero(reach >= length)
        keys, first, inverse, counts = np.unique(
            grams[ends - 1] * size + symbols[ends],
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        begins = symbols[ends[first] - length + 1] == 0
        levels.append(Counts(keys, counts, grams[ends[first]], begins))
        grams = np.full(len(symbols), -1)
        grams[ends] = inverse
    return levels


def smooth(counted: list[Counts], size: int, *, end_counts: bool) -> list[Level]:
    """Smooth counts.

    Args:
        counted: by `count_ngrams`.
        size: how many different symbols there are.
        end_counts: whether symbol 0 is also the end of a text, which is predicted; otherwise nothing is
            learned of where texts begin.
    """
    levels: list[Level] = []
    contexts = 1
    for level, longer in zip_longest(counted, counted[1:]):
        counts = level.counts
        if longer is not None:
            # How many different symbols come before it; nothing does before the start of a text.
            suffixes = longer.suffixes if end_counts else longer.suffixes[longer.keys % size > 0]
            before = np.bincount(suffixes, minlength=len(counts))
            counts = np.where(level.begins & (level is not counted[0]), counts, before)
        if not end_counts:
            counts = np.where(level.keys % size > 0, counts, 0)
        taken = np.array((0.0, *discounts(counts)))[np.minimum(counts, 3)]
        parents = level.keys // size
        totals = np.bincount(parents, counts, contexts)
        left = np.divide(
            np.bincount(parents, taken, contexts), totals, out=np.ones(contexts), where=totals > 0
        )
        levels.append(Level(level.keys, parents, level.suffixes, counts - taken, totals, left))
        contexts = len(level.keys)
    return levels


def discounts(counts: np.ndarray) -> tuple[float, ...]:
    """What is taken off counts of 1, of 2, and of 3 and more (Chen and Goodman 1999, equation 26)."""
    once, twice, thrice, four_times = (int((counts == count).sum()) for count in (1, 2, 3, 4))
    if not (once and twice and thrice and four_times):
        return FALLBACK
    share = once / (once + 2 * twice)
    estimated = (
        1 - 2 * share * twice / once,
        2 - 3 * share * thrice / twice,
        3 - 4 * share * four_times / thrice,
    )
    return estimated if all(0 < discount < limit for limit, discount in enumerate(estimated, 1)) else FALLBACK
