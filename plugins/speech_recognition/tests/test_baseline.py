"""The baseline of speech recognition: what one would transcribe without listening."""

from __future__ import annotations

from suite.data import Example
from suite_speech_recognition.baseline import most_frequent
from suite_speech_recognition.types import Transcript

EXAMPLES = [Example("a.wav", None), Example("b.wav", None)]


def examples(*targets) -> list[Example]:
    return [Example(f"{index}.wav", None, target) for index, target in enumerate(targets)]


def test_every_recording_gets_the_most_frequent_transcript():
    train = examples({"text": "no"}, {"text": "yes", "speaker": "ann"}, "yes ", {"text": "maybe"})
    assert most_frequent(train, EXAMPLES, {}) == [Transcript(text="yes")] * 2


def test_of_equally_frequent_transcripts_the_first_is_taken():
    assert most_frequent(examples("b", "a", "c"), EXAMPLES[:1], {}) == [Transcript(text="b")]


def test_without_training_nothing_is_heard():
    assert most_frequent([], EXAMPLES[:1], {}) == [Transcript(text="")]
