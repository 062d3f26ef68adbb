"""Recordings as they are read, to be played, with their transcripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suite.data import Example
from suite.figures import Clip, Clips, Figure
from suite_speech_recognition.audio.playing import RATE, playable
from suite_speech_recognition.audio.recordings import opened
from suite_speech_recognition.types import speaker_of, text_of

MAX_SECONDS = 8.0
"""How much of a recording can be played: a hundred recordings are then a page of a few megabytes."""

MAX_TEXT = 400


def preview(examples: Sequence[Example], facts: Mapping[str, Any]) -> list[Figure]:
    """The beginning of each recording as a codec reads it, mixed to one channel, and what is said in it.

    Args:
        examples: as documented in `suite_speech_recognition.types`.
        facts: of the data: the fact "rate" is that of inputs that are arrays.

    Raises:
        suite.UserError: if a recording cannot be read.
    """
    return [Clips(title="", items=[_clip(example, facts.get("rate") or RATE) for example in examples])]


def _clip(example: Example, rate: int) -> Clip:
    with opened(example.input, rate) as audio:
        samples = audio.section(RATE, 0.0, MAX_SECONDS)
        described = audio.description
    text = text_of(example.target)
    shown = text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
    speaker = speaker_of(example.target)
    words = [
        example.id,
        f"{described.seconds:.1f} s",
        f"{described.rate:,} samples per second",
        f"speaker {speaker}" if speaker else "",
        f"the first {MAX_SECONDS:g} s can be played" if described.seconds > MAX_SECONDS else "",
    ]
    return Clip(sound=playable(samples), caption=f"{shown or '(empty)'}\n{', '.join(filter(None, words))}")
