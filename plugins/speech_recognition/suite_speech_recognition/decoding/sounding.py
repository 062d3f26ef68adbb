"""Where a recording sounds, so that a word's times end where the pause after it begins. numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from suite_speech_recognition.types import Word

SILENT = 1e-4
"""A frame below this level (root mean square; -80 dB of the full scale) is as good as digital silence."""

BELOW_LOUDEST = 10 ** (-35 / 20)
"""A frame sounds if it is at most 35 dB below the loudest..."""

ABOVE_NOISE = 10 ** (6 / 20)
"""... and 6 dB above the noise, the level that a tenth of the frames stays below..."""

MAX_THRESHOLD = 10 ** (-20 / 20)
"""... or at most 20 dB below the loudest, if there is hardly a pause."""


def sounding_frames(samples: np.ndarray, frame_samples: int) -> np.ndarray:
    """Which frames sound: booleans (frames,).

    Args:
        samples: float32 (samples,).
        frame_samples: samples of a frame; the last may have fewer.
    """
    padded = np.pad(samples, (0, -len(samples) % frame_samples)).reshape(-1, frame_samples)
    levels = np.sqrt(np.mean(np.square(padded), axis=1))
    loudest = float(levels.max(initial=0.0))
    noise = float(np.quantile(levels, 0.1)) if len(levels) else 0.0
    threshold = max(BELOW_LOUDEST * loudest, min(ABOVE_NOISE * noise, MAX_THRESHOLD * loudest), SILENT)
    sounds: np.ndarray = levels > threshold
    return sounds


def without_pauses(
    words: Sequence[Word], sounding: np.ndarray, frame_seconds: float, offset: float = 0.0
) -> list[Word]:
    """Words whose times leave out the silence at their ends, but for words that are all silence.

    A network may write a word's first symbol long before it is said, or its last one long after.

    Args:
        words: with the times of their symbols.
        sounding: which frames sound, from `sounding_frames`.
        frame_seconds: the length of a frame.
        offset: where the first frame begins, in seconds.
    """
    trimmed = []
    for word in words:
        first = max(0, round((word.start - offset) / frame_seconds))
        last = min(len(sounding), round((word.end - offset) / frame_seconds))
        (frames,) = np.nonzero(sounding[first:last])
        if len(frames):
            start, end = first + int(frames[0]), first + int(frames[-1]) + 1
            times = {
                "start": max(word.start, offset + start * frame_seconds),
                "end": min(word.end, offset + end * frame_seconds),
            }
            trimmed.append(msgspec.structs.replace(word, **times))
        else:
            trimmed.append(word)
    return trimmed
