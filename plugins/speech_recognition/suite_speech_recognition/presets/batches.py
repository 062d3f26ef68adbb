"""Training batches of recordings and the tokens of their transcripts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from suite import UserError
from suite.data import Example
from suite.pipeline import Arrays
from suite_speech_recognition.presets.codec import PresetCodec
from suite_speech_recognition.presets.losses import NOTHING
from suite_speech_recognition.presets.tokens import PresetTokens
from suite_speech_recognition.types import Target, text_of

STEP = 16
"""Tokens of a batch are a multiple of this: few shapes."""


class PresetBatches:
    """Makes batches of audio, at random loudness, and tokens.

    Args:
        codec: reads the recordings.
        tokens: between text and tokens.
        gain: greatest change of loudness, in decibels.
    """

    def __init__(self, codec: PresetCodec, tokens: PresetTokens, gain: float) -> None:
        self.codec = codec
        self.tokens = tokens
        self.gain = gain

    def prepare(self, example: Example) -> tuple[np.ndarray, int, np.ndarray]:
        """Audio float32 (samples,) padded as in prediction, its true samples, and int32 tokens with the end.

        Raises:
            suite.UserError: if the recording cannot be read or is too long, or its transcript is.
        """
        arrays = self.codec.encode(example.input).arrays
        assert isinstance(arrays, dict)
        tokens = self.target_tokens(example.target)
        if len(tokens) > self.codec.steps:
            raise UserError(
                f"{example.id}: its transcript has {len(tokens)} tokens, and the model writes at"
                f" most {self.codec.steps}: set a larger max_tokens, or cut the recording"
            )
        return arrays["audio"], int(arrays["samples"]), tokens

    def make(
        self,
        prepared: Sequence[tuple[np.ndarray, int, np.ndarray]],
        rng: np.random.Generator,
        progress: float,
    ) -> tuple[Arrays, ...]:
        """`audio`, `samples` and `tokens` (batch, prompt + tokens), and targets (batch, tokens)."""
        count, length = len(prepared), max(len(audio) for audio, _, _ in prepared)
        width = -(-max(len(tokens) for _, _, tokens in prepared) // STEP) * STEP
        audio = np.zeros((count, length), np.float32)
        targets = np.full((count, width), NOTHING, np.int32)
        gains = 10 ** (rng.uniform(-self.gain, self.gain, count) / 20)
        for row, (samples, _, tokens) in enumerate(prepared):
            audio[row, : len(samples)] = np.clip(samples * np.float32(gains[row]), -1, 1)
            targets[row, : len(tokens)] = tokens
        prompts = np.tile(np.array(self.codec.prompt, np.int32), (count, 1))
        tokens_in = np.where(targets == NOTHING, np.int32(self.codec.end), targets)
        inputs = {
            "audio": audio,
            "samples": np.array([samples for _, samples, _ in prepared], np.int32),
            "tokens": np.concatenate([prompts, tokens_in], axis=1),
        }
        return inputs, targets

    def target(self, target: Target | str) -> np.ndarray:
        """The tokens of a transcript for the loss of what the network writes by itself: int32 (steps,)."""
        tokens = self.target_tokens(target)[: self.codec.steps]
        padded = np.full(self.codec.steps, NOTHING, np.int32)
        padded[: len(tokens)] = tokens
        return padded

    def target_tokens(self, target: Target | str) -> np.ndarray:
        """int32 (tokens,) of a transcript, with the end."""
        return np.array([*self.tokens.encode(text_of(target)), self.codec.end], np.int32)
