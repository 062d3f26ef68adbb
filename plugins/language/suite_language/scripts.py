"""The script of a character, by the blocks of Unicode, and whether it has spaces between words."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping

_BLOCKS = (
    (0x0041, 0x024F, "Latin"), (0x0250, 0x02AF, "Latin"), (0x0370, 0x03FF, "Greek"),
    (0x0400, 0x052F, "Cyrillic"), (0x0530, 0x058F, "Armenian"), (0x0590, 0x05FF, "Hebrew"),
    (0x0600, 0x06FF, "Arabic"), (0x0700, 0x074F, "Syriac"), (0x0750, 0x077F, "Arabic"),
    (0x0780, 0x07BF, "Thaana"), (0x08A0, 0x08FF, "Arabic"), (0x0900, 0x097F, "Devanagari"),
    (0x0980, 0x09FF, "Bengali"), (0x0A00, 0x0A7F, "Gurmukhi"), (0x0A80, 0x0AFF, "Gujarati"),
    (0x0B00, 0x0B7F, "Odia"), (0x0B80, 0x0BFF, "Tamil"), (0x0C00, 0x0C7F, "Telugu"),
    (0x0C80, 0x0CFF, "Kannada"), (0x0D00, 0x0D7F, "Malayalam"), (0x0D80, 0x0DFF, "Sinhala"),
    (0x0E00, 0x0E7F, "Thai"), (0x0E80, 0x0EFF, "Lao"), (0x0F00, 0x0FFF, "Tibetan"),
    (0x1000, 0x109F, "Burmese"), (0x10A0, 0x10FF, "Georgian"), (0x1100, 0x11FF, "Hangul"),
    (0x1200, 0x139F, "Ethiopic"), (0x13A0, 0x13FF, "Cherokee"), (0x1780, 0x17FF, "Khmer"),
    (0x1800, 0x18AF, "Mongolian"), (0x1C90, 0x1CBF, "Georgian"), (0x1E00, 0x1EFF, "Latin"),
    (0x1F00, 0x1FFF, "Greek"), (0x2C60, 0x2C7F, "Latin"), (0x2DE0, 0x2DFF, "Cyrillic"),
    (0x2E80, 0x2FDF, "Han"), (0x3005, 0x3007, "Han"), (0x3021, 0x3029, "Han"), (0x3040, 0x309F, "Hiragana"),
    (0x30A0, 0x30FF, "Katakana"), (0x3100, 0x312F, "Bopomofo"), (0x3130, 0x318F, "Hangul"),
    (0x31A0, 0x31BF, "Bopomofo"), (0x31F0, 0x31FF, "Katakana"), (0x3400, 0x4DBF, "Han"),
    (0x4E00, 0x9FFF, "Han"), (0xA640, 0xA69F, "Cyrillic"), (0xA720, 0xA7FF, "Latin"),
    (0xAC00, 0xD7FF, "Hangul"), (0xF900, 0xFAFF, "Han"), (0xFB00, 0xFB06, "Latin"),
    (0xFB1D, 0xFB4F, "Hebrew"), (0xFB50, 0xFDFF, "Arabic"), (0xFE70, 0xFEFE, "Arabic"),
    (0xFF21, 0xFF5A, "Latin"), (0xFF66, 0xFF9F, "Katakana"), (0x1B000, 0x1B16F, "Hiragana"),
    (0x20000, 0x3FFFF, "Han"),
)  # fmt: skip
_FIRST = [first for first, _, _ in _BLOCKS]

# Thai, Lao, Tibetan, Burmese; Khmer; radicals, kana, Bopomofo, Chinese characters and what belongs to them.
_WITHOUT_SPACES = (
    (0x0E00, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x312F),
    (0x31A0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9F),
    (0x1B000, 0x1B16F), (0x20000, 0x3FFFF),
)  # fmt: skip

CLASS_WITHOUT_SPACES = "".join(f"{chr(first)}-{chr(last)}" for first, last in _WITHOUT_SPACES)
"""The characters of scripts without spaces, for use between the brackets of a regular expression."""


def script_of(character: str) -> str:
    """The script of a letter: "other" if it is not a frequent one, "" if the character is no letter."""
    if not character.isalpha():
        return ""
    code = ord(character)
    position = bisect_right(_FIRST, code) - 1
    return _BLOCKS[position][2] if position >= 0 and code <= _BLOCKS[position][1] else "other"


def without_spaces(character: str) -> bool:
    """Whether a character belongs to a script that has no spaces between words: Chinese, Japanese, Thai, ...

    Vowel signs, tone marks and digits of these scripts belong to them too. Korean has spaces; so do Latin
    letters and digits anywhere.
    """
    code = ord(character)
    return code >= 0x0E00 and any(first <= code <= last for first, last in _WITHOUT_SPACES)


def scripts_of(characters: Mapping[str, int]) -> Counter[str]:
    """How many letters there are of each script.

    Args:
        characters: how often each character occurs, for example the `Counter` of a text.
    """
    counts: Counter[str] = Counter()
    for character, count in characters.items():
        if script := script_of(character):
            counts[script] += count
    return counts


def main_script(text: str) -> str:
    """The script of most letters of a text; "" if it has no letters."""
    counts = scripts_of(Counter(text))
    return max(counts, key=counts.__getitem__) if counts else ""
