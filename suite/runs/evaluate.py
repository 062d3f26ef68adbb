"""Scoring a trained pipeline, or predictions from anywhere, on data: `suite evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import suite
from suite.configuration import Configuration, with_limits
from suite.contributions import Metric, Task
from suite.data.dataset import Example, Examples, Subset
from suite.errors import SuiteError, UserError, about
from suite.evaluation.checks import check_predictions
from suite.evaluation.failing import added_may_fail
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
from suite.pipeline.manifest import MANIFEST, model_folder, read_manifest, unfinished_note
from suite.prediction.loading import describe, load
from suite.prediction.predictor import LoadedPipeline
from suite.report.page import ReportContent, write_report
from suite.runs.chosen_examples import Chosen, Request, choose
from suite.runs.data import run_data, task_of
from suite.runs.directory import RunDirectory, run_paths, to_json
from suite.runs.elsewhere import kept_elsewhere
from suite.runs.evaluators import (
    added_note,
    evaluators_of,
    merged_options,
    with_evaluators,
    without_missing_evaluators,
)
from suite.runs.explanations import explanations
from suite.runs.report import data_facts
from suite.runs.resuming import check_plugin_files
from suite.sources.addresses import is_address
from suite.training.listeners import ProgramListener
from suite.training.progress import Listener
from suite.wording import counted


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

    @property
    def scores(self) -> Mapping[str, float]:
        """Every number that the evaluators give, by its name."""
        found: Mapping[str, float] = self.metrics[self.split]
        return found


def evaluate(host: Host, request: Request, listener: Listener | None = None) -> Outcome:
    """Score, and write the numbers, the predictions and a report.

    Raises:
        UserError: for whatever is wrong with the run, the data, the predictions or the options.
    """
    if is_address(request.run):
        with kept_elsewhere(request.run) as local:
            return evaluate(host, replace(request, run=local), listener)
    request = located(request)
    run = RunDirectory.open(request.run)
    with _folder(request) as out:
        return _evaluate(host, request, run, out, ProgramListener.of(listener))


def _evaluate(host: Host, request: Request, run: RunDirectory, out: Path, listener: Listener) -> Outcome:
    other_files = check_plugin_files(host, run)
    configuration = with_limits(run.configuration, request.limits)
    set_limits(configuration.runtime)
    task = task_of(host, configuration)
    configuration, missing = without_missing_evaluators(host, configuration)
    trained = configuration
    configuration = with_evaluators(host, configuration, request.evaluators)
    evaluators = evaluators_of(host, configuration, task)
    import_evaluators(evaluators)
    metrics = declared_metrics(evaluators)
    options = merged_options(configuration, request.evaluator_options)
    if request.prediction_options:
        if request.predictions is not None:
            raise UserError(f"{request.predictions} holds predictions: options of predicting change nothing")
        describe(
            _model(request), host=host, options=request.prediction_options
        )  # what is wrong is said at once

    listener.phase("looking at the data")
    chosen = choose(host, run, configuration, request)
    notes = [*chosen.notes, *missing, *added_note(trained, configuration, host)]
    notes += [other_files] if other_files else []
    pipeline = None
    if request.predictions is None:
        note = unfinished_note(read_manifest(model_folder(_model(request))), run.path)
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
        pairs, pipeline = _predicted(host, configuration, request, chosen, notes, listener)

    listener.phase("scoring")
    train = _train_split(host, configuration, chosen, task.item, notes)
    splits = {chosen.split: pairs}
    may_fail = added_may_fail(task, evaluators, defects=False)
    scored, figures = scored_metrics(
        task, evaluators, splits, train, options, notes, listener.phase, leave_out=may_fail
    )

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


def located(request: Request) -> Request:
    """The request with its run: an export that lies in a run is a model of that run.

    Raises:
        UserError: if the model is of no run, or of another one.
    """
    path, model = request.run, request.model
    if model is None and not (path / "config.toml").is_file() and (path / MANIFEST).is_file():
        path, model = path.parent, path
        if not (path / "config.toml").is_file():
            raise UserError(
                f"{model} is a model outside of its run, which knows the data and how it is scored:"
                f" suite evaluate RUN --model {model}"
            )
    if model is not None:
        if request.predictions is not None:
            raise UserError(f"{request.predictions} holds predictions: no model is scored with them")
        own, other = read_manifest(model_folder(path)), read_manifest(model_folder(model))
        if (own.task, own.builder, own.codec) != (other.task, other.builder, other.codec):
            raise UserError(f"{model} is not an export of {path}: their codecs are not the same")
    return replace(request, run=path, model=model)


def _model(request: Request) -> Path:
    return request.run if request.model is None else request.model


def _folder(request: Request) -> AbstractContextManager[Path]:
    """The folder to write, which nobody else gets; it goes again if nothing is written."""
    if request.out is None:
        about = request.data or request.predictions or request.split or "test"
        return claimed_new_folder(run_paths(request.run / "evaluations", str(about)))
    return claimed_folder(request.out, "give another name with --out")


def _predicted(
    host: Host,
    configuration: Configuration,
    request: Request,
    chosen: Chosen,
    notes: list[str],
    listener: Listener,
) -> tuple[Pairs, LoadedPipeline]:
    assert chosen.examples is not None
    backend = configuration.runtime.backend if request.backend == "auto" else request.backend
    listener.phase("loading the model")
    options = request.prediction_options
    pipeline = load(
        _model(request),
        host=host,
        backend=backend,
        device=request.device,
        runtime=request.runtime,
        batch_size=128,
        options=options,
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
    host: Host, configuration: Configuration, chosen: Chosen, task: Task, notes: list[str]
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
    run: RunDirectory,
    configuration: Configuration,
    request: Request,
    task: Task,
    declared: Mapping[str, Metric],
    chosen: Chosen,
    scored: Mapping[str, Any],
    figures: Sequence[Any],
) -> ReportContent:
    environment = run.environment
    what = Path(chosen.where).name if request.data or request.predictions else f"its {chosen.split} split"
    by = f"predictions in {request.predictions}" if request.predictions else f"the model of {_model(request)}"
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
