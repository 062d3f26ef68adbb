"""What stands between the words of a transcript: mostly a space, but nothing in a script without spaces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from suite_language.joining import space_between
from suite_speech_recognition.types import Transcript, Word


@dataclass(frozen=True, slots=True)
class SpacedWord:
    """A word of a transcript.

    Attributes:
        word: with its times.
        space: what stands before it; None if that is not known, as at the beginning.
    """

    word: Word
    space: str | None = None

    @property
    def middle(self) -> float:
        """The middle of the time in which it is said, in seconds."""
        return (self.word.start + self.word.end) / 2


def spaced(transcript: Transcript) -> list[SpacedWord]:
    """The words of a transcript with what its text has before each."""
    words: list[SpacedWord] = []
    position = 0
    for word in transcript.words:
        start = transcript.text.find(word.text, position)
        between = transcript.text[position:start] if start >= 0 else None
        is_space = bool(words) and between is not None and not between.strip()
        words.append(SpacedWord(word, between if is_space else None))
        position = max(position, start + len(word.text)) if start >= 0 else position
    return words


def join_words(words: Iterable[SpacedWord]) -> str:
    """The text of words, without what stands before the first one."""
    text = ""
    for word in words:
        if text:
            text += space_between(text, word.word.text) if word.space is None else word.space
        text += word.word.text
    return text
