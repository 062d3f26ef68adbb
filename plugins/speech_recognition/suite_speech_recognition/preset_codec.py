"""The codec of keras-hub's presets: audio and a prompt in, tokens out. numpy and soundfile only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Literal

import msgspec
import numpy as np

from suite import UserError
from suite.kit import nearest
from suite.pipeline import Encoded
from suite_speech_recognition import recordings
from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.codec import SpeechCodec
from suite_speech_recognition.preset_options import PresetTranscriptionOptions
from suite_speech_recognition.preset_stretches import Stretches
from suite_speech_recognition.types import Target, Transcript

LEAST_SECONDS = 0.1
"""What is shorter is heard as if silence followed: no preset hears less."""

LANGUAGE, TASK = 1, 2
"""Where in the prompt of a preset that knows several languages they stand."""


class PresetCodec(SpeechCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Decodes the tokens that a network writes; encodes as `SpeechCodec` does, and a prompt besides.

    The network takes `tokens` too, int32 (tokens,), with which every text begins, and gives float32 (tokens,
    2): tokens and the logarithms of their probabilities.

    Attributes:
        tokens: how each token is written; empty for those that are no text.
        form: whether the characters of tokens stand for bytes, as in GPT-2, or are pieces of text, with a
            "▁" for a space and "<0x0A>" for a byte, as in SentencePiece.
        prompt: with which every text begins; -1 is a language that the network finds.
        end: the token that ends a text.
        steps: tokens that the network writes at most.
        languages: the tokens of languages by their codes; empty where the preset knows only one.
        translate: the token by which text is written in English; -1 where there is none.
        alphabet: not used.
        frame_samples: not used.
        beam: not used; search is greedy.
    """

    tokens: tuple[str, ...]
    form: Literal["bytes", "pieces"]
    prompt: tuple[int, ...]
    end: int
    steps: int
    languages: dict[str, int] = msgspec.field(default_factory=dict)
    translate: int = -1
    alphabet: Alphabet = Alphabet(symbols=(" ",))
    frame_samples: int = 1

    export_tolerance: ClassVar[float] = 1e-4  # tokens are to be the same ones, in a batch or alone

    def encode(self, raw: Any) -> Encoded:
        """One recording, a stretch of one, or what was said into a microphone, for the network.

        Returns:
            `audio` and `samples` as `SpeechCodec.encode` gives them, and `tokens` int32 (prompt,); the
            context is where it begins in its recording and how long it is, in seconds.

        Raises:
            suite.UserError: where it is no recording that can be read, or too long.
        """
        encoded = SpeechCodec.encode(self, raw)
        assert isinstance(encoded.arrays, dict)
        least = math.ceil(LEAST_SECONDS * self.rate)
        samples = np.maximum(encoded.arrays["samples"], np.int32(least))
        prompt = np.array(self.prompt, np.int32)
        return Encoded({**encoded.arrays, "samples": samples, "tokens": prompt}, encoded.context)

    def decode(self, outputs: Any, context: tuple[float, float]) -> Transcript:
        """The tokens (steps, 2) of one recording or stretch to what is said in it.

        The confidence is the geometric mean of the tokens' probabilities. When words are said is not known.

        Raises:
            ValueError: where the shape is not that of this codec's outputs, or something is not a number.
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
        sure = checked[: last + 1, 1]  # with the end, where there is one
        return Transcript(
            text=text,
            confidence=math.exp(float(sure.mean())) if text else None,
            seconds=context[1],
        )

    def text(self, tokens: list[int]) -> str:
        """What tokens say; those that are no text say nothing. White space is collapsed."""
        written = (self.tokens[token] for token in tokens if 0 <= token < len(self.tokens))
        if self.form == "bytes":
            byte_of = _bytes_of_characters()
            raw = b"".join(bytes(byte_of[one] for one in token if one in byte_of) for token in written)
        else:
            raw = b"".join(map(_piece, written))
        return " ".join(raw.decode("utf-8", "replace").split())

    def chunks(self, raw: Any) -> Stretches | None:  # type: ignore[override]  # no overlap, other than there
        """Stretches of a recording that is too long for the network at once, else None.

        Raises:
            suite.UserError: where it is no recording that can be read.
        """
        windows = SpeechCodec.chunks(self, raw)
        if windows is None:
            return None
        return Stretches(
            raw, self.rate, recordings.describe(raw, self.rate).seconds, self.lengths[-1] / self.rate
        )

    def target(self, target: Target | str) -> np.ndarray:
        """Not possible: only the preset's own tokenizer makes tokens, and that needs keras-hub."""
        raise NotImplementedError

    def comparable(self, outputs: np.ndarray) -> np.ndarray:
        """The outputs themselves: tokens beside their logarithms."""
        return outputs

    def with_options(self, options: PresetTranscriptionOptions) -> PresetCodec:  # type: ignore[override]
        """The codec for another language or task.

        Raises:
            suite.UserError: for a language that the preset does not know.
        """
        prompt = list(self.prompt)
        if not self.languages and (options.language or options.translate):
            raise UserError(
                "the model knows one language only: neither language nor translate can be asked for"
            )
        if options.language:
            prompt[LANGUAGE] = language_token(options.language, self.languages)
        if options.translate:
            prompt[TASK] = self.translate
        return msgspec.structs.replace(self, prompt=tuple(prompt))

    def impossible(self) -> str:
        size = len(self.tokens)
        if not size or not 0 <= self.end < size or self.steps < 1:
            return f"its end token {self.end} is none of its {size} tokens, or it writes none"
        if not self.prompt or any(not -1 <= token < size for token in self.prompt):
            return f"its prompt {list(self.prompt)} is not of its {size} tokens"
        if self.languages and len(self.prompt) <= TASK:
            return f"its prompt {list(self.prompt)} has no place for a language and a task"
        if any(not 0 <= token < size for token in self.languages.values()) or self.translate >= size:
            return "its languages or tasks are none of its tokens"
        return SpeechCodec.impossible(self)


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
    others = [byte for byte in range(256) if byte not in printing]
    return {chr(byte): byte for byte in printing} | {chr(256 + n): byte for n, byte in enumerate(others)}


def _piece(piece: str) -> bytes:
    if len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">"):
        try:
            return bytes([int(piece[3:5], 16)])
        except ValueError:
            pass
    return piece.replace("▁", " ").encode()
