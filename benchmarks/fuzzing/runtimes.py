"""Files of networks for runtimes other than Keras and ONNX Runtime, and what runs them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from suite.pipeline.runtimes.choosing import RUNTIMES

Files = dict[str, bytes]


def litert() -> list[Files]:
    """One dense layer with a signature, written without TensorFlow."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    def tensor(name: str, buffer: int, shape: list[int], signature: list[int] | None = None) -> Any:
        made = schema.TensorT()
        made.name, made.buffer, made.shape, made.shapeSignature = name, buffer, shape, signature
        return made

    def buffer(content: bytes = b"") -> Any:
        made = schema.BufferT()
        made.data = np.frombuffer(content, np.uint8) if content else None
        return made

    def named(name: str, index: int) -> Any:
        made = schema.TensorMapT()
        made.name, made.tensorIndex = name, index
        return made

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    code.version = 1
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0, 1, -1], [2]
    operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    operator.builtinOptions = schema.FullyConnectedOptionsT()
    graph = schema.SubGraphT()
    graph.tensors = [
        tensor("numbers", 1, [1, 4], [-1, 4]),
        tensor("weights", 2, [3, 4]),
        tensor("scores", 3, [1, 3], [-1, 3]),
    ]
    graph.inputs, graph.outputs, graph.operators, graph.name = [0], [2], [operator], "main"
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs, signature.outputs = [named("numbers", 0)], [named("scores", 2)]
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs, model.signatureDefs = 3, [code], [graph], [signature]
    model.buffers = [buffer(), buffer(), buffer(np.ones((3, 4), np.float32).tobytes()), buffer()]
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return [{"network.tflite": bytes(builder.Output())}]


def openvino() -> list[Files]:
    """What OpenVINO writes of one dense layer."""
    from suite.pipeline.runtimes.openvino import imported

    module = imported()
    operators = module.opset13
    numbers = operators.parameter([-1, 4], np.float32, name="numbers")
    product = operators.matmul(numbers, operators.constant(np.ones((4, 3), np.float32)), False, False)
    model = module.Model([operators.softmax(product, 1)], [numbers], "network")
    model.inputs[0].tensor.set_names({"numbers"})
    model.outputs[0].tensor.set_names({"scores"})
    with tempfile.TemporaryDirectory() as folder:
        module.save_model(model, str(Path(folder) / "network.xml"), compress_to_fp16=False)
        return [{file.name: file.read_bytes() for file in Path(folder).iterdir()}]


def saved_model() -> list[Files]:
    """A graph of one dense layer with a signature."""
    import tensorflow as tf
    from tensorflow.core.protobuf import saved_model_pb2

    with tf.Graph().as_default() as graph:
        numbers = tf.compat.v1.placeholder(tf.float32, [None, 4], "numbers")
        scores = tf.nn.softmax(tf.matmul(numbers, tf.ones((4, 3))), name="scores")
        info = tf.compat.v1.saved_model.build_tensor_info
        inputs, outputs = {"numbers": info(numbers)}, {"scores": info(scores)}
    saved = saved_model_pb2.SavedModel()
    content = saved.meta_graphs.add()
    content.graph_def.CopyFrom(graph.as_graph_def())
    for name, tensor in inputs.items():
        content.signature_def["serving_default"].inputs[name].CopyFrom(tensor)
    for name, tensor in outputs.items():
        content.signature_def["serving_default"].outputs[name].CopyFrom(tensor)
    return [{"network.savedmodel/saved_model.pb": saved.SerializeToString()}]


def run(runtime: str, name: str, folder: Path, random: Random) -> None:
    """Open the network and run two examples."""
    opened = RUNTIMES[runtime].open
    assert opened is not None
    opened(folder / name, 1)(np.zeros((2, 4), np.float32))
