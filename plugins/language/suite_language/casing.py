"""Small letters, as languages have them."""

# ruff: noqa: RUF001, RUF002 (which letters look like others is what this is about)

from __future__ import annotations

_DOTTED = str.maketrans({"I": "ı", "İ": "i"})
_WITH_DOTLESS_I = frozenset(("tr", "az", "tur", "aze", "crh"))


def lowered(text: str, language: str = "") -> str:
    """A text in small letters.

    Python's own `str.lower` makes two characters of İ (an i, and a dot above it), and knows no language: in
    Turkish and Azerbaijani I is the capital of ı.

    Args:
        text: any text.
        language: its code (tr, az_AZ); other ones, and none, are all lowered alike.
    """
    small = small_i(text, language).lower()
    return small.replace("i\N{COMBINING DOT ABOVE}", "i") if "\u0130" in text else small


def small_i(text: str, language: str) -> str:
    """A text with ı and i for I and İ if its language has both; any other language's as it is.

    Args:
        text: any text.
        language: its code (tr, az_AZ).
    """
    code = language.partition("_")[0].partition("-")[0].lower()
    return text.translate(_DOTTED) if code in _WITH_DOTLESS_I else text
