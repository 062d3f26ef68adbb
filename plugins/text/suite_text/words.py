"""The words of a text as people see them: where there are no spaces between words, each character is one."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Thai, Lao, Tibetan, Burmese; Khmer; radicals, kana, Bopomofo, Chinese characters and what belongs to them.
# Korean has spaces; so do digits and Latin letters wherever they stand.
_WITHOUT_SPACES = (
    "\u0e00-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_LETTER = re.compile(r"[^\W\d_]")
_LETTER_WITHOUT_SPACES = re.compile(rf"(?=[^\W\d_])[{_WITHOUT_SPACES}]")
# A vowel sign or a tone mark, which is no letter, belongs to the letter before it.
_WORD = re.compile(rf"[{_WITHOUT_SPACES}](?:(?!\w)[{_WITHOUT_SPACES}])*|[^\s{_WITHOUT_SPACES}]+")


def places(text: str) -> list[tuple[int, int]]:
    """Where each word begins and ends. Punctuation that no space separates belongs to its word."""
    return [found.span() for found in _WORD.finditer(text)]


def count(text: str) -> int:
    """How many words there are."""
    return sum(1 for _ in _WORD.finditer(text))


def mostly_without_spaces(texts: Iterable[str]) -> bool:
    """Whether most letters are of scripts that are written without spaces: Chinese, Japanese, Thai, ..."""
    letters = without = 0
    for text in texts:
        letters += len(_LETTER.findall(text))
        without += len(_LETTER_WITHOUT_SPACES.findall(text))
    return 2 * without > letters
