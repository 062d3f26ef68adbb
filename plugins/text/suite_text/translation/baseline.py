"""What one would say without a word of the other language."""

from __future__ import annotations

from collections.abc import Sequence

from suite.data import Example
from suite_text.reading.lines import text_of
from suite_text.translation.types import Target, Translation


def copy_source(train_targets: Sequence[Target], examples: Sequence[Example]) -> list[Translation]:
    """Every text as it is: names, numbers and punctuation are the same in many languages."""
    return [Translation(text=text_of(example.input).strip()) for example in examples]
