"""Cleaning of text, the same in training and at prediction: Unicode, control characters, white space."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Literal, TypedDict

import msgspec

from suite import UserError
from suite.options import Options

UnicodeForm = Literal["NFC", "NFKC", "none"]
ControlCharacters = Literal["removed", "kept"]
WhiteSpace = Literal["joined", "kept"]
Markup = Literal["kept", "removed"]

_CONTROL = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\ufffe\uffff]"
)
_LINE_ENDS = re.compile("\r\n?")
_NAMES = (
    "a|abbr|address|article|aside|b|big|blockquote|body|br|center|cite|code|dd|del|div|dl|dt|em|font|footer|h[1-6]"
    "|head|header|hr|html|i|iframe|img|ins|label|li|link|main|meta|nav|ol|option|p|pre|q|s|script|section|small"
    "|span|strike|strong|style|sub|sup|table|tbody|td|tfoot|th|thead|title|tr|tt|u|ul|video|wbr"
)
_TAG = re.compile(rf"</?(?:{_NAMES})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_LINE_TAG = re.compile(
    r"</?(?:address|blockquote|br|dd|div|dt|h[1-6]|hr|li|ol|p|pre|table|td|th|tr|ul)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_BLANKS = re.compile(r"[^\S ]\s*| \s+")  # all but single spaces, which stay
_SURROGATE = re.compile("[\ud800-\udfff]")


class Cleaning(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `clean` does to a text.

    Attributes:
        unicode: the normal form. NFC writes an umlaut as a single character however it was typed; NFKC also
            unifies look-alikes (full-width letters, ligatures). See Unicode Standard Annex 15.
        control_characters: whether characters without a shape (NUL, escape, byte order marks, soft hyphens,
            spaces of no width, marks of direction) are removed, and line breaks are all as on Unix. Line
            breaks and tabs count as white space. Joiners stay: Persian and emoji need them.
        markup: "removed" leaves the tags of HTML out, and writes its entities (&amp;) as characters.
        white_space: "joined" makes a single space of any white space, and removes it at both ends.
    """

    unicode: UnicodeForm = "NFC"
    control_characters: ControlCharacters = "removed"
    markup: Markup = "kept"
    white_space: WhiteSpace = "joined"


class CleaningFact(TypedDict, total=False):
    """`Cleaning` as a fact of a data set, in plain JSON values."""

    unicode: UnicodeForm
    control_characters: ControlCharacters
    markup: Markup
    white_space: WhiteSpace


AS_IT_IS = Cleaning(unicode="none", control_characters="kept", white_space="kept")
"""Changes nothing but surrogates, which are no text."""


def clean(text: str, cleaning: Cleaning) -> str:
    """A text, cleaned; cleaning it again changes nothing.

    Half a surrogate pair, which JSON can hold and UTF-8 cannot, becomes the replacement character U+FFFD.
    """
    if not text.isascii():
        text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    if cleaning.markup == "removed" and ("<" in text or "&" in text):
        text = without_markup(text)
    if cleaning.control_characters == "removed" and not text.isprintable():
        text = _LINE_ENDS.sub("\n", _CONTROL.sub("", text)) if "\r" in text else _CONTROL.sub("", text)
    if cleaning.unicode != "none" and not text.isascii():
        text = unicodedata.normalize(cleaning.unicode, text)
    if cleaning.white_space == "kept":
        return text
    # The space is the only white space that is printable.
    return (_BLANKS.sub(" ", text) if "  " in text or not text.isprintable() else text).strip()


def without_markup(text: str) -> str:
    """A text without the tags and comments of HTML, its entities as characters; tags of lines are spaces."""
    return html.unescape(_TAG.sub("", without_comments(_LINE_TAG.sub(" ", text))))


def without_comments(text: str) -> str:
    """A text without the comments of HTML; one that does not end stays. In linear time, unlike a pattern."""
    pieces = []
    position = 0
    while (begin := text.find("<!--", position)) >= 0 and (end := text.find("-->", begin + 4)) >= 0:
        pieces.append(text[position:begin])
        position = end + 3
    return "".join([*pieces, text[position:]]) if position else text


def has_markup(text: str) -> bool:
    """Whether a text has tags or entities of HTML."""
    return bool(
        ("<" in text and (_TAG.search(text) or without_comments(text) != text))
        or ("&" in text and _ENTITY.search(text))
    )


def cleaning_of(facts: Mapping[str, Any]) -> Cleaning:
    """How the texts of a data set were cleaned, from its fact "cleaning"; the defaults if it has none.

    A codec cleans its inputs in the same way.

    Raises:
        suite.UserError: if the fact is of another form.
    """
    try:
        return msgspec.convert(facts.get("cleaning", {}), Cleaning)
    except msgspec.ValidationError as error:
        raise UserError(f"the data's fact 'cleaning' is not as `Cleaning` says: {error}") from None


def cleaning_from(options: Options) -> Cleaning:
    """The cleaning that a loader's options (those of `suite_text.reading.options`) ask for."""
    values = {name: getattr(options, name) for name in Cleaning.__struct_fields__}
    return msgspec.convert(values, Cleaning)


def as_fact(cleaning: Cleaning) -> CleaningFact:
    """What a loader puts among the facts of its data set, as "cleaning"."""
    built: CleaningFact = msgspec.to_builtins(cleaning)
    return built
