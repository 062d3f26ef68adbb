"""What people look at: translations beside their sources and references, and metrics by length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from suite.evaluation import Pairs
from suite.figures import Figure, Table
from suite_text.translation.metrics import Scoring

MAX_ROWS = 12
"""Translations in each table."""

MAX_SHOWN = 600
"""Characters of a text that are shown."""


def figures_of(scoring: Scoring, pairs: Pairs) -> list[Figure]:
    """All figures that the pairs allow, in the order of the report."""
    return list(_figures(scoring, pairs))


def _figures(scoring: Scoring, pairs: Pairs) -> Iterator[Figure]:
    count = len(scoring.translations)
    order = np.argsort(scoring.sentence_chrf, kind="stable")
    yield _side_by_side(
        "The worst translations",
        order[:MAX_ROWS],
        scoring,
        pairs,
        "Those with the lowest chrF, the worst first.",
    )
    if count > 2 * MAX_ROWS:
        # The same examples in every report of the same data, whichever network translated.
        chosen = np.sort(np.random.default_rng(0).choice(count, MAX_ROWS, replace=False))
        yield _side_by_side("Translations at random", chosen, scoring, pairs, "Of every quality.")
        long = order[[len(scoring.references[index][0].split()) >= 5 for index in order.tolist()]]
        best = (long if long.size >= MAX_ROWS else order)[::-1][:MAX_ROWS]
        yield _side_by_side("The best translations", best, scoring, pairs, "Of at least five words.")
    yield _by_length(scoring)


def _side_by_side(title: str, indices: np.ndarray, scoring: Scoring, pairs: Pairs, caption: str) -> Table:
    rows: list[Sequence[str | float | int]] = []
    for index in indices.tolist():
        source = [_shown(scoring.sources[index])] if scoring.sources is not None else []
        references = " | ".join(map(_shown, scoring.references[index]))
        translated = _shown(scoring.translations[index])
        rows.append(
            [pairs.ids[index], *source, references, translated, f"{scoring.sentence_chrf[index]:.0f}"]
        )
    source_column = ["source"] if scoring.sources is not None else []
    columns = ["where", *source_column, "reference", "translation", "chrF"]
    return Table(title=title, columns=columns, rows=rows, caption=caption)


def _by_length(scoring: Scoring) -> Table:
    (groups,) = scoring.details().values()
    rows: list[Sequence[str | float | int]] = [
        [
            name,
            int(numbers["translations"]),
            *(f"{numbers[key]:.1f}" if key in numbers else "" for key in ("bleu", "chrf")),
        ]
        for name, numbers in groups.items()
    ]
    of = "source" if scoring.sources is not None else "reference"
    return Table(
        title=f"By length of the {of}", columns=["length", "translations", "BLEU", "chrF"], rows=rows
    )


def _shown(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}\N{HORIZONTAL ELLIPSIS}"
