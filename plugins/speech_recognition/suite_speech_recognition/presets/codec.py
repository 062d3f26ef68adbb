"""The codec of keras-hub's presets: audio and a prompt in, tokens out. numpy and soundfile only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

import msgspec
import numpy as np

from suite import UserError
from suite.kit import nearest
from suite.pipeline import ArraySpec, Chunks, Encoded, Signature
from suite_speech_recognition.chunks import ChunksAtPauses
from suite_speech_recognition.presets.options import PresetTranscriptionOptions
from suite_speech_recognition.recording_codec import RecordingCodec
from suite_speech_recognition.types import Transcript

MIN_SECONDS = 0.1
"""A shorter recording is heard as if silence followed: no preset hears less."""

LANGUAGE, TASK = 1, 2
"""Their positions in the prompt of a preset that knows several languages."""


class PresetCodec(RecordingCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Decodes the tokens that a network writes; encodes as `RecordingCodec` does, and a prompt besides.

    The network takes `tokens` too, int32 (tokens,), with which every text begins, and gives float32 (tokens,
    2): tokens and the logarithms of their probabilities.

    Attributes:
        tokens: how each token is written; empty for those that are no text.
        form: whether characters of tokens stand for bytes, as in GPT-2, or tokens are pieces of text, with a
            "▁" for a space and "<0x0A>" for a byte, as in SentencePiece.
        prompt: with which every text begins; -1 is a language that the network finds.
        end: the token that ends a text.
        steps: tokens that the network writes at most.
        languages: the tokens of languages by their codes; empty if the preset knows only one.
        translate: the token for text that is written in English; -1 if there is none.
    """

    tokens: tuple[str, ...]
    form: Literal["bytes", "pieces"]
    prompt: tuple[int, ...]
    end: int
    steps: int
    languages: dict[str, int] = msgspec.field(default_factory=dict)
    translate: int = -1

    def __post_init__(self) -> None:
        size = len(self.tokens)
        if not size or not 0 <= self.end < size or self.steps < 1:
            raise ValueError(f"its end token {self.end} is none of its {size} tokens, or it writes none")
        if not self.prompt or any(not -1 <= token < size for token in self.prompt):
            raise ValueError(f"its prompt {list(self.prompt)} is not of its {size} tokens")
        if self.languages and len(self.prompt) <= TASK:
            raise ValueError(f"its prompt {list(self.prompt)} has no position for a language and a task")
        if any(not 0 <= token < size for token in self.languages.values()) or self.translate >= size:
            raise ValueError("its languages or tasks are none of its tokens")
        super().__post_init__()

    def properties(self) -> Mapping[str, Any]:
        """What the network hears, and the languages that it knows."""
        return {**super().properties(), "languages": list(self.languages)}

    def encode(self, raw: Any) -> Encoded:
        """One recording, a chunk of one, or an utterance from a microphone, for the network.

        Returns:
            `audio` and `samples` as `RecordingCodec.encode` gives them, and `tokens` int32 (prompt,); the
            context is where it begins in its recording and how long it is, in seconds.

        Raises:
            suite.UserError: if it is no recording that can be read, or too long.
        """
        encoded = super().encode(raw)
        assert isinstance(encoded.arrays, dict)
        shortest = math.ceil(MIN_SECONDS * self.rate)
        samples = np.maximum(encoded.arrays["samples"], np.int32(shortest))
        prompt = np.array(self.prompt, np.int32)
        return Encoded({**encoded.arrays, "samples": samples, "tokens": prompt}, encoded.context)

    def signature(self) -> Signature:
        """What `RecordingCodec` encodes, and a prompt; tokens and the logarithms of their probabilities."""
        inputs = {**self.input_specs, "tokens": ArraySpec((None,), "int32")}
        return Signature(inputs, ArraySpec((None, 2)))

    def decode(self, outputs: Any, context: Any = None) -> Transcript:
        """The tokens (steps, 2) of one recording or chunk to what is said in it.

        The confidence is the geometric mean of the tokens' probabilities. When words are said is not known.

        Raises:
            ValueError: if the shape is not that of this codec's outputs, or something is not a number.
        """
        checked = np.asarray(outputs, np.float32)
        if checked.ndim != 2 or checked.shape[1] != 2:
            raise ValueError(
                f"the network gave outputs of shape {checked.shape} instead of (tokens, 2); it and the codec"
                " do not belong together"
            )
        if np.isnan(checked).any():
            raise ValueError("the network's output is not a number (NaN); its weights are broken")
        written = checked[:, 0].astype(np.int64)
        ends = np.flatnonzero(written == self.end)
        last = int(ends[0]) if len(ends) else len(written)
        text = self.text(written[:last].tolist())
        logarithms = checked[: last + 1, 1]  # with the end, if there is one
        return Transcript(
            text=text,
            confidence=math.exp(float(logarithms.mean())) if text else None,
            seconds=context[1],
        )

    def text(self, tokens: list[int]) -> str:
        """The text of tokens; those that are no text are left out. White space is collapsed."""
        written = (self.tokens[token] for token in tokens if 0 <= token < len(self.tokens))
        if self.form == "bytes":
            byte_of = _bytes_of_characters()
            raw = b"".join(
                bytes(byte_of[letter] for letter in token if letter in byte_of) for token in written
            )
        else:
            raw = b"".join(map(_piece, written))
        return " ".join(raw.decode("utf-8", "replace").split())

    def chunks(self, raw: Any) -> Chunks | None:
        """Chunks of a recording that is too long for the network at once, cut at pauses; else None.

        Raises:
            suite.UserError: if it is no recording that can be read.
        """
        seconds = self.seconds_if_too_long(raw)
        return None if seconds is None else ChunksAtPauses(raw, self.rate, seconds, self.max_seconds)

    def with_options(self, options: PresetTranscriptionOptions) -> PresetCodec:
        """The codec for another language or task.

        Raises:
            suite.UserError: for a language that the preset does not know.
        """
        prompt = list(self.prompt)
        if not self.languages and (options.language or options.translate):
            raise UserError("the model knows only one language: it takes neither language nor translate")
        if options.language:
            prompt[LANGUAGE] = language_token(options.language, self.languages)
        if options.translate:
            prompt[TASK] = self.translate
        return msgspec.structs.replace(self, prompt=tuple(prompt))


def language_token(language: str, languages: Mapping[str, int]) -> int:
    """The token of a language, or -1 for "auto".

    Raises:
        suite.UserError: for a language that is not known.
    """
    if language == "auto":
        return -1
    if language not in languages:
        raise UserError(f"the model knows no language '{language}': {nearest(language, languages)}")
    return languages[language]


@lru_cache(maxsize=1)
def _bytes_of_characters() -> dict[str, int]:
    """The bytes that characters stand for in GPT-2's tokens: those that print stand for themselves."""
    printing = [
        *range(ord("!"), ord("~") + 1),
        *range(ord("¡"), ord("¬") + 1),
        *range(ord("®"), ord("ÿ") + 1),
    ]
    rest = [byte for byte in range(256) if byte not in printing]
    return {chr(byte): byte for byte in printing} | {chr(256 + n): byte for n, byte in enumerate(rest)}


def _piece(piece: str) -> bytes:
    if len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">"):
        try:
            return bytes([int(piece[3:5], 16)])
        except ValueError:
            pass
    return piece.replace("▁", " ").encode()
