"""A list of the words that there are, and how well text keeps to it, character by character."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from suite import UserError
from suite_language.scripts import without_spaces
from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.decoding.plain_text import read_text

State = tuple[tuple[float, str], ...]

# Where text is in a word list: the beginning of a listed word, or one of these, which begin no word.
_START = ""
_UNLISTED = " "  # in a word that is not listed
_BETWEEN = "  "  # after a character, of a script without spaces, that is in no listed word


class WordList:
    """Words, and how well text keeps to them.

    Words have spaces between them; if the character before or behind is of a script without spaces, they
    need none, and text is then whatever listed words joined give. A state holds every way to divide the text
    so far: the score of each, relative to the best one's, and the beginning of a word that it ends with.
    """

    def __init__(self, words: Iterable[str], unlisted: float = -math.inf) -> None:
        """A list.

        Args:
            words: normalized, without white space.
            unlisted: added to the log-probability for each word that is not listed, not above 0; -inf: there
                must be none. In scripts without spaces, each character outside of listed words counts.

        Raises:
            ValueError: if there is no word, or `unlisted` is above 0.
        """
        self.words = sorted({*words} - {""})
        self.unlisted = unlisted
        if not self.words or not unlisted <= 0:
            raise ValueError("a word list needs a word, and a score of at most 0 for those not listed")
        self._known: dict[tuple[State, str], tuple[float, State]] = {}

    @classmethod
    def read(
        cls,
        path: str | Path,
        alphabet: Alphabet,
        normalize: Callable[[str], str],
        unlisted: float = -math.inf,
    ) -> WordList:
        """From a text file: words with white space between them, or one per line.

        Args:
            path: text in UTF-8.
            alphabet: words with other characters than its are left out: the network cannot write them.
            normalize: what is done to transcripts.
            unlisted: see `WordList`.

        Raises:
            suite.UserError: if it cannot be read, or the alphabet can write none of the words.
        """
        words = {*normalize(read_text(path, "the word list")).split()}
        writable = [word for word in words if alphabet.characters.issuperset(word)]
        if not writable:
            raise UserError(
                f"the word list '{path}' has no word that the model can write; it must be in the language "
                "of the transcripts that the model was trained with"
            )
        return cls(writable, unlisted)

    def start(self) -> State:
        """The state before any text."""
        return ((0.0, _START),)

    def extend(self, state: State, text: str) -> tuple[float, State]:
        """What some more characters add to the log-probability (-inf: they cannot follow); the new state."""
        known = self._known.get((state, text))
        if known is None:
            total, now = 0.0, state
            for character in text:
                added, now = self._one_more(now, character)
                total += added
            known = self._known[state, text] = total, now
        return known

    def end(self, state: State) -> float:
        """What is added if the text ends here; -inf: within a word."""
        return max((score + self._ended(beginning) for score, beginning in state), default=-math.inf)

    def _one_more(self, state: State, character: str) -> tuple[float, State]:
        best: dict[str, float] = {}
        for score, beginning in state:
            for added, longer in self._steps(beginning, character):
                best[longer] = max(score + added, best.get(longer, -math.inf))
        highest = max(best.values(), default=-math.inf)
        if highest == -math.inf:
            return -math.inf, ()
        ways = sorted((score - highest, beginning) for beginning, score in best.items() if score > -math.inf)
        return highest, tuple(ways)

    def _steps(self, beginning: str, character: str) -> Iterator[tuple[float, str]]:
        """All that a character can be after a beginning of a word: what it adds, and the beginning then."""
        if character.isspace():
            yield self._ended(beginning), _START
            return
        alone = without_spaces(character)
        within = beginning not in (_START, _UNLISTED, _BETWEEN)
        if within and self._begins(beginning + character):
            yield 0.0, beginning + character
        if beginning in (_START, _BETWEEN) or alone or without_spaces(beginning[-1]):
            ended = self._ended(beginning)
            if self._begins(character):
                yield ended, character
            yield ended + self.unlisted, _BETWEEN if alone else _UNLISTED
        elif within:
            yield self.unlisted, _UNLISTED
        else:
            yield 0.0, _UNLISTED

    def _ended(self, beginning: str) -> float:
        """What it adds that a word ends here."""
        listed = beginning in (_START, _UNLISTED, _BETWEEN) or self._following(beginning) == beginning
        return 0.0 if listed else self.unlisted

    def _begins(self, beginning: str) -> bool:
        return self._following(beginning).startswith(beginning)

    def _following(self, beginning: str) -> str:
        """The first word that is not before `beginning` in the list's order; empty after the last word."""
        position = bisect_left(self.words, beginning)
        return self.words[position] if position < len(self.words) else ""
