"""Which characters belong to scripts that are written without spaces between words."""

from __future__ import annotations

_WITHOUT_SPACES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x109F),  # Tibetan, Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),
    (0x3021, 0x312F),  # kana, Bopomofo
    (0x31A0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x1B000, 0x1B16F),
    (0x20000, 0x3FFFF),
)


def without_spaces(character: str) -> bool:
    """Whether `character` is a letter of a script without spaces: Chinese, Japanese, Thai, ...

    Korean has spaces; so do digits and Latin letters wherever they stand.
    """
    code = ord(character)
    return code >= 0x0E00 and any(first <= code <= last for first, last in _WITHOUT_SPACES)
