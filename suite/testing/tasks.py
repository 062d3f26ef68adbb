"""Checks of a task: its sample, what is compared with a network, previews, inspections and formats."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from suite.contributions import Contributed, Task
from suite.data.checks import check_dataset
from suite.data.dataset import Dataset, Example, fingerprint
from suite.data.findings import Inspection
from suite.errors import PluginError, UserError
from suite.evaluation.checks import check_predictions, made_figures
from suite.evaluation.scoring import reference_model_pairs
from suite.evaluation.types import Pairs
from suite.pipeline.comparing import same
from suite.plugin_frames import raised
from suite.testing.check import READ, TRAINED, Check, NotCheckedError
from suite.testing.contribution_checks import check_preview
from suite.testing.samples import MAX_EXAMPLES, guessed_pairs, mixed_pairs, perfect_pairs, sample_of, spread
from suite.testing.trials import Trials
from suite.widget_checks import prediction_defects


def task_checks(task: Contributed[Task], trials: Trials) -> Iterator[Check]:
    """The checks of a task."""

    def check(name: str, function: Any, cost: int = READ) -> Check:
        return Check(
            name=name,
            about=str(task),
            plugin=task.plugin,
            task=task.name,
            contribution=task.name,
            cost=cost,
            make=lambda: function(task),
        )

    yield check("task-sample", _check_sample)
    if task.item.perfect is not None:
        yield check("task-perfect", lambda task: perfect_pairs(task, sample_of(task)))
    if task.item.check is not None:
        yield check("task-check-answers", _check_check)
    if task.item.baseline is not None:
        yield check("task-baseline", _check_baseline)
    for name in task.item.reference_models:
        yield check("task-reference-model", lambda task, name=name: _check_reference_model(task, name))
    if task.item.inspect is not None:
        yield check("task-inspect", _check_inspect)
    if task.item.preview is not None:
        yield check("task-preview", lambda task: check_preview(task.item, sample_of(task)))
    if task.item.widgets is not None:
        yield check("task-widgets", _check_widgets)
    for name in task.item.formats:
        yield check("task-format", lambda task, name=name: _check_format(task, name))
    if task.item.explain is not None:
        yield check("task-explain", lambda task: _check_explain(task, trials), TRAINED)


def _check_sample(task: Contributed[Task]) -> None:
    dataset = sample_of(task)
    whose = f"sample() of {task}"
    check_dataset(dataset, whose)
    for name in ("train", "validation", "test"):
        if not len(dataset.splits.get(name, ())):
            raise PluginError(f"{whose} has no {name} split: give a few examples in each of the three")
    count = sum(len(split) for split in dataset.splits.values())
    if count > MAX_EXAMPLES:
        raise PluginError(
            f"{whose} has {count:,} examples: a few dozen, that are learned in seconds, are enough"
        )
    if any(example.target is None for example in spread(dataset.train, 100)):
        raise PluginError(
            f"{whose} has training examples without a target: there is nothing to learn from them"
        )
    if fingerprint(dataset) != fingerprint(sample_of(task)):
        raise PluginError(
            f"{whose} is another one each time: make it with a generator of a fixed seed, so that what is"
            " trained on it can be repeated"
        )


def _check_check(task: Contributed[Task]) -> None:
    """What a loader of another plugin may give: the task's check refuses it in a sentence or lets it pass."""
    assert task.item.check is not None
    dataset = sample_of(task)
    first = dataset.train[0]
    for target in (None, 17, "", ["", None], {}, {"unknown": 1}):
        _try_check(
            task, replace(dataset, train=[Example(first.id, first.input, target)]), f"the target {target!r}"
        )
    _try_check(task, replace(dataset, facts={}), "no facts")


def _try_check(task: Contributed[Task], dataset: Dataset, what: str) -> None:
    assert task.item.check is not None
    try:
        task.item.check(dataset)
    except UserError:
        return
    except Exception as error:
        raise PluginError(
            f"check() of {task} {raised(error)} for {what}: raise suite.UserError, which says which example"
            " it is and what the task needs"
        ) from error


def _check_baseline(task: Contributed[Task]) -> None:
    dataset = sample_of(task)
    first, second = guessed_pairs(task, dataset), guessed_pairs(task, dataset)
    assert first is not None
    assert second is not None
    if not same(list(first.predictions), list(second.predictions)):
        raise PluginError(f"the baseline of {task} predicts something else each time: use a fixed seed")


def _check_reference_model(task: Contributed[Task], name: str) -> None:
    pairs = mixed_or_bare(task, sample_of(task))
    try:
        reference_model_pairs(task, name, sample_of(task).train, pairs)
    except UserError as error:
        raise NotCheckedError(f"'{name}' cannot be compared here: {error}") from error


def mixed_or_bare(task: Contributed[Task], dataset: Dataset) -> Pairs:
    """Pairs of the sample; their predictions are None if nobody says what they may be."""
    try:
        return mixed_pairs(task, dataset)
    except NotCheckedError:
        examples = spread(dataset.train, 8)
        return Pairs(
            targets=[example.target for example in examples],
            predictions=[None] * len(examples),
            ids=[example.id for example in examples],
            examples=examples,
            facts=dataset.facts,
        )


def _check_inspect(task: Contributed[Task]) -> None:
    assert task.item.inspect is not None
    found = task.item.inspect(sample_of(task), lambda done, total: None)
    if not isinstance(found, Inspection):
        raise PluginError(f"inspect() of {task} gives {type(found).__name__}: return a suite.Inspection")
    wrong = [finding.text for finding in found.findings if finding.wrong]
    if wrong:
        raise PluginError(f"inspect() of {task} finds its own sample wrong: {wrong[0]}")


def _check_format(task: Contributed[Task], name: str) -> None:
    whose = f"the format '{name}' of {task}"
    dataset = sample_of(task)
    pairs = mixed_pairs(task, dataset)
    assert pairs.examples is not None
    with tempfile.TemporaryDirectory() as folder:
        for target in (Path(folder) / "predictions", Path(folder) / "nothing"):
            writer = task.item.formats[name](target, dataset.facts)
            try:
                for index in range(len(pairs) if target.name == "predictions" else 0):
                    writer.add(pairs.examples[index].input, pairs.ids[index], pairs.predictions[index])
            finally:
                written = writer.close()
            missing = [path for path in written if not Path(path).exists()]
            if missing:
                raise PluginError(f"{whose} says that it has written {missing[0]}, and there is no such file")
            if target.name == "predictions" and not written:
                raise PluginError(
                    f"{whose} writes {len(pairs)} predictions and names no file: close() returns them"
                )


def _check_widgets(task: Contributed[Task]) -> None:
    """The fields that the widgets name are there and of a type that can be shown."""
    widgets, kind = task.item.widgets, task.item.prediction_class
    assert widgets is not None
    pairs = mixed_pairs(task, sample_of(task))
    fields = [] if kind is None else [field.encode_name for field in msgspec.structs.fields(kind)]
    for prediction in pairs.predictions:
        for defect in prediction_defects(widgets, msgspec.to_builtins(prediction), fields):
            raise PluginError(f"the widgets of {task} cannot show its predictions: {defect}")


def _check_explain(task: Contributed[Task], trials: Trials) -> None:
    trial = trials.of_default(task)
    pairs = trial.predicted("builder-trains")
    loaded = trial.loaded("builder-trains")
    assert task.item.explain is not None
    explain = task.item.explain
    check_predictions(pairs.predictions, task.item, str(task))
    _, notes = made_figures(
        lambda: explain(pairs, lambda raws: loaded.for_scoring().predict(list(raws))), str(task), "explain()"
    )
    for note in notes:
        raise PluginError(f"{task}: {note}")
