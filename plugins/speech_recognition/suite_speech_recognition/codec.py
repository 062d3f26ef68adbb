"""Between recordings and arrays, and between the network's outputs and text. numpy and soundfile only."""

from __future__ import annotations

from statistics import fmean
from typing import Any, ClassVar

import msgspec
import numpy as np

from suite import UserError
from suite.pipeline import Encoded, NamedAxes, StructCodec
from suite.sources import FileSource
from suite_speech_recognition import decoding, recordings
from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.beam_search import Scorer
from suite_speech_recognition.guidance import BEAM, guidance, said_in_training
from suite_speech_recognition.microphone import Microphone, microphone_index
from suite_speech_recognition.normalization import Normalization, normalize
from suite_speech_recognition.prediction_options import TranscriptionOptions
from suite_speech_recognition.standard_input import StandardInput
from suite_speech_recognition.types import Target, Transcript, text_of
from suite_speech_recognition.utterances import Utterance
from suite_speech_recognition.windows import Window, Windows

TARGET_STEP = 16
"""Targets have a multiple of so many labels: few shapes, so that batches of them can be made."""

_SPARE = 16
"""Resampling may give so many samples more than the length of a recording says: less than any sound."""


class SpeechCodec(StructCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encodes any recording as samples of one rate, and decodes log-probabilities to a `Transcript`.

    The network takes `audio`, float32 (samples,), with zeros at its end up to one of a few lengths, and
    `samples`, the int32 number of true ones. It gives float32 (frames, symbols), the logarithms of the
    probabilities of CTC's symbols, 0 being the blank (Graves et al., Connectionist Temporal Classification,
    2006); frames that lie wholly behind the true samples are blank.

    Attributes:
        rate: samples per second.
        lengths: numbers of samples that recordings are padded to, rising, multiples of `frame_samples`. What
            is longer than the last is predicted in windows of that length.
        frame_samples: the number of samples for which the network gives one frame.
        alphabet: the symbols.
        normalization: how the transcripts that the network learned from are written.
        beam: how many hypotheses are followed at once; 1 takes the most probable symbol of each frame.
        transcripts: normalized ones of training, which tell a beam of more than 1 what is likely to be said.
    """

    rate: int
    lengths: tuple[int, ...]
    frame_samples: int
    alphabet: Alphabet
    normalization: Normalization = Normalization()
    beam: int = 1
    transcripts: tuple[str, ...] = ()

    called: ClassVar[str] = "speech codec"
    suffixes: ClassVar[tuple[str, ...]] = recordings.SUFFIXES
    input_ndim: ClassVar[int] = 2
    stream_suffixes: ClassVar[tuple[str, ...]] = ()
    # On real recordings ONNX Runtime's probabilities for one alone and for the same in a batch were seen to
    # differ by 1e-3; transcripts and confidences are compared as well.
    export_tolerance: ClassVar[float] = 5e-3

    def named_axes(self) -> NamedAxes:
        """The blank and the symbols in the network's last layer, for runs that start from another one."""
        symbols = ("", *self.alphabet.symbols)
        return {"symbols/kernel": (-1, symbols), "symbols/bias": (-1, symbols)}

    def open_stream(self, given: FileSource | str) -> StandardInput | Microphone | None:
        """The recording on the standard input, `-`, or what `microphone` or `microphone:2` hears.

        Raises:
            suite.UserError: where there is no such microphone, or what it needs is not installed. What is
                wrong with the standard input is said when it is read.
        """
        if given == "-":
            return StandardInput()
        index = microphone_index(given) if isinstance(given, str) else None
        return None if index is None else Microphone(index, self.rate, self.lengths[-1] / self.rate)

    def encode(self, raw: Any) -> Encoded:
        """One recording, a window of one, or what was said into a microphone between pauses, for the network.

        Returns:
            `audio` float32 (one of `lengths`,) and `samples` int32 (); the context is where it begins in its
            recording and how long it is, in seconds.

        Raises:
            suite.UserError: where it is no recording that can be read, or longer than the last of `lengths`.
        """
        offset = 0.0
        if isinstance(raw, Window):
            offset = raw.start
            samples = recordings.section(raw.recording, self.rate, raw.start, raw.end)
        elif isinstance(raw, Utterance):
            offset = raw.start
            samples = raw.samples
        else:
            samples = recordings.read(raw, self.rate)
        longest = self.lengths[-1]
        if longest < len(samples) <= longest + _SPARE:
            samples = samples[:longest]
        if len(samples) > longest:
            raise UserError(
                f"it lasts {len(samples) / self.rate:.2f} seconds, and the model takes"
                f" {longest / self.rate:.2f} at once"
            )
        length = next(one for one in self.lengths if one >= len(samples))
        audio = np.zeros(length, np.float32)
        audio[: len(samples)] = samples
        arrays = {"audio": audio, "samples": np.asarray(len(samples), np.int32)}
        return Encoded(arrays, (offset, len(samples) / self.rate))

    def decode(self, outputs: Any, context: tuple[float, float]) -> Transcript:
        """The log-probabilities (frames, symbols) of one recording or window to what is said in it.

        Args:
            outputs: of the network.
            context: where it begins in its recording and how long it is, in seconds; the times of words
                count from the beginning of the recording.

        Raises:
            ValueError: where the shape is not that of this codec's outputs, or something is not a number.
        """
        offset, seconds = context
        # The frames behind the recording are blank: to leave them out changes nothing and saves time.
        frames = max(1, -(-round(seconds * self.rate) // self.frame_samples))
        decoded = self._decoded(self._checked(outputs)[:frames])
        words = decoding.words(decoded, self.alphabet, self.frame_samples / self.rate, offset)
        return Transcript(
            text=" ".join(self.alphabet.decode(decoded.indices).split()),
            words=words,
            confidence=fmean(word.confidence for word in words) if words else None,
            seconds=seconds,
        )

    def chunks(self, raw: Any) -> Windows | None:
        """Overlapping windows of a recording that is longer than the last of `lengths`, else None.

        Raises:
            suite.UserError: where it is no recording that can be read.
        """
        if isinstance(raw, Window | Utterance):
            return None
        seconds = recordings.describe(raw, self.rate).seconds
        if seconds * self.rate <= self.lengths[-1] + _SPARE:
            return None
        return Windows(raw, seconds, self.lengths[-1] / self.rate)

    def target(self, target: Target | str) -> np.ndarray:
        """The symbols of a transcript, for the loss.

        Returns:
            int32 (labels,), normalized, without the characters that are not in the alphabet, and padded with
            0, the blank, to a multiple of `TARGET_STEP`, at least one.
        """
        indices = self.alphabet.encode(normalize(text_of(target), self.normalization))
        length = max(1, -(-len(indices) // TARGET_STEP)) * TARGET_STEP
        labels = np.zeros(length, np.int32)
        labels[: len(indices)] = indices
        return labels

    def comparable(self, outputs: np.ndarray) -> np.ndarray:
        """Probabilities for their logarithms: how improbable the most improbable one is means nothing."""
        probabilities: np.ndarray = np.exp(outputs)
        return probabilities

    def scoring_facts(self) -> dict[str, Any]:
        """What evaluators should know: how to write references as the model writes, and what it hears."""
        return {"normalization": msgspec.to_builtins(self.normalization), "rate": self.rate}

    def with_options(self, options: TranscriptionOptions) -> SpeechCodec:
        """The codec with what the user wants of transcriptions.

        Raises:
            suite.UserError: for a file that cannot be used, and for one beside a beam of 1.
        """
        transcripts = () if options.beam == 1 else self.transcripts
        scorer = guidance(options, self.alphabet, self.normalization, transcripts)
        if scorer is None:
            return self if options.beam == "auto" else msgspec.structs.replace(self, beam=options.beam)
        beam = max(BEAM, self.beam) if options.beam == "auto" else options.beam
        if beam == 1:
            raise UserError(
                "beam = 1 takes what is heard as it is: words and a language model need at least 2"
            )
        own = {name: getattr(self, name) for name in SpeechCodec.__struct_fields__}
        return GuidedCodec(**{**own, "beam": beam}, scorer=scorer)

    def impossible(self) -> str:
        if self.rate < 1 or self.frame_samples < 1 or self.beam < 1:
            return (
                f"its rate, frame_samples and beam are to be at least 1, not {self.rate},"
                f" {self.frame_samples} and {self.beam}"
            )
        if not self.lengths or min(self.lengths) < 1 or list(self.lengths) != sorted(set(self.lengths)):
            return f"its lengths are to rise from at least 1, not to be {list(self.lengths)}"
        if any(length % self.frame_samples for length in self.lengths):
            return (
                f"its lengths {list(self.lengths)} are no multiples of its frame_samples {self.frame_samples}"
            )
        return self.alphabet.impossible()

    def _decoded(self, log_probabilities: np.ndarray) -> decoding.Decoded:
        """What `decoding` finds in the log-probabilities (frames, symbols)."""
        if self.beam == 1:
            return decoding.greedy(log_probabilities)
        return decoding.beam(log_probabilities, self.beam, said_in_training(self.transcripts, self.alphabet))

    def _checked(self, outputs: Any) -> np.ndarray:
        checked: np.ndarray = np.asarray(outputs, np.float32)
        if checked.ndim != 2 or checked.shape[1] != self.alphabet.size:
            raise ValueError(
                f"the network gave outputs of shape {checked.shape} instead of (frames,"
                f" {self.alphabet.size}); it and the codec do not belong together"
            )
        if np.isnan(checked).any():
            raise ValueError("the network's output is not a number (NaN); its weights are broken")
        return checked


class GuidedCodec(SpeechCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A codec that also knows something of the language, for as long as it is in memory.

    Attributes:
        scorer: what it knows; not described by `to_json`.
    """

    scorer: Scorer

    def to_json(self) -> dict[str, Any]:
        """What it knows without the files."""
        return {name: msgspec.to_builtins(getattr(self, name)) for name in SpeechCodec.__struct_fields__}

    def _decoded(self, log_probabilities: np.ndarray) -> decoding.Decoded:
        return decoding.beam(log_probabilities, self.beam, self.scorer)
