"""An export in float16 or int8: calibrated on training examples, measured, scored, and the best one kept."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from suite.conversion.export import Finished
from suite.conversion.quantization import METHODS, reduced
from suite.conversion.results import Measured, Rescored
from suite.data.dataset import Examples
from suite.errors import RunError, UserError, nearest
from suite.files import temporary_folder, writing
from suite.host import Host
from suite.pipeline.codec import Arrays
from suite.pipeline.manifest import read_manifest, write_manifest
from suite.pipeline.networks import OnnxNetwork
from suite.prediction.loading import load
from suite.prediction.recording import recorded
from suite.runs.rescoring import evenly, is_tolerated, too_far
from suite.runs.timing import first_of, medians
from suite.wording import number

PRECISIONS = ("float32", "float16", "int8")
CALIBRATION_EXAMPLES = 128
SIZES = (1, 16)
"""How many examples go through a network when its speed is measured."""
SECONDS = 6.0
"""For measuring all of them."""
SMALLER = 0.9
"""A file that is not smaller than this share of the float32 one has hardly a weight that was reduced."""
FASTER = 0.95
"""Of the time of an earlier one, which is kept unless a later one is really faster."""


def check_precision(precision: str, format_name: str) -> None:
    """Refuse a precision that there is not, or not in this format.

    Raises:
        UserError: saying so.
    """
    if precision not in PRECISIONS:
        raise UserError(f"there is no precision '{precision}': {nearest(precision, PRECISIONS)}")
    if precision != "float32" and format_name != "onnx":
        raise UserError(
            f"{precision} is written as ONNX only, not as {format_name}: leave out --format or --precision"
        )


def reduce(
    written: Path,
    precision: str,
    examples: Examples,
    host: Host,
    float32: Rescored | None,
    rescore: Callable[[Path], Rescored] | None,
) -> Finished:
    """Put a network of less precision into the place of the float32 one in an exported folder.

    Args:
        written: the exported folder, in float32.
        precision: "float16" or "int8".
        examples: for the ranges of activations and for measuring speed; up to 128 spread over them are used.
        host: where the builder is looked up.
        float32: how the float32 network scores; None if nothing is scored.
        rescore: scores an exported folder of this precision; None scores nothing.

    Raises:
        RunError: if it gains nothing, or falls further than is allowed.
    """
    manifest = read_manifest(written)
    network = written / manifest.network
    chosen = evenly(examples, CALIBRATION_EXAMPLES)
    with closing(load(written, host=host)) as pipeline:
        inputs = (chosen[index].input for index in range(len(chosen)))
        batches = recorded(pipeline.for_scoring(), inputs, max_examples=2 * CALIBRATION_EXAMPLES)
    if not batches:
        raise RunError(f"no example could be read, and {precision} needs some; nothing was exported")
    with temporary_folder(written) as scratch:
        files, failed = reduced(network, precision, batches, scratch)
        before, rows = _measured(network, precision, files, failed, batches)
        if float32 is not None:
            before = replace(before, score=float32.score, interval=float32.interval)
        if not any(_gains(row, before) for row in rows.values()):
            raise RunError(_gains_nothing(precision, before, rows))
        refused: list[Rescored] = []
        for method in _by_speed(before, rows):
            scored = None
            if rescore is not None:
                folder = scratch / method
                with writing(folder):
                    folder.mkdir()
                    files[method] = files[method].rename(folder / network.name)
                write_manifest(folder, manifest)
                scored = rescore(folder)
                rows[method] = replace(rows[method], score=scored.score, interval=scored.interval)
                if not is_tolerated(scored):
                    refused.append(scored)
                    rows[method] = replace(rows[method], remark=f"falls by {number(scored.fall)}")
                    continue
            slower = _relative_time(rows[method], before) > 1 / FASTER
            remark = "written; slower than float32" if slower else "written"
            rows[method] = replace(rows[method], chosen=True, remark=remark)
            with writing(network):
                os.replace(files[method], network)
            return Finished(scored=scored, precision=precision, table=[before, *rows.values()])
        best = min(refused, key=lambda scored: scored.fall)
        tried = ", ".join(f"{row.method}: {row.remark}" for row in rows.values() if row.score is not None)
        raise RunError(f"{too_far(best, precision)}; tried were {tried}; nothing was exported")


def _measured(
    network: Path,
    precision: str,
    files: Mapping[str, Path],
    failed: Mapping[str, str],
    batches: Sequence[Arrays],
) -> tuple[Measured, dict[str, Measured]]:
    """Size and speed of the float32 network, and of those of less precision by method."""
    networks = {"": OnnxNetwork(network)}
    broken = dict(failed)
    example = first_of(batches[0])
    for method, file in files.items():
        try:
            opened = OnnxNetwork(file)
            if all(np.isfinite(array).all() for array in _floats(opened(batches[0]))):
                networks[method] = opened
            else:
                broken[method] = "it gives numbers that are not finite"
        except UserError as error:  # what its tools wrote ONNX Runtime cannot run
            broken[method] = str(error)
    times = medians(networks, example, SIZES, SECONDS)
    before = Measured(precision="float32", size=network.stat().st_size, milliseconds=times[""])
    rows = {}
    for method, name in METHODS[precision].items():
        works = method in networks
        rows[method] = Measured(
            precision=precision,
            method=name,
            size=files[method].stat().st_size if works else 0,
            milliseconds=times.get(method, {}),
            remark="" if works else f"does not work: {broken[method]}",
        )
        if works and not _gains(rows[method], before):
            rows[method] = replace(rows[method], remark="hardly smaller")
    return before, rows


def _gains(row: Measured, before: Measured) -> bool:
    """Whether a network works and has weights that became smaller."""
    return 0 < row.size <= SMALLER * before.size


def _by_speed(before: Measured, rows: Mapping[str, Measured]) -> list[str]:
    """The methods that gain something, the fastest first; an earlier one if they are about as fast."""
    ordered: list[str] = []
    times = {method: _relative_time(row, before) for method, row in rows.items() if _gains(row, before)}
    while times:
        best = next(iter(times))
        for method, relative in times.items():
            if relative < FASTER * times[best]:
                best = method
        ordered.append(best)
        del times[best]
    return ordered


def _relative_time(row: Measured, before: Measured) -> float:
    """The time of a network as a share of the float32 one's: the geometric mean over the sizes."""
    shares = [row.milliseconds[size] / max(before.milliseconds[size], 1e-9) for size in SIZES]
    return math.prod(shares) ** (1 / len(shares))


def _gains_nothing(precision: str, before: Measured, rows: Mapping[str, Measured]) -> str:
    tried = "; ".join(
        f"{row.method}: {f'{row.size:,} bytes' if row.size else row.remark}" for row in rows.values()
    )
    return (
        f"{precision} makes this network of {before.size:,} bytes hardly smaller ({tried}): it has few"
        " weights that this precision reduces; nothing was exported, use the float32 export"
    )


def _floats(outputs: Arrays) -> list[np.ndarray]:
    arrays = list(outputs.values()) if isinstance(outputs, dict) else [outputs]
    return [array for array in arrays if array.dtype.kind == "f"]
