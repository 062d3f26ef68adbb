"""Sound that comes in blocks and has no end, as from a microphone: cut into utterances at pauses."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

FRAME = 0.02
"""Seconds whose energy is looked at."""

PAUSE = 0.6
"""Seconds of quiet that end an utterance."""

MARGIN = 0.3
"""Seconds of quiet that are kept before and after it: consonants are quiet."""

MIN_SOUND = 0.08
"""Seconds of sound that make an utterance; a click is shorter."""

ABOVE_NOISE = 10 ** (9 / 20)
"""Speech is at least 9 dB louder than the noise of the room..."""

MIN_LEVEL = 10 ** (-55 / 20)
"""... and than 55 dB below full scale."""

_DOWN = 0.2  # of the way to a lower level, per frame
_UP = 1.005  # per frame: 2 dB a second


@dataclass(frozen=True, slots=True, eq=False)
class LiveUtterance:
    """A piece of live sound between pauses.

    Attributes:
        samples: float32 (samples,), mono.
        start: seconds since the beginning.
        source: where it comes from, for messages.
    """

    samples: np.ndarray
    start: float
    source: str

    @property
    def name(self) -> str:
        """The source and the time, as in "microphone 00:12"."""
        minutes, seconds = divmod(int(self.start), 60)
        return f"{self.source} {minutes:02d}:{seconds:02d}"


def cut_at_pauses(
    blocks: Iterable[np.ndarray], rate: int, max_seconds: float, source: str
) -> Iterator[LiveUtterance]:
    """Cut sound at pauses, by its energy, as it comes.

    A frame is speech if it is clearly louder than the noise of the room, which is followed: quickly down,
    slowly up. An utterance that becomes too long is cut at the quietest frame of its last third. One
    utterance is in memory.

    Args:
        blocks: float32 (samples,), of any lengths, one after the other.
        rate: samples per second.
        max_seconds: of an utterance.
        source: where the sound comes from, for messages.

    Returns:
        the utterances, each given as soon as its pause is heard, and the last one when the blocks end.
    """
    step = max(1, round(FRAME * rate))
    before: deque[np.ndarray] = deque(maxlen=round(MARGIN / FRAME))
    spoken: list[np.ndarray] = []
    levels: list[float] = []
    is_speech: list[bool] = []
    noise = 0.0
    count = 0
    min_sound = MIN_SOUND  # none if it goes on with what was cut
    max_frames = max(2, int(max_seconds * rate) // step)
    for count, frame in enumerate(_frames(blocks, step), start=1):
        level = float(np.sqrt(np.mean(np.square(frame, dtype=np.float64))))
        if count == 1:
            noise = level
        # A frame of digital silence says nothing of the room.
        noise = max(noise + (level - noise) * _DOWN if level < noise else noise * _UP, 1e-5)
        speaks = level > max(noise * ABOVE_NOISE, MIN_LEVEL)
        if not spoken and not speaks:
            before.append(frame)
            continue
        if not spoken:
            min_sound = MIN_SOUND
            spoken = list(before)[-(max_frames - 1) :]
            levels = [0.0] * len(spoken)
            is_speech = [False] * len(spoken)
            before.clear()
        spoken.append(frame)
        levels.append(level)
        is_speech.append(speaks)
        quiet = 0 if speaks else len(is_speech) - 1 - _last(is_speech)
        if quiet * FRAME >= PAUSE - FRAME / 2:
            kept = len(spoken) - quiet + round(MARGIN / FRAME)
            if any(is_speech) and sum(is_speech) * FRAME >= min_sound - FRAME / 2:
                yield _utterance(spoken[:kept], count - len(spoken), step / rate, source)
            before.extend(spoken[kept:])
            spoken = []
        elif len(spoken) >= max_frames:
            third = 2 * len(spoken) // 3
            cut = max(1, third + int(np.argmin(levels[third:])))
            yield _utterance(spoken[:cut], count - len(spoken), step / rate, source)
            min_sound = 0.0
            spoken, levels, is_speech = spoken[cut:], levels[cut:], is_speech[cut:]
    if spoken and any(is_speech) and sum(is_speech) * FRAME >= min_sound - FRAME / 2:
        yield _utterance(spoken, count - len(spoken), step / rate, source)


def _last(flags: list[bool]) -> int:
    return next((index for index in range(len(flags) - 1, -1, -1) if flags[index]), -1)


def _frames(blocks: Iterable[np.ndarray], step: int) -> Iterator[np.ndarray]:
    """Blocks as frames of `step` samples; what is left at the end is filled up with zeros."""
    rest = np.zeros(0, np.float32)
    for block in blocks:
        rest = np.concatenate([rest, block])
        whole = len(rest) // step * step
        yield from rest[:whole].reshape(-1, step)
        rest = rest[whole:]
    if len(rest):
        yield np.pad(rest, (0, step - len(rest)))


def _utterance(frames: list[np.ndarray], first: int, seconds: float, source: str) -> LiveUtterance:
    return LiveUtterance(np.concatenate(frames), first * seconds, source)
