"""From a configuration to what can be trained: data loaded, pipeline built, no "auto" left."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from suite.compilation import keep_compiled
from suite.configuration import Configuration, resolve_training, training_key
from suite.contributions import Contributed, DataLoader, Evaluator, Metric, ModelBuilder, Task
from suite.data.contents import contents_of
from suite.data.dataset import Dataset, digest, fingerprint
from suite.data_parallel import shared_batch, start_alone
from suite.devices import (
    Device,
    activate,
    choose_precision,
    cores,
    dtype_policy,
    make_deterministic,
    quiet_native_output,
)
from suite.errors import UserError, attributed
from suite.evaluation.metrics import declared_metrics, metric_of
from suite.evaluation.scoring import import_evaluators
from suite.host import Host
from suite.options import Options, as_dict, parse
from suite.runs.checks import check_crossing, check_declared_options, check_pipeline
from suite.runs.data import RunData, run_data, task_of
from suite.runs.evaluators import evaluators_of, names_of, options_of
from suite.runs.logs import logs_of
from suite.runs.pretrained import mention, model_hint, with_pretrained
from suite.runs.run import FORMAT
from suite.sources.addresses import is_address
from suite.stopping import check_stop
from suite.training.progress import Listener
from suite.training_options import RuntimeOptions
from suite.versions import installed

if TYPE_CHECKING:
    from suite.pipeline.trainable import TrainablePipeline

PACKAGES = ("keras-suite", "keras", "tensorflow", "jax", "torch", "numpy", "msgspec", "pluggy")


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A configuration made real: data loaded, pipeline built, nothing "auto" any more.

    Attributes:
        host: where everything was looked up.
        task: and its plugin.
        configuration: resolved.
        dataset: with all its splits.
        builder: that built the pipeline.
        evaluators: in the order of the report.
        metrics: what the evaluators declare, by name.
        pipeline: not trained.
        device: what Keras runs on.
        notes: sentences for people on the data.
        fingerprint: of the data.
    """

    host: Host
    task: Contributed[Task]
    configuration: Configuration
    dataset: Dataset
    builder: Contributed[ModelBuilder[Any]]
    evaluators: list[Contributed[Evaluator[Any]]]
    metrics: Mapping[str, Metric]
    pipeline: TrainablePipeline
    device: Device
    notes: list[str]
    fingerprint: str

    @property
    def metric(self) -> Metric:
        """The metric by which weights are chosen."""
        return metric_of(self.task.item, self.metrics)

    @property
    def codec_fingerprint(self) -> str:
        """A short name for what was learned before training: changes when anything of it does."""
        return digest(self.pipeline.codec.to_json()).hex()


@dataclass(frozen=True)
class Chosen:
    """What a configuration names, looked up, with its options checked: no Keras, no data."""

    task: Contributed[Task]
    builder: Contributed[ModelBuilder[Any]]
    options: Options
    evaluators: list[Contributed[Evaluator[Any]]]


def look_up(host: Host, configuration: Configuration) -> Chosen:
    """Look up the task, the builder and the evaluators, and check their options.

    Raises:
        UserError: for a name that nobody offers and an option that is not known or not allowed.
        PluginError: if no evaluator declares the metric by which the task's weights are chosen.
    """
    task = task_of(host, configuration)
    # A default means what the task's own plugin offers, whoever else offers the same name; and a name in the
    # configuration of a run means what one of the plugins offers that took part.
    builder = host.builder(
        configuration.model_name or task.item.builder,
        task.full_name,
        list(configuration.plugins) if configuration.model_name else [task.plugin],
    )
    options = _parsed(builder, configuration.model, host.loaders(task.full_name))
    evaluators = evaluators_of(host, configuration, task)
    for evaluator in evaluators:
        _parsed(evaluator, options_of(configuration, evaluator))
    metric_of(task.item, declared_metrics(evaluators))
    if configuration.loader_name is not None:
        loader = host.loader(configuration.loader_name, task.full_name, list(configuration.plugins))
        _parsed(loader, configuration.loader, [builder])
    logs_of(host, configuration)
    if configuration.init is not None:
        _check_initial(configuration.init)
    return Chosen(task, builder, options, evaluators)


def _looked_up(
    host: Host, configuration: Configuration, task: Contributed[Task], dataset: Dataset | None
) -> Chosen:
    """As `look_up`; a network whose name was taken for that of a model builder is answered."""
    names = {builder.name for builder in host.builders(task.full_name)}
    try:
        return look_up(host, configuration)
    except UserError as error:
        name = configuration.model_name
        if name is None or name.rpartition(":")[2] in names:
            raise
        activate(configuration.runtime.backend, configuration.runtime.device)
        hint = model_hint(host, task, name, run_data(host, configuration, dataset).dataset)
        raise UserError(f"{error}{hint}") from None


def _parsed(
    contributed: Contributed[DataLoader[Any]] | Contributed[ModelBuilder[Any]] | Contributed[Evaluator[Any]],
    values: Mapping[str, Any],
    others: Sequence[Contributed[DataLoader[Any]] | Contributed[ModelBuilder[Any]]] = (),
) -> Options:
    """The options of a contribution; of those that it has not, some may be meant for `others`."""
    check_declared_options(contributed)
    for name in values:
        if name in contributed.item.options.__struct_fields__:
            continue
        # An option of training is easily taken for one of the model, and so is one of the loader.
        owner = next((other for other in others if name in other.item.options.__struct_fields__), None)
        table = "loader" if owner is not None and isinstance(owner.item, DataLoader) else "model"
        key = f"{table}.{name}" if owner is not None else training_key(name)
        if key is not None:
            raise UserError(f"{contributed.kind} '{contributed.name}' has no option '{name}': say {key}")
    options: Options = parse(contributed.item.options, values, f"{contributed.kind} '{contributed.name}'")
    return options


def build(
    host: Host,
    configuration: Configuration,
    listener: Listener,
    dataset: Dataset | None = None,
    *,
    start: Callable[[RuntimeOptions], Device] = start_alone,
) -> Experiment:
    """Load the data, import Keras, build the pipeline and replace every "auto".

    Args:
        host: where everything is looked up.
        configuration: what the user chose.
        listener: hears of what happens.
        dataset: data in memory, if the configuration names none.
        start: starts Keras, on the devices that train together.

    Raises:
        UserError: for whatever of it the user can put right.
        PluginError: if the builder gives something that is not a pipeline.
    """
    task = task_of(host, configuration)
    # Weights are chosen when the data is known; what is wrong with other words is said before.
    chosen = None if configuration.pretrained else _looked_up(host, configuration, task, dataset)
    listener.phase("looking at the data")
    data = run_data(host, configuration, dataset)
    if not len(data.dataset.train):
        held = " and a ".join(list(data.dataset.splits)[1:])
        raise UserError(f"{data.path} holds no examples to train on, only a {held} split")
    for note in data.notes:
        listener.note(note)

    check_stop()
    listener.phase("starting Keras")
    runtime = configuration.runtime
    device = start(runtime)
    make_deterministic(device)
    keep_compiled(runtime.compilation_cache, device)
    precision = choose_precision(runtime.precision, device)
    import keras

    if chosen is None:
        configuration = with_pretrained(host, task, configuration, data.dataset, listener)
        chosen = look_up(host, configuration)
    else:
        mention(host, task, configuration, len(data.dataset.train), listener)
    import_evaluators(chosen.evaluators)
    check_stop()
    listener.phase("building the network")
    with attributed(str(chosen.builder)), dtype_policy(precision):
        with quiet_native_output():  # Keras imports TensorFlow for it, on every backend
            keras.utils.set_random_seed(configuration.training.seed)
        pipeline = chosen.builder.item.build(data.dataset, chosen.options)
    given = configuration.model
    check_pipeline(pipeline, chosen.builder, len(data.dataset.train), chosen.options, given)
    for note in pipeline.notes:
        listener.note(note)
    resolved = _resolved(host, configuration, chosen, data, pipeline, device, precision)
    with attributed(str(chosen.builder)):
        check_crossing(pipeline, chosen.builder, chosen.task.item, data.dataset, resolved.training)
    return Experiment(
        host=host,
        task=chosen.task,
        configuration=resolved,
        dataset=data.dataset,
        builder=chosen.builder,
        evaluators=chosen.evaluators,
        metrics=declared_metrics(chosen.evaluators),
        pipeline=pipeline,
        device=device,
        notes=[*data.notes, *pipeline.notes],
        fingerprint=fingerprint(data.dataset),
    )


def _resolved(
    host: Host,
    configuration: Configuration,
    chosen: Chosen,
    data: RunData,
    pipeline: TrainablePipeline,
    device: Device,
    precision: str,
) -> Configuration:
    """The configuration with every "auto" replaced, as it is written to `config.toml`."""
    training = resolve_training(
        configuration.training,
        pipeline.recipe,
        len(data.dataset.train),
        device_kind=device.kind,
        backend=device.backend,
        builder=str(chosen.builder),
    )
    is_chosen = configuration.training.batch_size != "auto"
    shared = shared_batch(int(training.batch_size), device.count, is_chosen=is_chosen)
    training = msgspec.structs.replace(training, batch_size=shared)
    taking_part = {chosen.task.plugin, chosen.builder.plugin}
    taking_part |= {evaluator.plugin for evaluator in chosen.evaluators}
    loader = {}
    if data.loader is not None:
        taking_part.add(data.loader.plugin)
        assert data.dataset.options is not None
        loader = as_dict(data.dataset.options)
    runtime = configuration.runtime
    return replace(
        configuration,
        data=data.path,
        init=_located(configuration.init) if configuration.init else None,
        loader_name=None if data.loader is None else data.loader.name,
        loader=loader,
        model_name=configuration.model_name or chosen.task.item.builder,
        model=as_dict(pipeline.options),
        training=training,
        runtime=parse(
            type(runtime),
            as_dict(runtime)
            | {"backend": device.backend, "device": runtime.device, "precision": precision}
            | {"devices": device.count}
            | {"threads": max(2, cores()) if runtime.threads == "auto" else runtime.threads},
            "[runtime]",
        ),
        evaluators={
            name: dict(configuration.evaluators.get(name, {}))
            for name in names_of(configuration, chosen.task)
        },
        # The task's first: of two plugins with a task of this name it is the one that is meant.
        plugins={
            plugin.name: plugin.version
            for plugin in sorted(host.plugins, key=lambda plugin: plugin.name != chosen.task.plugin)
            if plugin.name in taking_part
        },
    )


def _located(init: str) -> str:
    return init if is_address(init) else str(Path(init).resolve())


def _check_initial(init: str) -> None:
    """Refuse a run to start from that has no Keras network, before anything is trained."""
    from suite.pipeline.manifest import model_folder

    if not (model_folder(Path(init)) / "network.keras").is_file():
        raise UserError(f"--init {init}: it holds no network of Keras to start from")


def environment(experiment: Experiment, command: str) -> dict[str, Any]:
    """The content of `environment.json`: what it ran on, with what, from which data."""
    packages = installed(sorted({*PACKAGES, *experiment.configuration.plugins}))
    plugins = [
        plugin for plugin in experiment.host.plugins if plugin.name in experiment.configuration.plugins
    ]
    files = {plugin.name: plugin.file for plugin in plugins if plugin.file}
    return {
        "format": FORMAT,
        "command": command,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "backend": experiment.device.backend,
        "device": experiment.device.name,
        "devices": experiment.device.count,
        "cores": cores(),
        "seed": experiment.configuration.training.seed,
        "data_fingerprint": experiment.fingerprint,
        "data_contents": msgspec.to_builtins(contents_of(experiment.dataset, experiment.configuration.data)),
        "codec_fingerprint": experiment.codec_fingerprint,
        "counts": {name: len(split) for name, split in experiment.dataset.splits.items()},
        "facts": dict(experiment.dataset.facts),
        "notes": experiment.notes,
        "weights": experiment.pipeline.network.count_params(),
        "packages": packages,
        **({"plugin_files": files} if files else {}),
    }
