"""Figures that need the model: a task explains predictions by predicting what is a little different."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from suite.contributions import Contributed, Task
from suite.evaluation.checks import made_figures
from suite.evaluation.types import Pairs
from suite.figures import Figure
from suite.prediction.predictor import LoadedPipeline


def explanations(
    task: Contributed[Task], pairs: Pairs, pipeline: LoadedPipeline
) -> tuple[list[Figure], list[str]]:
    """What the task's `explain` gives; a failure of it is a note, for the scores do not depend on it.

    Args:
        task: explains.
        pairs: what is scored, with the examples.
        pipeline: that predicted them.

    Returns:
        Figures for the report, and a sentence on why there are none.
    """
    if task.item.explain is None or not len(pairs):
        return [], []
    scoring = pipeline.for_scoring()

    def predict(raws: Iterable[Any]) -> list[Any]:
        predictions: list[Any] = scoring.predict(iter(raws))
        return predictions

    explain = task.item.explain
    return made_figures(lambda: explain(pairs, predict), str(task), "the predictions are not explained")
