"""The words of a text as people see them: in a script without spaces, each character is a word."""

from __future__ import annotations

import re
from collections.abc import Iterable

from suite_language.scripts import CLASS_WITHOUT_SPACES, without_spaces

_LETTER = re.compile(r"[^\W\d_]")
_LETTER_WITHOUT_SPACES = re.compile(rf"(?=[^\W\d_])[{CLASS_WITHOUT_SPACES}]")
# Accents and variation selectors, which lie outside of the blocks of a script.
_COMBINING = (
    "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef"
)
# A vowel sign or a tone mark, which is no letter, belongs to the letter before it.
_WORD = re.compile(
    rf"[{CLASS_WITHOUT_SPACES}](?:(?!\w)[{CLASS_WITHOUT_SPACES}]|[{_COMBINING}])*"
    rf"|[^\s{CLASS_WITHOUT_SPACES}]+"
)


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where each word begins and ends. Punctuation that no space separates belongs to its word."""
    return [match.span() for match in _WORD.finditer(text)]


def words_of(text: str) -> list[str]:
    """The words of a text.

    That each character of a script without spaces is a word makes a word error rate the mixed error rate that
    is usual for Mandarin among English.
    """
    return text.split() if text.isascii() else _WORD.findall(text)


def count_words(text: str) -> int:
    """How many words there are."""
    return sum(1 for _ in _WORD.finditer(text))


def without_idle_spaces(text: str) -> str:
    """The text without the spaces inside of a script that is written without them.

    Some transcripts separate the words of Chinese, others do not; neither is an error.
    """
    if text.isascii():
        return text
    around = zip(f" {text}", text, f"{text[1:]} ", strict=False)
    return "".join(
        character
        for before, character, after in around
        if not (character == " " and without_spaces(before) and without_spaces(after))
    )


def mostly_without_spaces(texts: Iterable[str]) -> bool:
    """Whether most letters are of scripts that are written without spaces: Chinese, Japanese, Thai, ..."""
    letters = without = 0
    for text in texts:
        letters += len(_LETTER.findall(text))
        without += len(_LETTER_WITHOUT_SPACES.findall(text))
    return 2 * without > letters
