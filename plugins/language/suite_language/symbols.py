"""An n-gram model of symbols, one symbol at a time: what is likely to come next."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence

import numpy as np

from suite_language.kneser_ney import count_ngrams, smooth

ORDER = 6
"""Five symbols of context; more gains little and takes more memory."""

HELD_OUT = 10
"""The model does not learn from every so many-th utterance, to know what a symbol costs."""

MIN_HELD_OUT = 5
"""Utterances that are held out, at least, for the cost to mean something."""

MAX_HELD_OUT = 500
"""And at most, evenly spaced."""


class SymbolModel:
    """An n-gram model of symbols with interpolated modified Kneser-Ney smoothing, see `kneser_ney`.

    The unigrams are interpolated with the uniform distribution, so nothing is impossible.

    Symbols are integers from 1; 0 is the end of an utterance and, as a context, its start. A state, an
    integer, stands for as much of what came before as matters to what comes next.

    Args:
        utterances: the symbols of each, 1 to `symbols`; empty ones are passed over.
        symbols: how many symbols there are.
        order: how many symbols an n-gram has at most.

    Raises:
        ValueError: if there is nothing to learn from, or an utterance has another symbol.
    """

    # N-grams of all lengths form one trie. Node 0 is the empty n-gram, the others are numbered by rising
    # keys. A key is the node of all symbols but the last, times the number of symbols, plus the last symbol.
    __slots__ = ("_backoffs", "_firsts", "_keys", "_logs", "_next", "_suffixes", "order", "size")

    def __init__(self, utterances: Iterable[Sequence[int]], symbols: int, order: int = ORDER) -> None:
        tokens, starts = [0], [0]
        for utterance in utterances:
            if utterance:
                tokens += utterance
                starts.append(len(tokens))
                tokens.append(0)
        if len(starts) == 1 or order < 1:
            raise ValueError("an n-gram model needs an order of at least 1 and an utterance to learn from")
        text = np.array(tokens, np.int64)
        if text.min() < 0 or text.max() > symbols or np.count_nonzero(text) < len(text) - len(starts):
            raise ValueError(f"an utterance has a symbol that is not from 1 to {symbols}")
        self.order, self.size = order, symbols + 1
        # No n-gram reaches beyond the last 0 before its end, into another utterance.
        last_zeros = np.repeat(starts[:-1], np.diff(starts))
        reach = np.concatenate([[0], np.arange(1, len(text)) - last_zeros + 1])
        levels = smooth(count_ngrams(text, reach, self.size, order), self.size, end_counts=True)
        nodes = 1 + sum(len(level.keys) for level in levels)
        probabilities = np.full(nodes, 1 / self.size)
        backoffs = np.ones(nodes)
        suffixes = np.zeros(nodes, np.int64)
        keys: list[np.ndarray] = []
        begin, contexts = 1, 0  # the first nodes of this length and of one shorter
        for level in levels:
            own = slice(begin, begin + len(level.keys))
            keys.append(level.keys + contexts * self.size)
            suffixes[own] = level.suffixes + contexts
            backoffs[contexts:begin] = level.left
            lower = level.left[level.parents] * probabilities[suffixes[own]]
            probabilities[own] = level.discounted / level.totals[level.parents] + lower
            begin, contexts = own.stop, begin
        trie = np.concatenate(keys)
        firsts = np.searchsorted(trie, np.arange(nodes + 1) * self.size)
        # A context that nothing was seen after says no more than a shorter one, which has a lower number.
        following = np.arange(nodes)
        begin = 1
        for level in levels:
            own = slice(begin, begin + len(level.keys))
            goes_on = firsts[own] < firsts[begin + 1 : own.stop + 1]
            following[own] = np.where(goes_on, following[own], following[suffixes[own]])
            begin = own.stop
        self._keys = array("q", trie.tobytes())
        self._firsts = array("q", firsts.astype(np.int64).tobytes())
        self._logs = array("d", np.log(probabilities[1:]).tobytes())
        self._backoffs = array("d", np.log(backoffs).tobytes())
        self._suffixes = array("q", suffixes.tobytes())
        self._next = array("q", following.astype(np.int64).tobytes())

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


def cost_per_symbol(utterances: Sequence[Sequence[int]], symbols: int, order: int = ORDER) -> float:
    """Minus the mean log-probability of a symbol of held-out utterances, after learning from the others.

    If there are few utterances, none is held out.

    Args:
        utterances: as for `SymbolModel`.
        symbols: how many symbols there are.
        order: how many symbols an n-gram has at most.
    """
    held_out = utterances[::HELD_OUT]
    learned = [utterance for index, utterance in enumerate(utterances) if index % HELD_OUT]
    if len(held_out) < MIN_HELD_OUT:
        held_out = learned = list(utterances)
    held_out = held_out[:: max(1, len(held_out) // MAX_HELD_OUT)]
    model = SymbolModel(learned, symbols, order)
    total = sum(len(utterance) + 1 for utterance in held_out)
    return -sum(map(model.log_probability, held_out)) / total
