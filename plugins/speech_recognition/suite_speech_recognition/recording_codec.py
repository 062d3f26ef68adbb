"""What every codec of recordings does alike: it encodes samples of one rate, padded to a few lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import msgspec
import numpy as np

from suite import UserError
from suite.pipeline import ArraySpec, Chunks, Encoded, Stream, StructCodec
from suite_speech_recognition.audio import recordings
from suite_speech_recognition.audio.live import LiveUtterance
from suite_speech_recognition.audio.microphone import Microphone, microphone_index
from suite_speech_recognition.audio.standard_input import StandardInput
from suite_speech_recognition.chunks import Chunk, ChunksAtPauses, OverlappingChunks
from suite_speech_recognition.normalization import Normalization
from suite_speech_recognition.types import Transcript

MAX_RATE, MAX_SAMPLES = 1_000_000, 1 << 27
"""Of what a network hears at once: more would only fill memory. A hostile model may ask for it."""

_SPARE = 16
"""Resampling may give so many samples more than the length of a recording says: less than any sound."""


class RecordingCodec(StructCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encodes any recording as samples of one rate; how outputs become text, the codecs below it say.

    The network takes `audio`, float32 (samples,), with zeros at its end up to one of a few lengths, and
    `samples`, the int32 number of true ones.

    Attributes:
        rate: samples per second.
        lengths: numbers of samples that recordings are padded to, rising. A recording that is longer than the
            last is predicted in chunks of at most that length.
        normalization: how references and predictions are written before they are scored.
        channel: what is heard of a recording with several channels.
    """

    rate: int
    lengths: tuple[int, ...]
    normalization: Normalization = Normalization()
    channel: Literal["mix", "left", "right"] = "mix"

    called: ClassVar[str] = "speech codec"
    suffixes: ClassVar[tuple[str, ...]] = recordings.SUFFIXES
    input_ndim: ClassVar[int | None] = 2

    def __post_init__(self) -> None:
        if not 1 <= self.rate <= MAX_RATE:
            raise ValueError(f"its rate must be from 1 to {MAX_RATE:,}, not {self.rate:,}")
        if not self.lengths or min(self.lengths) < 1 or list(self.lengths) != sorted(set(self.lengths)):
            raise ValueError(f"its lengths must rise from at least 1, not be {list(self.lengths)}")
        if self.lengths[-1] > MAX_SAMPLES:
            raise ValueError(f"its longest length, {self.lengths[-1]:,} samples, is over {MAX_SAMPLES:,}")

    def properties(self) -> Mapping[str, Any]:
        """What the network hears."""
        return {
            "sampling_rate": self.rate,
            "max_seconds": self.max_seconds,
            "channel": self.channel,
            "normalization": "the network takes samples from -1 to 1",
        }

    @property
    def max_seconds(self) -> float:
        """How much the network hears at once."""
        return self.lengths[-1] / self.rate

    def is_single(self, raw: Any) -> bool:
        """Whether it is an array with its rate, `(array, rate)`."""
        return recordings.sampled_array(raw) is not None

    def open_stream(self, source: Any) -> Stream | None:
        """The recording on the standard input, `-`, or what `microphone` or `microphone:2` hears.

        Raises:
            suite.UserError: if there is no such microphone, or what it needs is not installed. What is wrong
                with the standard input is raised when it is read.
        """
        if source == "-":
            return StandardInput()
        index = microphone_index(source) if isinstance(source, str) else None
        return None if index is None else Microphone(index, self.rate, self.max_seconds)

    def encode(self, raw: Any) -> Encoded:
        """One recording, a chunk of one, or an utterance from a microphone, for the network.

        Returns:
            `audio` float32 (one of `lengths`,) and `samples` int32 (); the context is where it begins in its
            recording and how long it is, in seconds.

        Raises:
            suite.UserError: if it is no recording that can be read, or longer than the last of `lengths`.
        """
        offset = 0.0
        if isinstance(raw, Chunk):
            offset = raw.start
            samples = recordings.section(raw.recording, self.rate, raw.start, raw.end, self.channel)
        elif isinstance(raw, LiveUtterance):
            offset = raw.start
            samples = raw.samples
        else:
            samples = recordings.read(raw, self.rate, self.channel)
        longest = self.lengths[-1]
        if longest < len(samples) <= longest + _SPARE:
            samples = samples[:longest]
        if len(samples) > longest:
            raise UserError(
                f"it lasts {len(samples) / self.rate:.2f} seconds, and the model takes"
                f" {self.max_seconds:.2f} at once"
            )
        audio = np.zeros(next(length for length in self.lengths if length >= len(samples)), np.float32)
        audio[: len(samples)] = samples
        arrays = {"audio": audio, "samples": np.asarray(len(samples), np.int32)}
        return Encoded(arrays, (offset, len(samples) / self.rate))

    def chunks(self, raw: Any) -> Chunks | None:
        """Overlapping chunks of a recording that is longer than the last of `lengths`, else None.

        Raises:
            suite.UserError: if it is no recording that can be read.
        """
        seconds = self.seconds_if_too_long(raw)
        return None if seconds is None else OverlappingChunks(raw, seconds, self.max_seconds)

    def so_far(self, chunks: Any, predictions: Sequence[Transcript]) -> Transcript | None:
        """What is said in the beginning of a long recording."""
        return (
            chunks.merge_first(predictions)
            if isinstance(chunks, OverlappingChunks | ChunksAtPauses)
            else None
        )

    def seconds_if_too_long(self, raw: Any) -> float | None:
        """How long a recording is if it does not fit the network at once, else None."""
        if isinstance(raw, Chunk | LiveUtterance):
            return None
        seconds = recordings.describe(raw, self.rate).seconds
        return None if seconds * self.rate <= self.lengths[-1] + _SPARE else seconds

    @property
    def input_specs(self) -> dict[str, ArraySpec]:
        """What `RecordingCodec.encode` gives."""
        return {"audio": ArraySpec((None,), "float32"), "samples": ArraySpec((), "int32")}

    def scoring_facts(self) -> dict[str, Any]:
        """What evaluators should know: how the model writes text, and how many samples a second it hears."""
        return {"normalization": msgspec.to_builtins(self.normalization), "rate": self.rate}
