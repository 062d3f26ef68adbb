"""What is worked out for a word, kept: most words of a text were in another one before."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

Result = TypeVar("Result")

MAX_WORDS = 1 << 16
"""Words that are kept; those that were not needed for longest are forgotten."""

MAX_LETTERS = 40
"""What is longer is hardly a word, and may be megabytes: it is worked out anew."""


def remembered(function: Callable[[str], Result]) -> Callable[[str], Result]:
    """The same function of a word, quick for words that it had before; nobody may change what it gives."""
    kept = lru_cache(maxsize=MAX_WORDS)(function)

    def of_word(word: str) -> Result:
        return kept(word) if len(word) <= MAX_LETTERS else function(word)

    return of_word
