"""The contract of the task: facts, inputs, targets and predictions of speech recognition.

An input is one of

- a `suite_speech_recognition.audio.recordings.Recording`: a file, a section of one between two times, or a
  channel of one,
- a `suite.sources.Source`, a path, the bytes of a file or an open file, in any format that libsndfile reads,
  and if PyAV is installed M4A, MP4, WebM and AAC,
- an array of samples, (samples,) or (samples, channels), at the rate of the fact `rate`: floats from -1 to 1,
  int16, int32 or uint8; or at a rate of its own `(array, rate)` or `{"array": array, "sampling_rate": rate}`.

A target is a `Target`, or its text alone. A prediction is a `Transcript`.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

import msgspec


class Facts(TypedDict):
    """What is known of all splits of the data before anything is decoded.

    Attributes:
        rate: samples per second of inputs that are arrays; files say it themselves.
    """

    rate: NotRequired[int]


class Target(TypedDict):
    """What is said in a recording.

    Attributes:
        text: the transcript as the data has it; the model decides how it is normalized.
        speaker: who speaks, if that is known.
    """

    text: str
    speaker: NotRequired[str]


def text_of(target: Target | str) -> str:
    """The transcript of a target, which may be the bare text."""
    return target if isinstance(target, str) else target["text"]


def speaker_of(target: Target | str) -> str | None:
    """Who speaks, or None if that is not known."""
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
        words: with their times; empty if they are not known.
        confidence: the mean of the words', or None if it is not known.
        seconds: how long the recording is, or None if that is not known.
    """

    text: str
    words: list[Word] = []
    confidence: float | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        """For people: the text."""
        return self.text
