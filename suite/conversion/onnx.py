"""A `.keras` file to ONNX, in a process of its own.

TensorFlow is the backend whose export has dynamic shapes, whatever backend the calling process has, and
what TensorFlow and tf2onnx print while they convert belongs to this process alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.errors import RunError, UserError
from suite.files import unwritable_in, writing
from suite.pipeline.codec import Arrays
from suite.pipeline.keras_files import check_keras
from suite.plugin_files import files_of_modules, load_plugin_file
from suite.stopping import check_stop

if TYPE_CHECKING:
    import keras

OPSET = 18
_STOP_SECONDS = 0.2  # between two looks whether to stop
_NO_COPIES = "TF2ONNX_CATCH_ERRORS"
_NEEDED = ("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime")
_CHILD = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from suite.conversion.onnx import _child
_child(json.loads(sys.argv[2]))
"""


def convert(
    source: Path,
    target: Path,
    packages: Iterable[str],
    batches: Sequence[Arrays],
    scratch: Path,
    metadata: Mapping[str, str] | None = None,
) -> tuple[list[Arrays], list[Arrays]]:
    """Write `source`, a `.keras` file, as ONNX to `target`, and run it under Keras.

    The first axis of all inputs and outputs is dynamic, as are others that the network leaves open.
    Inputs and outputs have the names that they have in Keras.

    Args:
        source: the file of the network.
        target: the ONNX file to write.
        packages: as for `load_keras`.
        batches: encoded examples to run under Keras. Without any, random arrays are made.
        scratch: a folder through which the processes exchange arrays.
        metadata: what the file says of itself, by name.

    Returns:
        The batches, and Keras's outputs for them.

    Raises:
        UserError: if a package is missing or `source` is no proper file.
        RunError: if the network cannot be converted.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise UserError(f"export needs {' and '.join(missing)}: pip install 'keras-suite[export]'")
    check_keras(source, packages)
    with writing(scratch):
        (scratch / "metadata.json").write_text(json.dumps(dict(metadata or {})), encoding="utf-8")
        if batches:
            _write(scratch / "inputs.npz", batches)
    packages = list(packages)
    job = {"source": str(source), "target": str(target), "packages": packages, "scratch": str(scratch)}
    job["plugin_files"] = files_of_modules(packages)
    status, printed = _in_a_process(job)
    errors = _answer(scratch / "answer.json")
    full = unwritable_in(printed, target) if status else None
    if full is not None:
        raise full
    if "user_error" in errors:
        raise UserError(errors["user_error"])
    if status != 0 or not target.is_file():
        reason = errors.get("error") or (printed.strip().splitlines() or [f"status {status}"])[-1]
        raise RunError(f"{source} could not be converted to ONNX: {reason}")
    return _read(scratch / "inputs.npz"), _read(scratch / "outputs.npz")


def _in_a_process(job: Mapping[str, Any]) -> tuple[int, str]:
    """Do a job in a process of its own: its exit status, and what it printed to the standard error."""
    command = [sys.executable, "-c", _CHILD, json.dumps(sys.path), json.dumps(job)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    printed = process.communicate(timeout=_STOP_SECONDS)[1]
                    return process.returncode, printed
                check_stop()
        except BaseException:
            process.kill()
            raise


def _answer(path: Path) -> dict[str, str]:
    """What went wrong in the child, by kind; empty if nothing did, or it could not say so."""
    try:
        answer: dict[str, str] = json.loads(path.read_text())
    except (OSError, ValueError):  # it was not written, or the disk is full: the file is empty or cut off
        return {}
    return answer


def _child(job: Mapping[str, Any]) -> None:
    scratch = Path(job["scratch"])
    try:
        for file in job["plugin_files"]:
            load_plugin_file(Path(file))
        _convert(Path(job["source"]), Path(job["target"]), job["packages"], scratch)
    except UserError as error:
        (scratch / "answer.json").write_text(json.dumps({"user_error": str(error)}))
        raise
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        (scratch / "answer.json").write_text(json.dumps({"error": f"{type(error).__name__}: {lines[0]}"}))
        raise


def _convert(source: Path, target: Path, packages: list[str], scratch: Path) -> None:
    from suite.devices import activate
    from suite.pipeline.keras_files import load_keras
    from suite.pipeline.networks import KerasNetwork

    activate("tensorflow", "cpu")
    import onnx
    import tensorflow as tf
    import tf2onnx

    _teach_erfc()
    _teach_slice_update()
    model = load_keras(source, packages)
    specs = _specs(model)

    def forward(*tensors: Any) -> Any:
        named = dict(zip(specs, tensors, strict=True))
        outputs = model(named if isinstance(model.input, dict) else list(tensors), training=False)
        if isinstance(outputs, dict):
            return outputs
        flat = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        return dict(zip(model.output_names, flat, strict=True))

    signature = [tf.TensorSpec(shape, dtype, name=name) for name, (shape, dtype) in specs.items()]
    function = tf.function(forward, input_signature=signature)
    # Keras compiles grouped convolutions as functions of their own, which ONNX does not know: so inlined.
    tf.config.run_functions_eagerly(True)
    converted, _ = _copying_no_graph(
        lambda: tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    )
    _bind_captured(converted.graph, function.get_concrete_function().graph.captures)
    tf.config.run_functions_eagerly(False)
    metadata = json.loads((scratch / "metadata.json").read_text(encoding="utf-8"))
    onnx.helper.set_model_props(converted, metadata)
    onnx.save(converted, str(target))
    if not (scratch / "inputs.npz").is_file():
        _write(scratch / "inputs.npz", [_random(specs)])
    network = KerasNetwork(model)
    _write(scratch / "outputs.npz", [network(batch) for batch in _read(scratch / "inputs.npz")])


def _copying_no_graph(convert: Callable[[], Any]) -> Any:
    """What a conversion by tf2onnx gives, without the copies that it makes of the graph.

    It makes one before each of its passes, to go back to where a pass fails: two fifths of the time of a
    conversion (measured). So only where one fails is all done again, with copies.
    """
    os.environ[_NO_COPIES] = "false"
    try:
        return convert()
    except Exception:  # noqa: BLE001 - whatever the pass ran into
        del os.environ[_NO_COPIES]
        return convert()


def _teach_erfc() -> None:
    """Let tf2onnx convert what TensorFlow makes of the exact GELU: 1 - Erf."""
    from tf2onnx.handler import tf_op

    class Erfc:
        @classmethod
        def version_9(cls, ctx: Any, node: Any, **_: Any) -> None:
            dtype, shape, inputs = (
                ctx.get_dtype(node.output[0]),
                ctx.get_shape(node.output[0]),
                list(node.input),
            )
            name, output = node.name, node.output[0]
            ctx.remove_node(name)
            unity = ctx.make_const(f"{name}/one", np.ones((), np.float32))
            erf = ctx.make_node("Erf", inputs, dtypes=[dtype], shapes=[shape])
            ctx.make_node(
                "Sub",
                [unity.output[0], erf.output[0]],
                name=name,
                outputs=[output],
                dtypes=[dtype],
                shapes=[shape],
            )

    tf_op("Erfc")(Erfc)


def _teach_slice_update() -> None:
    """Let tf2onnx convert `keras.ops.slice_update`: values that are put into others, from an index on.

    The index is moved so that they fit, as XLA has it.
    """
    from onnx import TensorProto
    from tf2onnx.handler import tf_op

    class SliceUpdate:
        @classmethod
        def version_11(cls, ctx: Any, node: Any, **_: Any) -> None:
            target, update, start = node.input
            name, output = node.name, node.output[0]
            dtype, shape = ctx.get_dtype(output), ctx.get_shape(output)
            ctx.remove_node(name)

            def made(op: str, inputs: list[str], **more: Any) -> str:
                first: str = ctx.make_node(op, inputs, **more).output[0]
                return first

            zero = ctx.make_const(f"{name}/zero", np.zeros((), np.int64)).output[0]
            begin = made("Cast", [start], attr={"to": TensorProto.INT64})
            last = made("Sub", [made("Shape", [target]), made("Shape", [update])])
            begin = made("Min", [made("Max", [begin, zero]), last])
            around = made("Concat", [begin, made("Sub", [last, begin])], attr={"axis": 0})
            ones = ctx.make_const(f"{name}/ones", np.ones(1, np.float32)).output[0]
            ones = made("Expand", [ones, made("Shape", [update])])
            inside = made("Cast", [made("Pad", [ones, around])], attr={"to": TensorProto.BOOL})
            inputs = [inside, made("Pad", [update, around]), target]
            ctx.make_node("Where", inputs, name=name, outputs=[output], dtypes=[dtype], shapes=[shape])

    tf_op("XlaDynamicUpdateSlice")(SliceUpdate)


def _bind_captured(graph: Any, captures: Iterable[tuple[Any, Any]]) -> None:
    """Make constants that the function captured constants of the ONNX graph.

    A layer may hold tensors that are no variables (the mean of `keras.layers.Normalization`, say);
    tf2onnx makes them inputs, for which nobody has values.
    """
    from onnx import numpy_helper

    values = {inner.name: outer for outer, inner in captures}
    for captured in [tensor for tensor in graph.input if tensor.name in values]:
        graph.initializer.append(numpy_helper.from_array(values[captured.name].numpy(), captured.name))
        graph.input.remove(captured)


def _specs(model: keras.Model) -> dict[str, tuple[tuple[int | None, ...], str]]:
    """Shapes and dtypes of the inputs by the names under which a codec gives them."""
    structure = model.input
    if isinstance(structure, dict):
        tensors = structure
    else:
        flat = structure if isinstance(structure, (list, tuple)) else [structure]
        tensors = {tensor.name: tensor for tensor in flat}
    return {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in tensors.items()}


def _random(specs: dict[str, tuple[tuple[int | None, ...], str]]) -> Arrays:
    rng = np.random.default_rng(0)
    made = {}
    for name, (shape, dtype) in specs.items():
        full = (8, *(16 if size is None else size for size in shape[1:]))
        if np.issubdtype(np.dtype(dtype), np.floating):
            made[name] = rng.normal(size=full).astype(dtype)
        else:
            made[name] = rng.integers(0, 256 if dtype == "uint8" else 2, full).astype(dtype)
    return made if len(made) > 1 else next(iter(made.values()))


def _write(path: Path, batches: Sequence[Arrays]) -> None:
    named = {}
    for number, batch in enumerate(batches):
        for name, array in batch.items() if isinstance(batch, dict) else [("", batch)]:
            named[f"{number}/{name}"] = array
    np.savez(path, allow_pickle=False, **named)


def _read(path: Path) -> list[Arrays]:
    batches: dict[int, dict[str, np.ndarray]] = {}
    with np.load(path, allow_pickle=False) as stored:
        for key in stored.files:
            number, _, name = key.partition("/")
            batches.setdefault(int(number), {})[name] = stored[key]
    return [batch[""] if set(batch) == {""} else batch for _, batch in sorted(batches.items())]
