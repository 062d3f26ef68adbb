"""From what the user said to what can be trained: data loaded, pipeline built, nothing "auto" any more."""

from __future__ import annotations

import itertools
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from suite.configuration import Configuration, resolve_training
from suite.contributions import Contributed, ModelBuilder, Task
from suite.data.dataset import Dataset, digest, fingerprint
from suite.devices import Device, activate, choose_precision, cores, dtype_policy, make_deterministic
from suite.errors import PluginError, UserError, attributed
from suite.host import Host
from suite.data.loading import load_dataset
from suite.options import Options, as_dict, parse
from suite.training.progress import Listener
from suite.data.splits import complete

if TYPE_CHECKING:
    from suite.pipeline.trainable import TrainablePipeline

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

    @property
    def codec_fingerprint(self) -> str:
        """A short name for what was learned before training: changes when anything of it does."""
        return digest(self.pipeline.codec.to_json()).hex()


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


def prepare(host: Host, configuration: Configuration, listener: Listener) -> Experiment:
    """Load the data, import Keras, build the pipeline and replace every "auto".

    Raises:
        UserError: for whatever of it the user can put right.
        PluginError: where the builder gives something that is not a pipeline.
    """
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
    with attributed(str(builder)), dtype_policy(precision):
        pipeline: TrainablePipeline = item.build(dataset, options)
    _check_pipeline(pipeline, builder)
    training = resolve_training(
        configuration.training,
        pipeline.recipe,
        len(dataset.train),
        device_kind=device.kind,
        backend=device.backend,
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


def _check_pipeline(pipeline: TrainablePipeline, builder: Contributed) -> None:
    """Refuse what cannot be trained, or would be trained without what is shipped learning it."""
    if not hasattr(pipeline, "batch_maker"):
        raise PluginError(f"{builder} gave {type(pipeline).__name__}, not a TrainablePipeline")
    if pipeline.training_network is None:
        if pipeline.targets is None:
            raise PluginError(f"{builder} gave a pipeline without targets for the loss on validation")
        return
    by_network = [
        {id(weight): weight.path for weight in network.weights}
        for network in (pipeline.network, pipeline.training_network)
    ]
    for (owner, own), (_, others) in itertools.permutations(
        zip(("network", "training network"), by_network, strict=True)
    ):
        alone = [path for weight, path in own.items() if weight not in others]
        if alone:
            raise PluginError(
                f"{builder} gave a network and a training network that do not have the same weights: only the"
                f" {owner} has {', '.join(alone[:3])}{' and others' if len(alone) > 3 else ''}"
            )


def _check_initial(init: str) -> None:
    """Refuse a run to start from that has no Keras network, before anything is trained."""
    from suite.pipeline.manifest import model_folder

    if not (model_folder(Path(init)) / "network.keras").is_file():
        raise UserError(f"--init {init}: it holds no network of Keras to start from")


def environment(experiment: Experiment, command: str) -> dict[str, Any]:
    """The content of `environment.json`: what it ran on, with what, from which data."""
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
        "codec_fingerprint": experiment.codec_fingerprint,
        "counts": {name: len(part) for name, part in experiment.dataset.parts.items()},
        "facts": dict(experiment.dataset.facts),
        "notes": experiment.notes,
        "weights": experiment.pipeline.network.count_params(),
        "packages": packages,
    }
