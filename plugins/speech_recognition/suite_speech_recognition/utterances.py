"""What is said into a microphone, cut at pauses. Sound comes in blocks and there is no end to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

FRAME = 0.02
"""Seconds whose energy is looked at."""

PAUSE = 0.6
"""Seconds of quiet that end an utterance."""

AROUND = 0.3
"""Seconds of quiet that are kept before and after it: consonants are quiet."""

SHORTEST = 0.08
"""Seconds of sound that make an utterance; a click is shorter."""

ABOVE_NOISE = 10 ** (9 / 20)
"""Speech is at least 9 dB louder than the noise of the room..."""

LEAST_LEVEL = 10 ** (-55 / 20)
"""... and than 55 dB below full scale."""

_DOWN = 0.2  # of the way to a lower level, per frame
_UP = 1.005  # per frame: 2 dB a second


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """A stretch of sound between pauses.

    Attributes:
        samples: float32 (samples,), mono.
        start: seconds since the beginning.
        source: how a message calls where it comes from.
    """

    samples: np.ndarray
    start: float
    source: str

    @property
    def name(self) -> str:
        """The source and the time, as in "microphone 00:12"."""
        minutes, seconds = divmod(int(self.start), 60)
        return f"{self.source} {minutes:02d}:{seconds:02d}"


def utterances(blocks: Iterable[np.ndarray], rate: int, longest: float, source: str) -> Iterator[Utterance]:
    """Cut sound at pauses, by its energy, as it comes.

    A frame is speech where it is clearly louder than the noise of the room, which is followed: quickly down,
    slowly up. An utterance that becomes too long is cut at the quietest place of its last third. In memory is
    one utterance.

    Args:
        blocks: float32 (samples,), of any lengths, one after the other.
        rate: samples per second.
        longest: seconds of an utterance at most.
        source: how a message calls it.

    Returns:
        the utterances, each given as soon as its pause is heard, and the last one where the blocks end.
    """
    step = max(1, round(FRAME * rate))
    before: deque[np.ndarray] = deque(maxlen=round(AROUND / FRAME))
    spoken: list[np.ndarray] = []
    levels: list[float] = []
    is_speech: list[bool] = []
    noise = 0.0
    count = 0
    least = SHORTEST  # less where it goes on with what was cut
    most = max(2, int(longest * rate) // step)
    for count, frame in enumerate(_frames(blocks, step), start=1):
        level = float(np.sqrt(np.mean(np.square(frame, dtype=np.float64))))
        if count == 1:
            noise = level
        # A frame of digital silence says nothing of the room.
        noise = max(noise + (level - noise) * _DOWN if level < noise else noise * _UP, 1e-5)
        speaks = level > max(noise * ABOVE_NOISE, LEAST_LEVEL)
        if not spoken and not speaks:
            before.append(frame)
            continue
        if not spoken:
            least = SHORTEST
            spoken = list(before)[-(most - 1) :]
            levels = [0.0] * len(spoken)
            is_speech = [False] * len(spoken)
            before.clear()
        spoken.append(frame)
        levels.append(level)
        is_speech.append(speaks)
        quiet = 0 if speaks else len(is_speech) - 1 - _last(is_speech)
        if quiet * FRAME >= PAUSE - FRAME / 2:
            kept = len(spoken) - quiet + round(AROUND / FRAME)
            if any(is_speech) and sum(is_speech) * FRAME >= least - FRAME / 2:
                yield _utterance(spoken[:kept], count - len(spoken), step / rate, source)
            before.extend(spoken[kept:])
            spoken = []
        elif len(spoken) >= most:
            third = 2 * len(spoken) // 3
            place = max(1, third + int(np.argmin(levels[third:])))
            yield _utterance(spoken[:place], count - len(spoken), step / rate, source)
            least = 0.0
            spoken, levels, is_speech = spoken[place:], levels[place:], is_speech[place:]
    if spoken and any(is_speech) and sum(is_speech) * FRAME >= least - FRAME / 2:
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


def _utterance(frames: list[np.ndarray], first: int, seconds: float, source: str) -> Utterance:
    return Utterance(np.concatenate(frames), first * seconds, source)
