"""What data must satisfy, whichever loader gave it."""

from __future__ import annotations

import numpy as np
import pytest

from suite import UserError
from suite.data import Dataset, Example
from suite_speech_recognition.contract import check, facts
from suite_speech_recognition.samples import sample


def one(target, **more) -> Dataset:
    return Dataset(train=[Example("a.wav", b"", target)], **more)


@pytest.mark.parametrize("target", ["yes", {"text": "yes"}, {"text": "yes", "speaker": "ann"}])
def test_transcripts_satisfy_the_task(target):
    check(one(target))
    check(sample())


@pytest.mark.parametrize("target", [None, 3, ["yes"], {"speaker": "ann"}, {"text": None}])
def test_a_target_that_is_no_transcript_is_refused_with_its_example(target):
    with pytest.raises(UserError, match=r"the target of 'a.wav' \(train split\) is .*: it must be a text"):
        check(one(target))


def test_a_speaker_is_a_text():
    with pytest.raises(UserError, match=r"'a.wav' \(train split\) has the speaker 3: it must be a text"):
        check(one({"text": "yes", "speaker": 3}))


@pytest.mark.parametrize("rate", [0, -8000, "8000", 8000.5, True])
def test_a_rate_is_a_whole_number(rate):
    with pytest.raises(UserError, match="fact 'rate' is .*: it must be a whole number"):
        check(one("yes", facts={"rate": rate}))


def test_arrays_without_a_rate_are_taken_to_have_the_usual_one():
    assert facts(Dataset(train=[Example("a", np.zeros(9, np.float32), "yes")])) == {"rate": 16_000}
    assert facts(one("yes")) == {}
