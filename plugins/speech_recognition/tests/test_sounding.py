"""Where a recording sounds, and the times of words that end there."""

from __future__ import annotations

import numpy as np
import pytest

from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.codec import SpeechCodec
from suite_speech_recognition.decoding.sounding import sounding_frames, without_pauses
from suite_speech_recognition.types import Word

STEP = 320


def sound(*levels: float) -> np.ndarray:
    """Noise whose frames have these levels."""
    noise = np.random.default_rng(0).choice([-1.0, 1.0], len(levels) * STEP)
    return (noise * np.repeat(levels, STEP)).astype(np.float32)


@pytest.mark.parametrize("quiet", [0.0, 1e-5, 1e-3, 0.005])
def test_frames_that_are_much_quieter_than_the_loudest_do_not_sound(quiet):
    found = sounding_frames(sound(quiet, quiet, 0.5, 0.1, quiet, 0.3), STEP)
    assert found.tolist() == [False, False, True, True, False, True]


@pytest.mark.parametrize("level", [0.0, 5e-5])
def test_silence_does_not_sound_and_has_no_words(level):
    samples = sound(level, level, level)
    assert not sounding_frames(samples, STEP).any()
    codec = SpeechCodec(rate=8000, lengths=(3200,), frame_samples=STEP, alphabet=Alphabet(symbols=("a",)))
    outputs = np.tile(np.array([-9.0, 0.0], np.float32), (10, 1))
    assert codec.decode(outputs, codec.encode(samples).context).text == ""
    assert codec.decode(outputs, codec.encode(sound(0.1, 0.1)).context).text == "a"


def test_a_steady_sound_sounds():
    assert sounding_frames(sound(*[0.01] * 20), STEP).all()


def test_times_leave_out_the_silence_around_a_word():
    sounding = np.array([0, 0, 1, 1, 0, 1, 0, 0, 0, 0], bool)
    words = [
        Word(text="all", start=5.0, end=6.0, confidence=0.9),
        Word(text="exact", start=5.22, end=5.4, confidence=0.9),
        Word(text="quiet", start=5.6, end=5.9, confidence=0.9),
    ]
    found = without_pauses(words, sounding, 0.1, 5.0)
    times = [(word.start, word.end) for word in found]
    assert times == [pytest.approx(pair) for pair in [(5.2, 5.6), (5.22, 5.4), (5.6, 5.9)]]
