"""Shallow fusion: what a language model and a word list add to what the network hears."""

from __future__ import annotations

import math

from suite_language.scripts import without_spaces
from suite_language.symbols import SymbolModel
from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.decoding.lexicon import State as WordState
from suite_speech_recognition.decoding.lexicon import WordList

State = tuple[int, WordState]


class Fusion:
    """The scorer of a beam search with all that is known of the language.

    To the log-probability of the network it adds the language model's times its weight, what the word list
    says, and bonuses, against the language model's liking for what is short (Hannun et al., First-Pass Large
    Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs, 2014, equation 6).
    """

    def __init__(
        self,
        alphabet: Alphabet,
        language_model: SymbolModel | None = None,
        language_model_weight: float = 1.0,
        words: WordList | None = None,
        word_bonus: float = 0.0,
        symbol_bonus: float = 0.0,
    ) -> None:
        """With what there is.

        Args:
            alphabet: of the network, of which the language model knows the indices.
            language_model: what is likely.
            language_model_weight: what its logarithms are multiplied with, not negative.
            words: which words there are.
            word_bonus: added for each space, and each character of a script without spaces.
            symbol_bonus: added for each symbol.
        """
        self.language_model = language_model
        self.weight = language_model_weight
        self.words = words
        self._texts = ("", *alphabet.symbols)
        self._bonuses = [symbol_bonus + word_bonus * _boundaries(text) for text in self._texts]
        self.max_score = max(self._bonuses[1:])

    def start(self) -> State:
        """The state before the first symbol."""
        return (
            self.language_model.start() if self.language_model else 0,
            self.words.start() if self.words else (),
        )

    def extend(self, state: State, symbol: int) -> tuple[float, State]:
        """What one more symbol adds, -inf if no listed word allows it; the new state."""
        language, word = state
        score = self._bonuses[symbol]
        if self.words:
            added, word = self.words.extend(word, self._texts[symbol])
            if added == -math.inf:
                return added, state
            score += added
        if self.language_model:
            added, language = self.language_model.extend(language, symbol)
            score += self.weight * added
        return score, (language, word)

    def end(self, state: State) -> float:
        """What is added if nothing follows; -inf within a word if all words must be listed."""
        score = self.words.end(state[1]) if self.words else 0.0
        if self.language_model and score > -math.inf:
            score += self.weight * self.language_model.extend(state[0], 0)[0]
        return score


def _boundaries(text: str) -> int:
    return sum(character.isspace() or without_spaces(character) for character in text)
