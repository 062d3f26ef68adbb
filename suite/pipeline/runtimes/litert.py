"""Networks on LiteRT, which was TensorFlow Lite: `.tflite` files."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from suite.devices import cores, quiet_native_output
from suite.errors import UserError, first_line, unimportable
from suite.limits import LARGE
from suite.pipeline.codec import Arrays, ArraySpec, ArraySpecs, Signature
from suite.pipeline.networks import check_inputs
from suite.pipeline.runtimes.litert_files import check_litert


class LitertNetwork:
    """Runs a LiteRT file.

    An interpreter holds one run at a time, so threads that share the network wait for each other. A file
    whose batch axis is fixed to one example, as of recurrent networks, is run once for each.

    Args:
        path: the file.
        threads: how many threads one forward pass may use; None takes one for each core.

    Raises:
        UserError: if LiteRT is not installed or refuses the file.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            missing = f"LiteRT is not installed, which runs {path}: pip install 'keras-suite[litert]'"
            raise unimportable(error, "ai_edge_litert", missing) from None
        if not path.is_file():
            raise UserError(f"{path} is not there: export the run again")
        check_litert(path)
        self._shapes: dict[str, tuple[int, ...]] = {}
        try:
            with quiet_native_output():
                self._interpreter = Interpreter(model_path=str(path), num_threads=threads or cores())
                self._inputs, self._outputs = _signature(self._interpreter)
                with suppress(Exception):  # which need not fit: it is done again for the arrays that come
                    self._allocate({name: _smallest(tensor) for name, tensor in self._inputs.items()})
            if not self._inputs or not self._outputs:
                raise ValueError("it has no inputs or no outputs")
            self.signature = Signature(_specs(self._inputs), _specs(self._outputs))
            self._takes_one = any(tuple(_shape(tensor)[:1]) == (1,) for tensor in self._inputs.values())
        except Exception as error:  # noqa: BLE001 - whatever LiteRT finds in a damaged file
            reason = first_line(error)
            raise UserError(f"{path} is not a network that LiteRT can run: {reason}") from None
        self._path = path
        self._lock = threading.Lock()

    def __call__(self, inputs: Arrays) -> Arrays:
        """Run any number of examples; see `suite.pipeline.networks.KerasNetwork.__call__` for the shapes.

        Raises:
            UserError: if LiteRT cannot compute it.
        """
        check_inputs(inputs, self.signature.inputs, with_dtypes=True)
        feed = inputs if isinstance(inputs, dict) else dict.fromkeys(self._inputs, inputs)
        try:
            with self._lock:
                outputs = self._one_by_one(feed) if self._takes_one else self._run(feed)
        except Exception as error:
            reason = first_line(error)
            raise UserError(f"{self._path} could not be computed by LiteRT: {reason}") from error
        return outputs if len(outputs) > 1 else next(iter(outputs.values()))

    def _one_by_one(self, feed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        count = len(next(iter(feed.values())))
        runs = [
            self._run({name: array[index : index + 1] for name, array in feed.items()})
            for index in range(count)
        ]
        return {name: np.concatenate([run[name] for run in runs]) for name in self._outputs}

    def _allocate(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self._shapes = {}
        for name, shape in shapes.items():
            self._interpreter.resize_tensor_input(self._inputs[name]["index"], shape, strict=True)
        self._interpreter.allocate_tensors()
        self._shapes = dict(shapes)

    def _run(self, feed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        shapes = {name: array.shape for name, array in feed.items()}
        if shapes != self._shapes:
            self._allocate(shapes)
        for name, array in feed.items():
            self._interpreter.set_tensor(self._inputs[name]["index"], np.ascontiguousarray(array))
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(output["index"]) for name, output in self._outputs.items()}


def _signature(interpreter: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tensors of inputs and outputs. Nothing refers to the interpreter: it would not run."""
    runner = interpreter.get_signature_runner()
    return runner.get_input_details(), runner.get_output_details()


def _smallest(tensor: Mapping[str, Any]) -> tuple[int, ...]:
    """The shape of a tensor with axes of one where they are dynamic."""
    shape = tuple(max(1, int(side)) for side in _shape(tensor))
    if np.prod(shape, dtype=np.float64) > LARGE:
        raise ValueError("it takes large arrays")
    return shape


def _specs(details: Mapping[str, Any]) -> ArraySpecs | None:
    """What LiteRT says of inputs or outputs; None if it does not know how many axes one has."""
    specs = {}
    for name, tensor in details.items():
        shape = _shape(tensor)
        if not len(shape):
            return None
        sides = tuple(int(side) if side >= 0 else None for side in shape[1:])
        specs[name] = ArraySpec(sides, np.dtype(tensor["dtype"]).name)
    return specs


def _shape(tensor: Mapping[str, Any]) -> Any:
    """The shape of a tensor with its batch axis, -1 where it is dynamic."""
    return tensor["shape_signature"] if len(tensor["shape_signature"]) else tensor["shape"]
