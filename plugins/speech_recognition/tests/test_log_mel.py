"""The log-mel spectrogram inside the network is librosa's."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs Keras")

from suite_speech_recognition.audio.mel import hop_samples, mel_filters, window_samples  # noqa: E402
from suite_speech_recognition.models.log_mel import FLOOR, LogMel  # noqa: E402

RATES = [(8000, 64), (11025, 40), (16000, 80), (22050, 80), (44100, 128), (48000, 80)]


def speech_like(rate: int, seconds: float = 1.3) -> np.ndarray:
    """Gliding harmonics that come and go, in faint noise."""
    rng = np.random.default_rng(rate)
    time = np.arange(round(rate * seconds)) / rate
    pitch = np.cumsum(120 + 60 * np.sin(2 * np.pi * 1.5 * time)) / rate
    voiced = sum(np.sin(2 * np.pi * pitch * k) / k for k in range(1, 20)) * np.sin(np.pi * 4 * time) ** 2
    return (0.2 * voiced + 0.003 * rng.standard_normal(len(time))).astype(np.float32)


def by_librosa(audio: np.ndarray, rate: int, mels: int) -> np.ndarray:
    power = librosa.feature.melspectrogram(
        y=audio,
        sr=rate,
        n_fft=window_samples(rate),
        hop_length=hop_samples(rate),
        n_mels=mels,
        pad_mode="constant",
    )
    return np.log(np.maximum(power, FLOOR)).T


@pytest.mark.backend
@pytest.mark.parametrize(("rate", "mels"), RATES)
def test_it_is_librosas_to_a_ten_thousandth(rate, mels):
    """Of the power of each band, and of what lies 80 decibels below the loudest.

    Below that, float32 decides, and so the processor does; a network hears 60 decibels (`frames.RANGE`).
    """
    audio = speech_like(rate)
    ours = keras.ops.convert_to_numpy(LogMel(rate, mels)(audio[None]))[0]
    theirs = by_librosa(audio, rate, mels)[: len(ours)]
    assert len(ours) == -(-len(audio) // hop_samples(rate))
    ours, theirs = np.exp(ours, dtype=np.float64), np.exp(theirs, dtype=np.float64)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-8 * theirs.max())


@pytest.mark.parametrize(("rate", "mels"), RATES)
def test_the_mel_filters_are_slaneys(rate, mels):
    """Linear up to 1000 Hz, logarithmic above (Slaney 1998, Auditory Toolbox, Interval Research 1998-010)."""
    window = window_samples(rate)
    per_mel, corner, step = 200 / 3, 1000.0, np.log(6.4) / 27
    top = corner / per_mel + np.log(rate / 2 / corner) / step
    mel = np.linspace(0, top, mels + 2)
    edges = np.where(mel < 15, per_mel * mel, corner * np.exp(step * (mel - 15)))
    frequencies = np.arange(window // 2 + 1) * rate / window
    rise = (frequencies[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    fall = (edges[2:] - frequencies[:, None]) / np.diff(edges)[1:]
    expected = np.maximum(0.0, np.minimum(rise, fall)) * (2 / (edges[2:] - edges[:-2]))
    np.testing.assert_allclose(mel_filters(rate, window, mels), expected, atol=1e-15)


@pytest.mark.backend
def test_digital_silence_is_the_floor_and_no_number_is_infinite():
    silence = keras.ops.convert_to_numpy(LogMel(16000, 80)(np.zeros((1, 4000), np.float32)))
    np.testing.assert_allclose(silence, np.log(FLOOR), rtol=1e-6)


@pytest.mark.parametrize("samples", [1, 159, 160, 161, 399, 639, 640, 641, 5000])
def test_frames_are_as_many_as_hops_begin_rounded_up_to_a_multiple(samples):
    layer = LogMel(16000, 20, multiple=4)
    assert layer(np.zeros((2, samples), np.float32)).shape == (2, -(-samples // 640) * 4, 20)
    assert layer.compute_output_shape((2, samples)) == (2, -(-samples // 640) * 4, 20)


def test_zeros_after_the_audio_change_no_frame_of_it():
    audio = speech_like(16000)[None]
    longer = np.pad(audio, [(0, 0), (0, 7777)])
    layer = LogMel(16000, 80)
    short, long = (keras.ops.convert_to_numpy(layer(sound)) for sound in (audio, longer))
    np.testing.assert_allclose(short, long[:, : short.shape[1]], atol=1e-5)


def test_it_computes_in_float32_whatever_the_policy():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert LogMel(16000, 80)(np.zeros((1, 4000), np.float32)).dtype == "float32"
    finally:
        keras.config.set_dtype_policy(before)
