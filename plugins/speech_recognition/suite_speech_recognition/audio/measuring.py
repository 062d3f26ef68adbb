"""What is heard in a whole recording, at constant memory: how loud it is, how clipped, how silent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from suite import UserError
from suite_speech_recognition.audio import recordings
from suite_speech_recognition.audio.channels import one_channel
from suite_speech_recognition.audio.silence import loudest_level, sounding

FULL_SCALE = 0.999
CLIPPED_RUN = 3
"""Samples are clipped if they stand at the full scale, so many in a row at least."""

INVERTED = 0.8
"""One of two channels is inverted if their correlation is below minus this."""

APART = 10 ** (15 / 20)
"""A channel is heard alone if it is 15 dB louder than the other."""

_MIN_SHARE = 0.15
_QUIET = 10 ** (-50 / 20)
_FRAME_SECONDS = 0.05
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
        channels: what its two channels are to each other: "" if there is nothing to say, "inverted",
            "apart" if one is heard while the other is quiet and the other way round, as two people on the
            telephone, "left silent" or "right silent".
    """

    description: recordings.Description | None = None
    broken: str = ""
    peak: float = 0.0
    clipped: float = 0.0
    sound: float = 0.0
    leading: float = 0.0
    trailing: float = 0.0
    channels: str = ""


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
    stereo = _Stereo(rate) if description.channels == 2 and audio.heard is None else None
    for number in range(int(description.seconds // _CHUNK_SECONDS) + 1):
        start = number * _CHUNK_SECONDS
        begin = round(start * rate)
        if begin >= total:
            break
        if stereo is None:
            samples = audio.section(rate, start, start + _CHUNK_SECONDS)
        else:
            both = audio.channels(begin, begin + round(_CHUNK_SECONDS * rate))
            stereo.add(both)
            samples = one_channel(both)
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
        channels="" if stereo is None else stereo.relation(),
    )


class _Stereo:
    """What two channels are to each other, chunk by chunk."""

    def __init__(self, rate: int) -> None:
        self._frame = max(1, round(_FRAME_SECONDS * rate))
        self._powers = np.zeros(2)
        self._product = 0.0
        self._levels: list[np.ndarray] = []

    def add(self, samples: np.ndarray) -> None:
        """Take float32 (samples, 2)."""
        both = samples.astype(np.float64)
        self._powers += np.square(both).sum(axis=0)
        self._product += float(both[:, 0] @ both[:, 1])
        whole = len(both) // self._frame * self._frame
        frames = both[:whole].reshape(-1, self._frame, 2)
        self._levels.append(np.sqrt(np.square(frames).mean(axis=1)))

    def relation(self) -> str:
        """See `Measured.channels`."""
        left, right = self._powers
        if not max(left, right):
            return ""
        for power, other, name in ((left, right, "left"), (right, left, "right")):
            if power < _QUIET**2 * other:
                return f"{name} silent"
        if self._product < -INVERTED * np.sqrt(left * right):
            return "inverted"
        levels = np.concatenate(self._levels)
        loudest = levels.max(initial=0.0)
        heard = levels[levels.max(axis=1, initial=0.0) > loudest / 100]
        if not len(heard):
            return ""
        shares = [float(np.mean(heard[:, side] > APART * heard[:, 1 - side])) for side in (0, 1)]
        return "apart" if min(shares) >= _MIN_SHARE else ""


def _in_runs(which: np.ndarray, min_length: int) -> int:
    """How many are true in runs of at least so many."""
    if not which.any():
        return 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], which.astype(np.int8), [0]])))
    runs = edges[1::2] - edges[::2]
    return int(runs[runs >= min_length].sum())
