"""Where recordings are silent, by librosa, which is imported late: for training and inspection only."""

from __future__ import annotations

import numpy as np

from suite.kit import needing
from suite_speech_recognition.extras import TRAIN

BELOW_LOUDEST = 40
"""Decibels below the loudest frame from which on a frame is silent."""

_WINDOW, _HOP = 0.05, 0.01  # seconds


def trimmed(samples: np.ndarray, rate: int) -> np.ndarray:
    """The samples without the silence at both ends; all of them if nothing would be left."""
    with needing(TRAIN):
        from librosa.effects import trim

    kept, _ = trim(samples, top_db=BELOW_LOUDEST, **_frames(rate))
    sound: np.ndarray = kept if len(kept) else samples
    return sound


def sounding(samples: np.ndarray, rate: int, loudest: float = 0.0) -> np.ndarray:
    """Where there is sound between silences: int64 (intervals, 2), from a sample up to before another.

    Args:
        samples: float32 (samples,).
        rate: samples per second.
        loudest: the level (root mean square) of the loudest frame before, if these samples are a chunk of a
            recording.
    """
    with needing(TRAIN):
        from librosa.effects import split

    def reference(levels: np.ndarray) -> float:
        return max(loudest, float(np.max(levels)))

    intervals: np.ndarray = split(samples, top_db=BELOW_LOUDEST, ref=reference, **_frames(rate))
    return intervals


def loudest_level(samples: np.ndarray, rate: int) -> float:
    """The level (root mean square) of the loudest frame."""
    with needing(TRAIN):
        from librosa.feature import rms

    return float(rms(y=samples, **_frames(rate)).max())


def _frames(rate: int) -> dict[str, int]:
    return {"frame_length": max(2, 2 * round(_WINDOW * rate / 2)), "hop_length": max(1, round(_HOP * rate))}
