"""What a builder must know of the data before it chooses: how many pairs, and how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suite import UserError
from suite.data import Dataset, Examples
from suite_language.sentences import sentences
from suite_text.reading.cleaning import Cleaning, clean, cleaning_of
from suite_text.reading.input_files import InputFiles, input_files_of
from suite_text.reading.lines import text_of
from suite_text.tokens.vocabulary import Learned, Vocabulary
from suite_text.translation.types import references_of

MAX_LEARNED_FROM = 500_000
"""Pairs that a vocabulary is learned from, at most, evenly spaced: more would not change it."""

MAX_SPLIT = 2000
"""Texts that sentences are counted of, at most, evenly spaced."""

MIN_SHARE = 0.2
"""A network learns to translate several sentences at once from this share of texts that have several."""

_AT_ONCE = 10_000


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a builder knows of the data.

    Attributes:
        sources: the cleaned texts.
        targets: their cleaned translations.
        validation: both of the validation split.
        cleaning: how they were cleaned.
        files: how files hold them.
        max_sentences: sentences that a text has, at most, but for a few; 1 if most texts have one.
    """

    sources: Sequence[str]
    targets: Sequence[str]
    validation: Sequence[str]
    cleaning: Cleaning
    files: InputFiles
    max_sentences: int

    @property
    def count(self) -> int:
        """The number of pairs."""
        return len(self.sources)

    def vocabulary(self, kind: Learned, size: int) -> Vocabulary:
        """The vocabulary of both languages.

        Raises:
            suite.UserError: if nothing can be learned.
        """
        step = -(-self.count // MAX_LEARNED_FROM)
        return Vocabulary.learn([*self.sources[::step], *self.targets[::step]], kind, size)


def survey(dataset: Dataset) -> Survey:
    """Read all pairs of training and of validation.

    Raises:
        suite.UserError: if there is no pair, or none has a translation.
    """
    cleaning = cleaning_of(dataset.facts)
    if len(dataset.train) == 0:
        raise UserError("the train split holds no pair of texts")
    sources, targets = _texts(dataset.train, cleaning)
    if not any(targets):
        raise UserError(
            f"none of the {len(targets):,} training texts has a translation: there is nothing to learn, so"
            " look at `suite inspect` for how they were read"
        )
    held_out = _texts(dataset.validation or [], cleaning)
    return Survey(
        sources=sources,
        targets=targets,
        validation=[*held_out[0], *held_out[1]],
        cleaning=cleaning,
        files=input_files_of(dataset.facts),
        max_sentences=sentences_of(sources, str(dataset.facts.get("source", ""))),
    )


def sentences_of(texts: Sequence[str], language: str) -> int:
    """How many sentences all but a few texts have at most; 1 if few have more than one.

    A network that learned from single sentences leaves out what follows the first one; who learned from
    paragraphs does better with the sentences around.
    """
    step = -(-len(texts) // MAX_SPLIT)
    counts = np.array([len(sentences(text, language)) for text in texts[::step]])
    if (counts > 1).mean() < MIN_SHARE:
        return 1
    return int(np.percentile(counts, 90, method="lower"))


def counted(texts: Sequence[str], vocabulary: Vocabulary) -> np.ndarray:
    """The number of tokens of each text, int64 (texts,)."""
    counts = [
        len(ids)
        for start in range(0, len(texts), _AT_ONCE)
        for ids in vocabulary.encode_batch(texts[start : start + _AT_ONCE])
    ]
    return np.array(counts, np.int64)


def _texts(examples: Examples, cleaning: Cleaning) -> tuple[list[str], list[str]]:
    sources, targets = [], []
    for index in range(len(examples)):
        example = examples[index]
        sources.append(clean(text_of(example.input), cleaning))
        targets.append(clean(references_of(example.target, example.id)[0], cleaning))
    return sources, targets
