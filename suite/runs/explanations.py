"""Figures that need the model: a task explains predictions by predicting what is a little different."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from suite.contributions import Contributed, Task
from suite.errors import SuiteError, UserError
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

    try:
        figures = list(task.item.explain(pairs, predict))
        for figure in figures:
            if not isinstance(figure, get_args(Figure)):
                raise TypeError(f"explain gave {type(figure).__name__}, which is no figure")
    except UserError as error:
        return [], [f"the predictions are not explained: {error}"]
    except Exception as error:  # noqa: BLE001 - a training of hours is not lost to a defect of its images
        what = str(error) if isinstance(error, SuiteError) else f"{type(error).__name__}: {error}"
        return [], [f"the predictions are not explained, for a defect of {task}: {what}"]
    return figures, []
