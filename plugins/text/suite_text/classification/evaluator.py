"""The scores of text classification: those of any classification, by length, and the worst mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from suite.data import Examples
from suite.evaluation import Details, Evaluation, Pairs
from suite.figures import Figure, Table
from suite.options import NoOptions
from suite_classification.answers import Answers, read
from suite_classification.mistakes import how_many, mistake_at, worst_mistakes
from suite_classification.scores import evaluation
from suite_text.reading.lines import text_of
from suite_text.words import count

MOST_MISTAKES = 50
LONGEST_SHOWN = 200
"""Characters of a text in the table of mistakes."""
LENGTHS = (5, 10, 20, 50, 100, 200, 500)
"""Words by which texts are grouped."""


def classification(pairs: Pairs, options: NoOptions) -> Evaluation:
    """Score classifications of texts; see `suite_classification.scores.evaluation`.

    Where the texts are at hand, the details have the accuracy by their length too.
    """
    answers = read(pairs)
    found = evaluation(answers, things="texts", mistakes=lambda: mistakes(answers, pairs))
    examples = pairs.examples
    if examples is None:
        return found

    def details() -> Details:
        return {**found.details(), "lengths": by_length(answers, examples)}

    def figures() -> Sequence[Figure]:
        return [*found.figures(), _lengths(by_length(answers, examples))]

    return replace(found, details=details, figures=figures)


def by_length(answers: Answers, examples: Examples) -> dict[str, dict[str, float]]:
    """Accuracy and number of the texts of about one length, from the shortest to the longest.

    A length is in words; in scripts without spaces between words, a character counts as one.
    """
    words = np.array([count(text_of(examples[index].input)) for index in range(len(answers))])
    right = answers.true == answers.predicted
    if answers.multi_label:
        right = right.all(axis=1)
    names = [f"up to {LENGTHS[0]} words"]
    names += [f"{low + 1} to {high} words" for low, high in pairwise(LENGTHS)]
    names += [f"over {LENGTHS[-1]} words"]
    groups = np.digitize(words, LENGTHS, right=True)
    return {
        names[group]: {
            "accuracy": float(right[groups == group].mean()),
            "examples": int((groups == group).sum()),
        }
        for group in np.unique(groups).tolist()
    }


def _lengths(groups: Mapping[str, Mapping[str, float]]) -> Table:
    return Table(
        title="By length",
        columns=["length", "texts", "accuracy"],
        rows=[[name, int(row["examples"]), f"{row['accuracy']:.3f}"] for name, row in groups.items()],
        caption="In scripts without spaces between words, a character counts as a word.",
    )


def mistakes(answers: Answers, pairs: Pairs) -> list[Table]:
    """The worst mistakes as a table; none where all is right, or where the texts are not at hand."""
    wrong = worst_mistakes(answers).tolist()
    if pairs.examples is None or not wrong:
        return []
    shown = wrong[:MOST_MISTAKES]
    rows = []
    for index in shown:
        mistake = mistake_at(answers, index)
        text = shortened(text_of(pairs.examples[index].input))
        rows.append([text, mistake.shown_true, mistake.shown_taken, pairs.ids[index]])
    caption = f"{how_many(answers, len(wrong), len(shown))}."
    if answers.scores is not None and not answers.multi_label:
        caption += " Beside each class stands the probability that the model gives it."
    return [
        Table(
            title="Worst mistakes", columns=["text", "true", "taken for", "where"], rows=rows, caption=caption
        )
    ]


def shortened(text: str, longest: int = LONGEST_SHOWN) -> str:
    """The beginning of a text in one line, and an ellipsis where that is not all of it."""
    line = " ".join(text[: 2 * longest].split())
    return line if len(line) <= longest and len(text) <= 2 * longest else f"{line[:longest]} …"
