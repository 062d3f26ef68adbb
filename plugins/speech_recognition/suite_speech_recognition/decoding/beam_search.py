"""Prefix beam search over the log-probabilities of frames, with a scorer that knows the language."""

from __future__ import annotations

import math
from collections.abc import Iterator
from heapq import heapify, heapreplace
from typing import Any, Protocol

import numpy as np


class Scorer(Protocol):
    """What a beam search knows of the language. A state stands for the symbols so far: any object."""

    @property
    def max_score(self) -> float:
        """No symbol gets a larger score than this, wherever it stands."""

    def start(self) -> Any:
        """The state before the first symbol."""

    def extend(self, state: Any, symbol: int) -> tuple[float, Any]:
        """What one more symbol adds to the log-probability (-inf: it cannot follow), and the new state."""

    def end(self, state: Any) -> float:
        """What is added if nothing more follows; -inf: something must."""


def search(
    log_probabilities: np.ndarray,
    width: int,
    scorer: Scorer | None,
    *,
    min_log_probability: float,
    max_symbols: int,
    margin: float,
) -> tuple[list[int], float]:
    """The likeliest symbols and their score; see `suite_speech_recognition.decoding.ctc.beam`."""
    state = _Search(width, scorer, math.exp(-margin))
    for blank, symbols in _frames(log_probabilities, min_log_probability, max_symbols):
        state.step(blank, symbols)
    return state.best()


def _frames(
    log_probabilities: np.ndarray, min_log_probability: float, max_symbols: int
) -> Iterator[tuple[float, list[tuple[int, float]]]]:
    """The blank's log-probability and the symbols worth a look with their probabilities, likeliest first.

    Neighboring frames without any such symbol are one; a blank that is certain, as in padding, is none.
    """
    blanks = log_probabilities[:, 0].astype(np.float64)
    others = log_probabilities[:, 1:]
    if 0 < max_symbols < others.shape[1]:
        # numpy is slow at single rows: of all frames at once, and only if it matters.
        chosen = others >= min_log_probability
        (crowded,) = np.nonzero(chosen.sum(axis=1) > max_symbols)
        if len(crowded):
            smaller = np.argpartition(others[crowded], -max_symbols, axis=1)[:, :-max_symbols]
            chosen[crowded[:, None], smaller] = False
    else:
        chosen = others >= min_log_probability
    chosen[blanks >= 0.0] = False
    frames, symbols = np.nonzero(chosen)
    values = others[frames, symbols]
    order = np.lexsort((-values, frames))
    pairs = list(
        zip((symbols[order] + 1).tolist(), np.exp(values[order], dtype=np.float64).tolist(), strict=True)
    )
    busy, begins = np.unique(frames, return_index=True)
    ends = np.append(begins, len(frames))[1:]
    quiet = np.maximum(blanks, -1e4)  # sums of infinities could not be told apart
    quiet[busy] = 0.0
    silence = np.concatenate([[0.0], quiet.cumsum()])
    previous = 0
    for frame, begin, end in zip(busy.tolist(), begins.tolist(), ends.tolist(), strict=True):
        if frame > previous:
            yield float(silence[frame] - silence[previous]), []
        yield float(blanks[frame]), pairs[begin:end]
        previous = frame + 1
    yield float(silence[-1] - silence[previous]), []


class _Prefix:
    """A sequence of symbols; `blank` and `label` are the probabilities of its paths by how they end."""

    __slots__ = ("blank", "children", "factor", "followed", "label", "parent", "state", "symbol", "total")

    def __init__(self, parent: _Prefix | None, symbol: int, factor: float, state: Any) -> None:
        self.parent = parent
        self.symbol = symbol
        self.factor = factor  # what the scorer makes of this symbol here
        self.state = state
        self.children: dict[int, _Prefix] = {}
        self.followed = False
        self.blank = self.label = self.total = 0.0


class _Search:
    """A prefix beam search.

    Probabilities are kept as such and the beam is scaled to a best one of 1 after each frame, which spares
    all logarithms: what gets too small for a float is no candidate any more.
    """

    def __init__(self, width: int, scorer: Scorer | None, margin: float) -> None:
        self.width = width
        self.scorer = scorer
        self.max_factor = math.exp(scorer.max_score) if scorer else 1.0
        self.margin = margin
        self.scale = 0.0  # natural logarithm
        root = _Prefix(None, 0, 1.0, scorer.start() if scorer else None)
        root.blank = root.total = 1.0
        root.followed = True
        self.beam = [root]

    def step(self, log_blank: float, symbols: list[tuple[int, float]]) -> None:
        """One frame; without symbols, any number of frames that are silent."""
        if not symbols:
            self.scale += log_blank
            for prefix in self.beam:
                prefix.blank, prefix.label = prefix.total, 0.0
            return
        blank = math.exp(log_blank)
        moved = self._stay(blank, dict(symbols))
        totals = [now_blank + now_label for _, now_blank, now_label in moved]
        grown = self._grow(symbols, totals)
        if not grown and not any(totals):
            return  # all of them are impossible in this frame: none is worse than another
        for prefix, now_blank, now_label in moved:
            prefix.blank, prefix.label, prefix.total = now_blank, now_label, now_blank + now_label
        self._keep(grown)

    def _stay(self, blank: float, probabilities: dict[int, float]) -> list[tuple[_Prefix, float, float]]:
        """What becomes of the prefixes that are followed, from themselves and from each other."""
        moved = []
        for prefix in self.beam:
            probability = probabilities.get(prefix.symbol, 0.0)
            label = prefix.label * probability
            parent = prefix.parent
            if parent is not None and parent.followed:
                # The same symbol again is a new one only after a blank.
                mass = parent.blank if parent.symbol == prefix.symbol else parent.total
                label += mass * probability * prefix.factor
            moved.append((prefix, prefix.total * blank, label))
        return moved

    def _grow(self, symbols: list[tuple[int, float]], totals: list[float]) -> list[_Prefix]:
        """Prefixes that are not followed yet and that may come to be, beside those with the `totals`."""
        grown: list[_Prefix] = []
        scorer, max_factor = self.scorer, self.max_factor
        floor = max(totals) * self.margin  # what is not above it is not followed when the frame is done
        best = [*totals, *[0.0] * (self.width - len(totals))]
        heapify(best)
        floor = max(floor, best[0])
        for prefix in self.beam:
            if prefix.total * symbols[0][1] * max_factor <= floor:
                break
            for symbol, probability in symbols:
                mass = prefix.total * probability
                if mass * max_factor <= floor:
                    break
                if symbol == prefix.symbol:
                    mass = prefix.blank * probability
                    if mass * max_factor <= floor:
                        continue
                child = prefix.children.get(symbol)
                if child is not None:
                    if child.followed:
                        continue
                    mass *= child.factor
                elif scorer is None:
                    child = _Prefix(prefix, symbol, 1.0, None)
                else:
                    score, state = scorer.extend(prefix.state, symbol)
                    factor = math.exp(score)
                    mass *= factor
                    if mass <= floor:
                        continue
                    child = _Prefix(prefix, symbol, factor, state)
                if mass > floor:
                    child.blank, child.label, child.total = 0.0, mass, mass
                    grown.append(child)
                    heapreplace(best, mass)
                    floor = max(floor, best[0])
        return grown

    def _keep(self, grown: list[_Prefix]) -> None:
        """The best are followed, scaled to a best probability of 1."""
        everyone = sorted(self.beam + grown, key=_total, reverse=True)
        best = everyone[0].total
        for prefix in self.beam:
            prefix.followed = False
        self.beam = kept = everyone[: self.width]
        floor = best * self.margin
        while kept[-1].total < floor:
            kept.pop()
        self.scale += math.log(best)
        for prefix in kept:
            prefix.followed = True
            prefix.blank /= best
            prefix.label /= best
            prefix.total /= best
            if prefix.parent is not None:
                prefix.parent.children[prefix.symbol] = prefix

    def best(self) -> tuple[list[int], float]:
        """The symbols of the best prefix that may end, and its score."""
        scorer = self.scorer
        ends = [
            prefix.total * (math.exp(scorer.end(prefix.state)) if scorer else 1.0) for prefix in self.beam
        ]
        probability = max(ends)
        prefix: _Prefix | None = self.beam[ends.index(probability)]
        if not probability and scorer:
            probability = self.beam[0].total
            prefix = self.beam[0]
            while prefix is not None and prefix.parent is not None and scorer.end(prefix.state) == -math.inf:
                prefix = prefix.parent
        indices = []
        while prefix is not None and prefix.parent is not None:
            indices.append(prefix.symbol)
            prefix = prefix.parent
        return indices[::-1], self.scale + math.log(probability)


def _total(prefix: _Prefix) -> float:
    return prefix.total
