"""Texts that are too long to be read at once, in stretches that are translated one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from suite_text.translation.types import Translation

# After what ends a sentence, with the quotation marks and brackets that close behind it; in scripts with
# spaces, a space follows.
_CLOSING = r"[\"'\u201d\u2019\u00bb\u300d\u300f)\uff09\]]*"
_SENTENCES = re.compile(rf"(?<=[.!?\u2026]){_CLOSING}\s+|(?<=[\u3002\uff01\uff1f]){_CLOSING}")
_WORDS = re.compile(r"\s+")
_NO_SPACE_AFTER = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]\Z")


Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a long text, cleaned."""

    text: str


@dataclass(frozen=True)
class Stretches:
    """A long text as stretches, see `stretches_of`."""

    stretches: Sequence[Stretch]

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.stretches)

    def __iter__(self) -> Iterator[Stretch]:
        return iter(self.stretches)

    def merge(self, predictions: Sequence[Translation]) -> Translation:
        """The translations one after the other; longer ones count for more in the score."""
        scored = [(one.score, 1 + len(one.text)) for one in predictions if one.score is not None]
        total = sum(weight for _, weight in scored)
        return Translation(
            text=joined([one.text for one in predictions]),
            score=sum(score * weight for score, weight in scored) / total if total else None,
            unknown=sum(one.unknown for one in predictions),
        )


def joined(texts: Sequence[str]) -> str:
    """Texts one after the other, with spaces between them but in scripts that have none."""
    whole = ""
    for text in filter(None, texts):
        whole += text if not whole or _NO_SPACE_AFTER.search(whole) else f" {text}"
    return whole


def stretches_of(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Pieces of a text that fit, in order and as few as a greedy search finds.

    They end where sentences end; a sentence that does not fit is cut between words, and a word that does
    not fit, in the middle. White space at the cuts is left out, nothing else.

    Args:
        text: with something in it.
        fits: whether a piece may be as it is; true for every single character.
    """
    spans = _packed(text, (0, len(text)), fits, [_SENTENCES, _WORDS])
    return [text[start:end] for start, end in spans]


def _packed(
    text: str, span: Span, fits: Callable[[str], bool], borders: Sequence[re.Pattern[str]]
) -> list[Span]:
    """Spans within a span that fit, between the borders where that is possible."""
    start, end = span
    if end - start <= 1 or fits(text[start:end]):
        return [span]
    if not borders:
        middle = (start + end) // 2
        return _packed(text, (start, middle), fits, ()) + _packed(text, (middle, end), fits, ())
    found: list[Span] = []
    for piece in _pieces(text, span, borders[0]):
        if found and fits(text[found[-1][0] : piece[1]]):
            found[-1] = (found[-1][0], piece[1])
        else:
            found.append(piece)
    return [one for longer in found for one in _packed(text, longer, fits, borders[1:])]


def _pieces(text: str, span: Span, border: re.Pattern[str]) -> Iterator[Span]:
    """What lies between the borders within a span; closing marks belong to what they close."""
    start, end = span
    for match in border.finditer(text, start, end):
        here = match.start() + len(match.group().rstrip())
        if here > start and match.end() < end:
            yield start, here
            start = match.end()
    yield start, end
