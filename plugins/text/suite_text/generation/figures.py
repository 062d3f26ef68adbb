"""What people look at: bits by position in the passage, and the most surprising passages."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from suite.evaluation import Pairs
from suite.figures import Figure, Table
from suite_text.generation.metrics import Scoring
from suite_text.reading.lines import text_of

MAX_PASSAGES = 20
MIN_RANKED = 64
"""Bytes of a passage that is ranked: the few bits of a shorter one say little."""

MAX_BEGINNING = 60
"""Characters of the beginning of a passage in a table."""


def figures_of(scoring: Scoring, pairs: Pairs) -> list[Figure]:
    """All figures that the pairs allow, in the order of the report."""
    return list(_figures(scoring, pairs))


def _figures(scoring: Scoring, pairs: Pairs) -> Iterator[Figure]:
    groups = scoring.by_position()
    if groups:
        yield Table(
            title="By position in the passage",
            columns=["position", "tokens", "bits per token"],
            rows=[[name, count, f"{bits:.3f}"] for name, (bits, count) in groups.items()],
            caption="The first tokens of a passage have little before them to be predicted from.",
        )
    worst = most_surprising(scoring)
    if worst:
        yield Table(
            title="The most surprising passages",
            columns=["passage", "bytes", "bits per byte", "begins with"],
            rows=[_row(scoring, pairs, index) for index in worst[:MAX_PASSAGES]],
            caption=f"Of those with at least {MIN_RANKED} bytes.",
        )


def most_surprising(scoring: Scoring) -> list[int]:
    """The passages of some size, by falling bits per byte; equal ones in their order."""
    bits, sizes = scoring.sums[:, 0], scoring.sums[:, 1]
    ranked = np.flatnonzero(sizes >= min(MIN_RANKED, sizes.max(initial=1)))
    order = np.argsort(-bits[ranked] / sizes[ranked], kind="stable")
    indices: list[int] = ranked[order].tolist()
    return indices


def _row(scoring: Scoring, pairs: Pairs, index: int) -> list[str | float | int]:
    bits, size, _ = scoring.sums[index].tolist()
    text = "" if pairs.examples is None else " ".join(text_of(pairs.examples[index].input)[:200].split())
    beginning = text if len(text) <= MAX_BEGINNING else f"{text[: MAX_BEGINNING - 1]}…"
    return [pairs.ids[index], int(size), f"{bits / size:.3f}", beginning]
