"""What a builder must know of the data before it chooses: how many texts, how long, in which script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset, Examples, each_input, inputs_at, target_counts
from suite_language.casing import small_i
from suite_language.words import mostly_without_spaces
from suite_text.classification.readers.ngrams import words
from suite_text.reading.cleaning import Cleaning, clean, cleaning_of
from suite_text.reading.input_files import InputFiles, input_files_of
from suite_text.reading.lines import text_of

MEASURED = 5000
"""Texts, evenly spaced, that lengths and scripts are judged by."""

LEARNED_FROM = 200_000
"""Texts, evenly spaced, that vocabularies are learned from if there are more."""

LENGTHS_FROM = 20_000
"""Texts of these that are measured if there are more; other lengths are estimated by the characters."""

_TOGETHER = 1 << 15

MAX_WEIGHT = 10.0


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a builder knows of the train split.

    Attributes:
        texts: those that are learned from, cleaned: all, or `LEARNED_FROM` of more, evenly spaced.
        characters: int32 (count,), those of each of all texts; None if `texts` is all of them.
        count: the number of all texts.
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
    characters: np.ndarray | None
    count: int
    classes: tuple[str, ...]
    multi_label: bool
    class_counts: tuple[int, ...]
    cleaning: Cleaning
    files: InputFiles
    language: str
    words: np.ndarray
    without_spaces: bool

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence if not all texts are learned from."""
        if self.characters is None:
            return ()
        learned, count = f"{len(self.texts):,}", f"{self.count:,}"
        return (f"the vocabulary is learned from {learned} of the {count} training texts, evenly spaced",)

    def lengths(self, measure: Callable[[Sequence[str]], Sequence[int] | np.ndarray]) -> np.ndarray:
        """How long all texts are, int (count,): estimated by their characters if there are very many.

        Args:
            measure: gives the lengths of texts.
        """
        if self.characters is None:
            return np.array(measure(self.texts))
        places = np.linspace(0, len(self.texts) - 1, min(LENGTHS_FROM, len(self.texts))).astype(int)
        measured = [self.texts[place] for place in places.tolist()]
        ratio = int(np.sum(measure(measured))) / max(1, sum(map(len, measured)))
        lengths: np.ndarray = np.ceil(self.characters * np.float32(ratio)).astype(np.int32)
        return lengths

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
    texts, characters = _texts(dataset.train, lambda raw: small_i(clean(text_of(raw), cleaning), language))
    if not any(texts):
        raise UserError("the training texts are all empty: nothing can be learned from them")
    counted = _label_counts(dataset.train)
    sample = [texts[int(index)] for index in np.linspace(0, len(texts) - 1, min(MEASURED, len(texts)))]
    return Survey(
        texts=texts,
        characters=characters,
        count=count,
        classes=classes,
        multi_label=multi_label,
        class_counts=tuple(counted[name] for name in classes),
        cleaning=cleaning,
        files=input_files_of(dataset.facts),
        language=language,
        words=np.array([len(words(text)) for text in sample]),
        without_spaces=mostly_without_spaces(sample),
    )


def _texts(train: Examples, cleaned: Callable[[Any], str]) -> tuple[list[str], np.ndarray | None]:
    """The texts that are learned from, and the characters of all if these are not all."""
    count = len(train)
    if count <= LEARNED_FROM:
        return [cleaned(raw) for raw in each_input(train)], None
    places = np.linspace(0, count - 1, LEARNED_FROM).astype(np.int64)
    learned = np.zeros(count, np.bool_)
    learned[places] = True
    characters = np.zeros(count, np.int32)
    texts = []
    for start in range(0, count, _TOGETHER):
        span = np.arange(start, min(start + _TOGETHER, count))
        raws = inputs_at(train, span)
        # What cleaning takes away matters little where lengths are estimated.
        characters[span] = [len(raw if isinstance(raw, str) else cleaned(raw)) for raw in raws]
        texts += [cleaned(raws[place]) for place in np.flatnonzero(learned[span]).tolist()]
    return texts, characters


def _label_counts(train: Examples) -> Counter[str]:
    counts = target_counts(train)
    if counts is None:
        counts = [(train[index].target, 1) for index in range(len(train))]
    counted: Counter[str] = Counter()
    for target, count in counts:
        for label in target if isinstance(target, list) else [target]:
            counted[label] += count
    return counted
