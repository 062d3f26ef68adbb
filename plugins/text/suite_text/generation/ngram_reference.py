"""The classical method that networks are compared with: a 5-gram model of characters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from suite.data import Example, Examples
from suite_language.characters import CharacterModel
from suite_text.generation.types import Continuation
from suite_text.reading.cleaning import Cleaning, clean, cleaning_of
from suite_text.reading.lines import text_of

ORDER = 5
MAX_CHARACTERS = 10_000_000
"""It learns from so many, which are spread evenly over the train split: more take much memory."""

_AT_ONCE = 1_000_000


def five_gram(train: Examples, examples: Sequence[Example], facts: Mapping[str, Any]) -> list[Continuation]:
    """The bits of passages by a model of the characters of the train split.

    A character that it has never seen costs 8 bits more for each of its bytes.

    Raises:
        suite.UserError: if a passage cannot be read.
    """
    cleaning = cleaning_of(facts)
    model = CharacterModel(_spread(train, cleaning), ORDER)
    bits = [bit for texts in _blocks(examples, cleaning) for bit in model.bits(texts).tolist()]
    return [Continuation(bits=bit) for bit in bits]


def _spread(train: Examples, cleaning: Cleaning) -> Iterator[str]:
    """The texts of passages that are spread evenly, up to `MAX_CHARACTERS`."""
    sizes = sum(int(train[index].target) for index in range(len(train)))
    step = max(1, -(-sizes // MAX_CHARACTERS))
    return (clean(text_of(train[index].input), cleaning) for index in range(0, len(train), step))


def _blocks(examples: Sequence[Example], cleaning: Cleaning) -> Iterator[list[str]]:
    texts: list[str] = []
    for example in examples:
        texts.append(clean(text_of(example.input), cleaning))
        if sum(map(len, texts)) > _AT_ONCE:
            yield texts
            texts = []
    if texts:
        yield texts


def perfect(target: int, facts: Mapping[str, Any]) -> Continuation:
    """What a model that is certain of the passage would say: no bits, here for tokens of a byte each."""
    del facts
    return Continuation(text="", bits=0.0, tokens=target)
