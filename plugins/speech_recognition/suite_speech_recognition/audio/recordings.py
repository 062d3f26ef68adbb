"""Any recording (a file, a section of a file, bytes or an array) as mono float32 samples at the wanted rate.

The content says what a file is, not its ending. `opened` gives random access at constant memory; `read`,
`section` and `describe` are that for a single use.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import soxr

from suite import UserError
from suite.kit import check_duration, memory_for
from suite.sources import Source
from suite_speech_recognition.audio.channels import one_channel
from suite_speech_recognition.audio.sound_decoder import opened_file
from suite_speech_recognition.audio.sound_files import RATES

Channel = Literal["mix", "left", "right"]

SUFFIXES = (
    ".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".aifc", ".au", ".snd",
    ".caf", ".w64", ".rf64", ".sph", ".nist",
    ".m4a", ".mp4", ".webm", ".aac", ".mka", ".wma", ".amr", ".3gp",
)  # fmt: skip
"""The endings of files that are taken for recordings when a folder is listed, in lower case."""

OVERSHOOT = 0.1
"""A section may end this many seconds after its recording does: times in manifests are rounded."""

_MAX_SAMPLE = 1e12
"""Integers of 32 bits that were never scaled are below; the powers of what is above have no numbers."""

_MARGIN = 0.05  # seconds around a section, so that the resampler's filter has what it needs


@dataclass(frozen=True, slots=True)
class Recording:
    """A file, or a section of one.

    Attributes:
        source: the file.
        start: where the section begins, in seconds; None for the beginning.
        end: where it ends; None for the end.
        channel: counted from 0; None for all of them, mixed.
    """

    source: Source
    start: float | None = None
    end: float | None = None
    channel: int | None = None

    @property
    def name(self) -> str:
        """For people: the file's name, the channel if it is one, and the times if there are any."""
        name = self.source.name
        if self.channel is not None:
            name += f", channel {self.channel + 1}"
        if self.start is None and self.end is None:
            return name
        end = "its end" if self.end is None else f"{self.end:.10g} s"
        return f"{name} from {self.start or 0:.10g} s to {end}"

    @property
    def size(self) -> int:
        """The number of bytes of the whole file."""
        return self.source.size

    def read(self) -> bytes:
        """The file's bytes; for a section or a channel, bytes that no other has: its name."""
        if self.start is None and self.end is None and self.channel is None:
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


def read(raw: Any, rate: int, channel: Channel = "mix") -> np.ndarray:
    """Read a whole recording.

    Channels are averaged, see `one_channel`; the rate is changed by soxr (band-limited interpolation, quality
    "HQ").

    Args:
        raw: a `Recording`, a `suite.sources.Source`, a path, the bytes of a file, an open file, or an array
            (samples,) or (samples, channels) at `rate`: floats, or int16, int32 and uint8, which are scaled
            to -1 to 1. At another rate an array is given with it: `(array, rate)`, or
            `{"array": array, "sampling_rate": rate}`.
        rate: wanted samples per second.
        channel: what is heard of several channels, unless a `Recording` says it itself.

    Returns:
        float32 (samples,), one at least.

    Raises:
        UserError: if it is no audio, holds no samples or some that are no numbers, is damaged or cut off
            (see `sound_files.LOST`), or the wanted section lies outside of it.
    """
    with opened(raw, rate, channel) as audio:
        return audio.read(rate)


def section(raw: Any, rate: int, start: float, end: float, channel: Channel = "mix") -> np.ndarray:
    """Read what lies between two times, in seconds, as `Audio.section` does: nothing else is decoded."""
    with opened(raw, rate, channel) as audio:
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
def opened(raw: Any, rate: int | None = None, channel: Channel = "mix") -> Iterator[Audio]:
    """Open a recording for random access, and close it.

    Args:
        raw: as for `read`.
        rate: of an array, which does not say it itself.
        channel: as for `read`. A recording with one channel has no left and right: all of it is heard.

    Raises:
        UserError: as for `read`, as far as the header shows it.
    """
    start = end = own = None
    name = ""
    if isinstance(raw, Recording):
        name, raw, start, end, own = raw.name, raw.source, raw.start, raw.end, raw.channel
    if sampled := sampled_array(raw):
        raw, rate = sampled
    if isinstance(raw, np.ndarray):
        if rate is None:
            raise ValueError("the sample rate of an array must be given")
        array = _Array(raw, rate)
        yield Audio(array, start, end, channel=_heard(array, own, channel))
        return
    with opened_file(raw) as file:
        yield Audio(file, start, end, name, _heard(file, own, channel))


def _heard(samples: _Samples, own: int | None, channel: Channel) -> int | None:
    """The channel that is heard, counted from 0; None for the mean of all."""
    if own is not None or channel == "mix" or samples.channels == 1:
        return own
    return ("left", "right").index(channel)


def sampled_array(raw: Any) -> tuple[np.ndarray, int] | None:
    """An array and its rate, of `(array, rate)` or `{"array", "sampling_rate"}`; None for anything else.

    Raises:
        UserError: if the rate is none.
    """
    if isinstance(raw, Mapping) and "array" in raw:
        array, rate = raw["array"], raw.get("sampling_rate", raw.get("rate"))
        if rate is None:
            raise UserError('an {"array": ...} needs its "sampling_rate", in samples per second')
    elif isinstance(raw, tuple | list) and len(raw) == 2 and isinstance(raw[1], int | float | np.number):
        array, rate = raw
    else:
        return None
    if not _is_rate(rate):
        raise UserError(f"{rate!r} is no rate of an array: it must be a number of samples per second, 16000")
    samples = np.asarray(array)
    with np.errstate(over="ignore"):  # what is too large for a sample is refused as infinite
        return (samples.astype(np.float32) if samples.dtype.kind == "f" else samples), int(rate)


def _is_rate(rate: Any) -> bool:
    is_number = isinstance(rate, int | float | np.number) and not isinstance(rate, bool)
    return is_number and math.isfinite(rate) and int(rate) in RATES


class _Samples(Protocol):
    """Samples with random access."""

    name: str
    rate: int
    channels: int
    frames: int

    def mono(self, start: int, stop: int, channel: int | None = None) -> np.ndarray:
        """float32 (stop - start,), a channel or the mean of all. Raises `UserError` if it cannot be read."""


class Audio:
    """An open recording, or a section of one.

    Args:
        samples: the whole recording.
        start: where the section begins, in seconds.
        end: where it ends.
        name: for people.
        channel: counted from 0; None for the mean of all.

    Attributes:
        name: for people.
        description: of the section.
        heard: the channel that is heard, counted from 0; None for the mean of all.
    """

    def __init__(
        self,
        samples: _Samples,
        start: float | None = None,
        end: float | None = None,
        name: str = "",
        channel: int | None = None,
    ) -> None:
        self.name = name or samples.name
        self._samples = samples
        self.heard = channel
        self._first, last = 0, samples.frames
        if samples.frames == 0:
            raise UserError(f"{self.name} holds no samples: nothing was recorded")
        if channel is not None and channel >= samples.channels:
            has = "one channel" if samples.channels == 1 else f"{samples.channels} channels"
            raise UserError(f"{self.name}: the recording has only {has}")
        if start is not None or end is not None:
            self._first, last = self._range(start or 0.0, end)
        self._frames = last - self._first
        check_duration(self.name, self._frames / samples.rate)
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
        seconds = (last - first) / rate
        # As it is decoded in pieces and put together, then at the other rate.
        needed = 4 * seconds * (2 * own + (2 * rate if own != rate else 0))
        with memory_for(f"{self.name} is read as a whole ({seconds:,.6g} s)", needed):
            return self._at_rate(own, rate, first, last)

    def _at_rate(self, own: int, rate: int, first: int, last: int) -> np.ndarray:
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

    def channels(self, start: int, stop: int) -> np.ndarray:
        """Each channel by itself, float32 (frames, channels), at the recording's own rate.

        Raises:
            UserError: if it cannot be read.
        """
        first, last = self._first + start, self._first + min(stop, self._frames)
        each = [self._samples.mono(first, last, index) for index in range(self._samples.channels)]
        return np.stack(each, axis=1)

    def _mono(self, start: int, stop: int) -> np.ndarray:
        mono = self._samples.mono(self._first + start, self._first + stop, self.heard)
        if not np.isfinite(mono).all():
            first = (start + int(np.argmin(np.isfinite(mono)))) / self._samples.rate
            raise UserError(
                f"{self.name} holds samples that are no numbers (NaN or infinite), first at {first:.6g} s"
            )
        loudest = max(float(mono.max(initial=0.0)), -float(mono.min(initial=0.0)))
        if loudest > _MAX_SAMPLE:
            raise UserError(
                f"{self.name} holds samples up to {loudest:.3g}, which are no sound: those of recordings are"
                " from -1 to 1"
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

    def mono(self, start: int, stop: int, channel: int | None = None) -> np.ndarray:
        return one_channel(_scaled(self._samples[start:stop]), channel)


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
