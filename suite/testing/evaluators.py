"""Checks of an evaluator: its metrics, in any order of pairs, and the best ones for right predictions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from suite.contributions import Contributed, Evaluator, Metric, Task
from suite.errors import PluginError, UserError
from suite.evaluation.checks import check_figure
from suite.evaluation.scoring import score
from suite.evaluation.types import Pairs
from suite.testing.check import READ, Check, NotCheckedError
from suite.testing.samples import exchanged, guessed_pairs, mixed_pairs, perfect_pairs, sample_of

_TOLERANCE = 1e-6


def evaluator_checks(
    evaluator: Contributed[Evaluator[Any]], task: Contributed[Task] | None
) -> Iterator[Check]:
    """The checks of an evaluator."""

    def check(name: str, function: Any) -> Check:
        def make() -> None:
            if task is None:
                raise NotCheckedError(
                    f"there is no task '{evaluator.task}' here, whose sample could be scored"
                )
            function(evaluator, task)

        return Check(
            name=name,
            about=str(evaluator),
            plugin=evaluator.plugin,
            task=evaluator.task,
            contribution=evaluator.name,
            cost=READ,
            make=make,
        )

    yield check("evaluator-gives-its-metrics", _check_metrics)
    yield check("evaluator-ignores-order", _check_order)
    yield check("evaluator-prefers-right-predictions", _check_best)
    yield check("evaluator-scores-without-examples", _check_bare)


def _numbers(evaluator: Contributed[Evaluator[Any]], pairs: Pairs) -> dict[str, float]:
    return dict(score([evaluator], pairs, intervals=False).numbers)


def _check_metrics(evaluator: Contributed[Evaluator[Any]], task: Contributed[Task]) -> None:
    if not evaluator.item.metrics:
        raise PluginError(
            f"{evaluator} declares no metrics: Evaluator(metrics={{'name': suite.Metric(label='...')}})"
            " says what"
            " people read and whether a higher number is better"
        )
    pairs = mixed_pairs(task, sample_of(task))
    scores = score([evaluator], pairs, intervals=True)
    for note in scores.notes:
        if "for a defect of" in note:
            raise PluginError(note)
    numbers = dict(scores.numbers)
    for name, metric in evaluator.item.metrics.items():
        if (
            name not in numbers
            and not metric.optional
            and not any(note.startswith(name) for note in scores.notes)
        ):
            raise PluginError(
                f"{evaluator} declares '{name}' and does not give it: return it, or say in Evaluation.notes"
                " why it cannot be given, or declare it Metric(optional=True)"
            )
    if task.item.metric in evaluator.item.metrics and task.item.metric not in numbers:
        raise PluginError(
            f"{evaluator} gives no finite number for '{task.item.metric}' on the sample of {task}, by which"
            " weights are chosen"
        )
    for name in numbers.keys() - evaluator.item.metrics.keys():
        raise PluginError(
            f"{evaluator} gives '{name}' and does not declare it:"
            f" metrics={{'{name}': suite.Metric(label='...')}}"
        )
    for name, metric in evaluator.item.metrics.items():
        if name in numbers and metric.share and not 0 <= numbers[name] <= 1:
            raise PluginError(
                f"{evaluator} gives {name} = {numbers[name]}, which it declares a share (0 to 1)"
            )
    figures, notes = scores.figures()
    for note in notes:
        raise PluginError(note)
    for figure in figures:
        check_figure(figure)


def _check_order(evaluator: Contributed[Evaluator[Any]], task: Contributed[Task]) -> None:
    pairs = mixed_pairs(task, sample_of(task))
    first = _numbers(evaluator, pairs)
    for seed in range(8):
        order = np.random.default_rng(seed).permutation(len(pairs))
        _compare(
            evaluator, first, _numbers(evaluator, pairs.at(order)), "for the same pairs in another order"
        )
    _compare(evaluator, first, _numbers(evaluator, pairs), "for the very same pairs a second time")


def _compare(
    evaluator: Contributed[Evaluator[Any]], first: dict[str, float], second: dict[str, float], when: str
) -> None:
    for name, number in first.items():
        other = second.get(name, np.nan)
        if not np.isclose(number, other, rtol=_TOLERANCE, atol=_TOLERANCE):
            raise PluginError(
                f"{evaluator} gives {name} = {number:g} and, {when}, {other:g}: a score depends on which"
                " pairs there are and on nothing else"
            )


def _check_best(evaluator: Contributed[Evaluator[Any]], task: Contributed[Task]) -> None:
    dataset = sample_of(task)
    right = perfect_pairs(task, dataset)
    best = _numbers(evaluator, right)
    compared = {"with each prediction given for another example": exchanged(right)}
    guessed = guessed_pairs(task, dataset)
    if guessed is not None:
        compared["for the predictions of the baseline"] = guessed
    for what, pairs in compared.items():
        numbers = _numbers(evaluator, pairs)
        for name, metric in evaluator.item.metrics.items():
            if name in best and name in numbers and (name == task.item.metric or what.startswith("with")):
                _prefer(evaluator, name, metric, best[name], numbers[name], what)


def _prefer(
    evaluator: Contributed[Evaluator[Any]], name: str, metric: Metric, best: float, other: float, what: str
) -> None:
    lead = best - other if metric.higher_is_better else other - best
    if lead < -_TOLERANCE * max(1.0, abs(best)):
        way = "higher" if metric.higher_is_better else "lower"
        raise PluginError(
            f"{evaluator} gives {name} = {best:g} for predictions that are right and {other:g} {what}, and it"
            f" declares that a {way} number is better: look at higher_is_better, and at how it compares"
        )


def _check_bare(evaluator: Contributed[Evaluator[Any]], task: Contributed[Task]) -> None:
    """Pairs as a file of predictions gives them, and a single one."""
    pairs = mixed_pairs(task, sample_of(task))
    try:
        _numbers(evaluator, replace(pairs, examples=None))
        _numbers(evaluator, pairs.at(np.arange(1)))
    except UserError as error:
        raise PluginError(
            f"{evaluator} refuses pairs without examples, or a single pair, as a file of predictions may have"
            f" them: {error}"
        ) from error
