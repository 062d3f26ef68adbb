"""Which words pushed the worst mistakes: each is left out in turn, and the model asked again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

import numpy as np

from suite.evaluation import Pairs
from suite.figures import Passage, Passages
from suite_classification.answers import Answers, read
from suite_classification.mistakes import how_many, mistake_at, worst_mistakes
from suite_classification.types import Classification
from suite_text.reading.lines import text_of
from suite_text.words import places

MOST_TEXTS = 10
MOST_PIECES = 64
MOST_WORDS = 256
"""Words of a text that are looked at: of a longer one the first, and its other words stay where they are."""
LONGEST = 20_000
"""Characters of a text that are looked at and given to the model."""
SMALLEST_PROBABILITY = 1e-6
SMALLEST_CHANGE = 1e-3
"""Of log-odds: where no word changes more, none is shaded."""


def explain(pairs: Pairs, predict: Callable[[Sequence[str]], Sequence[Classification]]) -> list[Passages]:
    """The worst mistakes with their words shaded by how much they pushed the answer.

    The weight of a word is by how much the log-odds of the class fall when it is left out (occlusion: Zeiler
    & Fergus 2014, section 4.2; of words: Li et al. 2016, arXiv:1612.08220, section 3), as a share of the
    largest change in its text: above zero where it pushed towards the class, below where it pushed away. A
    text of more than 64 words is looked at in 64 pieces of neighboring words.

    Args:
        pairs: targets and predictions, with their examples.
        predict: classifies texts, in their order.

    Returns:
        one figure; none where all is right, where the texts are not at hand, or where predictions carry no
        probabilities.
    """
    answers = read(pairs)
    wrong = worst_mistakes(answers).tolist()
    if pairs.examples is None or answers.scores is None or not wrong:
        return []
    shown, spans, texts = [], [], []
    for index in wrong[:MOST_TEXTS]:
        text = text_of(pairs.examples[index].input)
        pieces = _pieces(text[:LONGEST])
        # Of a single piece nothing would be left.
        if len(pieces) > 1:
            shown.append(index)
            spans.append(pieces)
            texts.append(text)
    if not shown:
        return []
    asked = [
        variant
        for text, pieces in zip(texts, spans, strict=True)
        for variant in _variants(text[:LONGEST], pieces)
    ]
    predictions = iter(predict(asked))
    items = []
    for index, text, pieces in zip(shown, texts, spans, strict=True):
        name = _class_at(answers, index)
        found = [next(predictions).scores.get(name, 0.0) for _ in range(len(pieces) + 1)]
        caption = _caption(answers, index, name, pairs.ids[index])
        items.append(Passage(caption=caption, segments=_segments(text, pieces, _weights(found))))
    return [
        Passages(
            title="Words that pushed the worst mistakes",
            items=items,
            caption=(
                f"{how_many(answers, len(wrong), len(items))}. Each word, or a few neighbors in a long text,"
                " was left out in turn, and weighs by how much the odds of the class fell then, as a share of"
                " the largest change in its text."
            ),
        )
    ]


def _pieces(text: str) -> list[tuple[int, int]]:
    """Where the pieces begin and end that are left out in turn: words, or a few neighbors together."""
    words = places(text)[:MOST_WORDS]
    size = max(1, ceil(len(words) / MOST_PIECES))
    groups = [words[first : first + size] for first in range(0, len(words), size)]
    return [(group[0][0], group[-1][1]) for group in groups]


def _variants(text: str, pieces: Sequence[tuple[int, int]]) -> list[str]:
    """The text, then the text without each piece."""
    return [text, *(_joined(text[:start], text[end:]) for start, end in pieces)]


def _joined(before: str, after: str) -> str:
    """What stood on both sides of a piece, with a space between where there was some white space."""
    left, right = before.rstrip(), after.lstrip()
    spaced = left and right and (left != before or right != after)
    return f"{left} {right}" if spaced else left + right


def _class_at(answers: Answers, index: int) -> str:
    """The class whose odds are looked at: the predicted one, or of several labels the most wrong one."""
    if not answers.multi_label:
        return answers.classes[int(answers.predicted[index])]
    assert answers.scores is not None
    wrong = answers.true[index] != answers.predicted[index]
    off = np.abs(answers.scores[index] - answers.true[index])
    return answers.classes[int(np.argmax(np.where(wrong, off, -1.0)))]


def _weights(probabilities: Sequence[float]) -> list[float]:
    """From the probability of the text, then those without each piece: a weight per piece, from -1 to 1."""
    sure = np.clip(np.array(probabilities, np.float64), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    odds = np.log(sure) - np.log1p(-sure)
    falls = odds[0] - odds[1:]
    largest = float(np.abs(falls).max())
    weights: list[float] = (falls / largest if largest >= SMALLEST_CHANGE else 0 * falls).tolist()
    return weights


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


def _caption(answers: Answers, index: int, name: str, where: str) -> str:
    mistake = mistake_at(answers, index)
    about = ""
    if answers.multi_label:
        assert answers.scores is not None
        probability = answers.scores[index, answers.classes.index(name)]
        about = f"; shaded for {name} {100 * probability:.0f} %"
    return f"{mistake.shown_taken}, is {mistake.shown_true}{about}\n{where}"
