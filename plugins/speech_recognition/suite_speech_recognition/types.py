"""What loaders, builders and evaluators of speech recognition share: facts, inputs, targets, predictions.

An input is a `suite_speech_recognition.recordings.Recording` (a file or a part of one), a
`suite.sources.Source`, a path, the bytes of a file, or an array of samples: floats (samples,) or
(samples, channels), at the sample rate of the model.

A target is a JSON object, see `Target`, or its text alone.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

import msgspec


class Target(TypedDict):
    """What is said in a recording.

    Attributes:
        text: the transcript as the data has it; how it is normalized is the model's matter.
        speaker: who speaks, where that is known.
    """

    text: str
    speaker: NotRequired[str]


def text_of(target: Target | str) -> str:
    """The transcript of a target, which may be the bare text."""
    return target if isinstance(target, str) else target["text"]


def speaker_of(target: Target | str) -> str | None:
    """Who speaks, or None where that is not known."""
    return None if isinstance(target, str) else target.get("speaker")


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """A word and where it is said.

    Attributes:
        text: the word; in a script without spaces, a character.
        start: seconds from the beginning of the recording.
        end: the same.
        confidence: how sure the network is of its least sure symbol, 0 to 1.
    """

    text: str
    start: float
    end: float
    confidence: float


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """The prediction for one recording.

    Attributes:
        text: everything that is said.
        words: with their times; empty where they are not known.
        confidence: the mean of the words', or None where it is not known.
        seconds: how long the recording is, or None where that is not known.
    """

    text: str
    words: list[Word] = []
    confidence: float | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        """For people: the text."""
        return self.text
