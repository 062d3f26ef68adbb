"""Which words pushed the worst mistakes: each is left out in turn, and the model predicts again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from suite.evaluation import Pairs
from suite.figures import Highlight, Highlights
from suite_classification.arrays import label_arrays
from suite_classification.explaining import (
    as_if_right,
    caption_of,
    class_to_explain,
    targets_known,
    weights_of,
)
from suite_classification.mistakes import how_many, worst_mistakes
from suite_classification.types import Classification
from suite_language.words import word_spans
from suite_text.reading.lines import text_of

MAX_TEXTS = 10
MAX_PIECES = 64
MAX_WORDS = 256
"""Words of a text that are looked at; the rest of a longer text stays as it is."""
MAX_LENGTH = 20_000
"""Characters of a text that are looked at and given to the model."""


def explain(pairs: Pairs, predict: Callable[[Sequence[str]], Sequence[Classification]]) -> list[Highlights]:
    """The worst mistakes, or the given predictions, with words shaded by how much they pushed the prediction.

    The weight of a word is by how much the log-odds of the class fall when it is left out (occlusion: Zeiler
    & Fergus 2014, section 4.2; of words: Li et al. 2016, arXiv:1612.08220, section 3), as a share of the
    largest change in its text: above zero if it pushed towards the class, below if it pushed away. A
    text of more than 64 words is looked at in 64 pieces of neighboring words.

    Args:
        pairs: targets and predictions, with their examples.
        predict: classifies texts, in their order.

    Returns:
        one figure; none if all is right, if the texts are not at hand, or if predictions carry no
        probabilities.
    """
    known = targets_known(pairs)
    arrays = label_arrays(pairs if known else as_if_right(pairs))
    wrong = worst_mistakes(arrays).tolist() if known else list(range(len(pairs)))
    if pairs.examples is None or arrays.scores is None or not wrong:
        return []
    shown, spans, texts = [], [], []
    for index in wrong[:MAX_TEXTS]:
        text = text_of(pairs.examples[index].input)
        pieces = _pieces(text[:MAX_LENGTH])
        # Without a single piece nothing would be left.
        if len(pieces) > 1:
            shown.append(index)
            spans.append(pieces)
            texts.append(text)
    if not shown:
        return []
    variants = [
        variant
        for text, pieces in zip(texts, spans, strict=True)
        for variant in _variants(text[:MAX_LENGTH], pieces)
    ]
    predictions = iter(predict(variants))
    items = []
    for index, text, pieces in zip(shown, texts, spans, strict=True):
        name = class_to_explain(arrays, index)
        probabilities = [next(predictions).scores.get(name, 0.0) for _ in range(len(pieces) + 1)]
        caption = caption_of(arrays, index, name, pairs.ids[index], known=known)
        items.append(Highlight(caption=caption, segments=_segments(text, pieces, weights_of(probabilities))))
    counts = f"{how_many(arrays, len(wrong), len(items))}. " if known else ""
    return [
        Highlights(
            title="Words that pushed the worst mistakes" if known else "Words that pushed the predictions",
            items=items,
            caption=(
                f"{counts}Each word, or a few neighbors in a long text, was left out in turn, and weighs by"
                " how much the odds of the class fell then, as a share of the largest change in its text."
            ),
        )
    ]


def _pieces(text: str) -> list[tuple[int, int]]:
    """Where the pieces begin and end that are left out in turn: words, or a few neighbors together."""
    words = word_spans(text)[:MAX_WORDS]
    size = max(1, ceil(len(words) / MAX_PIECES))
    groups = [words[first : first + size] for first in range(0, len(words), size)]
    return [(group[0][0], group[-1][1]) for group in groups]


def _variants(text: str, pieces: Sequence[tuple[int, int]]) -> list[str]:
    """The text, then the text without each piece."""
    return [text, *(_joined(text[:start], text[end:]) for start, end in pieces)]


def _joined(before: str, after: str) -> str:
    """What stood on both sides of a piece, with a space between if there was some white space."""
    left, right = before.rstrip(), after.lstrip()
    spaced = left and right and (left != before or right != after)
    return f"{left} {right}" if spaced else left + right


def _segments(
    text: str, pieces: Sequence[tuple[int, int]], weights: Sequence[float]
) -> list[tuple[str, float]]:
    """The pieces with their weights, and what stands between them with none; an ellipsis for what follows."""
    ends = [*(start for start, _ in pieces[1:]), pieces[-1][1]]
    segments = [(text[: pieces[0][0]], 0.0)]
    for (start, end), following, weight in zip(pieces, ends, weights, strict=True):
        segments += [(text[start:end], weight), (text[end:following], 0.0)]
    rest = " …" if text[pieces[-1][1] :].strip() else ""
    return [(piece, weight) for piece, weight in [*segments, (rest, 0.0)] if piece]
