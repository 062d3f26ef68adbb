"""A network as a SavedModel of TensorFlow, with its weights in the graph: in the process that converts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from suite.conversion.traced import Traced
from suite.errors import UserError
from suite.pipeline.runtimes.graph_operators import refused_operators
from suite.pipeline.runtimes.saved_model import SIGNATURE, read_graph

_MAX_BYTES = 2 << 30
_METADATA = "assets.extra/metadata.json"
"""TensorFlow leaves the folder to others: nothing of it is loaded with the graph."""


def write_saved_model(traced: Traced, target: Path) -> None:
    """Write a network as a SavedModel with one signature, whose inputs and outputs have Keras's names.

    Args:
        traced: the network.
        target: the folder to write.

    Raises:
        UserError: if it is too large, or has an operator that is refused when it is run.
    """
    weights = 4 * traced.model.count_params()
    if weights >= _MAX_BYTES:
        raise UserError(
            f"a SavedModel holds a graph of up to 2 GB, and the weights of this network have"
            f" {weights / 1e9:.1f} GB: export it to another format"
        )
    write_frozen(traced, target)
    refused = refused_operators(read_graph(target)[0])
    if refused:
        raise UserError(
            f"the network has the operator {refused[0]}, which is run from no SavedModel: export it with"
            " --format onnx"
        )
    notes = target / _METADATA
    notes.parent.mkdir()
    notes.write_text(json.dumps(dict(traced.metadata), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def write_frozen(traced: Traced, target: Path) -> None:
    """Write a SavedModel whose weights are constants of its graph, so that it needs no other files.

    Args:
        traced: the network.
        target: the folder to write.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    traced_function = traced.function.get_concrete_function()
    names = sorted(traced_function.structured_outputs)
    frozen = convert_variables_to_constants_v2(traced_function, lower_control_flow=False)

    def forward(*tensors: Any) -> dict[str, Any]:
        return dict(zip(names, tf.nest.flatten(frozen(*tensors)), strict=True))

    module = tf.Module()
    module.forward = tf.function(forward, input_signature=traced.signature, autograph=False)
    options = tf.saved_model.SaveOptions(experimental_skip_saver=True, experimental_custom_gradients=False)
    tf.saved_model.save(module, str(target), signatures={SIGNATURE: module.forward}, options=options)
