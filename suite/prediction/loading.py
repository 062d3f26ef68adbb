"""Trained pipelines in folders: written, loaded, described."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.contributions import Contributed, ModelBuilder, Task
from suite.devices import activate
from suite.errors import UserError, attributed, reason
from suite.files import make_folder
from suite.host import Host
from suite.options import parse
from suite.pipeline.codec import Codec
from suite.pipeline.fitting import misfit, weights_misfit
from suite.pipeline.manifest import (
    FORMAT,
    MANIFEST,
    Manifest,
    announce,
    check_file,
    model_folder,
    read_manifest,
    write_manifest,
)
from suite.pipeline.networks import KerasNetwork, Network, OnnxNetwork
from suite.prediction.predictor import LoadedPipeline
from suite.training_options import MAX_AT_ONCE, MAX_THREADS
from suite.versions import PACKAGE, installed, other_versions, said_with

if TYPE_CHECKING:
    import keras

NETWORK = "network.keras"


def save_pipeline(
    folder: Path,
    *,
    task: str,
    builder: str,
    codec: Codec,
    network: keras.Model,
    facts: Mapping[str, Any],
    plugin_version: str = "",
    task_plugin: str = "",
    unfinished: str = "",
) -> None:
    """Write what is shipped: `network.keras` (in float32) and `pipeline.json`, each completely or not at all.

    Args:
        folder: made if it is not there.
        task: the task's name.
        builder: the model builder as `plugin:name`.
        codec: the fitted codec.
        network: the network, of any dtype policy.
        facts: the facts of the data set, JSON values.
        plugin_version: the version of the builder's plugin.
        task_plugin: the plugin that offers the task.
        unfinished: how far a training has come that has not ended.
    """
    from suite.pipeline.keras_files import save_keras

    make_folder(folder)
    save_keras(network, folder / NETWORK, lambda complete: announce(folder, NETWORK, complete))
    plugin = builder.rpartition(":")[0]
    write_manifest(
        folder,
        Manifest(
            format=FORMAT,
            task=task,
            task_plugin=task_plugin,
            builder=builder,
            plugin={"name": plugin, "version": plugin_version},
            codec=codec.to_json(),
            network=NETWORK,
            facts=dict(facts),
            versions=installed((PACKAGE, "keras")),
            unfinished=unfinished,
        ),
    )


def load(
    path: str | Path,
    *,
    host: Host | None = None,
    backend: str = "auto",
    device: str = "auto",
    threads: int | None = None,
    batch_size: int = 32,
    options: Mapping[str, Any] | None = None,
) -> LoadedPipeline:
    """Load a trained pipeline for prediction.

    Args:
        path: a run, a model folder or an exported folder.
        host: looks up the model builder; None takes what is installed.
        backend: for a Keras network, see `suite.devices.activate`; "auto" takes what Keras has already
            been imported with, else TensorFlow.
        device: for a Keras network, "auto", "cpu", "gpu" or "gpu:N".
        threads: for an ONNX network, the threads of one forward pass; None leaves it to the runtime.
        batch_size: how many examples run at a time.
        options: for the codec, as `suite show TASK BUILDER` lists them under prediction.

    Raises:
        UserError: if `path` holds no pipeline, the plugin it needs is not there, a file is damaged, or an
            option is not known or not allowed.
    """
    for name, value, most in (("threads", threads, MAX_THREADS), ("batch_size", batch_size, MAX_AT_ONCE)):
        if value is not None and not 1 <= value <= most:
            raise UserError(f"{name} = {value:,} is not allowed: 1 to {most:,}")
    host = host if host is not None else Host()
    folder, manifest, builder, codec = _without_network(Path(path), host, options)
    other = _other_versions(manifest, host)
    file = folder / manifest.network
    network: Network
    if file.suffix in (".onnx", ".keras"):
        check_file(folder, manifest, manifest.network)
    if file.suffix == ".onnx":
        network = OnnxNetwork(file, threads)
        different = misfit(codec, network.signature)
    elif file.suffix == ".keras":
        from suite.pipeline.keras_files import load_keras

        activate(backend, device)
        with said_with(lambda: other):
            model = load_keras(file, builder.packages)
        network = KerasNetwork(model, batch_size)
        different = misfit(codec, network.signature) or weights_misfit(codec, model)
    else:
        raise UserError(
            f"{folder / MANIFEST}: no runtime here reads '{manifest.network}': known are .keras and .onnx"
        )
    if different:
        raise UserError(
            f"{folder} cannot be used, its codec and its network do not fit: {different}. They are of two"
            f" models, or of a plugin of another version: train or export again{other}"
        )
    return LoadedPipeline(manifest.task, manifest.builder, codec, network, manifest.facts, batch_size)


@dataclass(frozen=True)
class Described:
    """What a model folder says of itself; the network is not loaded.

    Attributes:
        manifest: the content of `pipeline.json`.
        codec: with the given options.
    """

    manifest: Manifest
    codec: Codec


def describe(
    path: str | Path, *, host: Host | None = None, options: Mapping[str, Any] | None = None
) -> Described:
    """What `load` would load, without the network and so quickly; the errors are the same."""
    host = host if host is not None else Host()
    _, manifest, _, codec = _without_network(Path(path), host, options)
    return Described(manifest, codec)


def model_task(host: Host, manifest: Manifest) -> Contributed[Task]:
    """The task of a model: that of the plugin with which it was trained, whoever else has one so called."""
    plugins = [manifest.task_plugin, manifest.builder.rpartition(":")[0]]
    return host.find_task(manifest.task, prefer=plugins)


def builder_packages(host: Host, manifest: Manifest) -> set[str]:
    """The import names of the packages whose layers a network of the manifest's builder may use."""
    return host.builder(manifest.builder, manifest.task).item.packages


def _without_network(
    path: Path, host: Host, options: Mapping[str, Any] | None = None
) -> tuple[Path, Manifest, ModelBuilder[Any], Codec]:
    folder = model_folder(path)
    manifest = read_manifest(folder)
    contributed = _builder(manifest, folder, host)
    builder = contributed.item
    codec = _codec(manifest, folder, contributed, host)
    with attributed(f"the codec of {contributed}"):
        if options:
            parsed = parse(builder.prediction_options, options, f"prediction with {contributed}")
            codec = codec.with_options(parsed)
    return folder, manifest, builder, codec


def _codec(
    manifest: Manifest, folder: Path, contributed: Contributed[ModelBuilder[Any]], host: Host
) -> Codec:
    """The codec that a manifest describes: the plugin that is installed made it once, or another version."""
    try:
        return contributed.item.codec(manifest.codec)
    except Exception as error:
        raise UserError(
            f"{folder} cannot be used, for {contributed} cannot make its codec of what {MANIFEST} holds:"
            f" {reason(error)}{_other_versions(manifest, host)}"
        ) from error


def _other_versions(manifest: Manifest, host: Host) -> str:
    """The end of a sentence on versions with which a model was written, and which are others now."""
    now = {**installed(manifest.versions), **{plugin.name: plugin.version for plugin in host.plugins}}
    then = {**manifest.versions, manifest.plugin.get("name", ""): manifest.plugin.get("version", "")}
    return other_versions(then, now)


def _builder(manifest: Manifest, folder: Path, host: Host) -> Contributed[ModelBuilder[Any]]:
    plugin = manifest.builder.rpartition(":")[0]
    if plugin not in {known.name for known in host.plugins}:
        version = manifest.plugin.get("version", "")
        raise UserError(
            f"{folder} needs the plugin '{plugin}'{f' ({version})' if version else ''}, which is not"
            f" installed or was left out: pip install {plugin}"
        )
    return host.builder(manifest.builder, manifest.task)
