"""Texts one after the other, with a space between them if their script has spaces."""

from __future__ import annotations

import re
from collections.abc import Iterable

from suite_language.scripts import without_spaces

# Sentences of Chinese and Japanese follow each other without a space; those of Thai have one.
_NO_SPACE_AFTER = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]\Z")


def space_between(before: str, after: str) -> str:
    """What separates two pieces of text: nothing if one is empty or both are of scripts without spaces."""
    if not before or not after:
        return ""
    return "" if without_spaces(before[-1]) and without_spaces(after[0]) else " "


def join_pieces(pieces: Iterable[str]) -> str:
    """Pieces of a text, which may end within a sentence, with `space_between` them."""
    text = ""
    for piece in pieces:
        text += space_between(text, piece) + piece
    return text


def join_sentences(sentences: Iterable[str]) -> str:
    """Sentences, with spaces between them unless one ends as those of Chinese and Japanese do."""
    text = ""
    for sentence in filter(None, sentences):
        text += sentence if not text or _NO_SPACE_AFTER.search(text) else f" {sentence}"
    return text
