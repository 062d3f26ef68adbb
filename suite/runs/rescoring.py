"""Scores of an exported network beside those of Keras's on the same examples of the validation split.

That outputs agree on a few examples says little of a network with another arithmetic. What counts is what
it scores, through its own runtime, the codec and the run's evaluators.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from suite.configuration import Configuration
from suite.contributions import Contributed, Evaluator, Metric
from suite.conversion.results import Rescored
from suite.data.dataset import Examples, Subset
from suite.errors import RunError, UserError
from suite.evaluation.failing import LeaveOut, added_may_fail
from suite.evaluation.metrics import declared_metrics, label
from suite.evaluation.scoring import Scores, import_evaluators, score
from suite.evaluation.types import Pairs
from suite.host import Host
from suite.prediction.loading import load
from suite.prediction.predictor import LoadedPipeline
from suite.runs.data import RunData, task_of
from suite.runs.evaluate import predict_examples
from suite.runs.evaluators import evaluators_of, merged_options, without_missing_evaluators
from suite.wording import counted, number

SPLIT = "validation"
MAX_EXAMPLES = 1000
MIN_EXAMPLES = 100
SECONDS = 60.0
"""How long Keras may predict: slow networks are scored on fewer examples, but not on fewer than 100."""
BATCH_SIZE = 16
"""Of large images and long recordings, no memory holds many more at once."""

_SHARE_TOLERANCES = {"float32": 0.001, "float16": 0.005, "int8": 0.01}
_RELATIVE_TOLERANCES = {"float32": 0.001, "float16": 0.01, "int8": 0.02}


def default_tolerance(metric: Metric, precision: str, keras_score: float, examples: int) -> float:
    """By how many points of the task's metric an export may fall if nobody says.

    Args:
        metric: of the task. A share may fall by 0.001 in float32, 0.005 in float16 and 0.01 in int8, or by
            one example of those that are scored if that is more; any other number by 0.1, 1 and 2 % of
            what Keras scores.
        precision: of the exported network.
        keras_score: what Keras scores.
        examples: how many are scored.
    """
    if metric.share:
        return max(_SHARE_TOLERANCES[precision], 1 / examples)
    return _RELATIVE_TOLERANCES[precision] * abs(keras_score)


@dataclass(frozen=True, kw_only=True)
class Rescoring:
    """The examples on which an export is scored, and what Keras scores on them.

    Attributes:
        host: where builder, task and evaluators are looked up.
        name: what people call the task's metric.
        metric: the task's metric, as an evaluator declares it.
        metric_name: its name among the scores.
        evaluators: those of the run.
        options: of the evaluators.
        leave_out: which of them may fail.
        examples: that are scored.
        available: how many the validation split has.
        pairs: what Keras predicts for them.
        keras: what Keras scores.
        group_of: the group of an example; None if there are no groups.
    """

    host: Host
    name: str
    metric: Metric
    metric_name: str
    evaluators: Sequence[Contributed[Evaluator[Any]]]
    options: Mapping[str, Mapping[str, Any]]
    leave_out: LeaveOut
    examples: Examples
    available: int
    pairs: Pairs
    keras: Scores
    group_of: Callable[[Any], Any] | None

    def __call__(self, folder: Path, precision: str = "float32", tolerance: float | None = None) -> Rescored:
        """Score an exported pipeline through its own runtime; it may be worse than is allowed.

        Args:
            folder: with the pipeline.
            precision: of its network.
            tolerance: the largest fall that is allowed; None takes that of the metric and precision.

        Raises:
            RunError: if it gives no predictions for examples that Keras predicts, or no score.
        """
        with closing(load(folder, host=self.host, batch_size=BATCH_SIZE)) as pipeline:
            pairs, left_out = predict_examples(pipeline, self.examples, self.group_of)
        if list(pairs.ids) != list(self.pairs.ids):
            why = f"; the first: {left_out[0]}" if left_out else ""
            raise RunError(
                f"the exported network ({precision}) predicts {len(pairs):,} of"
                f" {counted(len(self.examples), 'example', 'examples')} of the {SPLIT} split, and Keras"
                f" {len(self.pairs):,}{why}; nothing was exported"
            )
        scores = score(
            self.evaluators,
            pairs,
            self.options,
            intervals=True,
            leave_out=self.leave_out,
            without=self.keras.left_out,
        )
        reached = scores.numbers.get(self.metric_name, math.nan)
        if not math.isfinite(reached):
            raise RunError(
                f"the exported network ({precision}) has no {self.name} on the {SPLIT} split, where Keras has"
                f" {number(self.keras_score)}; nothing was exported"
            )
        fall = self.keras_score - reached if self.metric.higher_is_better else reached - self.keras_score
        if tolerance is None:
            tolerance = default_tolerance(self.metric, precision, self.keras_score, len(pairs))
        return Rescored(
            split=SPLIT,
            examples=len(pairs),
            available=self.available,
            metric=self.metric_name,
            label=self.name,
            score=reached,
            interval=scores.intervals.get(self.metric_name),
            keras_score=self.keras_score,
            fall=fall,
            tolerance=tolerance,
            scores=dict(scores.numbers),
            keras_scores=dict(self.keras.numbers),
        )

    @property
    def keras_score(self) -> float:
        """What Keras scores by the task's metric."""
        return self.keras.numbers[self.metric_name]


def is_tolerated(rescored: Rescored) -> bool:
    """Whether an export falls no further than is allowed, but for the last digits of the numbers."""
    return rescored.fall <= rescored.tolerance + 1e-9


def too_far(rescored: Rescored, precision: str) -> str:
    """The sentence on an export that falls further than is allowed."""
    return (
        f"the exported network ({precision}) scores {rescored.label} {number(rescored.score)} on"
        f" {counted(rescored.examples, 'example', 'examples')} of the {rescored.split} split, and Keras"
        f" {number(rescored.keras_score)}: it falls by {number(rescored.fall)}, and"
        f" {number(rescored.tolerance)} is allowed (--tolerance)"
    )


def prepare(run: Path, host: Host, configuration: Configuration, data: RunData) -> Rescoring | str:
    """Score Keras's network on the validation split of a run.

    Args:
        run: the run, or its model folder.
        host: where builder, task and evaluators are looked up.
        configuration: of the run.
        data: of the run, with its splits.

    Returns:
        What scores exported networks, or a sentence on why nothing can be scored.

    Raises:
        UserError: if a package is missing that an evaluator needs.
    """
    task = task_of(host, configuration)
    configuration, _ = without_missing_evaluators(host, configuration)
    evaluators = evaluators_of(host, configuration, task)
    declared = declared_metrics(evaluators)
    metric = task.item.metric
    if metric not in declared:
        return f"not scored: no evaluator of the run gives {metric}"
    available = data.dataset.splits.get(SPLIT, [])
    if not len(available):
        return f"not scored: the run's data has no {SPLIT} split"
    try:
        import_evaluators(evaluators)
    except UserError as error:
        raise UserError(
            f"the export cannot be scored: {error}; to export without scores: --no-verify"
        ) from None
    options = merged_options(configuration, {})
    with closing(load(run, host=host, batch_size=BATCH_SIZE)) as pipeline:
        examples = _sample(available, pipeline)
        pairs, left_out = predict_examples(pipeline, examples, data.dataset.groups)
    if not len(pairs):
        return f"not scored: no example of the {SPLIT} split could be read; the first: {left_out[0]}"
    leave_out = added_may_fail(task, evaluators, defects=True)
    keras = score(evaluators, pairs, options, intervals=False, leave_out=leave_out)
    if not math.isfinite(keras.numbers.get(metric, math.nan)):
        return f"not scored: {label(metric, declared)} cannot be computed on the {SPLIT} split"
    return Rescoring(
        host=host,
        name=label(metric, declared),
        metric=declared[metric],
        metric_name=metric,
        evaluators=evaluators,
        options=options,
        leave_out=leave_out,
        examples=examples,
        available=len(available),
        pairs=replace(pairs, examples=None),
        keras=keras,
        group_of=data.dataset.groups,
    )


def evenly(examples: Examples, count: int) -> Examples:
    """So many examples, spread evenly over all of them; all if there are no more."""
    if len(examples) <= count:
        return examples
    return Subset(examples, np.linspace(0, len(examples) - 1, count).astype(np.int64))


def _sample(available: Examples, pipeline: LoadedPipeline) -> Examples:
    """At most 1,000 examples, and of a slow network as many as take about a minute."""
    if len(available) <= MIN_EXAMPLES:
        return available
    few = evenly(available, BATCH_SIZE)
    predict_examples(pipeline, few)  # the first batch is compiled
    begun = time.perf_counter()
    predict_examples(pipeline, few)
    seconds = (time.perf_counter() - begun) / len(few)
    affordable = int(SECONDS / max(seconds, 1e-9))
    return evenly(available, max(MIN_EXAMPLES, min(affordable, MAX_EXAMPLES)))


def check_tolerance(tolerance: float | None, *, verify: bool) -> None:
    """Refuse a tolerance that is no number of points, or that nothing would be held to.

    Raises:
        UserError: saying so.
    """
    if tolerance is None:
        return
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise UserError(f"--tolerance {tolerance:g} is not allowed: it is 0 or more points of the metric")
    if not verify:
        raise UserError("--tolerance is for the scores that --no-verify leaves out: give one of them")
