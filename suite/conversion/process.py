"""A `.keras` file to another format, in a process of its own.

TensorFlow is the backend whose export has dynamic shapes, whatever backend the calling process has, and
what TensorFlow and the converters print while they work belongs to this process alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.conversion.formats import ONNX, Format
from suite.conversion.traced import read_batches, write_batches
from suite.errors import RunError, UserError
from suite.files import unwritable_in, writing
from suite.pipeline.codec import Arrays
from suite.pipeline.keras_files import check_keras
from suite.plugin_files import files_of_modules
from suite.processes import in_a_fresh_process, program

_CHILD = program("suite.conversion.child", "work(json.loads(sys.argv[2]))")


def convert(
    source: Path,
    target: Path,
    packages: Iterable[str],
    batches: Sequence[Arrays],
    scratch: Path,
    metadata: Mapping[str, str] | None = None,
    format: Format = ONNX,  # noqa: A002 - as on the command line
) -> tuple[list[Arrays], list[Arrays]]:
    """Write `source`, a `.keras` file, in another format to `target`, and run it under Keras.

    The first axis of all inputs and outputs is dynamic, as are others that the network leaves open.
    Inputs and outputs have the names that they have in Keras.

    Args:
        source: the file of the network.
        target: the file or folder to write.
        packages: as for `load_keras`.
        batches: encoded examples to run under Keras. Without any, random arrays are made.
        scratch: a folder through which the processes exchange arrays.
        metadata: what the file says of itself, by name.
        format: to write.

    Returns:
        The batches, and Keras's outputs for them.

    Raises:
        UserError: if a package is missing, `source` is no proper file, or the format cannot hold it.
        RunError: if the network cannot be converted.
    """
    format.check_packages()
    check_keras(source, packages)
    with writing(scratch):
        (scratch / "metadata.json").write_text(json.dumps(dict(metadata or {})), encoding="utf-8")
        if batches:
            write_batches(scratch / "inputs.npz", batches)
    packages = list(packages)
    job = {"source": str(source), "target": str(target), "packages": packages, "scratch": str(scratch)}
    job |= {"plugin_files": files_of_modules(packages), "format": format.name}
    reason = do(job, target)
    if reason is None and not target.exists():
        reason = "nothing was written"
    if reason is not None:
        raise RunError(f"{source} could not be converted to {format.title}: {reason}")
    return read_batches(scratch / "inputs.npz"), read_batches(scratch / "outputs.npz")


def do(job: Mapping[str, Any], target: Path) -> str | None:
    """Do a job of `suite.conversion.child` in a process of its own: None, or why it failed.

    Args:
        job: with the folder `scratch`, through which the processes exchange arrays.
        target: what it writes.

    Raises:
        UserError: if the user can put it right.
        UnwritableError: if there is no room for it.
    """
    status, printed = _in_a_process(job)
    errors = _answer(Path(job["scratch"]) / "answer.json")
    full = unwritable_in(printed, target) if status else None
    if full is not None:
        raise full
    if "user_error" in errors:
        raise UserError(errors["user_error"])
    if status == 0:
        return None
    return errors.get("error") or (printed.strip().splitlines() or [f"status {status}"])[-1]


def _in_a_process(job: Mapping[str, Any]) -> tuple[int, str]:
    """Do a job in a process of its own: its exit status, and what it printed to the standard error."""
    return in_a_fresh_process(_CHILD, json.dumps(job))


def _answer(path: Path) -> dict[str, str]:
    """What went wrong in the child, by kind; empty if nothing did, or it could not say so."""
    try:
        answer: dict[str, str] = json.loads(path.read_text())
    except (OSError, ValueError):  # it was not written, or the disk is full: the file is empty or cut off
        return {}
    return answer
