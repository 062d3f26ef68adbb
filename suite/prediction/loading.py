"""Trained pipelines in folders: written, loaded, described."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.contributions import Contributed, ModelBuilder, Task
from suite.devices import activate
from suite.errors import UserError, attributed, reason
from suite.files import make_folder
from suite.host import Host
from suite.limits import parsed_limits
from suite.options import parse
from suite.pipeline.codec import Codec
from suite.pipeline.fitting import misfit, weights_misfit
from suite.pipeline.manifest import (
    FORMAT,
    MANIFEST,
    Manifest,
    announce,
    check_network,
    model_folder,
    read_manifest,
    write_manifest,
)
from suite.pipeline.networks import KerasNetwork, Network
from suite.pipeline.runtimes.choosing import runtime_for
from suite.plugin_files import refuse_missing_files
from suite.prediction.description import Description, described_pipeline
from suite.prediction.predictor import LoadedPipeline
from suite.prediction.session import Contents
from suite.training_options import MAX_AT_ONCE, MAX_THREADS
from suite.versions import PACKAGE, installed, other_versions, said_with

if TYPE_CHECKING:
    import keras

NETWORK = "network.keras"

_PACKAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?", re.ASCII)


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
    runtime: str = "auto",
    batch_size: int = 32,
    options: Mapping[str, Any] | None = None,
    limits: Mapping[str, float] | None = None,
) -> LoadedPipeline:
    """Load a trained pipeline for prediction.

    Args:
        path: a run, a model folder or an exported folder.
        host: looks up the model builder; None takes what is installed.
        backend: for a Keras network, see `suite.devices.activate`; "auto" takes what Keras has already
            been imported with, else TensorFlow.
        device: for a Keras network, "auto", "cpu", "gpu" or "gpu:N".
        threads: for an exported network, the threads of one forward pass; None leaves it to the runtime.
        runtime: "auto" takes the one for the network's file: "keras", "onnxruntime", "openvino", "litert" or
            "tensorflow". An ONNX file can be run by "openvino" too.
        batch_size: how many examples run at a time.
        options: for the codec, as `suite show TASK BUILDER` lists them under prediction.
        limits: what one input may take, by the names that `suite show runtime` lists; pickled with the
            pipeline. `suite.limited` sets others for a call.

    Raises:
        UserError: if `path` holds no pipeline, the plugin it needs is not there, a file is damaged, or an
            option is not known or not allowed.
    """
    for name, value, most in (("threads", threads, MAX_THREADS), ("batch_size", batch_size, MAX_AT_ONCE)):
        if value is not None and not 1 <= value <= most:
            raise UserError(f"{name} = {value:,} is not allowed: 1 to {most:,}")
    parsed = parsed_limits(limits, "limits")
    folder = model_folder(Path(path)).absolute()
    manifest = read_manifest(folder)
    origin = FolderOrigin(
        folder=folder,
        sha256=manifest.sha256,
        host=host,
        backend=backend,
        device=device,
        threads=threads,
        runtime=runtime,
        batch_size=batch_size,
        options=None if options is None else dict(options),
    )
    try:
        contents = origin.contents(manifest)
    except UserError:
        # Another model may have been put in its place after `pipeline.json` was read: then it is that one.
        now = read_manifest(folder)
        if now.sha256 == origin.sha256:
            raise
        origin = replace(origin, sha256=now.sha256)
        contents = origin.contents(now)
    return LoadedPipeline.of(contents, origin, batch_size, parsed)


@dataclass(frozen=True, kw_only=True)
class FolderOrigin:
    """The folder of a pipeline and what `load` was given; implements `suite.prediction.predictor.Origin`.

    Attributes:
        folder: the model folder, an absolute path.
        sha256: of its `pipeline.json`, which holds the checksums of the other files.
        host, backend, device, threads, runtime, batch_size, options: as for `load`.
    """

    folder: Path
    sha256: str
    host: Host | None
    backend: str
    device: str
    threads: int | None
    runtime: str
    batch_size: int
    options: dict[str, Any] | None

    def open(self) -> Contents:
        """Open the folder again, if it still holds the same model.

        Raises:
            UserError: if it is not there or holds another model, and as `load` does.
        """
        if not (self.folder / MANIFEST).is_file():
            raise UserError(
                f"{self.folder} is not there: a pipeline that was pickled or copied opens the folder that it"
                " was loaded from, so put it there on this machine too, or call suite.load() here"
            )
        manifest = read_manifest(self.folder)
        if manifest.sha256 != self.sha256:
            raise UserError(
                f"{self.folder} holds another model than it did when this pipeline was loaded: load it again"
                " with suite.load()"
            )
        return self.contents(manifest)

    def contents(self, manifest: Manifest) -> Contents:
        """What is in the folder, with the network ready to run."""
        described = _described(self.folder, manifest, self.host, self.options)
        codec, other = described.codec, _other_versions(manifest, described.host)
        file = self.folder / manifest.network
        network: Network
        runtime = runtime_for(file, self.runtime)
        check_network(self.folder, manifest)
        if runtime.open is not None:
            network = runtime.open(file, self.threads)
            different = misfit(codec, network.signature)
        else:
            from suite.pipeline.keras_files import load_keras

            try:
                activate(self.backend, self.device)
            except UserError as error:
                raise UserError(f"{error}{_export_of(self.folder)}") from None
            with said_with(lambda: other):
                model = load_keras(file, described.builder.item.packages)
            network = KerasNetwork(model, self.batch_size)
            different = misfit(codec, network.signature) or weights_misfit(codec, model)
        if different:
            raise UserError(
                f"{self.folder} cannot be used, its codec and its network do not fit: {different}. They are"
                f" of two models, or of a plugin of another version: train or export again{other}"
            )
        return Contents(
            manifest.task, manifest.builder, codec, network, manifest.facts, described.description
        )


def _export_of(folder: Path) -> str:
    """What a message says if a model of Keras has an export in its run, which needs no Keras."""
    exports = sorted(folder.parent.glob(f"export*/{MANIFEST}"), key=lambda path: len(path.parent.name))
    return f". Without Keras, use its export: {exports[0].parent}" if exports else ""


@dataclass(frozen=True, kw_only=True)
class Described:
    """What a model folder says of itself; the network is not loaded.

    Attributes:
        folder: the model folder.
        manifest: the content of `pipeline.json`.
        codec: with the given options.
        builder: that the codec is of.
        options: those of prediction that were given.
        host: where the task is looked up.
    """

    folder: Path
    manifest: Manifest
    codec: Codec
    builder: Contributed[ModelBuilder[Any]]
    options: Mapping[str, Any]
    host: Host

    @property
    def task(self) -> Contributed[Task]:
        """The task that the model is for, see `model_task`."""
        return model_task(self.host, self.manifest)

    def description(self) -> Description:
        """What the pipeline is, reads and writes."""
        return described_pipeline(self.manifest, self.codec, self.builder, self.task, self.options)

    def codec_with(self, options: Mapping[str, Any]) -> Codec:
        """The codec with more options, of the same model whatever the folder holds by now.

        Raises:
            UserError: if one is not known or not allowed.
        """
        return _described(self.folder, self.manifest, self.host, {**self.options, **options}).codec


def describe(
    path: str | Path, *, host: Host | None = None, options: Mapping[str, Any] | None = None
) -> Described:
    """What `load` would load, without the network and so quickly; the errors are the same."""
    folder = model_folder(Path(path))
    return _described(folder, read_manifest(folder), host, options)


def model_task(host: Host, manifest: Manifest) -> Contributed[Task]:
    """The task of a model: that of the plugin with which it was trained, whoever else has one so called."""
    plugins = [manifest.task_plugin, manifest.builder.rpartition(":")[0]]
    return host.find_task(manifest.task, prefer=plugins)


def builder_packages(host: Host, manifest: Manifest) -> set[str]:
    """The import names of the packages whose layers a network of the manifest's builder may use."""
    return host.builder(manifest.builder, manifest.task).item.packages


def _described(
    folder: Path, manifest: Manifest, host: Host | None, options: Mapping[str, Any] | None
) -> Described:
    host = host if host is not None else Host()
    builder = _builder(manifest, folder, host)
    codec = _codec(manifest, folder, builder, host)
    with attributed(f"the codec of {builder}"):
        if options:
            parsed = parse(builder.item.prediction_options, options, f"prediction with {builder}")
            codec = codec.with_options(parsed)
    return Described(
        folder=folder, manifest=manifest, codec=codec, builder=builder, options=dict(options or {}), host=host
    )


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
    known = {known.name for known in host.plugins}
    if plugin not in known:
        version = manifest.plugin.get("version", "")
        if _PACKAGE.fullmatch(plugin):
            refuse_missing_files({plugin: version}, known, str(folder))
        raise UserError(
            f"{folder} needs the plugin '{plugin}'{f' ({version})' if version else ''}, which is not"
            f" installed or was left out: {_how_to_get(plugin)}"
        )
    try:
        return host.builder(manifest.builder, manifest.task)
    except UserError as error:
        raise UserError(f"{folder} cannot be used: {error}{_other_versions(manifest, host)}") from None


def _how_to_get(plugin: str) -> str:
    """What to do if a plugin is missing, whose name may be from a stranger's file."""
    if _PACKAGE.fullmatch(plugin) is None:
        return "that is no name of a package; ask whoever made the model"
    return f"pip install {plugin}, if you trust whoever made it, for a plugin is code"
