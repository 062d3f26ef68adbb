"""Export a run's model for use without Keras; it counts only if the written file was run and agrees."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from suite.configuration import Configuration, from_mapping, read_toml
from suite.conversion.export import Export, Finished, export_to
from suite.conversion.formats import ONNX, Format, format_named
from suite.conversion.results import Rescored
from suite.data.dataset import Dataset
from suite.errors import RunError, UserError
from suite.host import Host
from suite.pipeline.codec import Codec, Encoded
from suite.pipeline.manifest import REPORT, Manifest, model_folder
from suite.prediction.encoding import encode
from suite.prediction.loading import describe, model_task
from suite.runs.data import RunData, run_data
from suite.runs.elsewhere import elsewhere_too
from suite.runs.precision import check_precision, reduce
from suite.runs.rescoring import Rescoring, check_tolerance, is_tolerated, prepare, too_far
from suite.stopping import check_stop

EXAMPLES = 64


@elsewhere_too("path")
def export(
    path: str | Path,
    *,
    out: str | Path | None = None,
    format: str = "onnx",  # noqa: A002 - as on the command line
    precision: str = "float32",
    verify: bool = True,
    tolerance: float | None = None,
    host: Host | None = None,
    dataset: Dataset | None = None,
) -> Export:
    """Write a trained pipeline for a runtime without Keras, run the written file, compare and score it.

    It is compared on up to 64 examples of the run's test split (else of validation, else of training); if
    the data is not there any more, on the task's made-up sample, else on random arrays. It is scored on the
    run's validation split, as is Keras's network.

    Args:
        path: a run or a model folder.
        out: the folder to write, which appears only when everything agrees, and replaces an earlier
            export; by default `export` in the run for ONNX, `export-FORMAT` for another format, and
            `export-PRECISION` for another precision.
        format: "onnx", "litert", "openvino" or "saved-model".
        precision: "float32", or for ONNX "float16" or "int8", see `suite.runs.precision`.
        verify: whether to score it on the validation split.
        tolerance: the points of the task's metric by which it may fall below Keras's network; None takes
            what `suite.runs.rescoring.default_tolerance` says.
        host: where builder and loader are looked up; None takes what is installed.
        dataset: the run's data, if it was in memory.

    Raises:
        UserError: if there is nothing to export, a package is missing, the format cannot hold the network,
            or `out` is something else.
        RunError: if the network cannot be converted, or the written file predicts something else or scores
            less.
    """
    check_tolerance(tolerance, verify=verify)
    chosen = format_named(format)
    check_precision(precision, chosen.name)
    path = Path(path)
    host = host if host is not None else Host()
    folder = model_folder(path)
    described = describe(folder, host=host)
    if not described.manifest.network.endswith(".keras"):
        raise UserError(f"{path} is an export already: give the run that it was made from")
    beside = folder.parent if folder.name == "model" else folder
    target = beside / folder_name(chosen, precision) if out is None else Path(out)
    _check_target(target)
    data = data_of(folder.parent, host, dataset)
    if precision != "float32" and isinstance(data, str):
        raise UserError(f"{precision} needs the run's training examples: {data}")
    encoded, source = _examples(described.manifest, described.codec, host, data)

    def finish(written: Path) -> Finished:
        return _finished(written, path, host, data, precision, tolerance, verify=verify)

    return export_to(target, folder, described, encoded, source, host, chosen, finish)


def folder_name(chosen: Format, precision: str = "float32") -> str:
    """The folder in a run that an export is written to."""
    if precision != "float32":
        return f"export-{precision}"
    return "export" if chosen == ONNX else f"export-{chosen.name}"


def _finished(
    written: Path,
    run: Path,
    host: Host,
    data: tuple[Configuration, RunData] | str,
    precision: str,
    tolerance: float | None,
    *,
    verify: bool,
) -> Finished:
    """Score what was written in float32, and put a network of less precision in its place if it is wanted."""
    rescore: Rescoring | None = None
    scored: Rescored | None = None
    not_scored = "not scored: --no-verify" if not verify else ""
    if not not_scored and isinstance(data, str):
        not_scored = f"not scored: {data}"
    elif not not_scored and not isinstance(data, str):
        prepared = prepare(run, host, *data)
        if isinstance(prepared, str):
            not_scored = prepared
        else:
            rescore = prepared
            scored = rescore(written, tolerance=tolerance if precision == "float32" else None)
            if not is_tolerated(scored):
                raise RunError(f"{too_far(scored, 'float32')}; nothing was exported")
    finished = Finished(scored=scored, not_scored=not_scored)
    if precision == "float32":
        return finished
    scoring = None if rescore is None else partial(rescore, precision=precision, tolerance=tolerance)
    assert not isinstance(data, str)
    found = reduce(written, precision, data[1].dataset.train, host, scored, scoring)
    return replace(found, not_scored=not_scored)


def _examples(
    manifest: Manifest, codec: Codec, host: Host, data: tuple[Configuration, RunData] | str
) -> tuple[list[Encoded], str]:
    """Encoded examples and where they are from; none if only random arrays are left."""
    if not isinstance(data, str):
        _, found = data
        for split in ("test", "validation", "train"):
            encoded = _encoded(found.dataset, split, codec)
            if encoded:
                return encoded, f"the {split} split of {found.name}"
    sample = model_task(host, manifest).item.sample()
    encoded = _encoded(sample, "train", codec)
    if encoded:
        return encoded, "made-up examples of the task (the run's data is not there)"
    return [], "random arrays (the run's data is not there)"


def data_of(run: Path, host: Host, dataset: Dataset | None) -> tuple[Configuration, RunData] | str:
    """A run's configuration and data, with the splits that it was trained with; or why they are not there."""
    file = run / "config.toml"
    if not file.is_file():
        return "the run's data is not known, for there is no config.toml beside the model"
    try:
        configuration = from_mapping(read_toml(file), str(file))
        return configuration, run_data(host, configuration, dataset)
    except UserError as error:
        return f"the run's data is not there ({error})"


def _encoded(dataset: Dataset, split: str, codec: Codec) -> list[Encoded]:
    """Up to `EXAMPLES` examples, evenly spaced; unreadable ones are passed over."""
    examples = dataset.splits.get(split, [])
    chosen = np.unique(np.linspace(0, len(examples) - 1, min(EXAMPLES, len(examples))).astype(int))
    encoded = []
    for index in chosen.tolist():
        check_stop()
        try:
            encoded.append(encode(codec, examples[index].input))
        except (UserError, OSError):
            continue
    return encoded


def _check_target(target: Path) -> None:
    if target.is_dir() and any(target.iterdir()) and not (target / REPORT).is_file():
        raise UserError(f"{target} is not empty and no earlier export: give another folder with --out")
    if target.exists() and not target.is_dir():
        raise UserError(f"{target} is a file: give a folder with --out")
