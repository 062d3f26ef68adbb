"""What one would predict without a word of the other language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suite.data import Example, Examples
from suite_text.reading.lines import text_of
from suite_text.translation.types import Translation


def copy_source(train: Examples, examples: Sequence[Example], facts: Mapping[str, Any]) -> list[Translation]:
    """Every text as it is: names, numbers and punctuation are the same in many languages."""
    del train, facts
    return [Translation(text=text_of(example.input).strip()) for example in examples]


def perfect(target: str, facts: Mapping[str, Any]) -> Translation:
    """The translation that was wanted."""
    del facts
    return Translation(text=target)
