"""Any recording (a file, a section of a file, bytes or an array) as mono float32 samples at the wanted rate.

The content says what a file is, not its ending. `opened` gives random access at constant memory; `read`,
`section` and `describe` are that for a single use.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import soxr

from suite import UserError
from suite.sources import Source
from suite_speech_recognition.audio.sound_decoder import averaged, opened_file

SUFFIXES = (
    ".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".aifc", ".au", ".snd",
    ".caf", ".w64", ".rf64", ".sph", ".nist",
)  # fmt: skip
"""The endings of files that are taken for recordings when a folder is listed, in lower case."""

OVERSHOOT = 0.1
"""A section may end this many seconds after its recording does: times in manifests are rounded."""

_MARGIN = 0.05  # seconds around a section, so that the resampler's filter has what it needs


@dataclass(frozen=True, slots=True)
class Recording:
    """A file, or a section of one.

    Attributes:
        source: the file.
        start: where the section begins, in seconds; None for the beginning.
        end: where it ends; None for the end.
    """

    source: Source
    start: float | None = None
    end: float | None = None

    @property
    def name(self) -> str:
        """For people: the file's name, and the times if there are any."""
        if self.start is None and self.end is None:
            return self.source.name
        end = "its end" if self.end is None else f"{self.end:.10g} s"
        return f"{self.source.name} from {self.start or 0:.10g} s to {end}"

    @property
    def size(self) -> int:
        """The number of bytes of the whole file."""
        return self.source.size

    def read(self) -> bytes:
        """The file's bytes; for a section, bytes that no other section has: its name."""
        if self.start is None and self.end is None:
            return self.source.read()
        return self.name.encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Description:
    """What the header of a recording says.

    Attributes:
        seconds: how long it is.
        rate: its own samples per second.
        channels: how many it has.
    """

    seconds: float
    rate: int
    channels: int


def read(raw: Any, rate: int) -> np.ndarray:
    """Read a whole recording.

    Channels are averaged; the rate is changed by soxr (band-limited interpolation, quality "HQ").

    Args:
        raw: a `Recording`, a `suite.sources.Source`, a path, the bytes of a file, or an array (samples,) or
            (samples, channels) at `rate`: floats, or int16, int32 and uint8, which are scaled to -1 to 1.
        rate: wanted samples per second.

    Returns:
        float32 (samples,), one at least.

    Raises:
        UserError: if it is no audio, holds no samples or some that are no numbers, is damaged or cut off
            (see `sound_decoder.LOST`), or the wanted section lies outside of it.
    """
    with opened(raw, rate) as audio:
        return audio.read(rate)


def section(raw: Any, rate: int, start: float, end: float) -> np.ndarray:
    """Read what lies between two times, in seconds, as `Audio.section` does: nothing else is decoded."""
    with opened(raw, rate) as audio:
        return audio.section(rate, start, end)


def describe(raw: Any, rate: int | None = None) -> Description:
    """Length, sample rate and channels, from the header: nothing is decoded.

    Args:
        raw: as for `read`.
        rate: of an array, which does not say it itself.

    Raises:
        UserError: as for `read`, as far as the header shows it.
    """
    with opened(raw, rate) as audio:
        return audio.description


@contextmanager
def opened(raw: Any, rate: int | None = None) -> Iterator[Audio]:
    """Open a recording for random access, and close it.

    Args:
        raw: as for `read`.
        rate: of an array, which does not say it itself.

    Raises:
        UserError: as for `read`, as far as the header shows it.
    """
    start = end = None
    name = ""
    if isinstance(raw, Recording):
        name, raw, start, end = raw.name, raw.source, raw.start, raw.end
    if isinstance(raw, np.ndarray):
        if rate is None:
            raise ValueError("the sample rate of an array must be given")
        yield Audio(_Array(raw, rate), start, end)
        return
    with opened_file(raw) as file:
        yield Audio(file, start, end, name)


class _Samples(Protocol):
    """Samples with random access."""

    name: str
    rate: int
    channels: int
    frames: int

    def mono(self, start: int, stop: int) -> np.ndarray:
        """float32 (stop - start,), the mean of the channels. Raises `UserError` if it cannot be read."""


class Audio:
    """An open recording, or a section of one.

    Args:
        samples: the whole recording.
        start: where the section begins, in seconds.
        end: where it ends.
        name: for people.

    Attributes:
        name: for people.
        description: of the section.
    """

    def __init__(
        self, samples: _Samples, start: float | None = None, end: float | None = None, name: str = ""
    ) -> None:
        self.name = name or samples.name
        self._samples = samples
        self._first, last = 0, samples.frames
        if samples.frames == 0:
            raise UserError(f"{self.name} holds no samples: nothing was recorded")
        if start is not None or end is not None:
            self._first, last = self._range(start or 0.0, end)
        self._frames = last - self._first
        self.description = Description(self._frames / samples.rate, samples.rate, samples.channels)

    def length(self, rate: int) -> int:
        """The number of samples at `rate`."""
        return max(1, round(self._frames * rate / self._samples.rate))

    def read(self, rate: int) -> np.ndarray:
        """All of it as float32 (samples,) at `rate`. Raises `UserError`, see `recordings.read`."""
        return self._resampled(rate, 0, self.length(rate))

    def section(self, rate: int, start: float, end: float) -> np.ndarray:
        """What lies between two times, as float32 (samples,) at `rate`; only this is decoded.

        It is what `read` gives, from sample `start * rate` on and before `end * rate`, to about 1e-4.

        Args:
            rate: wanted samples per second.
            start: seconds from the beginning.
            end: the same; what lies beyond the end is left out.

        Raises:
            UserError: if the recording has nothing there, or cannot be read there.
        """
        first, last = round(start * rate), min(round(end * rate), self.length(rate))
        if not 0 <= first < last:
            raise UserError(
                f"{self.name} has nothing from {start:.10g} s to {end:.10g} s: it is"
                f" {self.description.seconds:.10g} s long"
            )
        return self._resampled(rate, first, last)

    def _range(self, start: float, end: float | None) -> tuple[int, int]:
        """The first frame of a section, and the frame after its last."""
        seconds = self._samples.frames / self._samples.rate
        if start < 0 or not math.isfinite(start) or (end is not None and not start < end < math.inf):
            raise UserError(
                f"{self.name}: this is no section of a recording: it must begin at 0 s or later, and then end"
            )
        stop = seconds if end is None else end
        if start >= seconds or stop > seconds + OVERSHOOT:
            raise UserError(f"{self.name}: the recording is only {seconds:.10g} s long")
        first = min(int(start * self._samples.rate), self._samples.frames - 1)
        return first, max(first + 1, min(round(stop * self._samples.rate), self._samples.frames))

    def _resampled(self, rate: int, first: int, last: int) -> np.ndarray:
        """The samples at `rate` from number `first` on and before `last`."""
        own = self._samples.rate
        if own == rate:
            return self._mono(first, last)
        # Both grids meet every `period` frames: a section that begins there has the samples of the whole.
        shared = math.gcd(own, rate)
        period, wanted_period = own // shared, rate // shared
        margin = math.ceil(_MARGIN * own / period)
        start = max(0, first // wanted_period - margin)
        stop = min(self._frames, (math.ceil(last / wanted_period) + margin) * period)
        resampled = soxr.resample(self._mono(start * period, stop), own, rate)
        kept = resampled[first - start * wanted_period : last - start * wanted_period]
        missing = last - first - len(kept)
        kept = np.pad(kept, (0, missing), "edge" if len(kept) else "constant") if missing else kept
        return np.ascontiguousarray(kept, np.float32)

    def _mono(self, start: int, stop: int) -> np.ndarray:
        mono = self._samples.mono(self._first + start, self._first + stop)
        if not np.isfinite(mono).all():
            first = (start + int(np.argmin(np.isfinite(mono)))) / self._samples.rate
            raise UserError(
                f"{self.name} holds samples that are no numbers (NaN or infinite), first at {first:.6g} s"
            )
        return mono


class _Array:
    def __init__(self, samples: np.ndarray, rate: int) -> None:
        self.name = "the given array"
        if samples.ndim not in (1, 2) or not _is_known(samples.dtype):
            raise UserError(
                f"an array of {samples.dtype}, shape {samples.shape}, is no recording: give (samples,) or"
                " (samples, channels) of floats from -1 to 1, int16, int32 or uint8"
            )
        samples = samples if samples.ndim == 2 else samples[:, None]
        self.frames, self.channels = samples.shape
        if self.channels == 0 or self.channels > max(32, self.frames):
            raise UserError(
                f"an array of shape {samples.shape} would have {self.channels:,} channels: give"
                " (samples, channels)"
            )
        self.rate = rate
        self._samples = samples

    def mono(self, start: int, stop: int) -> np.ndarray:
        return averaged(_scaled(self._samples[start:stop]))


def _is_known(dtype: np.dtype[Any]) -> bool:
    return dtype.kind == "f" or dtype in (np.int16, np.int32, np.uint8)


def _scaled(samples: np.ndarray) -> np.ndarray:
    """As float32; integers from -1 to 1."""
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) / 128
    if samples.dtype.kind == "i":
        return samples.astype(np.float32) / -float(np.iinfo(samples.dtype).min)
    with np.errstate(over="ignore"):  # a float64 beyond float32 is found as infinite
        return samples.astype(np.float32)
