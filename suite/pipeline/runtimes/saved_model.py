"""Networks in SavedModels, on TensorFlow: the graph of the signature, nothing else that is in the folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from suite.devices import quiet_native_output, refuse_forked
from suite.errors import UserError, first_line, unimportable
from suite.limits import check_model_bytes
from suite.pipeline.codec import Arrays, ArraySpec, ArraySpecs, Signature
from suite.pipeline.networks import check_inputs
from suite.pipeline.runtimes.graph_operators import refused_operators

SIGNATURE = "serving_default"
GRAPH_FILE = "saved_model.pb"


class SavedModelNetwork:
    """Runs the graph of a SavedModel whose weights are constants, as `suite export` writes it.

    Nothing is restored, initialized or revived, as `tf.saved_model.load` does: the graph is read, looked
    through, and run in a session of its own, which is safe for threads.

    Args:
        path: the folder.
        threads: how many threads one operator may use; None leaves it to TensorFlow.

    Raises:
        UserError: if TensorFlow is not installed, or the folder holds no such graph, or one that does more
            than to compute.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        refuse_forked("TensorFlow")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        try:
            with quiet_native_output():
                import tensorflow as tf
        except ImportError as error:
            missing = f"TensorFlow is not installed, which runs {path}: pip install 'keras-suite[tensorflow]'"
            raise unimportable(error, "tensorflow", missing) from None
        graph_def, signature = read_graph(path)
        refused = refused_operators(graph_def)
        if refused:
            raise UserError(
                f"{path} is refused: its graph has the operator {refused[0]}, which is not among those that"
                " only compute; suite export writes none of them"
            )
        try:
            self._open(tf, graph_def, signature, threads)
        except Exception as error:  # noqa: BLE001 - whatever TensorFlow finds in a damaged file
            reason = first_line(error)
            raise UserError(f"{path} is not a network that TensorFlow can run: {reason}") from None
        self._path = path

    def _open(self, tf: Any, graph_def: Any, signature: Any, threads: int | None) -> None:
        with quiet_native_output():
            graph = tf.Graph()
            with graph.as_default():
                tf.import_graph_def(graph_def, name="")
            self._inputs, self._outputs = sorted(signature.inputs), sorted(signature.outputs)
            settings = tf.compat.v1.ConfigProto(device_count={"GPU": 0})
            if threads is not None:
                settings.intra_op_parallelism_threads = threads
                settings.inter_op_parallelism_threads = 1
            self._session = tf.compat.v1.Session(graph=graph, config=settings)
            self._run = self._session.make_callable(
                [signature.outputs[name].name for name in self._outputs],
                feed_list=[signature.inputs[name].name for name in self._inputs],
            )
        self.signature = Signature(_specs(signature.inputs), _specs(signature.outputs))

    def __call__(self, inputs: Arrays) -> Arrays:
        """Run any number of examples; see `suite.pipeline.networks.KerasNetwork.__call__` for the shapes.

        Raises:
            UserError: if TensorFlow cannot compute it.
        """
        check_inputs(inputs, self.signature.inputs, with_dtypes=True)
        arrays = [inputs[name] for name in self._inputs] if isinstance(inputs, dict) else [inputs]
        try:
            results = self._run(*arrays)
        except Exception as error:
            reason = first_line(error)
            raise UserError(f"{self._path} could not be computed by TensorFlow: {reason}") from error
        if len(results) == 1:
            return np.asarray(results[0])
        return dict(zip(self._outputs, map(np.asarray, results), strict=True))


def read_graph(folder: Path) -> tuple[Any, Any]:
    """The graph (`GraphDef`) and the signature (`SignatureDef`) of a SavedModel.

    Raises:
        UserError: if there is none.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    file = folder / GRAPH_FILE
    if not file.is_file():
        raise UserError(f"{file} is not there: export the run again")
    size = file.stat().st_size
    check_model_bytes(file, size, size, "has")
    saved = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString(file.read_bytes())
        content = saved.meta_graphs[0]
        if SIGNATURE not in content.signature_def:
            raise UserError(f"{folder} is not a network of suite: its graph has no signature {SIGNATURE}")
    except IndexError:
        raise UserError(f"{file} is not a SavedModel: it has no graph") from None
    except Exception as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{file} is not a SavedModel, or is damaged: {first_line(error)}") from None
    return content.graph_def, content.signature_def[SIGNATURE]


def _specs(tensors: Mapping[str, Any]) -> ArraySpecs | None:
    """What a signature says of inputs or outputs; None if it does not know how many axes one has."""
    import tensorflow as tf

    specs = {}
    for name, tensor in tensors.items():
        shape = tensor.tensor_shape
        if shape.unknown_rank or not shape.dim:
            return None
        sides = tuple(side.size if side.size >= 0 else None for side in shape.dim[1:])
        specs[name] = ArraySpec(sides, str(tf.as_dtype(tensor.dtype).name))
    return specs
