"""Texts of several sentences, or too long to be read at once, in chunks that are translated one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from suite_language.joining import join_sentences
from suite_language.sentences import sentences
from suite_text.translation.types import Translation

# After the mark that ends a sentence, with the quotation marks and brackets that close behind it; in scripts
# with spaces, a space follows.
_CLOSING = r"[\"'\u201d\u2019\u00bb\u300d\u300f)\uff09\]]*"
_SENTENCES = re.compile(rf"(?<=[.!?\u2026]){_CLOSING}\s+|(?<=[\u3002\uff01\uff1f]){_CLOSING}")
_WORDS = re.compile(r"\s+")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a text, cleaned.

    Attributes:
        text: of the piece.
        line: the number of its line in the text.
    """

    text: str
    line: int = 0


@dataclass(frozen=True)
class Chunks:
    """A text in chunks, see `chunks_of`."""

    chunks: Sequence[Chunk]

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.chunks)

    def __iter__(self) -> Iterator[Chunk]:
        return iter(self.chunks)

    def merge(self, predictions: Sequence[Translation]) -> Translation:
        """The translations, in the lines of the text; longer ones count for more in the score."""
        scored = [
            (prediction.score, 1 + len(prediction.text))
            for prediction in predictions
            if prediction.score is not None
        ]
        total = sum(weight for _, weight in scored)
        lines: dict[int, list[str]] = {}
        for chunk, prediction in zip(self.chunks, predictions, strict=True):
            lines.setdefault(chunk.line, []).append(prediction.text)
        return Translation(
            text="\n".join(map(join_sentences, lines.values())),
            score=sum(score * weight for score, weight in scored) / total if total else None,
            unknown=sum(prediction.unknown for prediction in predictions),
        )


def chunks_of(
    lines: Sequence[str], fits: Callable[[str], bool], language: str = "", max_sentences: int = 1
) -> list[Chunk]:
    """The pieces of a text that are translated one by one.

    Args:
        lines: of the text, cleaned; empty ones are left out.
        fits: whether a piece is short enough; see `cut`.
        language: that says where sentences end; see `suite_language.sentences`.
        max_sentences: sentences of a piece, at most.
    """
    chunks = []
    for number, line in enumerate(lines):
        found = sentences(line, language) if line else []
        for start in range(0, len(found), max_sentences):
            piece = join_sentences(found[start : start + max_sentences])
            chunks += [Chunk(shorter, number) for shorter in cut(piece, fits)]
    return chunks


def cut(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Pieces of a text that fit, in order and as few as a greedy search finds.

    They end where sentences end. A sentence that does not fit is cut between words, and a word that does not
    fit in the middle. Only white space at the cuts is left out.

    Args:
        text: not empty.
        fits: whether a piece is short enough; true for every single character.
    """
    spans = _packed(text, (0, len(text)), fits, [_SENTENCES, _WORDS])
    return [text[start:end] for start, end in spans]


def _packed(
    text: str, span: Span, fits: Callable[[str], bool], borders: Sequence[re.Pattern[str]]
) -> list[Span]:
    """Spans within a span that fit, between the borders if that is possible."""
    start, end = span
    if end - start <= 1 or fits(text[start:end]):
        return [span]
    if not borders:
        middle = (start + end) // 2
        return _packed(text, (start, middle), fits, ()) + _packed(text, (middle, end), fits, ())
    spans: list[Span] = []
    for piece in _pieces(text, span, borders[0]):
        if spans and fits(text[spans[-1][0] : piece[1]]):
            spans[-1] = (spans[-1][0], piece[1])
        else:
            spans.append(piece)
    return [shorter for longer in spans for shorter in _packed(text, longer, fits, borders[1:])]


def _pieces(text: str, span: Span, border: re.Pattern[str]) -> Iterator[Span]:
    """The spans between the borders within a span; closing marks belong to what they close."""
    start, end = span
    for match in border.finditer(text, start, end):
        border_start = match.start() + len(match.group().rstrip())
        if border_start > start and match.end() < end:
            yield start, border_start
            start = match.end()
    yield start, end
