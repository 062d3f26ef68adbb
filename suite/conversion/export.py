"""Export for use without Keras; it counts only when the written file was run and agrees with Keras."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from suite.conversion.formats import ONNX, Format
from suite.conversion.metadata import network_metadata
from suite.conversion.process import convert
from suite.conversion.results import Measured, Rescored
from suite.errors import RunError
from suite.files import atomic_write, temporary_folder, writing
from suite.folders import swap_folder
from suite.host import Host
from suite.pipeline.batch_makers import stack
from suite.pipeline.codec import Arrays, Codec, Encoded
from suite.pipeline.manifest import REPORT, Manifest, check_file, size_of_network, write_manifest
from suite.pipeline.networks import Network
from suite.pipeline.runtimes.choosing import RUNTIMES
from suite.prediction.description import codec_properties
from suite.prediction.encoding import decode_each, same_shapes
from suite.prediction.loading import Described, builder_packages
from suite.stopping import check_stop

PREDICTION_TOLERANCE = 1e-3


@dataclass(frozen=True, kw_only=True)
class Export:
    """What was written, and how it was compared with Keras.

    Attributes:
        folder: where the exported pipeline is: `suite.load(folder)` reads it.
        examples: how many examples were compared.
        source: where they came from, for people.
        largest_difference: between two outputs, absolute.
        relative_difference: the same, of the largest output.
        size: bytes of the network's files.
        format: by its name.
        network: the name of the network's file or folder.
        scored: how it scores beside Keras; None if it was not scored.
        not_scored: a sentence on why it was not.
        precision: of the network: "float32", "float16" or "int8". Comparisons with Keras are of the float32
            network that it was made from.
        table: of another precision than float32: size, speed and score before and after.
    """

    folder: Path
    examples: int
    source: str
    largest_difference: float
    relative_difference: float
    size: int
    format: str
    network: str
    scored: Rescored | None = None
    not_scored: str = ""
    precision: str = "float32"
    table: Sequence[Measured] = ()


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What else was found of an exported folder before it took its place.

    Attributes:
        scored, not_scored, precision, table: as `Export` has them.
    """

    scored: Rescored | None = None
    not_scored: str = ""
    precision: str = "float32"
    table: Sequence[Measured] = ()


def export_to(
    target: Path,
    folder: Path,
    described: Described,
    encoded: Sequence[Encoded],
    source: str,
    host: Host,
    format: Format = ONNX,  # noqa: A002 - as on the command line
    finish: Callable[[Path], Finished] = lambda folder: Finished(),
) -> Export:
    """Write a trained pipeline in another format, run what was written and compare it with Keras.

    Outputs are compared one at a time and in batches, and so are decoded predictions.

    Args:
        target: the folder to write, which appears only when everything agrees.
        folder: the model folder.
        described: what it says of itself.
        encoded: examples to compare on; random arrays are used if there are none.
        source: where the examples are from, for people.
        host: where the builder is looked up.
        format: to write.
        finish: gets the folder when it agrees with Keras, before it is put in its place: it looks at it
            further, may write another network into it, and raises if it must not be exported.

    Raises:
        UserError: if a package is missing, the network's file is damaged, or the format cannot hold it.
        RunError: if the network cannot be converted, or the written file predicts something else.
    """
    manifest = described.manifest
    groups = same_shapes({index: example.arrays for index, example in enumerate(encoded)})
    batches = [stack([encoded[index].arrays for index in indices]) for indices in groups]
    contexts = [[encoded[index].context for index in indices] for indices in groups] or None
    with temporary_folder(target) as written:
        network = written / format.network
        with temporary_folder(target) as scratch:
            check_file(folder, manifest, manifest.network)
            packages = builder_packages(host, manifest)
            properties = codec_properties(described.codec, f"the codec of {described.builder}")
            inputs, expected = convert(
                folder / manifest.network,
                network,
                packages,
                batches,
                scratch,
                network_metadata(manifest, properties),
                format,
            )
        opened = RUNTIMES[format.runtime].open
        assert opened is not None
        report = _compared(opened(network, None), described.codec, inputs, contexts, expected, manifest)
        exported = msgspec.structs.replace(manifest, network=network.name)
        write_manifest(written, exported)
        finished = finish(written)
        report = {"format": format.name} | report | {"source": source}
        report |= {"size": size_of_network(written, format.network), "packages": _versions(format)}
        report |= msgspec.to_builtins(finished)
        atomic_write(written / REPORT, msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
        write_manifest(written, exported)
        with writing(target):
            swap_folder(written, target)
    return Export(
        folder=target,
        examples=report["examples"],
        source=source,
        largest_difference=report["largest_difference"],
        relative_difference=report["relative_difference"],
        size=report["size"],
        format=format.name,
        network=format.network,
        scored=finished.scored,
        not_scored=finished.not_scored,
        precision=finished.precision,
        table=finished.table,
    )


def _compared(
    network: Network,
    codec: Codec,
    inputs: Sequence[Arrays],
    contexts: Sequence[Sequence[Any]] | None,
    expected: Sequence[Arrays],
    manifest: Manifest,
) -> dict[str, Any]:
    """Run the exported network one by one and in batches; a report, or `RunError` if it differs.

    Without `contexts` (the inputs are random arrays then) there are no predictions to compare.
    """
    largest = relative = 0.0
    examples = 0
    for number, (batch, wanted) in enumerate(zip(inputs, expected, strict=True)):
        if not all(np.isfinite(array).all() for array in _arrays(wanted)):
            raise RunError("the network gives outputs that are not finite under Keras too: train it again")
        check_stop()
        for how, outputs in _both_ways(network, batch):
            absolute, share = _check_outputs(codec, outputs, wanted, how)
            largest, relative = max(largest, absolute), max(relative, share)
            if contexts is not None:
                _check_predictions(codec, outputs, wanted, contexts[number], manifest.builder, how, share)
        examples += _count(batch)
    return {
        "verified": True,
        "examples": examples,
        "compared": f"outputs{' and predictions' if contexts else ''}, one by one and in batches",
        "largest_difference": largest,
        "relative_difference": relative,
        "tolerance": codec.export_tolerance,
    }


def _versions(format: Format) -> dict[str, str]:  # noqa: A002
    """The versions of the packages that took part."""
    names = [name.replace("_", "-") for name in format.packages]
    return {name: metadata.version(name) for name in names}


def _both_ways(network: Network, batch: Arrays) -> list[tuple[str, Arrays]]:
    """How a batch was run, and its outputs."""
    singles = [_at(network(_at(batch, slice(index, index + 1))), 0) for index in range(_count(batch))]
    return [("in a batch", network(batch)), ("one by one", stack(singles))]


def _check_outputs(codec: Codec, outputs: Arrays, wanted: Arrays, how: str) -> tuple[float, float]:
    """The absolute and the relative difference of outputs, if that is within the codec's tolerance."""
    absolute, share = _difference(codec.comparable(outputs), codec.comparable(wanted))
    if not share <= codec.export_tolerance:
        raise RunError(
            f"the exported network gives other outputs than Keras for {_count(wanted)} examples run {how}:"
            f" they differ by up to {absolute:.3g}, {share:.2g} of the largest output, and"
            f" {codec.export_tolerance:g} is allowed; nothing was exported"
        )
    return absolute, share


def _check_predictions(
    codec: Codec,
    outputs: Arrays,
    wanted: Arrays,
    contexts: Sequence[Any],
    builder: str,
    how: str,
    share: float,
) -> None:
    """Refuse predictions that differ although the outputs agree to `share`."""
    pairs = zip(
        decode_each(codec, outputs, contexts, builder),
        decode_each(codec, wanted, contexts, builder),
        strict=True,
    )
    differing = sum(not alike(msgspec.to_builtins(a), msgspec.to_builtins(b)) for a, b in pairs)
    if differing:
        raise RunError(
            f"the exported network's outputs agree with Keras's to {share:.2g}, but {differing} of"
            f" {len(contexts)} predictions (run {how}) differ; nothing was exported"
        )


def _difference(outputs: Arrays, wanted: Arrays) -> tuple[float, float]:
    """The largest absolute difference, and the largest as a share of an output's largest value."""
    if isinstance(outputs, dict) != isinstance(wanted, dict):
        return math.inf, math.inf
    pairs = [(outputs, wanted)]
    if isinstance(outputs, dict) and isinstance(wanted, dict):
        if outputs.keys() != wanted.keys():
            return math.inf, math.inf
        pairs = [(outputs[name], wanted[name]) for name in wanted]
    absolute = relative = 0.0
    for a, b in pairs:
        assert isinstance(a, np.ndarray)
        assert isinstance(b, np.ndarray)
        if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
            return math.inf, math.inf
        difference = float(np.max(np.abs(a.astype(np.float64) - b.astype(np.float64)), initial=0.0))
        scale = float(np.max(np.abs(b), initial=0.0)) or 1.0
        absolute, relative = max(absolute, difference), max(relative, difference / scale)
    return absolute, relative


def alike(a: Any, b: Any) -> bool:
    """Whether two predictions as JSON values are the same but for the last digits of numbers."""
    if isinstance(a, float) and isinstance(b, (int, float)):
        return math.isclose(a, b, rel_tol=PREDICTION_TOLERANCE, abs_tol=PREDICTION_TOLERANCE)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(alike, a, b))
    return bool(a == b)


def _arrays(arrays: Arrays) -> list[np.ndarray]:
    return list(arrays.values()) if isinstance(arrays, dict) else [arrays]


def _count(batch: Arrays) -> int:
    """The examples in a batch."""
    return len(_arrays(batch)[0])


def _at(arrays: Arrays, index: Any) -> Arrays:
    if isinstance(arrays, dict):
        return {name: array[index] for name, array in arrays.items()}
    return np.asarray(arrays[index])
