"""Training batches of passages: tokens, and their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suite.data import Example
from suite_text.generation.codec import GenerationCodec
from suite_text.generation.examples import Passage
from suite_text.reading.cleaning import clean
from suite_text.reading.lines import text_of
from suite_text.tokens.padding import padded_batch
from suite_text.tokens.vocabulary import END, START


@dataclass(frozen=True)
class PassageBatches:
    """Batches of passages; of a passage that is longer than what the network sees at once, a random chunk.

    The inputs are tokens, int32 (batch, length). The targets are weights, float32 (batch, length), of the
    tokens that are predicted from those before them: equal ones, such that the mean over examples of the sums
    over tokens is the mean over the tokens of the batch.

    Attributes:
        codec: encodes texts.
    """

    codec: GenerationCodec

    def prepare(self, example: Example) -> np.ndarray:
        """The tokens of a passage, int32 (tokens,), with an end if its text ends there."""
        text = clean(text_of(example.input), self.codec.cleaning)
        end = [END] if _ends(example.input) else []
        return np.array([*self.codec.vocabulary.encode(text), *end], np.int32)

    def make(
        self, prepared: Sequence[np.ndarray], rng: np.random.Generator, progress: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Tokens, each text with a start before it, and their weights."""
        size = self.codec.lengths[-1] - 1
        begins = [int(rng.integers(max(1, len(ids) - size + 1))) for ids in prepared]
        chosen = [
            [START, *ids[begin : begin + size].tolist()] for ids, begin in zip(prepared, begins, strict=True)
        ]
        tokens = padded_batch(chosen, self.codec.lengths)
        predicted = np.zeros(tokens.shape, np.float32)
        for row, ids in zip(predicted, chosen, strict=True):
            row[1 : len(ids)] = 1
        return tokens, predicted * (len(predicted) / max(1.0, float(predicted.sum())))


def _ends(raw: object) -> bool:
    """Whether a text ends with this passage of it."""
    return isinstance(raw, Passage) and raw.ends_text
