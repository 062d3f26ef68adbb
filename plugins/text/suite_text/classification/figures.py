"""What people look at: the worst mistakes, and accuracy by length."""

from __future__ import annotations

from collections.abc import Mapping

from suite.evaluation import Pairs
from suite.figures import Table
from suite_classification.arrays import LabelArrays
from suite_classification.mistakes import how_many, mistake_at, worst_mistakes
from suite_text.reading.lines import text_of

MAX_MISTAKES = 50
MAX_SHOWN = 200
"""Characters of a text in the table of mistakes."""


def mistakes_table(arrays: LabelArrays, pairs: Pairs) -> list[Table]:
    """The worst mistakes; none if all is right, or if the texts are not at hand."""
    wrong = worst_mistakes(arrays).tolist()
    if pairs.examples is None or not wrong:
        return []
    shown = wrong[:MAX_MISTAKES]
    rows = []
    for index in shown:
        mistake = mistake_at(arrays, index)
        text = shortened(text_of(pairs.examples[index].input))
        rows.append([text, mistake.shown_true, mistake.shown_taken, pairs.ids[index]])
    caption = f"{how_many(arrays, len(wrong), len(shown))}."
    if arrays.scores is not None and not arrays.multi_label:
        caption += " Beside each class stands the probability that the model gives it."
    return [
        Table(
            title="Worst mistakes", columns=["text", "true", "taken for", "where"], rows=rows, caption=caption
        )
    ]


def lengths_table(groups: Mapping[str, Mapping[str, float]]) -> Table:
    """What `metrics.by_length` gives."""
    return Table(
        title="By length",
        columns=["length", "texts", "accuracy"],
        rows=[[name, int(row["examples"]), f"{row['accuracy']:.3f}"] for name, row in groups.items()],
        caption="In scripts without spaces between words, a character counts as a word.",
    )


def shortened(text: str, max_length: int = MAX_SHOWN) -> str:
    """The beginning of a text in one line, and an ellipsis if that is not all of it."""
    line = " ".join(text[: 2 * max_length].split())
    complete = len(line) <= max_length and len(text) <= 2 * max_length
    return line if complete else f"{line[:max_length]} …"
