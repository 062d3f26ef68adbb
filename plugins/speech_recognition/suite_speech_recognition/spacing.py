"""What stands between the words of a transcript: mostly a space, nothing in a script without spaces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from suite_speech_recognition.scripts import without_spaces
from suite_speech_recognition.types import Transcript, Word


@dataclass(frozen=True, slots=True)
class SpacedWord:
    """A word of a transcript.

    Attributes:
        word: with its times.
        space: what stands before it; None where that is not known, at the beginning.
    """

    word: Word
    space: str | None = None

    @property
    def middle(self) -> float:
        """The middle of the time in which it is said, in seconds."""
        return (self.word.start + self.word.end) / 2


def spaced(transcript: Transcript) -> list[SpacedWord]:
    """The words of a transcript with what its text has before each."""
    found: list[SpacedWord] = []
    place = 0
    for word in transcript.words:
        start = transcript.text.find(word.text, place)
        between = transcript.text[place:start] if start >= 0 else None
        found.append(
            SpacedWord(word, between if found and between is not None and not between.strip() else None)
        )
        place = max(place, start + len(word.text)) if start >= 0 else place
    return found


def joined(words: Iterable[SpacedWord]) -> str:
    """The text of words, the first without what stands before it."""
    text = ""
    for one in words:
        text += space_before(one, text) + one.word.text
    return text


def space_before(word: SpacedWord, text: str) -> str:
    """What stands between a text and the word that follows."""
    if not text:
        return ""
    if word.space is not None:
        return word.space
    return "" if without_spaces(text[-1]) and without_spaces(word.word.text[:1] or " ") else " "
