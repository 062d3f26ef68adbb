"""Frames and mel bands of spectrograms. Light until filters are made: librosa is imported late."""

from __future__ import annotations

import numpy as np

from suite.kit import needing
from suite_speech_recognition.extras import TRAIN

WINDOW_SECONDS = 0.025
HOP_SECONDS = 0.01


def hop_samples(rate: int) -> int:
    """Samples from one frame to the next."""
    return round(HOP_SECONDS * rate)


def window_samples(rate: int) -> int:
    """Samples of a frame, an even number."""
    return 2 * round(WINDOW_SECONDS * rate / 2)


def mel_filters(rate: int, window: int, mels: int) -> np.ndarray:
    """The triangular filters of librosa on Slaney's mel scale: float64 (window // 2 + 1, mels)."""
    with needing(TRAIN):
        from librosa.filters import mel

    filters: np.ndarray = mel(sr=rate, n_fft=window, n_mels=mels, dtype=np.float64)
    return np.ascontiguousarray(filters.T)


def windowed_fourier(window: int) -> np.ndarray:
    """The discrete Fourier transform of a frame under Hann's window, as a matrix: float64 (window, 2 * bins).

    The first half of the columns gives the real part of each frequency, the second the imaginary one.
    """
    time = np.arange(window)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * time / window)
    angles = 2 * np.pi * (np.outer(time, np.arange(window // 2 + 1)) % window) / window
    matrix: np.ndarray = np.concatenate([np.cos(angles), -np.sin(angles)], axis=1) * hann[:, None]
    return matrix
