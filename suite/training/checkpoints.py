"""Checkpoints: all that a training needs to go on, each in a file that is complete or not there at all.

A checkpoint holds every variable of the network (weights, moving statistics, random states), of the
optimizer (its averages and step) and of the running metrics, and as JSON the step, the history and what
the callbacks know. It is a NumPy archive that is read without pickle.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from suite.documents import parse_json
from suite.errors import UserError, first_line
from suite.files import atomic_path, writing
from suite.regular_files import refuse_special

FORMAT = 1
"""The version of the layout of these files."""

_HEADER = "header"
_CHECKSUM = "checksum"


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> None:
    """Write named arrays and a JSON state to one file, atomically.

    Beside the arrays it has a `header`, JSON with the version, the state, and of each array the dtype, shape
    and SHA-256; and the SHA-256 of that.
    """
    table = {name: _described(array) for name, array in arrays.items()}
    header = json.dumps({"format": FORMAT, "state": state, "arrays": table}).encode()
    checked = {
        _HEADER: np.frombuffer(header, dtype=np.uint8),
        _CHECKSUM: np.frombuffer(hashlib.sha256(header).digest(), dtype=np.uint8),
    }
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, allow_pickle=False, **checked, **arrays)


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """What `write_arrays` wrote, all of it and nothing else.

    Raises:
        UserError: if the file is damaged, or of another version.
    """
    try:
        refuse_special(path)
        with zipfile.ZipFile(path) as archive:
            header = _header(archive, path)
            if sorted(archive.namelist()) != sorted(
                f"{name}.npy" for name in (_HEADER, _CHECKSUM, *header["arrays"])
            ):
                raise ValueError("it does not hold the arrays that it was written with")
            arrays = {name: _array(archive, name) for name in header["arrays"]}
    except _READING as error:
        raise UserError(f"{path} is damaged and cannot be read: {first_line(error)[:200]}") from None
    for name, array in arrays.items():
        if _described(array) != header["arrays"][name]:
            raise UserError(f"{path} is damaged: the checksum (SHA-256) of {name} is another one")
    return arrays, header["state"]


def read_state(path: Path) -> dict[str, Any]:
    """The state alone of what `write_arrays` wrote, without a look at the arrays.

    Raises:
        UserError: if it is damaged, or of another version.
    """
    try:
        refuse_special(path)
        with zipfile.ZipFile(path) as archive:
            state: dict[str, Any] = _header(archive, path)["state"]
    except _READING as error:
        raise UserError(f"{path} is damaged and cannot be read: {first_line(error)[:200]}") from None
    return state


_READING = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    EOFError,
    RuntimeError,
    SyntaxError,
    OverflowError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What NumPy and zipfile raise of damaged files."""


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """An array of a NumPy archive, which takes no more memory than it has in the file.

    Raises:
        ValueError: if it is compressed, is of objects, or says that it is larger than it is.
    """
    member = archive.getinfo(f"{name}.npy")
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"its {name} is compressed")
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in read:
            raise ValueError(f"its {name} is of the version {version} of NumPy's format")
        shape, by_columns, dtype = read[version](file)
        if dtype.hasobject or math.prod(shape) * dtype.itemsize != member.file_size - file.tell():
            raise ValueError(f"its {name} is not as large as it says")
        # Copied, so that it can be written to as any other array.
        flat: np.ndarray = (
            np.frombuffer(file.read(), dtype).copy() if math.prod(shape) else np.empty(0, dtype)
        )
    return flat.reshape(shape, order="F" if by_columns else "C")


def _header(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    content = _array(archive, _HEADER).tobytes()
    if hashlib.sha256(content).digest() != _array(archive, _CHECKSUM).tobytes():
        raise ValueError("the checksum (SHA-256) of its header is another one")
    header: dict[str, Any] = parse_json(content, str(path), any_number=True)
    if header["format"] != FORMAT:
        raise UserError(f"{path} is of another version (format {header['format']}, this one reads {FORMAT})")
    return header


def _described(array: np.ndarray) -> dict[str, Any]:
    content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return {
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "sha256": hashlib.sha256(content.data).hexdigest(),
    }


def values_of(variables: Sequence[Any], prefix: str) -> dict[str, np.ndarray]:
    """The values of Keras variables by `prefix/index`."""
    return {f"{prefix}/{index:05}": to_numpy(variable) for index, variable in enumerate(variables)}


def to_numpy(variable: Any) -> np.ndarray:
    """A copy of a Keras variable's value; the copy does not change with it."""
    import keras

    return np.array(keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(variable)))


def assign(variables: Sequence[Any], arrays: Mapping[str, np.ndarray], prefix: str, where: str) -> None:
    """Put saved values into variables, after checking that all of them fit.

    Raises:
        UserError: if the number of variables, a shape or a dtype differs.
    """
    names = sorted(name for name in arrays if name.startswith(f"{prefix}/"))
    differs = ""
    if names != [f"{prefix}/{index:05}" for index in range(len(variables))]:
        differs = f"it holds {len(names):,} variables of it, and {len(variables):,} are wanted"
    for name, variable in zip(names, variables, strict=False):
        saved, wanted = tuple(arrays[name].shape), tuple(variable.shape)
        if not differs and saved != wanted:
            differs = f"{variable.path} is {list(wanted)} and not {list(saved)}"
        elif not differs and not _same_dtype(arrays[name], variable):
            differs = f"{variable.path} is {variable.dtype} and not {arrays[name].dtype}"
    if differs:
        raise UserError(
            f"{where} does not fit the {prefix} that is built now ({differs}): was a plugin or a setting"
            " changed since?"
        )
    for name, variable in zip(names, variables, strict=True):
        variable.assign(arrays[name])


def _same_dtype(array: np.ndarray, variable: Any) -> bool:
    # On torch a variable may be kept as another type than the one that it says.
    return array.dtype.name == variable.dtype or array.dtype == to_numpy(variable).dtype


_KINDS = ("network", "optimizer", "metrics", "random")


def check_complete(arrays: Mapping[str, np.ndarray], step: int, where: str) -> None:
    """Refuse a checkpoint that lacks what a training goes on with, or has something that nobody knows.

    Args:
        arrays: of a checkpoint. Whether those of each kind fit the variables, `assign` looks.
        step: its step; before the first one no metrics are kept.
        where: how a message calls it.

    Raises:
        UserError: naming what is missing, or left over.
    """
    found = {name.partition("/")[0] for name in arrays}
    needed = (
        {"network", "optimizer"}
        | ({"metrics"} if step else set())
        | {name.partition("/")[0] for name in backend_random_state()}
    )
    for what, kinds in (("lacks the", needed - found), ("holds unknown", found - set(_KINDS))):
        if kinds:
            raise UserError(f"{where} {what} {' and '.join(sorted(kinds))}: it cannot be gone on with")


def backend_random_state() -> dict[str, np.ndarray]:
    """The random state that a backend keeps for itself, by `random/device`.

    Keras has its own in variables on TensorFlow and JAX; on torch an unseeded dropout draws from torch's.
    """
    import keras

    if keras.config.backend() != "torch":
        return {}
    import torch

    state = {"random/cpu": torch.get_rng_state().numpy()}
    if torch.cuda.is_available():
        state["random/cuda"] = torch.cuda.get_rng_state().numpy()
    return state


def restore_backend_random_state(arrays: Mapping[str, np.ndarray]) -> None:
    """Put back what `backend_random_state` gave."""
    if "random/cpu" not in arrays:
        return
    import torch

    torch.set_rng_state(torch.from_numpy(arrays["random/cpu"]))
    if "random/cuda" in arrays and torch.cuda.is_available():
        torch.cuda.set_rng_state(torch.from_numpy(arrays["random/cuda"]))


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that is whole.

    Attributes:
        arrays: by name.
        state: as it was written.
        notes: what was damaged and was passed over, as sentences.
    """

    arrays: dict[str, np.ndarray]
    state: dict[str, Any]
    notes: tuple[str, ...] = ()


class CheckpointFolder:
    """The checkpoints of a run: the two newest, and the best weights that they refer to.

    The best weights lie in a file of their own, named after their step, and a checkpoint names the one
    that belongs to it. Files are deleted only when a newer checkpoint is safely there, and the one before it
    stays with its best weights: if one is damaged, there is the other.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, step: int, arrays: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> None:
        """Write the checkpoint of a step, then delete what only those before the one before it needed."""
        self._make()
        newest = self.path / f"step-{step:010}.npz"
        write_arrays(newest, arrays, state)
        needed = {newest.name, state.get("best_file")}
        for file in self._files:
            if file == newest:
                continue
            try:
                needed |= {file.name, read_state(file).get("best_file")}
            except UserError:
                continue  # it is damaged, and the one before it may be whole
            break
        for file in self.path.iterdir():
            if file.name not in needed and file.suffix == ".npz" and not file.name.startswith("."):
                file.unlink(missing_ok=True)

    def write_best(self, step: int, weights: Mapping[str, np.ndarray]) -> str:
        """Write the best weights so far and return the file's name, for the next checkpoint's state."""
        self._make()
        name = f"best-{step:010}.npz"
        write_arrays(self.path / name, weights, {"step": step})
        return name

    def read_best(self, name: str) -> dict[str, np.ndarray]:
        """The weights in the file that a checkpoint names.

        Raises:
            UserError: if it is damaged, or not there.
        """
        if not (self.path / name).is_file() or Path(name).name != name:
            raise UserError(f"the best weights are gone: there is no file {self.path / name}")
        return read_arrays(self.path / name)[0]

    @property
    def exist(self) -> bool:
        """Whether there is a checkpoint."""
        return any(self.path.glob("step-*.npz"))

    def newest(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """Arrays and state of what `newest_whole` gives."""
        found = self.newest_whole()
        return None if found is None else (found.arrays, found.state)

    def newest_whole(self) -> Checkpoint | None:
        """The newest checkpoint that is whole and whose best weights are; None if there is none yet.

        If the best weights of each are damaged, it is the newest one, without any (`best_file` is None).

        Raises:
            UserError: if all are damaged.
        """
        notes: list[str] = []
        without_best: Checkpoint | None = None
        for file in self._files:
            try:
                arrays, state = read_arrays(file)
            except UserError as error:
                notes.append(str(error))
                continue
            try:
                if state.get("best_file"):
                    self.read_best(state["best_file"])
            except UserError as error:
                if str(error) not in notes:
                    notes.append(str(error))
                if without_best is None:
                    lost = (*notes, f"so the training goes on after step {state['step']:,} without them")
                    without_best = Checkpoint(arrays, {**state, "best_file": None}, lost)
                continue
            if notes:
                notes.append(
                    f"so the training goes on from the checkpoint before it, of step {state['step']:,}"
                )
            return Checkpoint(arrays, state, tuple(notes))
        if without_best is None and notes:
            raise UserError(f"{notes[0]}; no checkpoint in {self.path} is whole: train anew")
        return without_best

    @property
    def _files(self) -> list[Path]:
        """The checkpoints, newest first."""
        return sorted(self.path.glob("step-*.npz"), reverse=True)

    def _make(self) -> None:
        with writing(self.path):
            self.path.mkdir(exist_ok=True)
