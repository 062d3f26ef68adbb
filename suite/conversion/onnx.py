"""What TensorFlow has made of a network, as ONNX: in the process that converts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from suite.conversion.traced import Traced

OPSET = 18
_NO_COPIES = "TF2ONNX_CATCH_ERRORS"


def write_onnx(traced: Traced, target: Path) -> None:
    """Write a network as ONNX.

    Args:
        traced: the network.
        target: the file to write.
    """
    import onnx
    import tensorflow as tf
    import tf2onnx

    _teach_erfc()
    _teach_slice_update()
    # Keras compiles grouped convolutions as functions of their own, which ONNX does not know: so inlined.
    tf.config.run_functions_eagerly(True)
    converted, _ = _copying_no_graph(
        lambda: tf2onnx.convert.from_function(traced.function, input_signature=traced.signature, opset=OPSET)
    )
    _bind_captured(converted.graph, traced.function.get_concrete_function().graph.captures)
    tf.config.run_functions_eagerly(False)
    onnx.helper.set_model_props(converted, traced.metadata)
    onnx.save(converted, str(target))


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
