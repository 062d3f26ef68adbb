"""Training batches of texts and their translations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from suite import UserError
from suite.data import Example
from suite.pipeline import Arrays
from suite_text.tokens.padding import padded_batch
from suite_text.translation.codec import TranslationCodec


class TranslationBatches:
    """Makes batches of tokens; nothing about them is random.

    Args:
        codec: between texts and tokens.
        lengths: rising numbers of tokens that translations are padded to.
    """

    def __init__(self, codec: TranslationCodec, lengths: Sequence[int]) -> None:
        self.codec = codec
        self.lengths = tuple(lengths)

    def prepare(self, example: Example) -> tuple[np.ndarray, np.ndarray]:
        """int32 tokens of the source, and of its translation with the end.

        Raises:
            suite.UserError: if one of them is too long to be read at once.
        """
        sides = (
            ("text", self.codec.vocabulary.encode(self.codec.text(example.input)), self.codec.lengths[-1]),
            ("translation", self.codec.target(example.target), self.lengths[-1]),
        )
        for side, ids, max_length in sides:
            if len(ids) > max_length:
                raise UserError(
                    f"{example.id}: the {side} has {len(ids):,} tokens, and the model takes {max_length:,} at"
                    " once: set a greater model.max_length, or training.unreadable=skip to do without it"
                )
        source, target = (np.array(ids, np.int32) for _, ids, _ in sides)
        return source, target

    def make(
        self, prepared: Sequence[tuple[np.ndarray, np.ndarray]], rng: np.random.Generator, progress: float
    ) -> tuple[Arrays, ...]:
        """`source` and `target`, int32 (batch, length) each, and `target` once more, for the loss."""
        source = padded_batch([ids for ids, _ in prepared], self.codec.lengths)
        target = padded_batch([ids for _, ids in prepared], self.lengths)
        return {"source": source, "target": target}, target
