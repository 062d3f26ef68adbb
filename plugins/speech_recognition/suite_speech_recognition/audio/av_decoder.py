"""What libsndfile does not read (M4A, MP4, WebM, AAC, WMA), by PyAV, which is optional."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from suite import UserError
from suite.kit import check_duration, unimportable
from suite_speech_recognition.audio.channels import one_channel
from suite_speech_recognition.audio.sound_files import LOST, RATES

INSTALL = "pip install 'suite-speech-recognition[av]'"

_BEFORE = 0.2  # seconds that are decoded before what is wanted: a frame needs those before it


def check_installed(missing: str) -> None:
    """Refuse to go on without PyAV.

    Args:
        missing: what to say if it is not installed.

    Raises:
        UserError: if it is not, or cannot be imported.
    """
    try:
        import av as av
    except ImportError as error:
        raise unimportable(error, "av", missing) from None


class AvFile:
    """The first audio stream of a file, with random access: see `sound_decoder.SoundFile`.

    Attributes:
        name: for people.
        rate: samples per second.
        channels: how many.
        frames: samples of each, as the header has it.
    """

    def __init__(self, name: str, container: Any) -> None:
        self.name = name
        self._container = container
        self._stream = container.streams.audio[0]
        self.rate, self.channels = int(self._stream.rate or 0), int(self._stream.channels or 0)
        if self.rate not in RATES or not self.channels:
            raise UserError(
                f"{name} says that it has {self.rate:,} samples per second: its header is damaged"
            )
        base = self._stream.time_base
        self._begins = float((self._stream.start_time or 0) * base)
        if self._stream.duration:
            seconds = float(self._stream.duration * base)
        else:
            seconds = (container.duration or 0) / 1e6 - max(0.0, self._begins)
        self.frames = max(0, round(seconds * self.rate)) or self._counted()

    def mono(self, start: int, stop: int, channel: int | None = None) -> np.ndarray:
        """A channel, or the mean of all, from frame `start` on and before `stop`, as float32 (frames,).

        Raises:
            UserError: if more is missing than `sound_files.LOST`.
        """
        pieces: list[np.ndarray] = []
        have = start
        for first, samples in self._decoded(start):
            begin = max(0, have - first)
            piece = samples[begin : stop - first]
            if len(piece):
                pieces.append(one_channel(piece, channel))
                have = first + begin + len(piece)
            if have >= stop:
                break
        missing = stop - have
        if not pieces or missing > max(LOST * (stop - start), 0.1 * self.rate):
            raise UserError(
                f"{self.name} is damaged or cut off: of its {self.frames / self.rate:.6g} s only"
                f" {have / self.rate:.6g} s can be decoded"
            )
        return np.pad(np.concatenate(pieces), (0, missing))

    def _decoded(self, start: int) -> Iterator[tuple[int, np.ndarray]]:
        """Blocks from before frame `start` on: the first sample's number, float32 (samples, channels)."""
        import av

        wanted = max(0.0, start / self.rate - _BEFORE)
        target = math.floor((wanted + self._begins) / self._stream.time_base)
        resampler = av.AudioResampler(format="flt", layout=self._stream.layout, rate=self.rate)
        position: int | None = None
        try:
            self._container.seek(target if wanted else min(0, target), stream=self._stream)
            for frame in self._container.decode(self._stream):
                if position is None:
                    time = 0.0 if frame.time is None else float(frame.time)
                    position = round((time - self._begins) * self.rate)
                for part in resampler.resample(frame):
                    samples = part.to_ndarray().reshape(-1, self.channels)
                    # What stands before the beginning is the encoder's own.
                    yield position, samples
                    position += len(samples)
        except av.FFmpegError as error:
            if position is None:
                raise UserError(f"{self.name} cannot be decoded: {error.strerror}") from None

    def _counted(self) -> int:
        """The number of samples of a file that does not say it: all of it is decoded."""
        count = 0
        for _, samples in self._decoded(0):
            count += len(samples)
            check_duration(self.name, count / self.rate)
        return count


@contextmanager
def opened_by_av(name: str, content: bytes | None) -> Iterator[AvFile]:
    """Open a file, and close it.

    Args:
        name: its path, or what it is for people.
        content: its bytes; None to read the file.

    Raises:
        UserError: if it holds no sound, or is damaged.
    """
    import av

    try:
        container = av.open(name if content is None else io.BytesIO(content), metadata_errors="ignore")
    except (av.FFmpegError, OSError) as error:
        raise UserError(f"{name} is damaged or cut off: {error.strerror or error}") from None
    with container:
        if not container.streams.audio:
            raise UserError(f"{name} has no sound in it")
        yield AvFile(name, container)
