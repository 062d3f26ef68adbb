"""Figures that need the model: a task explains predictions by predicting what is a little different.

They are in the report, of what was scored, and by `suite predict --explain` on a page of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import suite
from suite.contributions import Contributed, Task
from suite.data.dataset import Example
from suite.evaluation.checks import made_figures
from suite.evaluation.types import Pairs
from suite.figures import Figure
from suite.files import atomic_write
from suite.prediction.predictor import LoadedPipeline
from suite.prediction.results import Result
from suite.report.html import MADE_BY, grid, page_html
from suite.wording import some


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


def explain_predictions(
    task: Contributed[Task], pipeline: LoadedPipeline, results: Sequence[Result], path: Path
) -> list[str]:
    """Write a page that explains predictions for inputs whose targets are not known.

    Args:
        task: explains.
        pipeline: that predicted.
        results: with predictions.
        path: of the page.

    Returns:
        A sentence on why something is missing; none if nothing is.
    """
    pairs = Pairs(
        targets=[None] * len(results),
        predictions=[result.prediction for result in results],
        ids=[result.name for result in results],
        examples=[Example(result.name, result.input) for result in results],
        facts=pipeline.scoring_facts,
    )
    figures, notes = explanations(task, pairs, pipeline)
    remarks = "".join(f"<li>{escape(note)}</li>" for note in notes)
    sections = [f'<ul class="notes">{remarks}</ul>'] if notes else []
    sections.append(grid(figures) if figures else "<p>There is nothing to show.</p>")
    names = some(pairs.ids, quoted=False)
    footer = f"{MADE_BY}{suite.__version__}."
    atomic_write(path, page_html("Why these predictions", f"{task.name} · {names}", sections, footer))
    return notes
