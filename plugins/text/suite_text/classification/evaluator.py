"""The evaluation of text classification: that of any classification, and accuracy by length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from suite.evaluation import Details, Evaluation, Pairs
from suite.figures import Figure
from suite.options import NoOptions
from suite_classification.arrays import label_arrays
from suite_classification.evaluator import evaluation
from suite_text.classification.figures import lengths_table, mistakes_table
from suite_text.classification.metrics import by_length


def classification(pairs: Pairs, options: NoOptions) -> Evaluation:
    """Score classifications of texts; see `suite_classification.evaluator.evaluation`.

    If the texts are at hand, the details have the accuracy by their length too.
    """
    arrays = label_arrays(pairs)
    scored = evaluation(arrays, items="texts", mistakes=lambda: mistakes_table(arrays, pairs))
    examples = pairs.examples
    if examples is None:
        return scored

    def details() -> Details:
        return {**scored.details(), "lengths": by_length(arrays, examples)}

    def figures() -> Sequence[Figure]:
        return [*scored.figures(), lengths_table(by_length(arrays, examples))]

    return replace(scored, details=details, figures=figures)
