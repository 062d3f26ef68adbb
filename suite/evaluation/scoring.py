"""Runs evaluators over pairs of target and prediction: numbers, how sure they are, and a baseline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from suite.contributions import Contributed, Evaluator, Lazy, Task
from suite.data.dataset import Example, Examples
from suite.errors import PluginError, SuiteError, UserError, attributed, nearest, unimportable
from suite.evaluation.checks import check_predictions, described, made_figures
from suite.evaluation.evaluated import Evaluated
from suite.evaluation.failing import LeaveOut, reason_of
from suite.evaluation.types import Details, Pairs
from suite.figures import Figure
from suite.options import parse
from suite.stopping import check_stop
from suite.wording import some

_MAX_NAMES = 6
"""How many numbers a note names."""


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
        left_out: the full names of the evaluators that failed and were left out.
        undeclared: by evaluator, its numbers of which it does not declare what they are.
    """

    numbers: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    details: Details
    notes: Sequence[str]
    count: int
    left_out: Collection[str] = ()
    undeclared: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _figures: Sequence[tuple[str, Callable[[], Sequence[Figure]]]] = field(default=(), repr=False)

    def figures(self) -> tuple[list[Figure], list[str]]:
        """The evaluators' figures, in the order of the evaluators. Slow: it may draw and read examples.

        Returns:
            The figures, and a note on each evaluator whose figures could not be made.
        """
        figures: list[Figure] = []
        notes: list[str] = []
        for evaluator, make in self._figures:
            made, remarks = made_figures(make, evaluator, f"the figures of {evaluator} are missing")
            figures += made
            notes += remarks
        return figures, notes


def score(
    evaluators: Sequence[Contributed[Evaluator[Any]]],
    pairs: Pairs,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    intervals: bool,
    seed: int = 0,
    leave_out: LeaveOut | None = None,
    without: Collection[str] = (),
) -> Scores:
    """Score predictions.

    Args:
        evaluators: the evaluators, in the order in which their names have precedence.
        pairs: targets and predictions of at least one example.
        options: options of evaluators, by evaluator name (or `plugin:name`).
        intervals: whether to bootstrap. Without, this is as cheap as the evaluators' own scores.
        seed: of the resampling; the same pairs and seed give the same intervals.
        leave_out: asked for each evaluator that fails; the others score without one of which it says
            something, which is a note. None raises each error.
        without: full names of evaluators that are not asked, and whose names no other one gets.

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
    taken: set[str] = set()
    left_out = []
    undeclared: dict[str, Sequence[str]] = {}
    for evaluator in evaluators:
        check_stop()
        if evaluator.full_name in without:
            taken |= evaluator.item.metrics.keys()
            continue
        values = next((given[key] for key in _keys(evaluator) if key in given), {})
        parse(evaluator.item.options, values, f"evaluator '{evaluator.name}'")  # that is nobody's failure
        try:
            found = Evaluated(evaluator, pairs, values)
        except Exception as error:
            note = None if leave_out is None else leave_out(evaluator, error)
            if note is None:
                raise
            notes.append(note)
            left_out.append(evaluator.full_name)
            taken |= evaluator.item.metrics.keys()  # no later one is taken for it
            continue
        names = _names(evaluator, [*found.numbers, *found.missing], taken, notes)
        taken |= set(names.values())
        numbers |= {names[name]: number for name, number in found.numbers.items()}
        notes += [f"{names.get(name, name)}: {note}" for name, note in found.notes.items()]
        notes += [f"{names[name]} is left out: it is {value}" for name, value in found.missing.items()]
        unknown = [name for name in found.numbers if name not in evaluator.item.metrics]
        if unknown:
            undeclared[str(evaluator)] = unknown
        details |= {
            name if name not in details else f"{evaluator.item.name}/{name}": table
            for name, table in found.details.items()
        }
        figures.append((str(evaluator), found.figures))
        if intervals:
            spreads, remarks = found.intervals_or_none(seed)
            found_intervals |= {names[name]: spread for name, spread in spreads.items()}
            notes += _grouped({names[name]: remark for name, remark in remarks.items()})
    return Scores(
        numbers=numbers,
        intervals=found_intervals,
        details=details,
        notes=notes,
        count=len(pairs),
        left_out=left_out,
        undeclared=undeclared,
        _figures=tuple(figures),
    )


def baseline_pairs(task: Contributed[Task], train: Examples, pairs: Pairs) -> Pairs | None:
    """The same examples with what the task would predict for them without learning from inputs.

    Returns:
        Pairs to be scored by the same evaluators, or None where the task has no baseline.

    Raises:
        PluginError: if the task's baseline does not give a prediction per example.
    """
    if task.item.baseline is None:
        return None
    with attributed(f"the baseline of {task}"):
        predictions = task.item.baseline(train, _without_targets(pairs), pairs.facts)
    return _compared(pairs, predictions, task.item, f"the baseline of {task}")


def reference_model_pairs(task: Contributed[Task], name: str, train: Examples, pairs: Pairs) -> Pairs:
    """The same examples with what a classical method predicts that learned from the training split.

    Raises:
        UserError: where it cannot be compared for a reason that people can do something about.
        PluginError: where it does not give a prediction per example.
    """
    if pairs.examples is None:
        raise UserError("the inputs are not known, only the predictions for them")
    reference_model = f"'{name}', a reference model of {task},"
    try:
        with attributed(reference_model):
            predictions = task.item.reference_models[name](train, _without_targets(pairs), pairs.facts)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        missing = f"it needs the package '{error.name}', which is not installed"
        raise unimportable(error, package, missing) from error
    return _compared(pairs, predictions, task.item, reference_model)


def import_evaluators(evaluators: Sequence[Contributed[Evaluator[Any]]]) -> None:
    """Import what scores, so that a package that is missing is said before hours go into predictions.

    Raises:
        UserError: if an evaluator says that a package is not installed.
    """
    for evaluator in evaluators:
        if isinstance(evaluator.item.evaluate, Lazy):
            with attributed(str(evaluator)):
                evaluator.item.evaluate.resolve()


def _without_targets(pairs: Pairs) -> list[Example]:
    """The examples for what is compared: what is scored must not reach it."""
    return [
        Example(id=name, input=None if pairs.examples is None else pairs.examples[index].input)
        for index, name in enumerate(pairs.ids)
    ]


def _compared(pairs: Pairs, predictions: Any, task: Task, whose: str) -> Pairs:
    if isinstance(predictions, str | Mapping) or not hasattr(predictions, "__len__"):
        raise PluginError(f"{whose} gives {type(predictions).__name__}, not a list of predictions")
    if len(predictions) != len(pairs):
        raise PluginError(f"{whose} predicts {len(predictions)} of {len(pairs)} examples")
    check_predictions(predictions, task, whose)
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
    # What is to be said of several splits is said once.
    about: dict[str, list[str]] = {}
    for split, scores in splits.items():
        for note in scores.notes:
            about.setdefault(note, []).append(split)
    notes = [f"{' and '.join(names)}: {note}" for note, names in about.items()]
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
    task: Contributed[Task],
    evaluators: Sequence[Contributed[Evaluator[Any]]],
    splits: Mapping[str, Pairs],
    train: Examples | None,
    options: Mapping[str, Mapping[str, Any]],
    notes: Sequence[str],
    phase: Callable[[str], None] = lambda text: None,
    *,
    leave_out: LeaveOut | None = None,
) -> tuple[dict[str, Any], Callable[[], tuple[list[Figure], list[str]]]]:
    """Score splits of the data, and the baseline and the reference models on the first of them.

    Args:
        task: whose baseline and reference models they are.
        evaluators: as for `score`.
        splits: what is to be scored; the first is the one that counts.
        train: what baseline and reference models learn from; None for neither.
        options: of evaluators by name.
        notes: sentences to put before those of the scores.
        phase: called with the name of each reference model before it learns.
        leave_out: as for `score`, for the splits.

    Returns:
        The content of `metrics.json`, and a function that draws the figures of the first split, as
        `Scores.figures`. A baseline or a reference model that fails is a note: it is only compared with.
    """
    scores = {
        name: score(evaluators, pairs, options, intervals=True, leave_out=leave_out)
        for name, pairs in splits.items()
    }
    first = next(iter(splits), None)
    undeclared = {} if first is None else scores[first].undeclared
    baseline = None
    reference_models: dict[str, Scores] = {}
    left_out: list[str] = []
    if first is not None and train is not None and len(train):
        pairs = splits[first]

        without = scores[first].left_out

        def compared(name: str, guess: Callable[[], Pairs | None], whose: str) -> Scores | None:
            def cannot(evaluator: Contributed[Evaluator[Any]], error: Exception) -> str:
                left_out.append(f"{evaluator} cannot score {name}: {reason_of(error)}")
                return left_out[-1]

            try:
                guesses = guess()
                if guesses is None:
                    return None
                found = score(
                    evaluators, guesses, options, intervals=False, leave_out=cannot, without=without
                )
                return found if found.numbers else None
            except SuiteError as error:
                left_out.append(f"not compared with {name}: {error}")
            except Exception as error:  # noqa: BLE001 - a trained run is not lost to what it is compared with
                left_out.append(f"not compared with {name}, for a defect of {whose}: {described(error)}")
            return None

        baseline = compared(
            "the baseline", lambda: baseline_pairs(task, train, pairs), f"the baseline of {task}"
        )
        for name in task.item.reference_models:
            check_stop()
            phase(f"comparing with {name}")
            found = compared(
                name,
                lambda name=name: reference_model_pairs(task, name, train, pairs),  # type: ignore[misc]
                f"a reference model of {task}",
            )
            if found is not None:
                reference_models[name] = found
    content = metrics(scores, baseline, reference_models)
    left_out += [
        f"{evaluator} gives {some(names, _MAX_NAMES)} and does not declare it in its metrics: whether a"
        " higher number is better is not known"
        for evaluator, names in undeclared.items()
    ]
    content["notes"] = [*notes, *left_out, *content["notes"]]
    return content, scores[first].figures if first is not None else lambda: ([], [])


def _grouped(remarks: Mapping[str, str]) -> list[str]:
    """A sentence for each remark, with the names of all numbers that it is about."""
    names: dict[str, list[str]] = {}
    for name, remark in remarks.items():
        names.setdefault(remark, []).append(name)
    return [f"{some(about, _MAX_NAMES, quoted=False)}: {remark}" for remark, about in names.items()]


def _keys(evaluator: Contributed[Evaluator[Any]]) -> tuple[str, str]:
    return f"{evaluator.plugin}:{evaluator.item.name}", evaluator.item.name


def _names(
    evaluator: Contributed[Evaluator[Any]], given: Sequence[str], taken: Collection[str], notes: list[str]
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
