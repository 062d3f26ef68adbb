"""What a builder must know of the data before it chooses: how much text there is, and of what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from suite import UserError
from suite.data import Dataset, Examples
from suite_text.generation.types import bytes_of
from suite_text.reading.cleaning import Cleaning, clean
from suite_text.reading.lines import text_of

SAMPLE_BYTES = 20_000_000
"""So much text is enough to learn a vocabulary from."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a builder knows of the data.

    Attributes:
        sizes: (passages,), the bytes of each passage of training.
        texts: of passages that are spread evenly over all of them, cleaned.
        max_size: bytes of the longest passage of training and validation.
    """

    sizes: np.ndarray
    texts: tuple[str, ...]
    max_size: int

    @property
    def bytes(self) -> int:
        """Of all passages together."""
        return int(self.sizes.sum())

    @property
    def characters(self) -> int:
        """How many different characters there are."""
        return len(set().union(*self.texts))


def survey(dataset: Dataset, cleaning: Cleaning) -> Survey:
    """Look at the sizes of all passages of training, and at the texts of up to `SAMPLE_BYTES` of them.

    Raises:
        suite.UserError: if there is no text to learn from.
    """
    count = len(dataset.train)
    if count == 0:
        raise UserError("the train split holds no text")
    sizes = _sizes(dataset.train)
    taken = min(count, max(1, round(count * SAMPLE_BYTES / max(1, int(sizes.sum())))))
    chosen = np.unique(np.linspace(0, count - 1, taken).round().astype(int)).tolist()
    texts = tuple(clean(text_of(dataset.train[index].input), cleaning) for index in chosen)
    if not any(text.strip() for text in texts):
        raise UserError("the train split holds white space only: there is nothing to learn")
    validation = _sizes(dataset.validation or [])
    max_size = max(int(sizes.max()), int(validation.max(initial=0)))
    return Survey(sizes=sizes, texts=texts, max_size=max_size)


def _sizes(examples: Examples) -> np.ndarray:
    every = (examples[index] for index in range(len(examples)))
    return np.array([bytes_of(example.target, example.id) for example in every], np.int64)
