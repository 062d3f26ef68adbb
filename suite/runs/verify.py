"""Whether the files of a run, an export or a checkpoint are what they were when they were written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from suite.configuration import from_mapping, read_toml
from suite.documents import NotJsonError, decode_json
from suite.errors import UserError
from suite.evaluation.prediction_files import PREDICTIONS_FILE
from suite.pipeline.manifest import (
    BENCH_FILE,
    FOLDS_FILE,
    MANIFEST,
    Manifest,
    check_file,
    is_beside,
    model_folder,
    read_manifest,
)
from suite.runs.directory import RunDirectory
from suite.runs.logs import FILE as LOGS_FILE
from suite.runs.run import read_json
from suite.training.checkpoints import read_arrays


@dataclass(frozen=True)
class Verified:
    """A file that was looked at.

    Attributes:
        path: the file.
        how: what it was compared with: "SHA-256", or "can be read" where nothing is written down.
        problem: what is wrong with it, for people; "" if nothing is.
    """

    path: Path
    how: str
    problem: str = ""


_CHECKSUM = "SHA-256"
_READABLE = "can be read"


def verify(path: Path) -> list[Verified]:
    """Compare every file with its checksum, and read those that have none.

    Nothing is loaded, and no plugin is needed.

    Args:
        path: a run, a directory of folds, a model folder, an export, a checkpoint, or a folder of them.

    Returns:
        What was looked at, in this order, damaged or not.

    Raises:
        UserError: if `path` is none of these.
    """
    if path.suffix == ".npz" and path.is_file():
        return [_checkpoint(path)]
    if (path / FOLDS_FILE).is_file():
        folds = sorted(path.glob("fold-*"), key=lambda fold: (len(fold.name), fold.name))
        return [_json(path / FOLDS_FILE), *(found for fold in folds for found in _run(fold))]
    if (path / "config.toml").is_file():
        return list(_run(path))
    if path.is_dir() and any(path.glob("step-*.npz")):
        return list(_checkpoints(path))
    return list(_model(model_folder(path)))


def _run(path: Path) -> Iterator[Verified]:
    run = RunDirectory(path)
    yield _look(
        path / "config.toml",
        _READABLE,
        lambda file: from_mapping(read_toml(file), str(file)),
    )
    for name in ("environment.json", "metrics.json", LOGS_FILE):
        if (path / name).is_file() or name == "environment.json":
            yield _json(path / name)
    if (path / "history.csv").is_file():
        yield _look(path / "history.csv", _READABLE, lambda file: RunDirectory(file.parent).history())
    if (path / PREDICTIONS_FILE).is_file():
        yield _look(path / PREDICTIONS_FILE, _READABLE, _read_lines)
    for folder in (run.model, *sorted(path.glob("export*"))):
        if (folder / MANIFEST).is_file():
            yield from _model(folder)
    yield from _checkpoints(run.checkpoints.path)


def _model(folder: Path) -> Iterator[Verified]:
    known: list[Manifest] = []
    yield _look(folder / MANIFEST, _CHECKSUM, lambda file: known.append(read_manifest(file.parent)))
    for manifest in known:
        network = [] if (folder / manifest.network).is_dir() else [manifest.network]
        for name in dict.fromkeys([*network, *sorted(manifest.files)]):
            if not is_beside(name):
                yield Verified(folder / MANIFEST, _CHECKSUM, f"its file '{name}' is not beside it")
                continue
            yield _look(folder / name, _CHECKSUM, partial(_file_of, folder, manifest, name))
    if (folder / BENCH_FILE).is_file():
        yield _json(folder / BENCH_FILE)


def _file_of(folder: Path, manifest: Manifest, name: str, file: Path) -> None:
    check_file(folder, manifest, name)


def _checkpoints(folder: Path) -> Iterator[Verified]:
    for file in sorted(folder.glob("*.npz")):
        if not file.name.startswith("."):
            yield _checkpoint(file)


def _checkpoint(file: Path) -> Verified:
    return _look(file, _CHECKSUM, read_arrays)


def _json(file: Path) -> Verified:
    return _look(file, _READABLE, read_json)


def _read_lines(file: Path) -> None:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                decode_json(line)
            except NotJsonError as error:
                raise UserError(f"{file} is damaged: line {number:,} is not JSON: {error}") from None


def _look(file: Path, how: str, check: Callable[[Path], Any]) -> Verified:
    try:
        check(file)
    except (UserError, OSError) as error:
        return Verified(file, how, str(error))
    return Verified(file, how)
