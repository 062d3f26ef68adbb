"""Networks on OpenVINO: its own files (`.xml` and `.bin`), and those of ONNX."""

from __future__ import annotations

import importlib
import re
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from suite.errors import UserError, first_line, unimportable
from suite.outside_files import check_onnx, check_openvino
from suite.pipeline.codec import Arrays, ArraySpec, ArraySpecs, Signature
from suite.pipeline.networks import check_inputs

_TYPES = {"f32": "float32", "f64": "float64", "f16": "float16", "boolean": "bool"}
"""The names of dtypes that are called otherwise in numpy."""

_UNCONVERTED = re.compile(r"Conversion is failed for: (.+)")
_FRAMES = ("Exception from ", "Check '")
"""How lines begin that say where in OpenVINO something was found."""

_IMPORTING = threading.Lock()


def imported() -> ModuleType:
    """The module `openvino`, imported without its telemetry, which would send word of it to its makers."""
    telemetry = "openvino_telemetry"
    with _IMPORTING:
        blocked = "openvino" not in sys.modules and telemetry not in sys.modules
        if blocked:
            sys.modules[telemetry] = None  # type: ignore[assignment] # importing it fails
        try:
            return importlib.import_module("openvino")
        finally:
            if blocked:
                del sys.modules[telemetry]


class OpenvinoNetwork:
    """Runs an OpenVINO or ONNX file under OpenVINO, on the processor and in float32.

    Threads may share it: each has a request of its own.

    Args:
        path: the file. Its first axis must be dynamic.
        threads: how many threads one forward pass may use; None leaves it to OpenVINO.

    Raises:
        UserError: if OpenVINO is not installed or refuses the file.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        try:
            openvino = imported()
        except ImportError as error:
            missing = f"OpenVINO is not installed, which runs {path}: pip install 'keras-suite[openvino]'"
            raise unimportable(error, "openvino", missing) from None
        if not path.is_file():
            raise UserError(f"{path} is not there: export the run again")
        (check_onnx if path.suffix == ".onnx" else check_openvino)(path)
        settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = threads
        try:
            core = openvino.Core()
            # Names are those of the file: what is compiled has names of what was left out on the way too.
            model = core.read_model(str(path))
            self._inputs = [_name(port) for port in model.inputs]
            self._outputs = [_name(port) for port in model.outputs]
            self.signature = Signature(_specs(model.inputs), _specs(model.outputs))
            self._compiled = core.compile_model(model, "CPU", settings)
        except Exception as error:  # noqa: BLE001 - OpenVINO's own share no base class
            reason = reason_of(error)
            raise UserError(f"{path} is not a network that OpenVINO can run: {reason}") from None
        self._path = path
        self._own = threading.local()

    def __call__(self, inputs: Arrays) -> Arrays:
        """Run any number of examples; see `suite.pipeline.networks.KerasNetwork.__call__` for the shapes.

        Raises:
            UserError: if OpenVINO cannot compute it.
        """
        check_inputs(inputs, self.signature.inputs, with_dtypes=True)
        arrays = [inputs[name] for name in self._inputs] if isinstance(inputs, dict) else [inputs]
        request = getattr(self._own, "request", None)
        try:
            if request is None:
                request = self._own.request = self._compiled.create_infer_request()
            results = request.infer(dict(enumerate(map(np.ascontiguousarray, arrays))))
            outputs = [np.array(results[place]) for place in range(len(self._outputs))]
        except Exception as error:
            reason = reason_of(error)
            raise UserError(f"{self._path} could not be computed by OpenVINO: {reason}") from error
        if len(outputs) == 1:
            return outputs[0]
        return dict(zip(self._outputs, outputs, strict=True))


def reason_of(error: BaseException) -> str:
    """What OpenVINO says in many lines, in one."""
    text = str(error)
    failed = _UNCONVERTED.search(text)
    if failed is not None:
        names = dict.fromkeys(name.strip().rpartition("-")[0] for name in failed[1].split(","))
        return f"it cannot convert the operators {', '.join(names)}"
    lines = [line.strip() for line in text.splitlines()]
    return next((line[:300] for line in lines if line and not line.startswith(_FRAMES)), first_line(error))


def _name(port: Any) -> str:
    """The name of an input or output, which may have more than one."""
    names: set[str] = port.get_names()
    own: str = port.get_node().get_friendly_name().removesuffix("/sink_port_0")
    return own if own in names or not names else min(names)


def _specs(ports: Sequence[Any]) -> ArraySpecs | None:
    """What OpenVINO says of inputs or outputs; None if it does not know how many axes one has."""
    specs = {}
    for port in ports:
        shape = port.get_partial_shape()
        if shape.rank.is_dynamic or not len(shape):
            return None
        sides = tuple(None if side.is_dynamic else side.get_length() for side in list(shape)[1:])
        kind = port.get_element_type().get_type_name()
        specs[_name(port)] = ArraySpec(sides, _TYPES.get(kind, _numpy_name(kind)))
    return specs


def _numpy_name(kind: str) -> str:
    """What numpy calls a dtype of whole numbers ("uint8" of "u8"); anything else as it is."""
    letter, bits = kind[:1], kind[1:]
    return f"{'u' if letter == 'u' else ''}int{bits}" if letter in "ui" and bits.isdecimal() else kind
