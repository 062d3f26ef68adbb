"""What people look at: where a text surprises, which passages do most, and what is written after others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from suite.evaluation import Pairs
from suite.figures import Figure, Passage, Passages, Table
from suite_text.generation.metrics import Scoring
from suite_text.generation.types import Continuation, Dissected
from suite_text.reading.lines import text_of

MOST_PASSAGES = 20
MOST_SHADED = 6
MOST_SAMPLES = 4
SMALLEST = 64
"""Bytes of a passage that is ranked: of a shorter one the few bits say little."""
LONGEST = 1200
"""Characters of a passage that are shown."""
PROMPT = 200
"""Characters of a passage that are gone on with, about."""
DARKEST = 16.0
"""Bits of the darkest shade: one in 65,536."""
BEGINNING = 60


def figures_of(scoring: Scoring, pairs: Pairs) -> list[Figure]:
    """All figures that the pairs allow, in the order of the report."""
    return list(_figures(scoring, pairs))


def _figures(scoring: Scoring, pairs: Pairs) -> Iterator[Figure]:
    places = scoring.places()
    if places:
        yield Table(
            title="By place in the passage",
            columns=["place", "tokens", "bits per token"],
            rows=[[name, count, f"{bits:.3f}"] for name, (bits, count) in places.items()],
            caption="The first tokens of a passage have little before them to be told from.",
        )
    worst = _worst(scoring)
    if worst:
        yield Table(
            title="The most surprising passages",
            columns=["passage", "bytes", "bits per byte", "begins with"],
            rows=[_row(scoring, pairs, index) for index in worst[:MOST_PASSAGES]],
            caption=f"Of those with at least {SMALLEST} bytes.",
        )


def explain(pairs: Pairs, predict: Callable[[Sequence[Any]], Sequence[Continuation]]) -> list[Passages]:
    """The most surprising passages token by token, and what the network writes after others.

    Args:
        pairs: targets and predictions, with their examples.
        predict: scores what is `Dissected`, and goes on with texts.

    Returns:
        two figures; none where the texts are not at hand.
    """
    if pairs.examples is None:
        return []
    return [*_shaded(pairs, predict), *_samples(pairs, predict)]


def _shaded(pairs: Pairs, predict: Callable[[Sequence[Any]], Sequence[Continuation]]) -> Iterator[Passages]:
    assert pairs.examples is not None
    scoring = Scoring(pairs)
    chosen = _worst(scoring)[:MOST_SHADED]
    if not chosen:
        return
    texts = [text_of(pairs.examples[index].input)[:LONGEST] for index in chosen]
    items = []
    for index, found in zip(chosen, predict([Dissected(text) for text in texts]), strict=True):
        rate = scoring.sums[index, 0] / scoring.sums[index, 1]
        segments = [(piece, min(bits / DARKEST, 1.0)) for piece, bits in found.pieces]
        items.append(Passage(caption=f"{pairs.ids[index]}\n{rate:.2f} bits per byte", segments=segments))
    yield Passages(
        title="What surprises in the most surprising passages",
        items=items,
        caption=(
            f"Each token is shaded by its bits after all before it; the darkest has {DARKEST:g} or more. The"
            f" first {LONGEST:,} characters are shown."
        ),
    )


def _samples(pairs: Pairs, predict: Callable[[Sequence[Any]], Sequence[Continuation]]) -> Iterator[Passages]:
    """What is written after the beginnings of a few passages, which are spread evenly."""
    assert pairs.examples is not None
    places = np.unique(np.linspace(0, len(pairs) - 1, MOST_SAMPLES).round().astype(int)).tolist()
    texts = {index: text_of(pairs.examples[index].input) for index in places}
    prompts = {index: _prompt(text) for index, text in texts.items() if text.strip()}
    if not prompts:
        return
    written = predict(list(prompts.values()))
    yield Passages(
        title="What it writes",
        items=[
            Passage(caption=pairs.ids[index], segments=[(prompt, 0.0), (found.text, 0.5)])
            for (index, prompt), found in zip(prompts.items(), written, strict=True)
        ],
        caption="The beginnings of some passages, and shaded what the network writes after them.",
    )


def _prompt(text: str) -> str:
    """The first half of a text, no longer than `PROMPT` or so, up to a space where there is one."""
    most = min(PROMPT, len(text) // 2)
    return text[: text.find(" ", most) if -1 < text.find(" ", most) < 2 * most else most]


def _worst(scoring: Scoring) -> list[int]:
    """The passages of some size, from most bits per byte; equal ones in their order."""
    bits, sizes = scoring.sums[:, 0], scoring.sums[:, 1]
    ranked = np.flatnonzero(sizes >= min(SMALLEST, sizes.max(initial=1)))
    order = np.argsort(-bits[ranked] / sizes[ranked], kind="stable")
    found: list[int] = ranked[order].tolist()
    return found


def _row(scoring: Scoring, pairs: Pairs, index: int) -> list[str | float | int]:
    bits, size, _ = scoring.sums[index].tolist()
    text = "" if pairs.examples is None else " ".join(text_of(pairs.examples[index].input)[:200].split())
    beginning = text if len(text) <= BEGINNING else f"{text[: BEGINNING - 1]}…"
    return [pairs.ids[index], int(size), f"{bits / size:.3f}", beginning]
