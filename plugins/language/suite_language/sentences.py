"""Where sentences end."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TWO_LETTERS = {
    "ara": "ar", "ben": "bn", "bul": "bg", "cat": "ca", "ces": "cs", "cze": "cs", "dan": "da", "deu": "de",
    "dut": "nl", "ell": "el", "eng": "en", "est": "et", "fas": "fa", "fin": "fi", "fra": "fr", "fre": "fr",
    "ger": "de", "gre": "el", "heb": "he", "hin": "hi", "hun": "hu", "ind": "id", "ita": "it", "jpn": "ja",
    "kor": "ko", "lav": "lv", "lit": "lt", "nld": "nl", "nor": "no", "per": "fa", "pol": "pl", "por": "pt",
    "ron": "ro", "rum": "ro", "rus": "ru", "slk": "sk", "slv": "sl", "spa": "es", "swe": "sv", "tam": "ta",
    "tel": "te", "tha": "th", "tur": "tr", "ukr": "uk", "urd": "ur", "vie": "vi", "zho": "zh", "chi": "zh",
}  # fmt: skip
_TAG = re.compile(r"([a-z]{2,3})(?![a-z])", re.IGNORECASE)


def sentences(text: str, language: str = "") -> list[str]:
    """The sentences of a text in their order, without the white space between them.

    Abbreviations, initials and numbers with points end none.

    Args:
        text: any text. A line break ends a sentence only if a blank line follows.
        language: its code (en, pt_BR, deu), which says what is abbreviated how; any other name, or an empty
            one, takes what most languages share.
    """
    import sentencex

    tag = _TAG.match(language)
    code = tag[1].lower() if tag else ""
    found = sentencex.segment(_TWO_LETTERS.get(code, code), text)
    return _with_signs([sentence.strip() for sentence in found if sentence.strip()])


def _with_signs(found: Sequence[str]) -> list[str]:
    """Sentences, each with the signs that were set apart behind it (". )")."""
    joined: list[str] = []
    for sentence in found:
        if joined and not any(map(str.isalnum, sentence)):
            joined[-1] += f" {sentence}"
        else:
            joined.append(sentence)
    return joined
