"""Spectrograms as images, for people: by librosa and Pillow, which are imported late, for the report only."""

from __future__ import annotations

import io

import numpy as np

from suite.kit import needing
from suite_speech_recognition.audio.mel import hop_samples, window_samples
from suite_speech_recognition.extras import TRAIN

BANDS = 96
MAX_COLUMNS = 600
RANGE = 70.0
"""Decibels from the loudest band, which is black, to white."""

_FLOOR = 1e-8  # the power below which a recording has no loudest band


def spectrogram_image(samples: np.ndarray, rate: int, max_frequency: float | None = None) -> bytes:
    """The mel spectrogram of a recording as a PNG, low frequencies at the bottom.

    Args:
        samples: float32 (samples,).
        rate: samples per second.
        max_frequency: of the uppermost band; None for the highest that there is.
    """
    with needing(TRAIN):
        import librosa
        from PIL import Image

    power = librosa.feature.melspectrogram(
        y=samples,
        sr=rate,
        n_fft=window_samples(rate),
        hop_length=max(hop_samples(rate), -(-len(samples) // MAX_COLUMNS)),
        n_mels=BANDS,
        fmax=max_frequency,
        pad_mode="constant",
    )
    loudest = max(float(power.max()), _FLOOR)
    decibels = librosa.power_to_db(power, ref=loudest, amin=_FLOOR * 1e-7, top_db=None)
    gray = np.clip(-decibels / RANGE, 0, 1) * 255
    file = io.BytesIO()
    Image.fromarray(np.round(gray[::-1]).astype(np.uint8)).save(file, format="PNG", optimize=True)
    return file.getvalue()
