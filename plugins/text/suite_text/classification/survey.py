"""What a builder must know of the data before it chooses: how many texts, how long, in which script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suite import UserError
from suite.data import Dataset
from suite_language.casing import small_i
from suite_language.words import mostly_without_spaces
from suite_text.classification.readers.ngrams import words
from suite_text.reading.cleaning import Cleaning, clean, cleaning_of
from suite_text.reading.input_files import InputFiles, input_files_of
from suite_text.reading.lines import text_of

MEASURED = 5000
"""Texts, evenly spaced, that lengths and scripts are judged by."""

MAX_WEIGHT = 10.0


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a builder knows of the train split.

    Attributes:
        texts: all of them, cleaned.
        classes: the names of the classes in order.
        multi_label: whether a text may have several labels or none.
        class_counts: texts per class.
        cleaning: what was done to the texts.
        files: how files hold the texts.
        language: of the texts, if that is known; see `suite_language.casing.small_i`.
        words: (n,), the words of each text of a sample; a character of a script without spaces is a word.
        without_spaces: whether most letters are of scripts without spaces between words.
    """

    texts: Sequence[str]
    classes: tuple[str, ...]
    multi_label: bool
    class_counts: tuple[int, ...]
    cleaning: Cleaning
    files: InputFiles
    language: str
    words: np.ndarray
    without_spaces: bool

    @property
    def count(self) -> int:
        """The number of texts."""
        return len(self.texts)

    @property
    def imbalance(self) -> float:
        """How many times more texts the largest class has than the smallest that has any."""
        present = [count for count in self.class_counts if count]
        return max(present) / min(present) if present else 1.0

    def balanced_weights(self) -> tuple[float, ...]:
        """A factor per class, inverse to its count, whose mean over the training texts is one.

        No class weighs more than `MAX_WEIGHT` times the most frequent: a single text would outweigh its
        batch.
        """
        largest = max(self.class_counts)
        factors = [min(MAX_WEIGHT, largest / count) if count else 1.0 for count in self.class_counts]
        weighed = sum(factor * count for factor, count in zip(factors, self.class_counts, strict=True))
        return tuple(factor * sum(self.class_counts) / weighed for factor in factors)


def survey(dataset: Dataset) -> Survey:
    """Look at all training texts and their targets.

    Raises:
        suite.UserError: if there is nothing to learn (fewer than two classes, no word in any text).
    """
    classes = tuple(dataset.facts["classes"])
    multi_label = bool(dataset.facts.get("multi_label", False))
    count = len(dataset.train)
    if count == 0:
        raise UserError("the train split holds no text")
    if len(classes) < (1 if multi_label else 2):
        raise UserError(f"there is only one class ('{classes[0]}'): nothing can be learned from it")
    cleaning = cleaning_of(dataset.facts)
    language = str(dataset.facts.get("language", ""))
    counted: Counter[str] = Counter()
    texts = []
    for index in range(count):
        example = dataset.train[index]
        counted.update(example.target if isinstance(example.target, list) else [example.target])
        texts.append(small_i(clean(text_of(example.input), cleaning), language))
    if not any(texts):
        raise UserError("the training texts are all empty: nothing can be learned from them")
    sample = [texts[int(index)] for index in np.linspace(0, count - 1, min(MEASURED, count))]
    return Survey(
        texts=texts,
        classes=classes,
        multi_label=multi_label,
        class_counts=tuple(counted[name] for name in classes),
        cleaning=cleaning,
        files=input_files_of(dataset.facts),
        language=language,
        words=np.array([len(words(text)) for text in sample]),
        without_spaces=mostly_without_spaces(sample),
    )
