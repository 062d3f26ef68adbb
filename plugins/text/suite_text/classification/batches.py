"""Training batches of texts: what is read once, and what is drawn at random in every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suite.data import Example
from suite_text.classification.codec import ClassificationCodec
from suite_text.tokens.vocabulary import PADDING, UNKNOWN

NGRAMS = "ngrams"
PARTS = "parts"

Numbers = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class TextBatches:
    """Makes the training batches for `codec`: implements `suite.pipeline.BatchMaker`.

    Attributes:
        codec: encodes texts and targets.
        word_dropout: share of the words or tokens that become unknown: at prediction, too, the class of an
            unknown word must be guessed from the rest, and from its parts, if these are read.
        ngram_dropout: share of the n-grams that are left out.
        class_weights: a factor for the loss per class, or None.
    """

    codec: ClassificationCodec
    word_dropout: float = 0.0
    ngram_dropout: float = 0.0
    class_weights: tuple[float, ...] | None = None

    def prepare(self, example: Example) -> tuple[Numbers, np.ndarray]:
        """The text as numbers, int32 of any length by name, and its target, float32 (classes,).

        Raises:
            suite.UserError: if the text cannot be read or its class is not known.
        """
        return self.codec.read(example.input), self.codec.target(example.target)

    def make(
        self, prepared: Sequence[tuple[Numbers, np.ndarray]], rng: np.random.Generator, progress: float
    ) -> tuple[Numbers | np.ndarray, ...]:
        """A batch, with a random chunk of each text that is too long: a pure function of its arguments.

        Args:
            prepared: what `prepare` gave; left as it is.
            rng: the only source of randomness.
            progress: not used.

        Returns:
            int32 (batch, numbers) by name; targets float32 (batch, classes); with class weights also float32
            (batch,) factors of the loss.
        """
        arrays = self.codec.reader.batch([self._random_chunk(numbers, rng) for numbers, _ in prepared])
        for name, array in arrays.items():
            share = self.ngram_dropout if name == NGRAMS else self.word_dropout
            if share > 0 and name != PARTS:
                dropped = (rng.random(array.shape) < share) & (array != PADDING)
                arrays[name] = np.where(dropped, np.int32(PADDING if name == NGRAMS else UNKNOWN), array)
        targets = np.stack([target for _, target in prepared])
        if self.class_weights is None:
            return arrays, targets
        labels = targets.sum(axis=1)
        mean = targets @ np.array(self.class_weights, np.float32) / np.maximum(labels, 1.0)
        return arrays, targets, np.where(labels > 0, mean, 1.0).astype(np.float32)

    def _random_chunk(self, numbers: Numbers, rng: np.random.Generator) -> Numbers:
        max_length = self.codec.reader.max_length
        spare = 0 if max_length is None else max(map(len, numbers.values())) - max_length
        if max_length is None or spare <= 0:
            return numbers
        start = int(rng.integers(0, spare + 1))
        return {name: array[start : start + max_length] for name, array in numbers.items()}
