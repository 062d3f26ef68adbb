"""Trained pipelines: written to a folder, loaded from it, and used on anything one wants predicted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.contributions import Contributed, Lazy, ModelBuilder
from suite.devices import activate, cores
from suite.errors import UserError, attributed, reason
from suite.host import Host
from suite.manifests import FORMAT, MANIFEST, Manifest, model_folder, read_manifest, write_manifest
from suite.networks import KerasNetwork, Network, OnnxNetwork
from suite.options import parse
from suite.pipeline import NO_CONTEXT, Arrays, Codec, Encoded, Parts

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Result:
    """What became of one input.

    Attributes:
        input: the input as it was given.
        name: how a message calls it: its path or name, its text, or its number.
        prediction: of the task's prediction type; None where `error` is set.
        error: why there is no prediction, else None.
    """

    input: Any
    name: str
    prediction: Any = None
    error: str | None = None


class _Whole:
    """A raw thing that is predicted in parts, and what was predicted of them so far."""

    def __init__(self, raw: Any, parts: Parts) -> None:
        self.raw = raw
        self.parts = parts
        self.predictions: list[Any] = []
        self.error: str | None = None

    def add(self, prediction: Any, error: str | None) -> int:
        """Take what became of the next part; how many there were by now."""
        self.predictions.append(prediction)
        self.error = self.error or error
        return len(self.predictions)


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is encoded as one: a raw thing, a part of one, or in its place why it cannot be read."""

    raw: Any
    name: str
    whole: _Whole | None = None
    last: bool = False
    error: str | None = None


@dataclass(frozen=True)
class LoadedPipeline:
    """A codec and a network that is ready to run.

    Attributes:
        task: the task's name.
        builder: the model builder as `plugin:name`.
        codec: between raw things and arrays.
        network: arrays in, arrays out, on whichever runtime.
        facts: the facts of the data that it was trained on.
        batch_size: how many examples `predict` runs at a time.
    """

    task: str
    builder: str
    codec: Codec
    network: Network
    facts: Mapping[str, Any] = field(default_factory=dict)
    batch_size: int = 32

    def predict(self, x: Any) -> Any:
        """Predict one raw thing, or each of several.

        Args:
            x: whatever the codec reads (a path, bytes, a `Source`, a string, an array), or a list, a
                tuple or an iterator of such things. Of one array and a stack of them, the codec's
                attribute `input_axes` tells which is meant: an array with exactly one axis more is a
                stack. Without that attribute every array is one thing.

        Returns:
            The prediction, of the task's prediction type, or a list of them in the order of `x`.

        Raises:
            UserError: where a thing cannot be read; the message names it.
        """
        if not self._is_several(x):
            return self._first(x)
        return [_sure(result) for result in self.predict_each(x, self.batch_size)]

    def predict_each(
        self,
        raws: Iterable[Any],
        batch_size: int = 32,
        part_done: Callable[[str, int, int], None] = lambda name, done, total: None,
        ahead: int = 2,
    ) -> Generator[Result, None, None]:
        """Predict a stream of raw things in constant memory, in their order.

        A thing that cannot be read gives a result with `error` and the others go on. Reading and
        encoding happen in threads, a few batches ahead. An error that is the codec's own fault is
        raised, with a note of whose code it was. What is too long to be encoded as one is predicted in the
        parts that the codec makes of it, and gives one result.

        Args:
            raws: whatever the codec reads.
            batch_size: how many are run at a time.
            part_done: told the name of a thing in parts, how many of them are done, and how many there are.
            ahead: batches that are read before they are run; 0 for what comes as it happens.
        """
        units = self._units(raws)
        waiting: deque[tuple[_Unit, Future[Encoded]]] = deque()
        with ThreadPoolExecutor(max_workers=cores(), thread_name_prefix="encode") as threads:
            try:
                while True:
                    for unit in islice(units, (1 + ahead) * batch_size - len(waiting)):
                        waiting.append((unit, threads.submit(self._encode, unit)))
                    if not waiting:
                        return
                    batch = [waiting.popleft() for _ in range(min(batch_size, len(waiting)))]
                    for unit, prediction, error in self._results(batch):
                        if unit.whole is None:
                            yield Result(unit.raw, unit.name, prediction, error)
                            continue
                        part_done(unit.name, unit.whole.add(prediction, error), unit.whole.parts.total)
                        if unit.last:
                            yield self._merged(unit.whole, unit.name)
            finally:
                threads.shutdown(wait=False, cancel_futures=True)

    @property
    def scoring_facts(self) -> dict[str, Any]:
        """What evaluators are told: the facts of the data, and what the codec adds to them."""
        return {**self.facts, **getattr(self.codec, "facts", {})}

    def for_scoring(self) -> LoadedPipeline:
        """The pipeline that predicts as evaluators want it, which may be more than people want."""
        codec = scoring_codec(self.codec)
        return self if codec is self.codec else replace(self, codec=codec)

    def decode_each(self, outputs: Arrays, contexts: Sequence[Any]) -> list[Any]:
        """The prediction for each example of a batch of the network's outputs, with its codec's context."""
        return decode_each(self.codec, outputs, contexts, self.builder)

    def _units(self, raws: Iterable[Any]) -> Iterator[_Unit]:
        """What is encoded: each raw thing, or its parts where the codec makes parts of it."""
        for index, raw in enumerate(raws):
            name = name_of(raw, index)
            whole = None
            try:
                parts = self._parts(raw)
                if parts is None:
                    yield _Unit(raw, name)
                    continue
                whole = _Whole(raw, parts)
                for number, part in enumerate(parts, start=1):
                    yield _Unit(part, name, whole, last=number == parts.total)
            except (UserError, OSError) as error:
                yield _Unit(raw, name, whole, last=True, error=_why(error))

    def _parts(self, raw: Any) -> Parts | None:
        make_parts = getattr(self.codec, "parts", None)
        if make_parts is None:
            return None
        with self._attributed():
            parts: Parts | None = make_parts(raw)
        return parts

    def _merged(self, whole: _Whole, name: str) -> Result:
        if whole.error is not None:
            return Result(whole.raw, name, None, whole.error)
        with self._attributed():
            return Result(whole.raw, name, whole.parts.merge(whole.predictions))

    def _encode(self, unit: _Unit) -> Encoded:
        if unit.error is not None:
            raise UserError(unit.error)
        with self._attributed():
            return encode(self.codec, unit.raw)

    def _attributed(self) -> AbstractContextManager[None]:
        return attributed(f"the codec of model builder '{self.builder}'")

    def _results(
        self, batch: Sequence[tuple[_Unit, Future[Encoded]]]
    ) -> Iterator[tuple[_Unit, Any, str | None]]:
        """What was encoded, its prediction, and why there is none."""
        encoded: dict[int, Encoded] = {}
        errors: dict[int, str] = {}
        for index, (_, future) in enumerate(batch):
            try:
                encoded[index] = future.result()
            except (UserError, OSError) as error:
                errors[index] = _why(error)
        predictions: dict[int, Any] = {}
        for indices in same_shapes({index: one.arrays for index, one in encoded.items()}):
            outputs = self.network(stack([encoded[index].arrays for index in indices]))
            contexts = [encoded[index].context for index in indices]
            predictions.update(zip(indices, self.decode_each(outputs, contexts), strict=True))
        for index, (unit, _) in enumerate(batch):
            yield unit, predictions.get(index), errors.get(index)

    def _first(self, raw: Any) -> Any:
        """One thing, without threads: a batch of one is for programs that wait for it."""
        name = name_of(raw, None)
        try:
            if self._parts(raw) is not None:
                (result,) = self.predict_each([raw], self.batch_size)
                return _sure(result)
            encoded = self._encode(_Unit(raw, name))
        except (UserError, OSError) as error:
            raise UserError(_named(name, _why(error))) from error
        return self.decode_each(self.network(stack([encoded.arrays])), [encoded.context])[0]

    def _is_several(self, x: Any) -> bool:
        if isinstance(x, np.ndarray):
            axes = getattr(self.codec, "input_axes", None)
            return x.dtype == object or (axes is not None and x.ndim == axes + 1)
        return isinstance(x, (list, tuple, Iterator))


def save_pipeline(
    folder: Path,
    *,
    task: str,
    builder: str,
    codec: Codec,
    network: keras.Model,
    facts: Mapping[str, Any],
    plugin_version: str = "",
) -> None:
    """Write what one ships: `network.keras` (in float32) and `pipeline.json`, each whole or not at all.

    Args:
        folder: made where it is not there.
        task: the task's name.
        builder: the model builder as `plugin:name`.
        codec: the fitted codec.
        network: the network, of any dtype policy.
        facts: the facts of the data set, JSON values.
        plugin_version: the version of the builder's plugin.
    """
    from suite.keras_files import save_keras

    folder.mkdir(parents=True, exist_ok=True)
    save_keras(network, folder / "network.keras")
    plugin = builder.rpartition(":")[0]
    write_manifest(
        folder,
        Manifest(
            format=FORMAT,
            task=task,
            builder=builder,
            plugin={"name": plugin, "version": plugin_version},
            codec=codec.to_json(),
            network="network.keras",
            facts=dict(facts),
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
        host: where the model builder is looked up; None takes what is installed.
        backend: for a Keras network, see `suite.devices.activate`; "auto" takes what Keras has already
            been imported with, else TensorFlow.
        device: for a Keras network, "auto", "cpu", "gpu" or "gpu:N".
        threads: for an ONNX network, the threads of one forward pass; None leaves it to the runtime.
        batch_size: how many examples run at a time.
        options: for the codec, as `suite show TASK BUILDER` lists them under prediction.

    Raises:
        UserError: where `path` holds no pipeline, the plugin it needs is not there, a file is damaged, or
            an option is not known or not allowed.
    """
    folder, manifest, builder, codec = _without_network(Path(path), host, options)
    file = folder / manifest.network
    network: Network
    if file.suffix == ".onnx":
        network = OnnxNetwork(file, threads)
    elif file.suffix == ".keras":
        from suite.keras_files import load_keras

        activate(backend, device)
        network = KerasNetwork(load_keras(file, _packages(builder)), batch_size)
    else:
        raise UserError(
            f"{folder / MANIFEST}: no runtime here reads '{manifest.network}': known are .keras and .onnx"
        )
    return LoadedPipeline(manifest.task, manifest.builder, codec, network, manifest.facts, batch_size)


@dataclass(frozen=True)
class Described:
    """What a model folder says of itself, known at once: the network is not loaded.

    Attributes:
        manifest: the content of `pipeline.json`.
        codec: with the given options.
    """

    manifest: Manifest
    codec: Codec


def describe(
    path: str | Path, *, host: Host | None = None, options: Mapping[str, Any] | None = None
) -> Described:
    """What `load` would load, without the network and so at once; the errors are the same."""
    _, manifest, _, codec = _without_network(Path(path), host, options)
    return Described(manifest, codec)


def stack(encoded: Sequence[Arrays]) -> Arrays:
    """Encoded examples of equal shapes as one batch."""
    first = encoded[0]
    if isinstance(first, dict):
        return {name: np.stack([one[name] for one in encoded]) for name in first}
    return np.stack(encoded)  # type: ignore[arg-type]


def encode(codec: Codec, raw: Any) -> Encoded:
    """One raw thing, encoded; the context is `NO_CONTEXT` where the codec gives none."""
    given = codec.encode(raw)
    return given if isinstance(given, Encoded) else Encoded(given, NO_CONTEXT)


def scoring_codec(codec: Codec) -> Codec:
    """The codec with which scores are made: its own choice, else itself."""
    for_scoring = getattr(codec, "for_scoring", None)
    return codec if for_scoring is None else for_scoring()


def decode_each(codec: Codec, outputs: Arrays, contexts: Sequence[Any], builder: str) -> list[Any]:
    """The prediction for each example of a batch of outputs; an error names `builder`, whose codec it is.

    Args:
        codec: that encoded the examples.
        outputs: of the network, batch axis first.
        contexts: what `encode` gave beside each example's arrays.
        builder: the model builder as `plugin:name`.
    """
    with attributed(f"the codec of model builder '{builder}'"):
        predictions = []
        for index, context in enumerate(contexts):
            if isinstance(outputs, dict):
                own: Arrays = {name: array[index] for name, array in outputs.items()}
            else:
                own = outputs[index]
            predictions.append(codec.decode(own) if context is NO_CONTEXT else codec.decode(own, context))
        return predictions


def same_shapes(encoded: Mapping[int, Arrays | tuple[Arrays, ...]]) -> list[list[int]]:
    """The keys of encoded examples in groups that `stack` can make batches of, each in order."""
    groups: dict[Any, list[int]] = {}
    for index, arrays in encoded.items():
        groups.setdefault(_shapes(arrays), []).append(index)
    return list(groups.values())


def _shapes(arrays: Arrays | tuple[Arrays, ...]) -> Any:
    if isinstance(arrays, dict):
        return tuple((name, array.shape) for name, array in arrays.items())
    if isinstance(arrays, tuple):
        return tuple(_shapes(one) for one in arrays)
    return np.shape(arrays)


def builder_packages(host: Host, manifest: Manifest) -> set[str]:
    """The import names of the packages whose layers a network of the manifest's builder may use."""
    builder = host.find("model_builders", manifest.builder, manifest.task).item
    assert isinstance(builder, ModelBuilder)
    return _packages(builder)


def name_of(raw: Any, index: int | None) -> str:
    """How a message calls an input: its name, path or text, else its number, counted from 0."""
    name = getattr(raw, "name", None)
    text = raw if isinstance(raw, str) else str(raw) if isinstance(raw, Path) else name
    if isinstance(text, str):
        return text if len(text) <= 200 else text[:199] + "…"
    return "the input" if index is None else f"input {index}"


def _why(error: UserError | OSError) -> str:
    return str(error) if isinstance(error, UserError) else reason(error)


def _named(name: str, message: str) -> str:
    return message if name in message else f"{name}: {message}"


def _sure(result: Result) -> Any:
    if result.error is not None:
        raise UserError(_named(result.name, result.error))
    return result.prediction


def _without_network(
    path: Path, host: Host | None, options: Mapping[str, Any] | None = None
) -> tuple[Path, Manifest, ModelBuilder, Codec]:
    folder = model_folder(path)
    manifest = read_manifest(folder)
    contributed = _builder(manifest, folder, host if host is not None else Host())
    builder = contributed.item
    assert isinstance(builder, ModelBuilder)
    with attributed(f"the codec of {contributed}"):
        codec: Any = builder.codec(manifest.codec)
        if options:
            given = parse(builder.prediction, options, f"prediction with {contributed}")
            codec = codec.configured(given)
    return folder, manifest, builder, codec


def _builder(manifest: Manifest, folder: Path, host: Host) -> Contributed:
    plugin = manifest.builder.rpartition(":")[0]
    if plugin not in {one.name for one in host.plugins}:
        version = manifest.plugin.get("version", "")
        raise UserError(
            f"{folder} needs the plugin '{plugin}'{f' ({version})' if version else ''}, which is not"
            f" installed or was left out: pip install {plugin}"
        )
    return host.find("model_builders", manifest.builder, manifest.task)


def _packages(builder: ModelBuilder) -> set[str]:
    """The import names of the builder's own packages, whose layers its networks may use."""
    addresses = [
        one.address.partition(":")[0] if isinstance(one, Lazy) else str(getattr(one, "__module__", ""))
        for one in (builder.build, builder.codec)
    ]
    return {address.partition(".")[0] for address in addresses if address}
