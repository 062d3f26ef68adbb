"""Runs evaluators over pairs of target and prediction: numbers, how sure they are, and a baseline."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

from suite.contributions import Contributed, Evaluator, Task
from suite.data.dataset import Example, Examples
from suite.errors import PluginError, UserError, attributed, nearest
from suite.evaluation.intervals import MIN_RESAMPLES, RESAMPLES, Intervals, affordable_resamples, bootstrap
from suite.evaluation.types import Details, Evaluation, Pairs
from suite.figures import Figure
from suite.options import parse


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What evaluators found for one split of the data.

    Attributes:
        numbers: every number by its name. Where two evaluators give one name, the first keeps it and the
            later one's is called `evaluator/name`.
        intervals: the 95 % interval, low and high, of the numbers that have one.
        details: numbers of single classes, speakers and the like, as `Evaluation.details`.
        notes: sentences on what is missing and why.
        count: the number of examples.
    """

    numbers: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    details: Details
    notes: Sequence[str]
    count: int
    _figures: Sequence[tuple[str, Callable[[], Sequence[Figure]]]] = field(default=(), repr=False)

    def figures(self) -> list[Figure]:
        """The evaluators' figures, in the order of the evaluators. Slow: it may draw and read examples."""
        figures: list[Figure] = []
        for evaluator, make in self._figures:
            with attributed(evaluator):
                figures.extend(make())
        return figures


def score(
    evaluators: Sequence[Contributed[Evaluator[Any]]],
    pairs: Pairs,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    intervals: bool,
    seed: int = 0,
) -> Scores:
    """Score predictions.

    Args:
        evaluators: the evaluators, in the order in which their names have precedence.
        pairs: targets and predictions of at least one example.
        options: options of evaluators, by evaluator name (or `plugin:name`).
        intervals: whether to bootstrap. Without, this is as cheap as the evaluators' own scores.
        seed: of the resampling; the same pairs and seed give the same intervals.

    Raises:
        UserError: for no pairs, and for options that no evaluator has.
        PluginError: where an evaluator gives something that is not a mapping of names to numbers.
    """
    if not len(pairs):
        raise UserError("there is nothing to score: no example has both a target and a prediction")
    given = dict(options or {})
    known = {key for evaluator in evaluators for key in _keys(evaluator)}
    for key in given:
        if key not in known:
            raise UserError(
                f"there are options for an evaluator '{key}', which is not used: {nearest(key, known)}"
            )
    numbers: dict[str, float] = {}
    found_intervals: dict[str, tuple[float, float]] = {}
    details: dict[str, Mapping[str, Mapping[str, float]]] = {}
    notes: list[str] = []
    figures: list[tuple[str, Callable[[], Sequence[Figure]]]] = []
    for evaluator in evaluators:
        values = next((given[key] for key in _keys(evaluator) if key in given), {})
        found = _Evaluated(evaluator, pairs, values)
        names = _names(evaluator, [*found.numbers, *found.missing], numbers, notes)
        numbers |= {names[name]: number for name, number in found.numbers.items()}
        notes += [f"{names.get(name, name)}: {note}" for name, note in found.notes.items()]
        notes += [f"{names[name]} is left out: it is {value}" for name, value in found.missing.items()]
        details |= {
            name if name not in details else f"{evaluator.item.name}/{name}": table
            for name, table in found.details.items()
        }
        figures.append((str(evaluator), found.figures))
        if intervals:
            spreads, remarks = found.intervals(seed)
            found_intervals |= {names[name]: spread for name, spread in spreads.items()}
            notes += _grouped({names[name]: remark for name, remark in remarks.items()})
    return Scores(
        numbers=numbers,
        intervals=found_intervals,
        details=details,
        notes=notes,
        count=len(pairs),
        _figures=tuple(figures),
    )


def baseline_pairs(task: Task, train: Examples, pairs: Pairs) -> Pairs | None:
    """The same examples with what the task would predict for them without learning from inputs.

    Returns:
        Pairs to be scored by the same evaluators, or None where the task has no baseline.

    Raises:
        PluginError: where the task's baseline does not give a prediction per example.
    """
    if task.baseline is None:
        return None
    with attributed(f"the baseline of task '{task.name}'"):
        predictions = task.baseline(train, _without_targets(pairs), pairs.facts)
    return _compared(pairs, predictions, f"the baseline of task '{task.name}'")


def reference_model_pairs(task: Task, name: str, train: Examples, pairs: Pairs) -> Pairs:
    """The same examples with what a classical method predicts that learned from the training split.

    Raises:
        UserError: where it cannot be compared for a reason that people can do something about.
        PluginError: where it does not give a prediction per example.
    """
    if pairs.examples is None:
        raise UserError("the inputs are not known, only the predictions for them")
    reference_model = f"'{name}', a reference model of task '{task.name}',"
    try:
        with attributed(reference_model):
            predictions = task.reference_models[name](train, _without_targets(pairs), pairs.facts)
    except ModuleNotFoundError as error:
        raise UserError(f"it needs the package '{error.name}', which is not installed") from error
    return _compared(pairs, predictions, reference_model)


def _without_targets(pairs: Pairs) -> list[Example]:
    """The examples for what is compared: what is scored must not reach it."""
    return [
        Example(id=name, input=None if pairs.examples is None else pairs.examples[index].input)
        for index, name in enumerate(pairs.ids)
    ]


def _compared(pairs: Pairs, predictions: Sequence[Any], whose: str) -> Pairs:
    if len(predictions) != len(pairs):
        raise PluginError(f"{whose} predicts {len(predictions)} of {len(pairs)} examples")
    return replace(pairs, predictions=predictions)


def metrics(
    splits: Mapping[str, Scores],
    baseline: Scores | None = None,
    reference_models: Mapping[str, Scores] | None = None,
) -> dict[str, Any]:
    """The content of `metrics.json`.

    Args:
        splits: the scores of each split that was scored ("test", "validation").
        baseline: the scores of the baseline's predictions for the first split.
        reference_models: those of the classical methods', by their names.

    Returns:
        `{"test": {name: number}, ..., "baseline": {...}, "reference_models": {"a method": {...}},
        "intervals": {"test":
        {name: [low, high]}}, "details": {"test": {"classes": {"cat": {...}}}}, "counts": {"test": 1000},
        "notes": [...]}`; "reference_models" only where there are any.
    """
    everything = dict(splits) if baseline is None else {**splits, "baseline": baseline}
    notes = [f"{split}: {note}" for split, scores in splits.items() for note in scores.notes]
    return {
        **{split: dict(scores.numbers) for split, scores in everything.items()},
        **(
            {"reference_models": {name: dict(scores.numbers) for name, scores in reference_models.items()}}
            if reference_models
            else {}
        ),
        "intervals": {
            split: {name: list(spread) for name, spread in scores.intervals.items()}
            for split, scores in everything.items()
            if scores.intervals
        },
        "details": {split: scores.details for split, scores in splits.items() if scores.details},
        "counts": {split: scores.count for split, scores in splits.items()},
        "notes": notes,
    }


def scored_metrics(
    task: Task,
    evaluators: Sequence[Contributed[Evaluator[Any]]],
    splits: Mapping[str, Pairs],
    train: Examples | None,
    options: Mapping[str, Mapping[str, Any]],
    notes: Sequence[str],
    phase: Callable[[str], None] = lambda text: None,
) -> tuple[dict[str, Any], Callable[[], list[Figure]]]:
    """Score splits of the data, and the baseline and the reference models on the first of them.

    Args:
        task: whose baseline and reference models they are.
        evaluators: as for `score`.
        splits: what is to be scored; the first is the one that counts.
        train: what baseline and reference models learn from; None for neither.
        options: of evaluators by name.
        notes: sentences to put before those of the scores.
        phase: told of each reference model before it learns.

    Returns:
        The content of `metrics.json`, and a function that draws the figures of the first split.
    """
    scores = {name: score(evaluators, pairs, options, intervals=True) for name, pairs in splits.items()}
    first = next(iter(splits), None)
    baseline = None
    reference_models: dict[str, Scores] = {}
    left_out: list[str] = []
    if first is not None and train is not None and len(train):
        guesses = baseline_pairs(task, train, splits[first])
        if guesses is not None:
            baseline = score(evaluators, guesses, options, intervals=False)
        for name in task.reference_models:
            phase(f"comparing with {name}")
            try:
                reference_models[name] = score(
                    evaluators,
                    reference_model_pairs(task, name, train, splits[first]),
                    options,
                    intervals=False,
                )
            except UserError as error:
                left_out.append(f"not compared with {name}: {error}")
    found = metrics(scores, baseline, reference_models)
    found["notes"] = [*notes, *left_out, *found["notes"]]
    return found, scores[first].figures if first is not None else list


class _Evaluated:
    """What one evaluator gave, checked: its finite numbers, and how to get more of them."""

    def __init__(
        self, evaluator: Contributed[Evaluator[Any]], pairs: Pairs, values: Mapping[str, Any]
    ) -> None:
        self.evaluator = evaluator
        self.pairs = pairs
        self.options = parse(evaluator.item.options, values, f"evaluator '{evaluator.name}'")
        start = time.perf_counter()
        with attributed(str(evaluator)):
            given = evaluator.item.evaluate(pairs, self.options)
        self.seconds = time.perf_counter() - start
        self.evaluation = given if isinstance(given, Evaluation) else None
        self.numbers: dict[str, float] = {}
        self.missing: dict[str, float] = {}
        self.notes: dict[str, str] = {}
        self.details: Details = {}
        self.figures: Callable[[], Sequence[Figure]] = tuple
        self.point_only: set[str] = set()
        if self.evaluation is None:
            self._take(self._checked(given))
            return
        with attributed(str(evaluator)):
            resampled = self._checked(self.evaluation.score(np.arange(len(pairs))))
            point_only = self._checked(self.evaluation.point_only())
            self.details = self.evaluation.details()
        self.notes = dict(self.evaluation.notes)
        self.figures = self.evaluation.figures
        self.point_only = set(point_only)
        self._take({**resampled, **point_only})

    def _take(self, numbers: Mapping[str, float]) -> None:
        for name, number in numbers.items():
            if math.isfinite(number):
                self.numbers[name] = number
            elif name not in self.notes:
                self.missing[name] = number

    def _checked(self, given: Any) -> dict[str, float]:
        if not isinstance(given, Mapping):
            raise PluginError(
                f"{self.evaluator} gave {type(given).__name__}, not an Evaluation or a mapping of names to"
                " numbers"
            )
        for name, number in given.items():
            if isinstance(number, bool) or not isinstance(number, int | float | np.integer | np.floating):
                raise PluginError(f"{self.evaluator} gave {name} = {number!r}, which is not a number")
        return {str(name): float(number) for name, number in given.items()}

    def intervals(self, seed: int) -> tuple[Intervals, dict[str, str]]:
        """The intervals by number, and remarks on those that are missing or come from fewer resamples."""
        numbers = {name: number for name, number in self.numbers.items() if name not in self.point_only}
        resamples = RESAMPLES if self.evaluation is not None else affordable_resamples(self.seconds)
        if not resamples and len(self.pairs) > 1:
            reason = f"no interval, scoring takes {self.seconds:.1f} s and would have to be done"
            return {}, dict.fromkeys(numbers, f"{reason} {MIN_RESAMPLES} times")
        return bootstrap(
            self._again,
            numbers,
            len(self.pairs),
            metrics=self.evaluator.item.metrics,
            groups=self.pairs.groups,
            resamples=resamples,
            seed=seed,
        )

    def _again(self, indices: np.ndarray) -> Mapping[str, float]:
        with attributed(str(self.evaluator)):
            if self.evaluation is not None:
                return self.evaluation.score(indices)
            return cast(
                Mapping[str, float], self.evaluator.item.evaluate(self.pairs.at(indices), self.options)
            )


def _grouped(remarks: Mapping[str, str]) -> list[str]:
    """A sentence for each remark, with the names of all numbers that it is about."""
    names: dict[str, list[str]] = {}
    for name, remark in remarks.items():
        names.setdefault(remark, []).append(name)
    return [f"{', '.join(about)}: {remark}" for remark, about in names.items()]


def _keys(evaluator: Contributed[Evaluator[Any]]) -> tuple[str, str]:
    return f"{evaluator.plugin}:{evaluator.item.name}", evaluator.item.name


def _names(
    evaluator: Contributed[Evaluator[Any]], given: Sequence[str], taken: Mapping[str, float], notes: list[str]
) -> dict[str, str]:
    """What the numbers of an evaluator are called, so that no evaluator changes another one's."""
    names = {}
    for name in given:
        names[name] = name
        if name in taken:
            longer = f"{evaluator.item.name}/{name}"
            names[name] = longer if longer not in taken else f"{evaluator.plugin}:{longer}"
            notes.append(f"{names[name]}: the name '{name}' is taken, so the one of {evaluator} is called so")
    return names
