"""Scoring a trained pipeline, or predictions from anywhere, on data: `suite evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import suite
from suite.configuration import Configuration, with_limits
from suite.contributions import Contributed, DataLoader, Metric, Task
from suite.data.dataset import Dataset, Example, Examples, Subset, fingerprint
from suite.data.groups import COLUMN_OPTION
from suite.data.loading import load_dataset
from suite.data.unrecognized import detection
from suite.documents import expanded
from suite.errors import SuiteError, UserError, about
from suite.evaluation.checks import check_predictions
from suite.evaluation.metrics import declared_metrics
from suite.evaluation.prediction_files import (
    PREDICTIONS_FILE,
    of_split,
    paired,
    read_predictions,
    write_predictions,
)
from suite.evaluation.scoring import import_evaluators, scored_metrics
from suite.evaluation.types import Pairs
from suite.files import atomic_write
from suite.folders import claimed_folder, claimed_new_folder
from suite.host import Host
from suite.limits import set_limits
from suite.pipeline.manifest import model_folder, read_manifest, unfinished_note
from suite.prediction.loading import describe, load
from suite.prediction.predictor import LoadedPipeline
from suite.report.page import ReportContent, write_report
from suite.runs.data import run_data, task_of
from suite.runs.directory import Run, run_paths, to_json
from suite.runs.evaluators import added_note, evaluators_of, merged_options, with_evaluators
from suite.runs.explanations import explanations
from suite.runs.report import data_facts
from suite.runs.resuming import changed_contents, check_plugin_files, moved_data
from suite.training.progress import Listener
from suite.wording import counted


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be scored.

    Attributes:
        run: a run directory.
        data: other data to score, or None for the run's own.
        split: "train", "validation" or "test"; None takes the test split, or all of data that has no splits.
        predictions: a file of predictions to score instead of predicting; without `data` its own targets
            count, unless `split` names a split of the run's data.
        loader: the loader of `data`, or None to let the data decide.
        loader_options: its options.
        evaluators: names of evaluators to score with beside those of the run, which may be installed since.
        evaluator_options: options of evaluators by name; they win over the run's.
        prediction_options: what `suite predict --set` takes, for predicting otherwise than by default.
        limits: on what one input may take, other than the run's, by their names in `[runtime]`.
        out: the folder to write; None makes one in `RUN/evaluations`.
        backend: for the network, see `suite.load`; "auto" takes what the run was trained with.
        device: for the network.
        command: what repeats this, for the report.
    """

    run: Path
    data: str | None = None
    split: str | None = None
    predictions: Path | None = None
    loader: str | None = None
    loader_options: Mapping[str, Any] = field(default_factory=dict)
    evaluators: Sequence[str] = ()
    evaluator_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    prediction_options: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    out: Path | None = None
    backend: str = "auto"
    device: str = "auto"
    command: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was found and written.

    Attributes:
        folder: with `metrics.json`, `predictions.jsonl` and `report.html`.
        task: the run's task.
        declared: the metrics that the evaluators declare, by name.
        split: the name under which the scores are in `metrics`.
        metrics: the content of `metrics.json`.
    """

    folder: Path
    task: Task
    declared: Mapping[str, Metric]
    split: str
    metrics: dict[str, Any]


@dataclass(frozen=True)
class _Chosen:
    """The examples to score: None if the targets are in the file of predictions."""

    split: str
    examples: Examples | None
    where: str
    notes: list[str]
    train: Examples | None = None
    group_of: Callable[[Example], Hashable] | None = None
    others: Sequence[Examples] = ()


def evaluate(host: Host, request: Request, listener: Listener | None = None) -> Outcome:
    """Score, and write the numbers, the predictions and a report.

    Raises:
        UserError: for whatever is wrong with the run, the data, the predictions or the options.
    """
    run = Run.open(request.run)
    with _folder(request) as out:
        return _evaluate(host, request, run, out, listener or Listener())


def _evaluate(host: Host, request: Request, run: Run, out: Path, listener: Listener) -> Outcome:
    other_files = check_plugin_files(host, run)
    configuration = with_limits(run.configuration, request.limits)
    set_limits(configuration.runtime)
    task = task_of(host, configuration)
    trained = configuration
    configuration = with_evaluators(host, configuration, request.evaluators)
    evaluators = evaluators_of(host, configuration, task)
    import_evaluators(evaluators)
    metrics = declared_metrics(evaluators)
    options = merged_options(configuration, request.evaluator_options)
    if request.prediction_options:
        if request.predictions is not None:
            raise UserError(f"{request.predictions} holds predictions: options of predicting change nothing")
        describe(run.path, host=host, options=request.prediction_options)  # what is wrong is said at once

    listener.phase("looking at the data")
    chosen = _choose(host, run, configuration, request)
    notes = [*chosen.notes, *added_note(trained, configuration, host)]
    notes += [other_files] if other_files else []
    pipeline = None
    if request.predictions is None:
        note = unfinished_note(read_manifest(model_folder(run.path)), run.path)
        notes += [note] if note else []
    if request.predictions is not None:
        lines = read_predictions(request.predictions, task.item)
        if chosen.examples is not None:
            lines, left = of_split(lines, chosen.examples, chosen.others)
            what = counted(left, "prediction is of another split", "predictions are of other splits")
            notes += [f"{what} of the data, and not scored"] if left else []
        facts = run.environment.get("facts", {})
        pairs = paired(lines, chosen.examples, facts, str(request.predictions))
    else:
        pairs, pipeline = _predicted(host, run, configuration, request, chosen, notes, listener)

    listener.phase("scoring")
    train = _train_split(host, configuration, chosen, task.item, notes)
    splits = {chosen.split: pairs}
    scored, figures = scored_metrics(task, evaluators, splits, train, options, notes, listener.phase)

    listener.phase("writing the report")
    shown, remarks = figures()
    scored["notes"] += remarks
    if pipeline is not None:
        explained, remarks = explanations(task, pairs, pipeline)
        shown += explained
        scored["notes"] += remarks
    content = _content(run, configuration, request, task.item, metrics, chosen, scored, shown)
    write_predictions(out / PREDICTIONS_FILE, pairs)
    write_report(content, out / "report.html")
    atomic_write(out / "metrics.json", to_json(scored))
    return Outcome(folder=out, task=task.item, declared=metrics, split=chosen.split, metrics=scored)


def _folder(request: Request) -> AbstractContextManager[Path]:
    """The folder to write, which nobody else gets; it goes again if nothing is written."""
    if request.out is None:
        about = request.data or request.predictions or request.split or "test"
        return claimed_new_folder(run_paths(request.run / "evaluations", str(about)))
    return claimed_folder(request.out, "give another name with --out")


def _choose(host: Host, run: Run, configuration: Configuration, request: Request) -> _Chosen:
    if request.data is None and request.predictions is not None and request.split is None:
        return _Chosen("test", None, str(request.predictions), [])
    if request.data is not None and not _names_own_data(request, configuration):
        return _choose_from(host, configuration, request, request.data)
    dataset = _own_data(host, run, configuration)
    if dataset is None:
        what = (
            f"the data in {configuration.data} is not what {run.path} was trained with (other files, labels"
        )
        what += " or splits), so its splits are not known any more"
        if request.data is None:
            raise UserError(f"{what}: name the data to score, suite evaluate {run.path} DATA")
        chosen = _choose_from(host, configuration, request, request.data)
        chosen.notes.insert(0, f"{what}: the model may have learned from some of these examples")
        return chosen
    split = request.split or ("test" if dataset.test is not None else "validation")
    examples = dataset.splits.get(split)
    if not examples:
        raise UserError(f"the data of {run.path} has no {split} split: it has {', '.join(dataset.splits)}")
    changed = changed_contents(run, configuration.data, dataset)
    notes = [*dataset.problems, *([changed] if changed else [])]
    if split == "train":
        notes.append("the model has learned from these very examples: its scores on them say little")
    others = _without(dataset.splits, split)
    return _with_targets(
        _Chosen(split, examples, configuration.data, notes, dataset.train, dataset.groups, others)
    )


def _without(splits: Mapping[str, Examples], split: str) -> list[Examples]:
    return [examples for name, examples in splits.items() if name != split]


def _names_own_data(request: Request, configuration: Configuration) -> bool:
    """Whether DATA is what the run was trained with: then what it has learned from is not to be scored."""
    own = request.loader in (None, configuration.loader_name) and not request.loader_options
    return own and expanded(request.data or "").resolve() == Path(configuration.data)


def _choose_from(host: Host, configuration: Configuration, request: Request, data: str) -> _Chosen:
    dataset = _loaded(host, configuration, request, data)
    notes = [problem for problem in dataset.problems if not getattr(problem, "of_training", False)]
    splits = dataset.splits
    if request.split is not None:
        if not splits.get(request.split):
            raise UserError(f"{data} has no {request.split} split: it has {', '.join(splits)}")
        others = _without(splits, request.split)
        return _with_targets(
            _Chosen(request.split, splits[request.split], data, notes, group_of=dataset.groups, others=others)
        )
    split = next(name for name in ("test", "validation", "train") if splits.get(name))
    left = ", ".join(name for name, examples in splits.items() if name != split and len(examples))
    if left:
        notes.append(f"scored the {split} split of {data}, not {left}: --split chooses another")
    others = _without(splits, split)
    return _with_targets(_Chosen("test", splits[split], data, notes, group_of=dataset.groups, others=others))


def _loaded(host: Host, configuration: Configuration, request: Request, data: str) -> Dataset:
    """Other data, read with the options of the run's loader if that reads it, or no other one does."""
    loader, options = request.loader, request.loader_options
    if configuration.loader_name is not None and loader in (None, configuration.loader_name):
        task_name, plugins = task_of(host, configuration).full_name, list(configuration.plugins)
        own = host.loader(configuration.loader_name, task_name, plugins)
        others = (other for other in host.loaders(own.task) if other.full_name != own.full_name)
        if (
            loader is not None
            or _recognizes(own, data)
            or not any(_recognizes(other, data) for other in others)
        ):
            loader = own.full_name
            options = own.item.options.for_other_data(configuration.loader, options)
    task, groups = task_of(host, configuration).full_name, configuration.split.groups
    if groups and COLUMN_OPTION not in request.loader_options:
        options = {name: value for name, value in options.items() if name != COLUMN_OPTION}
        try:
            return load_dataset(host, task, data, loader, options, groups)[0]
        except UserError as error:
            dataset = load_dataset(host, task, data, loader, options)[0]
            note = f"intervals take each example for itself, for groups are not known: {error}"
            return replace(dataset, problems=[*dataset.problems, note])
    return load_dataset(host, task, data, loader, options)[0]


def _recognizes(loader: Contributed[DataLoader[Any]], data: str) -> bool:
    try:
        return detection(loader, Path(data))[0]
    except Exception:  # noqa: BLE001 - then it is not read by this loader, and loading says why
        return False


def _with_targets(chosen: _Chosen) -> _Chosen:
    """Leave out the examples without a target, and say so."""
    assert chosen.examples is not None
    examples = chosen.examples
    known = [index for index in range(len(examples)) if examples[index].target is not None]
    missing = len(examples) - len(known)
    if not missing:
        return chosen
    if not known:
        raise UserError(f"{chosen.where}: no example has a target, so there is nothing to score")
    note = f"left out: {missing:,} of {len(examples):,} examples have no target"
    subset = Subset(examples, np.asarray(known, np.int64))
    return replace(chosen, examples=subset, notes=[*chosen.notes, note])


def _own_data(host: Host, run: Run, configuration: Configuration) -> Dataset | None:
    """The data of the run with the very splits it was trained with; None if it has changed.

    Raises:
        UserError: if it is not there any more.
    """
    if configuration.data and not Path(configuration.data).exists():
        raise UserError(
            f"name the data to score, suite evaluate {run.path} DATA: {moved_data(run, configuration)}"
        )
    dataset = run_data(host, configuration).dataset
    return dataset if fingerprint(dataset) == run.environment.get("data_fingerprint") else None


def _predicted(
    host: Host,
    run: Run,
    configuration: Configuration,
    request: Request,
    chosen: _Chosen,
    notes: list[str],
    listener: Listener,
) -> tuple[Pairs, LoadedPipeline]:
    assert chosen.examples is not None
    backend = configuration.runtime.backend if request.backend == "auto" else request.backend
    listener.phase("loading the model")
    options = request.prediction_options
    pipeline = load(
        run.path, host=host, backend=backend, device=request.device, batch_size=128, options=options
    )
    listener.phase(f"predicting {counted(len(chosen.examples), 'example', 'examples')}")
    pairs, unreadable = predict_examples(pipeline, chosen.examples, chosen.group_of)
    check_predictions(
        pairs.predictions,
        task_of(host, configuration).item,
        f"the codec of model builder '{pipeline.builder}'",
    )
    if not len(pairs):
        raise UserError(f"{chosen.where}: no example could be read; the first: {unreadable[0]}")
    notes += [f"left out: {error}" for error in unreadable]
    return pairs, pipeline


def _train_split(
    host: Host, configuration: Configuration, chosen: _Chosen, task: Task, notes: list[str]
) -> Examples | None:
    """What the baseline and the reference models learn from: the examples that the model was trained with."""
    if chosen.train is not None:
        return chosen.train
    try:
        return run_data(host, configuration).dataset.train
    except SuiteError as error:
        missing = "no baseline and no reference models" if task.reference_models else "no baseline"
        notes.append(f"{missing}, for the training data cannot be loaded: {error}")
        return None


def _content(
    run: Run,
    configuration: Configuration,
    request: Request,
    task: Task,
    declared: Mapping[str, Metric],
    chosen: _Chosen,
    scored: Mapping[str, Any],
    figures: Sequence[Any],
) -> ReportContent:
    environment = run.environment
    what = Path(chosen.where).name if request.data or request.predictions else f"its {chosen.split} split"
    by = f"predictions in {request.predictions}" if request.predictions else f"the model of {run.path}"
    return ReportContent(
        title=f"{run.path.resolve().name} on {what}",
        subtitle=f"{task.name} · {by}",
        metric=task.metric,
        declared=declared,
        metrics=scored,
        split=chosen.split,
        facts={"examples": f"{scored['counts'][chosen.split]:,}", "scored": chosen.where},
        figures=figures,
        data={f"trained on: {name}": value for name, value in data_facts(configuration, environment).items()},
        command=request.command,
        notes=scored["notes"],
        footer=f"Made by suite {suite.__version__}.",
    )


def predict_examples(
    pipeline: LoadedPipeline, examples: Examples, group_of: Callable[[Example], Hashable] | None = None
) -> tuple[Pairs, list[str]]:
    """Predict examples that have targets.

    Args:
        pipeline: that predicts.
        examples: with targets.
        group_of: `Dataset.groups`, or None if there are no groups.

    Returns:
        The pairs of those that could be read, and a sentence on each of the others.
    """
    inputs = (examples[index].input for index in range(len(examples)))
    kept, predictions, unreadable = [], [], []
    for index, result in enumerate(pipeline.for_scoring().predict_each(inputs, pipeline.batch_size)):
        if result.error is None:
            kept.append(index)
            predictions.append(result.prediction)
        else:
            example = examples[index]
            unreadable.append(about(str(result.error), example.id, example.input))
    readable = Subset(examples, np.asarray(kept, np.int64))
    shown = [readable[index] for index in range(len(kept))]
    pairs = Pairs(
        targets=[example.target for example in shown],
        predictions=predictions,
        ids=[example.id for example in shown],
        examples=readable,
        facts=pipeline.scoring_facts,
        groups=None if group_of is None else [group_of(example) for example in shown],
    )
    return pairs, unreadable
