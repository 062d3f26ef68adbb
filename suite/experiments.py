"""A whole training: from a configuration to a run directory with a model, scores and a report."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from suite.configuration import Configuration, resolve_training
from suite.contributions import Contributed, ModelBuilder, Task
from suite.data import Dataset, Examples, Subset, fingerprint
from suite.devices import Device, activate, available_memory, choose_precision, cores, make_deterministic
from suite.errors import PluginError, RunError, StoppedRunError, UserError, attributed
from suite.host import Host
from suite.loading import load_dataset
from suite.options import Options, as_dict, parse
from suite.progress import Listener
from suite.runs import Run, new_run_path
from suite.splits import complete

if TYPE_CHECKING:
    from suite.evaluation import Pairs
    from suite.pipeline import TrainablePipeline
    from suite.prediction import LoadedPipeline
    from suite.training import Trainer
    from suite.validation import Validation

PACKAGES = ("keras-suite", "keras", "tensorflow", "jax", "torch", "numpy", "msgspec", "pluggy")


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A configuration made real: data loaded, pipeline built, nothing "auto" any more."""

    host: Host
    task: Task
    configuration: Configuration
    dataset: Dataset
    builder: Contributed
    evaluators: list[Contributed]
    pipeline: TrainablePipeline
    device: Device
    notes: list[str]
    fingerprint: str

    @property
    def builder_name(self) -> str:
        """The builder as `plugin:name`."""
        return f"{self.builder.plugin}:{self.builder.item.name}"


def train(
    host: Host,
    configuration: Configuration,
    *,
    out: Path | None = None,
    folder: Path = Path("runs"),
    command: str = "",
    listener: Listener | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Run:
    """Train, score and report.

    Args:
        host: where everything is looked up.
        configuration: what the user said; what is "auto" is chosen here.
        out: the run directory; None makes one in `folder`, named after the data.
        folder: where runs are.
        command: the command that repeats the run, for the report.
        listener: is told what happens.
        stop: asked after each step; true ends the training with everything kept.

    Raises:
        UserError: for what the user can put right, before anything is written where possible.
        RunError: where training failed, or was stopped (the message says how to go on).
    """
    listener = listener or Listener()
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(
            f"{out} exists already: give another name with --out, or go on with it: suite resume {out}"
        )
    experiment = _prepare(host, configuration, listener)
    path = out or new_run_path(folder, configuration.data)
    run = Run.create(path, experiment.configuration, _environment(experiment, command))
    try:
        with run.locked():
            return _train(run, experiment, listener, stop)
    except UserError:
        if not run.checkpoints.exist:  # nothing has been learned, and the name is free again
            shutil.rmtree(run.path, ignore_errors=True)
        raise


def resume(
    host: Host, path: Path, *, listener: Listener | None = None, stop: Callable[[], bool] = lambda: False
) -> Run:
    """Go on with a run from its newest checkpoint, or only finish its scores and report.

    Raises:
        UserError: where there is no run, it is complete, its data has changed, or it does not fit the
            plugins that are installed now.
        RunError: as `train`.
    """
    listener = listener or Listener()
    run = Run.open(path)
    with run.locked():
        if run.metrics is not None and (run.path / "report.html").is_file():
            raise UserError(f"{path} is complete: there is nothing to go on with")
        environment = run.environment
        configuration = run.configuration
        if run.checkpoints.exist:
            # What it started from lies in the checkpoint, and may be gone from where it was.
            configuration = replace(configuration, init=None)
        experiment = _prepare(host, configuration, listener)
        if environment.get("data_fingerprint") != experiment.fingerprint:
            raise UserError(
                f"the data in {experiment.configuration.data} is not what {path} was started with"
                " (other files, labels or parts): train anew, or put the data back"
            )
        return _train(run, experiment, listener, stop)


def check(host: Host, configuration: Configuration) -> tuple[Task, Contributed, list[Contributed]]:
    """Look up the task, the builder and the evaluators, and check their options: no Keras, no data.

    Raises:
        UserError: for a name that nobody offers and an option that is not known or not allowed.
    """
    task = host.task(configuration.task)
    builder = host.find("model_builders", configuration.model_name or task.builder, task.name)
    _parsed(builder, configuration.model)
    names = tuple(configuration.evaluators) or task.evaluators
    evaluators = [host.find("evaluators", name, task.name) for name in names]
    for one in evaluators:
        _parsed(one, configuration.evaluators.get(one.item.name, {}))
    if configuration.loader_name is not None:
        _parsed(host.find("data_loaders", configuration.loader_name, task.name), configuration.loader)
    if configuration.init is not None:
        _check_initial(configuration.init)
    return task, builder, evaluators


def _parsed(contributed: Contributed, values: Mapping[str, Any]) -> Options:
    item = cast(ModelBuilder, contributed.item)
    return parse(item.options, values, f"{contributed.kind} '{item.name}'")


def _prepare(host: Host, configuration: Configuration, listener: Listener) -> Experiment:
    task, builder, evaluators = check(host, configuration)
    item = cast(ModelBuilder, builder.item)
    options = _parsed(builder, configuration.model)
    names = tuple(configuration.evaluators) or task.evaluators

    listener.phase("looking at the data")
    data = str(Path(configuration.data).expanduser().resolve())
    dataset, loader = load_dataset(host, task.name, data, configuration.loader_name, configuration.loader)
    if not len(dataset.train):
        raise UserError(
            f"{data} holds no examples to train on, only a {' and a '.join(list(dataset.parts)[1:])} part"
        )
    split = configuration.split
    dataset, notes = complete(dataset, validation=split.validation, test=split.test, seed=split.seed)
    for note in (*dataset.problems, *notes):
        listener.note(note)

    listener.phase("starting Keras")
    runtime = configuration.runtime
    device = activate(runtime.backend, runtime.device)
    make_deterministic(device)
    precision = choose_precision(runtime.precision, device)
    import keras

    listener.phase("building the network")
    keras.utils.set_random_seed(configuration.training.seed)
    with attributed(str(builder)), _dtype_policy(precision):
        pipeline: TrainablePipeline = item.build(dataset, options)
    if not hasattr(pipeline, "batch_maker"):
        raise PluginError(f"{builder} gave {type(pipeline).__name__}, not a TrainablePipeline")
    training = resolve_training(
        configuration.training,
        pipeline.recipe,
        len(dataset.train),
        device_kind=device.kind,
        builder=str(builder),
    )
    taking_part = {loader.plugin, builder.plugin, *(one.plugin for one in evaluators)}
    taking_part |= {one.plugin for one in host.contributed("tasks", task.name)}
    resolved = replace(
        configuration,
        data=data,
        init=str(Path(configuration.init).resolve()) if configuration.init else None,
        loader_name=loader.item.name,
        loader=as_dict(_parsed(loader, configuration.loader)),
        split=split,
        model_name=configuration.model_name or task.builder,
        model=as_dict(pipeline.options),
        training=training,
        runtime=parse(
            type(runtime),
            as_dict(runtime)
            | {"backend": device.backend, "device": runtime.device, "precision": precision}
            | {"threads": max(2, cores()) if runtime.threads == "auto" else runtime.threads},
            "[runtime]",
        ),
        evaluators={name: dict(configuration.evaluators.get(name, {})) for name in names},
        plugins={one.name: one.version for one in host.plugins if one.name in taking_part},
    )
    return Experiment(
        host=host,
        task=task,
        configuration=resolved,
        dataset=dataset,
        builder=builder,
        evaluators=evaluators,
        pipeline=pipeline,
        device=device,
        notes=[*dataset.problems, *notes],
        fingerprint=fingerprint(dataset),
    )


@contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    """Build under a dtype policy and leave Keras as it was: it may be the embedding program's too."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _train(run: Run, experiment: Experiment, listener: Listener, stop: Callable[[], bool]) -> Run:
    from suite.prediction import save_pipeline
    from suite.training import StopRequested, Trainer
    from suite.validation import Validation

    configuration, dataset, pipeline = experiment.configuration, experiment.dataset, experiment.pipeline
    threads = cast(int, configuration.runtime.threads)
    validation = None
    if dataset.validation is not None and len(dataset.validation):
        validation = Validation(
            pipeline,
            dataset.validation,
            task=experiment.task.name,
            builder=experiment.builder_name,
            facts=dataset.facts,
            evaluators=experiment.evaluators,
            evaluator_options=configuration.evaluators,
            threads=threads,
            budget=0 if configuration.runtime.cache == "none" else available_memory() // 5,
            skip_unreadable=configuration.training.unreadable == "skip",
            noticed=lambda message: listener.note(f"left out: {message}"),
        )
    trainer = Trainer(
        pipeline,
        dataset.train,
        configuration.training,
        runtime=configuration.runtime,
        device=experiment.device,
        folder=run.checkpoints,
        validate=validation,
        metric=experiment.task.metric,
        higher_is_better=experiment.task.higher_is_better,
        listener=listener,
        stop=stop,
        history_changed=run.write_history,
    )
    with attributed(str(experiment.builder)):
        if not trainer.restore() and configuration.init is not None:
            listener.note(_initialise(pipeline.network, configuration.init, experiment.host))
    facts = {name: len(part) for name, part in dataset.parts.items()}
    facts |= {"weights": pipeline.network.count_params(), "step": trainer.state.step}
    listener.started(run.path, configuration, experiment.device, facts)
    try:
        with attributed(str(experiment.builder)):
            if not trainer.state.finished:
                _read_ahead(trainer, validation, listener)
            state = trainer.train()
    except StopRequested:
        step = trainer.state.step
        raise StoppedRunError(f"stopped after step {step}; to go on: suite resume {run.path}") from None
    except RunError as error:
        raise RunError(f"{error}\nwhat was learned before is in {run.path}") from None
    run.write_history(state.history)
    if state.reason:
        listener.note(f"stopped early: {state.reason}")

    trainer.load_best()
    listener.phase("saving the model")
    version = {one.name: one.version for one in experiment.host.plugins}[experiment.builder.plugin]
    save_pipeline(
        run.model,
        task=experiment.task.name,
        builder=experiment.builder_name,
        codec=pipeline.codec,
        network=pipeline.network,
        facts=dataset.facts,
        plugin_version=version,
    )
    _score(run, experiment, listener)
    return run


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


def _score(run: Run, experiment: Experiment, listener: Listener) -> None:
    """Score what is shipped on what it has not learned from, and write the report."""
    from suite.prediction import load
    from suite.predictions import write_predictions
    from suite.report import write_report
    from suite.run_report import run_content
    from suite.scoring import Scores, baseline_pairs, metrics, score

    dataset, configuration = experiment.dataset, experiment.configuration
    pipeline = load(run.path, host=experiment.host, backend=experiment.device.backend, batch_size=128)
    parts: dict[str, Scores] = {}
    baseline = None
    notes = list(experiment.notes)
    for name in ("test", "validation"):
        examples = dataset.parts.get(name)
        if not examples:
            continue
        listener.phase(f"scoring the {name} part")
        pairs, unreadable = predict_examples(pipeline, examples)
        notes += [f"left out of {name}: {error}" for error in unreadable]
        parts[name] = score(experiment.evaluators, pairs, configuration.evaluators, intervals=True)
        if len(parts) == 1:
            write_predictions(run.path / "predictions.jsonl", pairs)
            targets = [dataset.train[index].target for index in range(len(dataset.train))]
            guesses = baseline_pairs(experiment.task, targets, pairs)
            if guesses is not None:
                baseline = score(experiment.evaluators, guesses, configuration.evaluators, intervals=False)
    scored = metrics(parts, baseline)
    scored["notes"] = [*notes, *scored["notes"]]
    listener.phase("writing the report")
    figures = next(iter(parts.values())).figures() if parts else []
    write_report(run_content(run, experiment.task, scored, figures), run.path / "report.html")
    run.write_json("metrics.json", scored)


def predict_examples(pipeline: LoadedPipeline, examples: Examples) -> tuple[Pairs, list[str]]:
    """Predict examples that have targets.

    Returns:
        The pairs of those that could be read, and a sentence on each of the others.
    """
    from suite.evaluation import Pairs

    inputs = (examples[index].input for index in range(len(examples)))
    kept, predictions, unreadable = [], [], []
    for index, result in enumerate(pipeline.predict_each(inputs, pipeline.batch_size)):
        if result.error is None:
            kept.append(index)
            predictions.append(result.prediction)
        else:
            unreadable.append(f"{examples[index].id}: {result.error}")
    readable = Subset(examples, np.asarray(kept, np.int64))
    shown = [readable[index] for index in range(len(kept))]
    pairs = Pairs(
        targets=[example.target for example in shown],
        predictions=predictions,
        ids=[example.id for example in shown],
        examples=readable,
        facts=pipeline.facts,
    )
    return pairs, unreadable


def _check_initial(init: str) -> None:
    """Refuse a run to start from that has no Keras network, before anything is trained."""
    from suite.prediction import model_folder

    if not (model_folder(Path(init)) / "network.keras").is_file():
        raise UserError(f"--init {init}: it holds no network of Keras to start from")


def _initialise(network: Any, init: str, host: Host) -> str:
    """Copy the weights of another run wherever path and shape agree; say what did not."""
    from suite.prediction import load

    source = cast(Any, load(init, host=host).network).model
    by_path = {weight.path: weight for weight in source.weights}
    anew = []
    for weight in network.weights:
        found = by_path.get(weight.path)
        if found is not None and tuple(found.shape) == tuple(weight.shape):
            weight.assign(found)
        else:
            anew.append(weight.path)
    total = len(network.weights)
    if len(anew) == total:
        raise UserError(f"--init {init}: none of its weights fits this network: is it another model?")
    if anew:
        return f"took {total - len(anew)} of {total} weights from {init}; new ones: {', '.join(anew)}"
    return f"took all {total} weights from {init}"


def _environment(experiment: Experiment, command: str) -> dict[str, Any]:
    packages = {}
    names = {*PACKAGES, *experiment.configuration.plugins}
    for name in sorted(names):
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "command": command,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "backend": experiment.device.backend,
        "device": experiment.device.name,
        "cores": cores(),
        "seed": experiment.configuration.training.seed,
        "data_fingerprint": experiment.fingerprint,
        "counts": {name: len(part) for name, part in experiment.dataset.parts.items()},
        "facts": dict(experiment.dataset.facts),
        "notes": experiment.notes,
        "weights": experiment.pipeline.network.count_params(),
        "packages": packages,
    }
