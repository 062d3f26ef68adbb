"""What is heard in a whole recording, at constant memory: how loud it is, how clipped, how silent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from suite import UserError
from suite_speech_recognition.audio import recordings
from suite_speech_recognition.audio.silence import loudest_level, sounding

FULL_SCALE = 0.999
CLIPPED_RUN = 3
"""Samples are clipped if they stand at the full scale, so many in a row at least."""

_CHUNK_SECONDS = 60.0  # that are decoded at once


@dataclass(frozen=True)
class Measured:
    """What was found in a recording.

    Attributes:
        description: of its header; None if it cannot be read.
        broken: why it cannot be read; empty if it can.
        peak: its loudest sample.
        clipped: the share of its samples that are clipped.
        sound: the seconds that are not silent.
        leading: seconds of silence at its beginning.
        trailing: and at its end.
    """

    description: recordings.Description | None = None
    broken: str = ""
    peak: float = 0.0
    clipped: float = 0.0
    sound: float = 0.0
    leading: float = 0.0
    trailing: float = 0.0


def measure(raw: Any, rate: int) -> Measured:
    """Decode a recording from its beginning to its end.

    Args:
        raw: as for `recordings.read`.
        rate: of an array, which does not say it itself.
    """
    try:
        with recordings.opened(raw, rate) as audio:
            return _measured(audio)
    except UserError as error:
        return Measured(broken=str(error))


def _measured(audio: recordings.Audio) -> Measured:
    description = audio.description
    rate, total = description.rate, audio.length(description.rate)
    peak, loudest, clipped, sound = 0.0, 0.0, 0, 0
    first = last = None
    for number in range(int(description.seconds // _CHUNK_SECONDS) + 1):
        start = number * _CHUNK_SECONDS
        begin = round(start * rate)
        if begin >= total:
            break
        samples = audio.section(rate, start, start + _CHUNK_SECONDS)
        loudness = np.abs(samples)
        peak = max(peak, float(loudness.max()))
        clipped += _in_runs(loudness >= FULL_SCALE, CLIPPED_RUN)
        intervals = sounding(samples, rate, loudest)
        loudest = max(loudest, loudest_level(samples, rate))
        if peak and len(intervals):
            sound += int((intervals[:, 1] - intervals[:, 0]).sum())
            first = begin + int(intervals[0, 0]) if first is None else first
            last = begin + int(intervals[-1, 1])
    return Measured(
        description,
        peak=peak,
        clipped=clipped / total,
        sound=sound / rate,
        leading=0.0 if first is None else first / rate,
        trailing=0.0 if last is None else max(0, total - last) / rate,
    )


def _in_runs(which: np.ndarray, min_length: int) -> int:
    """How many are true in runs of at least so many."""
    if not which.any():
        return 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], which.astype(np.int8), [0]])))
    runs = edges[1::2] - edges[::2]
    return int(runs[runs >= min_length].sum())
