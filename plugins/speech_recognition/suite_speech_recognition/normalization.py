"""One way of writing what is said, so that a network need not guess at case and commas."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from itertools import groupby
from typing import Literal

import msgspec

from suite_language.casing import lowered, small_i
from suite_language.scripts import without_spaces

APOSTROPHES = "'\u2019\u02bc\u00b4\u1ffd`\u1fef\uff40\uff07"
"""What is written for an apostrophe; if punctuation is removed, each of them counts as the first."""

_ONE_APOSTROPHE = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))

DOTLESS_I, DOTTED_I = "\u0131", "\u0130"
"""The small letter without and the capital with a dot."""

_DOTTED_UPPER = str.maketrans({"i": DOTTED_I, DOTLESS_I: "I"})

_JOINERS = "\u200c\u200d"  # they tell words apart in Persian and in the scripts of India
_MARK = re.compile(r"[^\w ]|_")
_MARKS = re.compile(r"(?:[^\w ]|_)+")


class Normalization(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How transcripts are written before a network learns them and before they are scored.

    Attributes:
        case: "lower", "upper", or "keep" as it is.
        punctuation: "remove" it (Unicode's categories P*), but for apostrophes inside of words; or "keep".
        unicode: the normal form of Unicode; "none" leaves characters as they are.
        language: of the texts (ISO 639), for what is upper and lower case in it; empty if it is not known.
    """

    case: Literal["lower", "upper", "keep"] = "lower"
    punctuation: Literal["remove", "keep"] = "remove"
    unicode: Literal["NFKC", "NFC", "none"] = "NFKC"
    language: str = ""


def language_of(texts: Iterable[str]) -> str:
    """The language of texts, for their case: "tr" if any has an i as only Turkish and its kin do, else ""."""
    return "tr" if any(DOTLESS_I in text or DOTTED_I in text for text in texts) else ""


def is_one_case(texts: Iterable[str]) -> bool:
    """Whether all letters are of one case: there is none to unlearn."""
    joined = "".join(texts)
    return joined in (joined.upper(), joined.lower())


def usual_normalization(texts: Collection[str]) -> Normalization:
    """How a training on these transcripts writes them if it is not told otherwise."""
    case: Literal["keep", "lower"] = "keep" if is_one_case(texts) else "lower"
    return Normalization(case=case, language=language_of(texts))


def normalize(text: str, normalization: Normalization) -> str:
    """The text as `normalization` writes it. Normalizing twice changes nothing more.

    White space is collapsed to single spaces, and characters that are not seen (byte order marks, soft
    hyphens, directions) are left out in any case. Punctuation separates words, except beside a character of a
    script without spaces, where it vanishes. Digits and symbols (+, $) are left alone.
    """
    # Before NFKC, which makes a space and an accent of the acute that is typed for an apostrophe.
    if normalization.punctuation == "remove":
        text = text.translate(_ONE_APOSTROPHE)
    text = _formed(text, normalization)
    if normalization.case != "keep":
        # Once more after the case, which takes some letters apart.
        text = _formed(_cased(text, normalization), normalization)
    text = _MARK.sub(_seen, text)
    if normalization.punctuation == "remove":
        text = _MARKS.sub(_without_punctuation, text.translate(_ONE_APOSTROPHE))
    return " ".join(_formed(text, normalization).split())


def _cased(text: str, normalization: Normalization) -> str:
    if normalization.case == "lower":
        # The capital with a dot may be written as two characters.
        return lowered(text.replace("I\u0307", DOTTED_I), normalization.language)
    is_dotted = small_i("I", normalization.language) != "I"
    return text.translate(_DOTTED_UPPER).upper() if is_dotted else text.upper()


def _formed(text: str, normalization: Normalization) -> str:
    return text if normalization.unicode == "none" else unicodedata.normalize(normalization.unicode, text)


def _seen(match: re.Match[str]) -> str:
    """Nothing for what is not seen, a space for white space of any kind."""
    character = match[0]
    category = unicodedata.category(character)
    if category in ("Cc", "Zs", "Zl", "Zp"):
        return " "
    return "" if category == "Cf" and character not in _JOINERS else character


def _without_punctuation(match: re.Match[str]) -> str:
    """A run of marks without those that are punctuation."""
    kept = []
    position = match.start()
    for is_punctuation, group in groupby(match[0], _is_punctuation):
        run = "".join(group)
        if is_punctuation and not (run == "'" and _is_inside(match.string, position)):
            around = _neighbors(match.string, position, len(run))
            kept.append("" if any(map(without_spaces, around)) else " ")
        else:
            kept.append(run)
        position += len(run)
    return "".join(kept)


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character).startswith("P")


def _is_inside(text: str, position: int) -> bool:
    """Whether there are letters of a script with spaces on both sides of the character at `position`."""
    around = _neighbors(text, position, 1)
    return len(around) == 2 and all(
        (letter.isalnum() or unicodedata.category(letter).startswith("M")) and not without_spaces(letter)
        for letter in around
    )


def _neighbors(text: str, position: int, length: int) -> str:
    return text[max(0, position - 1) : position] + text[position + length : position + length + 1]
