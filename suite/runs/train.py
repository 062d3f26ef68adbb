"""A whole training: from a configuration to a run directory with a model, scores and a report."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from suite.configuration import Configuration
from suite.errors import LostError, RunError, StoppedError, SuiteError, UnwritableError, UserError, attributed
from suite.folders import claimed_folder, claimed_new_folder
from suite.host import Host
from suite.runs.build import Experiment, build, environment
from suite.runs.directory import RunDirectory, run_name, run_paths, taken_advice
from suite.runs.elsewhere import elsewhere_too
from suite.runs.evaluators import without_missing_evaluators
from suite.runs.interim import InterimModel, write_model
from suite.runs.logs import RunListener, heard, without_missing
from suite.runs.resuming import (
    Resumption,
    changed_contents,
    check_codec,
    check_data,
    check_plugin_files,
    continuation,
    continuation_note,
    going_on_after,
    is_complete,
    other_devices,
    record_moved_data,
    resumed_configuration,
)
from suite.runs.workers import Workers, refuse_processes
from suite.stopping import unstoppable
from suite.training.continuation import Continuation
from suite.training.initial_weights import initialize
from suite.training.listeners import ProgramListener
from suite.training.progress import Listener, RunFacts
from suite.versions import said_with

if TYPE_CHECKING:
    from suite.data.dataset import Dataset
    from suite.evaluation.failing import LeaveOut
    from suite.evaluation.types import Pairs
    from suite.prediction.predictor import LoadedPipeline
    from suite.training.trainer import Trainer
    from suite.training.validation import Validation


SCORING_BATCH = 128


@elsewhere_too("out", is_new=True)
def train(
    host: Host,
    configuration: Configuration,
    *,
    out: Path | None = None,
    folder: Path = Path("runs"),
    command: str = "",
    dataset: Dataset | None = None,
    listener: Listener | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> RunDirectory:
    """Train, score and report.

    Args:
        host: where everything is looked up.
        configuration: what the user chose; "auto" is replaced here.
        out: the run directory; None makes one in `folder`, named after the data.
        folder: where runs are.
        command: the command that repeats the run, for the report.
        dataset: data in memory, if the configuration names none: see `suite.data.Dataset.of`.
        listener: hears of what happens.
        stop: called after each step; true ends the training with everything kept.

    Raises:
        UserError: for what the user can put right, before anything is written where possible.
        RunError: where training failed.
        StoppedError: where it was stopped; the message says how to go on.
    """
    listener = ProgramListener.of(listener)
    if configuration.split.folds and not configuration.split.fold:
        raise UserError("folds are several runs: suite.cross_validate trains them")
    if dataset is not None:
        refuse_processes(configuration.runtime, "other processes have nothing of data in memory")
    with Workers(host) as workers:
        with ExitStack() as claims:
            # A name that is given is taken before anything else is done; one that is found, when it is found.
            if out is not None:
                claims.enter_context(claimed_folder(out, taken_advice(out)))
            experiment = build(host, configuration, listener, dataset, start=workers.start)
            if out is None:
                names = run_paths(folder, run_name(configuration))
                out = claims.enter_context(claimed_new_folder(names))
            run = RunDirectory.create(out, experiment.configuration, environment(experiment, command))
        try:
            with run.locked(), going_on_after(run.path):
                return _train(run, experiment, listener, stop, workers)
        except UserError:
            if not run.checkpoints.exist:  # nothing has been learned, and the name is free again
                shutil.rmtree(run.path, ignore_errors=True)
            raise


@elsewhere_too("path")
def resume(
    host: Host,
    path: Path,
    *,
    how: Resumption | None = None,
    dataset: Dataset | None = None,
    listener: Listener | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> RunDirectory:
    """Go on with a run from its newest checkpoint, or only finish its scores and report.

    Args:
        host: where everything is looked up.
        path: the run directory.
        how: where its data is now, and for how many more epochs it is trained; None changes neither.
        dataset: data in memory, if the run has none elsewhere.
        listener: hears of what happens.
        stop: called after each step; true ends the training with everything kept.

    Raises:
        UserError: where there is no run, it is complete, its data has changed, or it does not fit the
            plugins that are installed now.
        RunError: as `train`.
    """
    listener = ProgramListener.of(listener)
    how = how or Resumption()
    run = RunDirectory.open(path)
    other_files = check_plugin_files(host, run)
    with going_on_after(run.path), run.locked(), Workers(host) as workers:
        configuration = resumed_configuration(run, how)
        if is_complete(run) and how.epochs is None:
            record_moved_data(host, run, configuration, listener)
            return run
        configuration, missing = without_missing(host, configuration)
        configuration, unscored = without_missing_evaluators(host, configuration)
        configuration = replace(configuration, log={**configuration.log, **how.log})
        with said_with(run.other_versions):
            experiment = build(host, configuration, listener, dataset, start=workers.start)
        check_data(run, experiment.configuration.data, experiment.dataset)
        check_codec(run, experiment)
        other = run.other_versions()
        for note in (
            *missing,
            *unscored,
            other_devices(run, experiment),
            changed_contents(run, experiment.configuration.data, experiment.dataset),
            other_files,
            f"{run.path} goes on with other packages than it was begun with{other}" if other else "",
        ):
            if note:
                listener.note(note)
                experiment = replace(experiment, notes=[*experiment.notes, note])
        if how.data is not None:
            run.move_data(experiment.configuration.data)
        if how.log:
            run.add_log(how.log)
        return _train(run, experiment, listener, stop, workers, continuation(run, how))


def _train(
    run: RunDirectory,
    experiment: Experiment,
    listener: Listener,
    stop: Callable[[], bool],
    workers: Workers,
    added: Continuation | None = None,
) -> RunDirectory:
    workers.tell_run(run.path)
    with heard(listener, experiment.host, experiment.configuration, run.path) as everybody:
        scored = _trained(run, experiment, everybody, stop, workers, added)
        everybody.finished(scored)
    return run


def _trained(
    run: RunDirectory,
    experiment: Experiment,
    listener: RunListener,
    stop: Callable[[], bool],
    workers: Workers,
    added: Continuation | None,
) -> dict[str, Any]:
    """Train from the newest checkpoint to the end, score and report; the content of `metrics.json`."""
    from suite.evaluation.failing import added_may_fail, said_once
    from suite.prediction.loading import load
    from suite.runs.trainers import trainer_of, validation_of
    from suite.training.session import StopRequested

    configuration, dataset, pipeline = experiment.configuration, experiment.dataset, experiment.pipeline
    skipped: dict[str, None] = {}

    def skip(message: str) -> None:
        note = f"left out: {message}"
        if note not in skipped:
            skipped[note] = None
            listener.note(note)

    leave_out = added_may_fail(experiment.task, experiment.evaluators, defects=True)
    validation = validation_of(experiment, on_skip=skip, leave_out=said_once(leave_out, listener.note))
    interim = InterimModel(run, experiment, validation)
    trainer = trainer_of(
        experiment,
        run.checkpoints,
        validation,
        listener=listener,
        stop=stop,
        history_changed=run.write_history,
        interim=interim,
        continuation=added,
        on_skip=skip,
    )
    with attributed(str(experiment.builder)), said_with(run.other_versions):
        if not trainer.restore() and configuration.init is not None:
            note = initialize(pipeline.network, pipeline.codec, configuration.init, experiment.host)
            listener.note(note)
    listener.started(
        RunFacts(
            path=run.path,
            task=experiment.task.name,
            configuration=configuration.to_mapping(),
            device=experiment.device.name,
            counts={name: len(split) for name, split in dataset.splits.items()},
            epochs=trainer.session.epochs,
            weights=pipeline.network.count_params(),
            step=trainer.state.step,
            data=dict(dataset.facts),
            metric=experiment.task.item.metric,
            higher_is_better=experiment.metric.higher_is_better,
            fold=configuration.split.fold,
            command=str(run.environment.get("command", "")),
        )
    )
    try:
        with attributed(str(experiment.builder)):
            if not trainer.state.finished:
                _read_ahead(trainer, validation, listener)
            # It looks itself whether it is to stop, and writes a checkpoint first.
            with unstoppable(), workers.training():
                state = trainer.train()
                for message in workers.skipped():
                    skip(message)
            remark = trainer.judge()
    except StopRequested as stopped:
        trainer.load_last(stopped)
        text = f"stopped after step {trainer.state.step:,}; to go on: suite resume {run.path}"
        what = interim.of(trainer)
        text += f"\nIts model so far ({what}) can be used: suite predict {run.path} INPUT..."
        raise StoppedError(text, run.path) from None
    except (UnwritableError, LostError):
        raise
    except RunError as error:
        raise interim.after(error, trainer) from error.__cause__
    run.write_history(state.history)
    if state.reason:
        listener.note(f"stopped early: {state.reason}")
    if remark:
        listener.note(remark)

    trainer.load_best()
    listener.phase("saving the model")
    write_model(run, experiment, pipeline.codec)
    notes = [*experiment.notes, *skipped, *map(continuation_note, run.continuations)]
    notes += [remark] if remark else []
    backend = experiment.device.backend
    shipped = load(run.path, host=experiment.host, backend=backend, batch_size=SCORING_BATCH)
    splits: dict[str, Pairs] = {}
    if dataset.validation is not None and len(dataset.validation):
        listener.phase("scoring the validation split")
        validated = _predicted(shipped, experiment, "validation", notes)
        if validated is not None:
            shipped = _calibrated(run, experiment, shipped, validated, notes)
            splits["validation"] = replace(validated, facts=shipped.scoring_facts)
    if dataset.test is not None and len(dataset.test):
        listener.phase("scoring the test split")
        tested = _predicted(shipped, experiment, "test", notes)
        splits = ({} if tested is None else {"test": tested}) | splits
    return _score(run, experiment, shipped, splits, [*notes, *listener.notes], listener, leave_out)


def _predicted(shipped: LoadedPipeline, experiment: Experiment, split: str, notes: list[str]) -> Pairs | None:
    """What is predicted for a split; None if nothing of it can be read any more, which is a note."""
    from suite.evaluation.checks import check_predictions
    from suite.runs.evaluate import predict_examples

    dataset = experiment.dataset
    pairs, unreadable = predict_examples(shipped, dataset.splits[split], dataset.groups)
    if not len(pairs):
        notes.append(
            f"the {split} split is not scored, for none of its examples could be read any more (was the data"
            f" moved or changed while the training ran?): {unreadable[0]}"
        )
        return None
    check_predictions(pairs.predictions, experiment.task.item, f"the codec of {experiment.builder}")
    notes += [f"left out of {split}: {error}" for error in unreadable]
    return pairs


def _calibrated(
    run: RunDirectory, experiment: Experiment, shipped: LoadedPipeline, validation: Pairs, notes: list[str]
) -> LoadedPipeline:
    """The pipeline with what the codec learns from the trained network's predictions, saved so.

    A failure of it is a note: the trained network predicts as well with the codec as it was built.
    """
    from suite.evaluation.checks import described
    from suite.pipeline.codec_checks import remade_codec
    from suite.pipeline.manifest import read_manifest, write_manifest

    calibrate = experiment.pipeline.calibrate
    if calibrate is None or not len(validation):
        return shipped
    try:
        codec = calibrate(shipped.codec, validation)
        remade_codec(codec, experiment.builder.item.codec, str(experiment.builder))
    except Exception as error:  # noqa: BLE001 - see above
        what = str(error) if isinstance(error, SuiteError) else described(error)
        notes.append(f"the codec is not calibrated, for a defect of {experiment.builder}: {what}")
        return shipped
    manifest = read_manifest(run.model)
    write_manifest(run.model, msgspec.structs.replace(manifest, codec=codec.to_json()))
    return shipped.with_codec(codec)


def _read_ahead(trainer: Trainer, validation: Validation | None, listener: Listener) -> None:
    """Read what fits into memory before the first step, and refuse all that cannot be read at once."""
    listener.phase("reading the examples")
    prepared = {"training": trainer.prepared}
    if validation is not None:
        prepared["validation"] = validation.encoded
    found = {name: one.read_ahead(trainer.threads) for name, one in prepared.items()}
    messages = [message for several in found.values() for message in several]
    if not messages:
        return
    counts = " and ".join(f"{len(several)} {name}" for name, several in found.items() if several)
    shown = "\n  ".join(messages[:10])
    more = f"\n  and {len(messages) - 10} more" if len(messages) > 10 else ""
    raise UserError(
        f"{counts} {'examples' if len(messages) > 1 else 'example'} cannot be read:\n  {shown}{more}\n"
        "Repair or remove them, or go on without them: --set training.unreadable=skip"
    )


def _score(
    run: RunDirectory,
    experiment: Experiment,
    shipped: LoadedPipeline,
    splits: Mapping[str, Pairs],
    notes: list[str],
    listener: Listener,
    leave_out: LeaveOut,
) -> dict[str, Any]:
    """Score what is shipped on what it has not learned from, and write the report and `metrics.json`."""
    from suite.evaluation.prediction_files import PREDICTIONS_FILE, write_predictions
    from suite.evaluation.scoring import scored_metrics
    from suite.report.page import write_report
    from suite.runs.explanations import explanations
    from suite.runs.preview import example_figures
    from suite.runs.report import run_content

    listener.phase("counting")
    scored, figures = scored_metrics(
        experiment.task,
        experiment.evaluators,
        splits,
        experiment.dataset.train,
        experiment.configuration.evaluators,
        notes,
        listener.phase,
        leave_out=leave_out,
    )
    listener.phase("writing the report")
    shown, remarks = figures()
    scored["notes"] += remarks
    if splits:
        first = next(iter(splits.values()))
        write_predictions(run.path / PREDICTIONS_FILE, first)
        explained, remarks = explanations(experiment.task, first, shipped)
        shown += explained
        scored["notes"] += remarks
    examples, remarks = example_figures(experiment.task, experiment.dataset)
    scored["notes"] += remarks
    content = run_content(run, experiment.task.item, experiment.metrics, scored, shown, examples)
    write_report(content, run.path / "report.html")
    run.write_json("metrics.json", scored)
    return scored
