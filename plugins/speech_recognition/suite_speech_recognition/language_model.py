"""What is likely to be said: an n-gram model over the symbols of an alphabet, learned from text."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from suite import UserError
from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.plain_text import read_text

ORDER = 6
"""Five symbols of context; more gains little and takes more memory."""

HELD_OUT = 10
"""One of so many utterances is not learned from but told, to know what a symbol costs."""

FEWEST_TOLD = 5
"""Utterances that are told, at least, for it to mean something."""

MOST_TOLD = 500
"""And at most, evenly spaced."""

_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])|[\r\n]+")
_FALLBACK = (0.5, 1.0, 1.5)


class NgramModel:
    """An n-gram model with interpolated modified Kneser-Ney smoothing.

    Chen and Goodman, An Empirical Study of Smoothing Techniques for Language Modeling, 1999, section 3; the
    unigrams are interpolated with the uniform distribution, so nothing is impossible. Where a text is too
    small or too repetitive to estimate an order's discounts, they are 0.5, 1 and 1.5 (KenLM's fallback).

    Symbols have the network's indices, from 1; 0 is the end of an utterance and, as a context, its start. A
    state, an integer, stands for as much of what was said as matters to what comes next.
    """

    # N-grams of all orders form one trie. Node 0 is the empty n-gram, the others are numbered by rising keys;
    # a key is the node of all symbols but the last, times the number of symbols, plus the last symbol.
    __slots__ = ("_backoffs", "_firsts", "_keys", "_logs", "_next", "_suffixes", "order", "size")

    def __init__(self, utterances: Iterable[Sequence[int]], symbols: int, order: int = ORDER) -> None:
        """Learns from utterances.

        Args:
            utterances: the indices of their symbols, 1 to `symbols`; empty ones are passed over.
            symbols: how many symbols there are.
            order: how many symbols an n-gram has at most.

        Raises:
            ValueError: where there is nothing to learn from, or an index is that of no symbol.
        """
        tokens, count = [0], 0
        for utterance in utterances:
            if utterance:
                tokens += utterance
                tokens.append(0)
                count += 1
        if not count or order < 1:
            raise ValueError("an n-gram model needs an order of at least 1 and an utterance to learn from")
        text = np.array(tokens, np.int64)
        if text.min() < 0 or text.max() > symbols or np.count_nonzero(text) < len(text) - count - 1:
            raise ValueError(f"an utterance has a symbol that is not from 1 to {symbols}")
        self.order, self.size = order, symbols + 1
        levels = _counted(text, self.size, order)
        probabilities, backoffs = _smoothed(levels, self.size)
        keys = np.concatenate([level.keys for level in levels])
        nodes = len(keys) + 1
        firsts = np.searchsorted(keys, np.arange(nodes + 1) * self.size)
        # A context that nothing was seen after says no more than a shorter one.
        following = np.arange(nodes)
        suffixes = np.concatenate([[0], *(level.suffixes for level in levels)])
        begin = 1
        for level in levels:
            own = np.arange(begin, begin + len(level.keys))
            following[own] = np.where(firsts[own] < firsts[own + 1], own, following[suffixes[own]])
            begin += len(own)
        self._keys = array("q", keys.tobytes())
        self._firsts = array("q", firsts.astype(np.int64).tobytes())
        self._logs = array("d", np.log(probabilities).tobytes())
        self._backoffs = array("d", np.log(backoffs).tobytes())
        self._suffixes = array("q", suffixes.astype(np.int64).tobytes())
        self._next = array("q", following.astype(np.int64).tobytes())

    @classmethod
    def read(
        cls, path: str | Path, alphabet: Alphabet, normalize: Callable[[str], str], order: int = ORDER
    ) -> NgramModel:
        """Learned from a text file: its lines and sentences are utterances.

        Args:
            path: text in UTF-8.
            alphabet: whose symbols; what it cannot write is left out.
            normalize: what is done to transcripts.
            order: how many symbols an n-gram has at most.

        Raises:
            suite.UserError: where it cannot be read, or the alphabet can write nothing of it.
        """
        return cls(read_utterances(path, alphabet, normalize), len(alphabet.symbols), order)

    def start(self) -> int:
        """The state before the first symbol of an utterance."""
        return self._next[1]

    def extend(self, state: int, symbol: int) -> tuple[float, int]:
        """The log-probability of a symbol (0: the end) after `state`, and the state after it."""
        score = 0.0
        keys, firsts = self._keys, self._firsts
        while True:
            key = state * self.size + symbol
            end = firsts[state + 1]
            position = bisect_left(keys, key, firsts[state], end)
            if position < end and keys[position] == key:
                return score + self._logs[position], self._next[position + 1]
            score += self._backoffs[state]
            state = self._suffixes[state]

    def log_probability(self, utterance: Iterable[int]) -> float:
        """The natural logarithm of the probability of an utterance, its end included."""
        total, state = 0.0, self.start()
        for symbol in (*utterance, 0):
            score, state = self.extend(state, symbol)
            total += score
        return total


def read_utterances(path: str | Path, alphabet: Alphabet, normalize: Callable[[str], str]) -> list[list[int]]:
    """The lines and sentences of a text file as symbols; see `NgramModel.read`.

    Raises:
        suite.UserError: where it cannot be read, or the alphabet can write nothing of it.
    """
    text = read_text(path, "the text for a language model")
    utterances = (alphabet.encode(normalize(line)) for line in _SENTENCE_ENDS.split(text))
    known = [utterance for utterance in utterances if utterance]
    if not known:
        raise UserError(
            f"the text for a language model '{path}' has no character that the model can write; it is to "
            "be in the language of the transcripts that the model was trained with"
        )
    return known


def surprise(utterances: Sequence[Sequence[int]], symbols: int, order: int = ORDER) -> float:
    """Minus the mean log-probability of a symbol of utterances, after learning from others like them.

    Where there are few utterances, they are those that were learned from.

    Args:
        utterances: as for `NgramModel`.
        symbols: how many symbols there are.
        order: how many symbols an n-gram has at most.
    """
    told = utterances[::HELD_OUT]
    learned = [one for number, one in enumerate(utterances) if number % HELD_OUT]
    if len(told) < FEWEST_TOLD:
        told = learned = list(utterances)
    told = told[:: max(1, len(told) // MOST_TOLD)]
    model = NgramModel(learned, symbols, order)
    return -sum(map(model.log_probability, told)) / sum(len(one) + 1 for one in told)


@dataclass(frozen=True, slots=True)
class _Level:
    """The n-grams of one order: int64 arrays, each of their number, by rising keys."""

    keys: np.ndarray
    suffixes: np.ndarray
    """Nodes of the n-grams without their first symbol."""
    counts: np.ndarray
    starts: np.ndarray
    """Whether it begins with the start of an utterance (booleans)."""


def _counted(text: np.ndarray, size: int, order: int) -> list[_Level]:
    """The n-grams of each order up to `order` in utterances with a 0 before, between and after them."""
    counts = np.bincount(text[1:], minlength=size)
    # Also symbols that do not occur, so that looking one up comes to an end here at the latest.
    levels = [_Level(np.arange(size), np.zeros(size, np.int64), counts, np.arange(size) == 0)]
    nodes = text + 1  # of the n-grams that begin at each place
    places = np.arange(len(text))
    base = 1
    for length in range(2, order + 1):
        places = places[places + length <= len(text)]
        if length > 2:
            places = places[text[places + length - 2] != 0]  # none reaches from one utterance into the next
        base += len(levels[-1].keys)
        keys, first, inverse, counts = np.unique(
            nodes[places] * size + text[places + length - 1],
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        levels.append(_Level(keys, nodes[places[first] + 1], counts, text[places[first]] == 0))
        nodes = nodes.copy()
        nodes[places] = base + inverse
    return levels


def _smoothed(levels: list[_Level], size: int) -> tuple[np.ndarray, np.ndarray]:
    """The probability of the last symbol of each node but the first, and the backoff weight of each node."""
    nodes = 1 + sum(len(level.keys) for level in levels)
    backoffs = np.ones(nodes)
    probabilities = np.full(nodes, 1 / size)
    begin = 1
    for level, longer in zip(levels, [*levels[1:], None], strict=True):
        own = slice(begin, begin + len(level.keys))
        counts = level.counts
        if longer is not None:
            # How many different symbols come before it; nothing does before the start of an utterance.
            before = np.bincount(longer.suffixes - begin, minlength=len(counts))
            counts = np.where(level.starts & (level is not levels[0]), counts, before)
        discounts = np.array((0.0, *_discounts(counts)))[np.minimum(counts, 3)]
        parents = level.keys // size
        totals = np.bincount(parents, counts, minlength=begin)
        with np.errstate(invalid="ignore"):
            weights = np.bincount(parents, discounts, minlength=begin) / totals
        seen = totals > 0
        backoffs[: len(totals)][seen] = weights[seen]
        probabilities[own] = (counts - discounts) / totals[parents]
        probabilities[own] += weights[parents] * probabilities[level.suffixes]
        begin += len(level.keys)
    return probabilities[1:], backoffs


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
