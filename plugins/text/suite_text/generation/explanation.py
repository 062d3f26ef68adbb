"""Figures that need the model: where passages surprise it, and what it writes after others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from suite.data import Examples
from suite.evaluation import Pairs
from suite.figures import Highlight, Highlights
from suite_text.generation.figures import most_surprising
from suite_text.generation.metrics import Scoring
from suite_text.generation.types import Continuation, Dissected
from suite_text.reading.lines import text_of

MAX_SHADED = 6
MAX_SAMPLES = 4
MAX_SHOWN = 1200
"""Characters of a passage that are shown."""

MAX_PROMPT = 200
"""Characters of a passage after which the model writes, about."""

DARKEST = 16.0
"""Bits of the darkest shade: one in 65,536."""

_MOST_SURPRISING = "What surprises in the most surprising passages"

Predict = Callable[[Sequence[Any]], Sequence[Continuation]]


def explain(pairs: Pairs, predict: Predict) -> list[Highlights]:
    """The most surprising passages token by token, and what the network writes after others.

    Args:
        pairs: targets and predictions, with their examples.
        predict: scores what is `Dissected`, and continues texts.

    Returns:
        two figures; none if the texts are not at hand.
    """
    if pairs.examples is None:
        return []
    samples = _samples(pairs, pairs.examples, predict) if _known(pairs) else ()
    return [*_shaded(pairs, pairs.examples, predict), *samples]


def _known(pairs: Pairs) -> bool:
    """Whether the pairs are scored, and not predictions whose targets nobody knows."""
    return any(target is not None for target in pairs.targets)


def _shaded(pairs: Pairs, examples: Examples, predict: Predict) -> Iterator[Highlights]:
    scoring = Scoring(pairs) if _known(pairs) else None
    chosen = (list(range(len(pairs))) if scoring is None else most_surprising(scoring))[:MAX_SHADED]
    if not chosen:
        return
    texts = [text_of(examples[index].input)[:MAX_SHOWN] for index in chosen]
    items = []
    for index, prediction in zip(chosen, predict([Dissected(text) for text in texts]), strict=True):
        if scoring is None:
            size = sum(len(piece.encode()) for piece, _ in prediction.pieces)
            rate = sum(bits for _, bits in prediction.pieces) / max(size, 1)
        else:
            rate = scoring.sums[index, 0] / scoring.sums[index, 1]
        segments = [(piece, min(bits / DARKEST, 1.0)) for piece, bits in prediction.pieces]
        items.append(Highlight(caption=f"{pairs.ids[index]}\n{rate:.2f} bits per byte", segments=segments))
    yield Highlights(
        title="What surprises in the passages" if scoring is None else _MOST_SURPRISING,
        items=items,
        caption=(
            f"Each token is shaded by its bits after all before it; the darkest has {DARKEST:g} or more. The"
            f" first {MAX_SHOWN:,} characters are shown."
        ),
    )


def _samples(pairs: Pairs, examples: Examples, predict: Predict) -> Iterator[Highlights]:
    """What the network writes after the beginnings of a few passages, which are spread evenly."""
    indices = np.unique(np.linspace(0, len(pairs) - 1, MAX_SAMPLES).round().astype(int)).tolist()
    texts = {index: text_of(examples[index].input) for index in indices}
    prompts = {index: _prompt(text) for index, text in texts.items() if text.strip()}
    if not prompts:
        return
    continuations = predict(list(prompts.values()))
    yield Highlights(
        title="What it writes",
        items=[
            Highlight(caption=pairs.ids[index], segments=[(prompt, 0.0), (continuation.text, 0.5)])
            for (index, prompt), continuation in zip(prompts.items(), continuations, strict=True)
        ],
        caption="The beginnings of some passages, and shaded what the network writes after them.",
    )


def _prompt(text: str) -> str:
    """The first half of a text, no longer than `MAX_PROMPT` or so, up to a space if there is one."""
    length = min(MAX_PROMPT, len(text) // 2)
    space = text.find(" ", length)
    return text[: space if -1 < space < 2 * length else length]
