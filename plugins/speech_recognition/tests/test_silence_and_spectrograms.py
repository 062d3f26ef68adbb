"""What librosa is used for: silence, and spectrograms for people."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from speech_on_disk import tone
from suite.data import Example
from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.audio.measuring import measure
from suite_speech_recognition.audio.silence import sounding, trimmed
from suite_speech_recognition.audio.spectrograms import BANDS, MAX_COLUMNS, spectrogram_image
from suite_speech_recognition.batches import SpeechBatches
from suite_speech_recognition.codec import SpeechCodec

RATE = 8_000


def quiet(seconds: float) -> np.ndarray:
    return 1e-5 * np.random.default_rng(0).standard_normal(round(seconds * RATE))


def sound(*pieces: np.ndarray) -> np.ndarray:
    return np.concatenate(pieces).astype(np.float32)


def test_silence_at_both_ends_is_cut_off_and_pauses_stay():
    talk = sound(quiet(1.0), tone(0.5), quiet(0.4), tone(0.5), quiet(0.7))
    assert len(trimmed(talk, RATE)) / RATE == pytest.approx(1.4, abs=0.1)
    silence = np.zeros(RATE, np.float32)
    assert len(trimmed(silence, RATE)) == RATE


def test_sound_lies_between_silences():
    talk = sound(quiet(1.0), tone(0.5), quiet(0.4), tone(0.5), quiet(0.7))
    first, second = sounding(talk, RATE) / RATE
    assert first == pytest.approx([1.0, 1.5], abs=0.06)
    assert second == pytest.approx([1.9, 2.4], abs=0.06)
    assert len(sounding(talk, RATE, loudest=1000.0)) == 0


@pytest.mark.parametrize("before", [0.5, 58.0, 61.0])
def test_a_recording_of_any_length_is_measured(before):
    measured = measure(sound(quiet(before), tone(5.0), quiet(2.0)), RATE)
    assert measured.peak == pytest.approx(0.5, abs=1e-3)
    assert measured.trailing == pytest.approx(2.0, abs=0.1)
    if before < 60:  # the first minute of another one holds nothing louder than its noise
        assert measured.leading == pytest.approx(before, abs=0.1)
        assert measured.sound == pytest.approx(5.0, abs=0.2)


def test_trimming_is_for_training_and_leaves_enough_for_the_transcript():
    codec = SpeechCodec(rate=RATE, lengths=(4 * RATE,), frame_samples=800, alphabet=Alphabet(symbols=("a",)))
    talk = sound(quiet(1.0), tone(0.5), quiet(1.0))
    batches = SpeechBatches(codec=codec, trim=True)
    assert len(batches.prepare(Example("x", talk, "a"))[0]) / RATE == pytest.approx(0.5, abs=0.1)
    assert len(batches.prepare(Example("x", talk, "a" * 8))[0]) == len(talk)
    assert len(SpeechBatches(codec=codec).prepare(Example("x", talk, "a"))[0]) == len(talk)


@pytest.mark.parametrize("samples", [1, 100, RATE, 20 * RATE])
def test_a_spectrogram_is_a_small_image(samples):
    image = Image.open(io.BytesIO(spectrogram_image(tone(20.0).astype(np.float32)[:samples], RATE)))
    assert image.size[1] == BANDS
    assert 1 <= image.size[0] <= MAX_COLUMNS + 1


def test_a_high_tone_is_above_a_low_one_and_silence_is_white():
    low, high = (
        np.asarray(Image.open(io.BytesIO(spectrogram_image(sound(tone(1.0, frequency=hertz)), RATE))))
        for hertz in (300.0, 2500.0)
    )
    assert low.mean(axis=1).argmin() > high.mean(axis=1).argmin()
    silent = np.asarray(Image.open(io.BytesIO(spectrogram_image(np.zeros(RATE, np.float32), RATE))))
    assert (silent == 255).all()
