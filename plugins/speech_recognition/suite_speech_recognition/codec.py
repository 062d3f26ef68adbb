"""Between recordings and arrays, and between the network's outputs and text. numpy and soundfile only."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import Any, ClassVar

import msgspec
import numpy as np

from suite import UserError
from suite.pipeline import Arrays, ArraySpec, Encoded, NamedAxes, Signature
from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.decoding import ctc
from suite_speech_recognition.decoding.beam_search import Scorer
from suite_speech_recognition.decoding.guidance import BEAM, guidance, guidance_of_training
from suite_speech_recognition.decoding.sounding import sounding_frames, without_pauses
from suite_speech_recognition.normalization import normalize
from suite_speech_recognition.options import TranscriptionOptions
from suite_speech_recognition.recording_codec import RecordingCodec
from suite_speech_recognition.types import Target, Transcript, text_of

TARGET_STEP = 16
"""Targets have a multiple of so many labels: few shapes, so that batches of them can be made."""


MAX_BEAM = 10_000


class SpeechCodec(RecordingCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encodes any recording as samples of one rate, and decodes log-probabilities to a `Transcript`.

    The network takes what `RecordingCodec` encodes. It gives float32 (frames, symbols), the logarithms of the
    probabilities of CTC's symbols, 0 being the blank (Graves et al., Connectionist Temporal Classification,
    2006); frames that lie wholly behind the true samples are blank.

    Attributes:
        frame_samples: the number of samples for which the network gives one frame; it divides all `lengths`.
        alphabet: the symbols.
        normalization: how the transcripts that the network learned from are written.
        beam: how many hypotheses are followed at once; 1 takes the most probable symbol of each frame.
        transcripts: normalized ones of training, from which a beam of more than 1 knows what is likely to be
            said.
    """

    frame_samples: int
    alphabet: Alphabet
    beam: int = 1
    transcripts: tuple[str, ...] = ()

    # On real recordings ONNX Runtime's probabilities for one alone and for the same in a batch were seen to
    # differ by 1e-3; transcripts and confidences are compared as well.
    export_tolerance: ClassVar[float] = 5e-3

    def __post_init__(self) -> None:
        if self.frame_samples < 1 or not 1 <= self.beam <= MAX_BEAM:
            raise ValueError(
                f"its frame_samples must be at least 1 and its beam from 1 to {MAX_BEAM:,}, not"
                f" {self.frame_samples:,} and {self.beam:,}"
            )
        super().__post_init__()
        if any(length % self.frame_samples for length in self.lengths):
            raise ValueError(
                f"its lengths {list(self.lengths)} are no multiples of its frame_samples {self.frame_samples}"
            )

    def properties(self) -> Mapping[str, Any]:
        """What the network hears, and the symbols that it writes; CTC's blank comes before them."""
        return {**super().properties(), "symbols": self.alphabet.symbols}

    def signature(self) -> Signature:
        """What `RecordingCodec` encodes; frames of a number for each symbol."""
        return Signature(self.input_specs, ArraySpec((None, self.alphabet.size)))

    def named_axes(self) -> NamedAxes:
        """The blank and the symbols in the network's last layer, for runs that start from another one."""
        symbols = ("", *self.alphabet.symbols)
        return {"symbols/kernel": (-1, symbols), "symbols/bias": (-1, symbols)}

    def encode(self, raw: Any) -> Encoded:
        """As `RecordingCodec.encode`; the context also has which frames sound, a byte for each."""
        encoded = super().encode(raw)
        assert isinstance(encoded.arrays, dict)
        samples = encoded.arrays["audio"][: int(encoded.arrays["samples"])]
        return Encoded(
            encoded.arrays, (*encoded.context, sounding_frames(samples, self.frame_samples).tobytes())
        )

    def decode(self, outputs: Any, context: Any = None) -> Transcript:
        """The log-probabilities (frames, symbols) of one recording or chunk to what is said in it.

        Args:
            outputs: of the network.
            context: where it begins in its recording and how long it is, in seconds, and which frames sound
                (a byte each); the times of words count from the beginning of the recording. Where nothing
                sounds, nothing is said.

        Raises:
            ValueError: if the shape is not that of this codec's outputs, or something is not a number.
        """
        offset, seconds, *heard = context
        # The frames behind the recording are blank: to leave them out changes nothing and saves time.
        frames = max(1, -(-round(seconds * self.rate) // self.frame_samples))
        log_probabilities = self._checked(outputs)[:frames]
        sounding = np.frombuffer(heard[0], np.bool_) if heard else np.ones(frames, np.bool_)
        if not sounding.any():
            return Transcript(text="", seconds=seconds)
        decoded = self._decoded(log_probabilities)
        step = self.frame_samples / self.rate
        words = without_pauses(ctc.words(decoded, self.alphabet, step, offset), sounding, step, offset)
        return Transcript(
            text=" ".join(self.alphabet.decode(decoded.indices).split()),
            words=words,
            confidence=fmean(word.confidence for word in words) if words else None,
            seconds=seconds,
        )

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

    def comparable(self, outputs: Arrays) -> Arrays:
        """Probabilities for their logarithms: how improbable the most improbable symbol is means nothing."""
        probabilities: np.ndarray = np.exp(np.asarray(outputs))
        return probabilities

    def with_options(self, options: TranscriptionOptions) -> SpeechCodec:
        """The codec with what the user wants of transcriptions.

        Raises:
            suite.UserError: for a file that cannot be used, and for one beside a beam of 1.
        """
        channel = self.channel if options.channel == "auto" else options.channel
        transcripts = () if options.beam == 1 else self.transcripts
        scorer = guidance(options, self.alphabet, self.normalization, transcripts)
        if scorer is None:
            beam = self.beam if options.beam == "auto" else options.beam
            return msgspec.structs.replace(self, channel=channel, beam=beam)
        beam = max(BEAM, self.beam) if options.beam == "auto" else options.beam
        if beam == 1:
            raise UserError(
                "beam = 1 takes what is heard as it is: words and a language model need at least 2"
            )
        own = {name: getattr(self, name) for name in SpeechCodec.__struct_fields__}
        return GuidedCodec(**{**own, "channel": channel, "beam": beam}, scorer=scorer)

    def _decoded(self, log_probabilities: np.ndarray) -> ctc.Decoded:
        """What `ctc` finds in the log-probabilities (frames, symbols)."""
        if self.beam == 1:
            return ctc.greedy(log_probabilities)
        return ctc.beam(log_probabilities, self.beam, guidance_of_training(self.transcripts, self.alphabet))

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

    def _decoded(self, log_probabilities: np.ndarray) -> ctc.Decoded:
        return ctc.beam(log_probabilities, self.beam, self.scorer)
