"""Checkpoints: all that a training needs to go on, in one file that is complete or not there at all.

A checkpoint holds every variable of the network (weights, moving statistics, random states), of the
optimizer (its averages and step) and of the running metrics, and as JSON the step, the history and what
the callbacks know. It is a NumPy archive that is read without pickle.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite.errors import UserError
from suite.files import atomic_path, writing

_STATE = "state"


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> None:
    """Write named arrays and a JSON state to one file, atomically."""
    encoded = np.frombuffer(json.dumps(state).encode(), dtype=np.uint8)
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, allow_pickle=False, **{_STATE: encoded}, **arrays)


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """What `write_arrays` wrote.

    Raises:
        UserError: if the file is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        state = json.loads(arrays.pop(_STATE).tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is damaged and cannot be read: {error}") from None
    return arrays, state


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
        UserError: if the number of variables or a shape differs.
    """
    names = sorted(name for name in arrays if name.startswith(f"{prefix}/"))
    fits = len(names) == len(variables) and all(
        tuple(arrays[name].shape) == tuple(variable.shape)
        for name, variable in zip(names, variables, strict=True)
    )
    if not fits:
        raise UserError(
            f"{where} does not fit the {prefix} that is built now: was a plugin or a setting changed since?"
        )
    for name, variable in zip(names, variables, strict=True):
        variable.assign(arrays[name])


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


class CheckpointFolder:
    """The checkpoints of a run: the newest, and the best weights that it refers to.

    The best weights lie in a file of their own, named after their step, and a checkpoint names the one
    that belongs to it. Files are deleted only when a newer checkpoint that does not need them is safely
    there, so at every moment the newest checkpoint is complete.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, step: int, arrays: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> None:
        """Write the checkpoint of a step, then delete what only older ones needed."""
        with writing(self.path):
            self.path.mkdir(exist_ok=True)
        newest = self.path / f"step-{step:010}.npz"
        write_arrays(newest, arrays, state)
        needed = {newest.name, state.get("best_file")}
        for file in self.path.iterdir():
            if file.name not in needed:
                file.unlink(missing_ok=True)

    def write_best(self, step: int, weights: Mapping[str, np.ndarray]) -> str:
        """Write the best weights so far and return the file's name, for the next checkpoint's state."""
        with writing(self.path):
            self.path.mkdir(exist_ok=True)
        name = f"best-{step:010}.npz"
        write_arrays(self.path / name, weights, {})
        return name

    def read_best(self, name: str) -> dict[str, np.ndarray]:
        """The weights in the file that a checkpoint names."""
        return read_arrays(self.path / name)[0]

    @property
    def exist(self) -> bool:
        """Whether there is a checkpoint."""
        return any(self.path.glob("step-*.npz"))

    def newest(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """The newest checkpoint's arrays and state, or None if there is none yet."""
        files = sorted(self.path.glob("step-*.npz"), reverse=True)
        return read_arrays(files[0]) if files else None
