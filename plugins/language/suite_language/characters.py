"""An n-gram model of the characters of texts: how many bits a whole text takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from suite_language.kneser_ney import count_ngrams, smooth

ORDER = 5


class CharacterModel:
    """An n-gram model of characters with interpolated modified Kneser-Ney smoothing, see `kneser_ney`.

    The unigrams are interpolated with the uniform distribution over all characters and an unknown one, so
    that the probabilities of these sum to one after any text.

    Args:
        texts: to learn from, each by itself.
        order: how many characters an n-gram has at most.
    """

    def __init__(self, texts: Iterable[str], order: int = ORDER) -> None:
        texts = list(texts)
        self.order = order
        self._characters = np.unique(_code_points("".join(texts)))
        # 0 stands before a text; the last one for what is unknown.
        self._symbols = len(self._characters) + 2
        symbols, _ = self._encoded(texts)
        reach = np.arange(1, len(symbols) + 1)
        counted = count_ngrams(symbols, reach, self._symbols, order)
        self._levels = smooth(counted, self._symbols, end_counts=False)

    def bits(self, texts: Sequence[str]) -> np.ndarray:
        """Minus the binary logarithm of the probability of each text: float64 (texts,).

        A character that the model has never seen costs 8 bits more for each of its bytes.
        """
        symbols, text_indices = self._encoded(texts)
        probabilities = np.full(len(symbols), 1 / (self._symbols - 1))
        grams = np.zeros(len(symbols), np.int64)  # of all characters but the last
        for length, level in enumerate(self._levels, start=1):
            contexts = grams if length == 1 else np.concatenate([[0], grams[:-1]])
            grams = level.find(contexts * self._symbols + symbols, contexts >= 0)
            totals = np.where(contexts >= 0, level.totals[contexts], 0)
            seen = totals > 0
            shares = np.where(grams >= 0, level.discounted[grams], 0.0)[seen] / totals[seen]
            probabilities[seen] = shares + level.left[contexts[seen]] * probabilities[seen]
        predicted = symbols > 0
        surplus = np.array([self._spelled(text) for text in texts], np.float64)
        bits = np.bincount(text_indices[predicted], -np.log2(probabilities[predicted]), len(texts))
        return bits + surplus

    def _encoded(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """All texts as symbols, with zeros before each, and the index of the text of each symbol."""
        zeros = "\0" * (self.order - 1)
        codes = _code_points("".join(zeros + text for text in texts))
        lengths = np.array([len(text) + len(zeros) for text in texts], np.int64)
        text_indices = np.repeat(np.arange(len(texts)), lengths)
        within = np.arange(len(codes)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        positions = np.minimum(np.searchsorted(self._characters, codes), len(self._characters) - 1)
        symbols = np.where(self._characters[positions] == codes, positions + 1, self._symbols - 1)
        return np.where(within < len(zeros), 0, symbols), text_indices

    def _spelled(self, text: str) -> int:
        """The bits of the characters that the model does not know, as bytes."""
        unknown = set(_code_points(text).tolist()) - set(self._characters.tolist())
        return sum(8 * len(character.encode()) for character in text if ord(character) in unknown)


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "replace"), "<u4").astype(np.int64)
