"""Networks on the runtimes that can run them: numpy arrays in, numpy arrays out, both with a batch axis."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from suite.devices import device_name
from suite.errors import UserError, first_line, is_out_of_memory, too_large_batch, unimportable
from suite.outside_files import check_onnx
from suite.pipeline.codec import Arrays, ArraySpec, ArraySpecs, Signature
from suite.pipeline.fitting import described, fit, keras_signature, specs_of

if TYPE_CHECKING:
    import keras


class Network(Protocol):
    """A network ready to run. Inputs and outputs are one array, or several by name, batch axis first.

    Attributes:
        signature: what it takes and gives, as far as it is known.
    """

    @property
    def signature(self) -> Signature: ...

    def __call__(self, inputs: Arrays) -> Arrays: ...


_ONNX_TYPES = {"float": "float32", "double": "float64"}
"""The names of dtypes that are called otherwise in numpy."""

MAX_BYTES = 64 << 20
"""Of inputs in one forward pass: what a network makes of long recordings and large images is far more."""


class KerasNetwork:
    """Runs a `keras.Model` in inference mode on the backend that Keras was imported with.

    The forward pass is compiled once per batch size, so it is called with few sizes: a batch of one stays
    one, others are padded, to a size already compiled if one fits, else to a power of two. What does
    not fit into `batch_size`, or into `MAX_BYTES`, is run in pieces that do. It is not `model.predict`,
    which costs tens of milliseconds a call, nor `predict_on_batch`, which fails for a model compiled with
    `steps_per_execution` above one. The weights are those that the model has when it is called, so one
    `KerasNetwork` can accompany a training.

    Args:
        model: a built model; whether it is compiled does not matter.
        batch_size: the max number of examples in one forward pass.
        trained_as: the model that is trained in its place and holds its weights; None for itself.
    """

    def __init__(
        self, model: keras.Model, batch_size: int = 32, trained_as: keras.Model | None = None
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"a batch holds at least one example, not {batch_size}")
        self.model = model
        self.batch_size = batch_size
        self._forward = _compiled(model, model if trained_as is None else trained_as)
        self._sizes: dict[Any, set[int]] = {}
        self._lock = threading.Lock()
        self.signature = keras_signature(model)

    def __call__(self, inputs: Arrays) -> Arrays:
        """Run any number of examples, at least one.

        Args:
            inputs: `(examples, ...)`, or such arrays by name, as the model's inputs ask for.

        Returns:
            The outputs as numpy arrays `(examples, ...)`; a model with several outputs gives them by name.
        """
        total = _examples(inputs)
        check_inputs(inputs, self.signature.inputs, with_dtypes=False)
        bytes_of_one = sum(array.nbytes for array in _arrays(inputs)) // total
        max_size = max(1, min(self.batch_size, MAX_BYTES // max(1, bytes_of_one)))
        pieces = []
        for start in range(0, total, max_size):
            piece = _sliced(inputs, start, start + max_size)
            examples = _examples(piece)
            size = self._size(piece, examples, total, max_size)
            try:
                outputs = self._forward(_padded(piece, size))
            except Exception as error:
                if is_out_of_memory(error):
                    raise too_large_batch(error, device_name(), size) from error
                raise
            pieces.append(_sliced(self._named(outputs), 0, examples))
        return _joined(pieces)

    def _size(self, piece: Arrays, examples: int, total: int, max_size: int) -> int:
        shapes = tuple((array.shape[1:], array.dtype.str) for array in _arrays(piece))
        with self._lock:
            known = self._sizes.setdefault(shapes, set())
            if total > max_size:
                size = max_size
            elif examples == 1:
                size = 1
            else:
                power = min(1 << (examples - 1).bit_length(), max_size)
                size = min((known_size for known_size in known if known_size >= examples), default=power)
            known.add(size)
        return size

    def _named(self, outputs: Any) -> Arrays:
        if isinstance(outputs, dict):
            return {name: _numpy(value) for name, value in outputs.items()}
        if isinstance(outputs, (list, tuple)):
            if len(outputs) == 1:
                return _numpy(outputs[0])
            return {
                name: _numpy(output) for name, output in zip(self.model.output_names, outputs, strict=True)
            }
        return _numpy(outputs)


@contextmanager
def sharing_the_processor() -> Iterator[None]:
    """Networks that are opened within it leave the processor to others while their threads wait.

    ONNX Runtime's wait in loops otherwise, which is a little quicker for one caller. A server has more to do:
    with small networks half of its processor time went into that.
    """
    token = _spins.set(False)
    try:
        yield
    finally:
        _spins.reset(token)


_spins: ContextVar[bool] = ContextVar("_spins", default=True)


class OnnxNetwork:
    """Runs an ONNX file under ONNX Runtime; needs neither Keras nor a training framework.

    Args:
        path: the file. Its first axis must be dynamic.
        threads: how many threads one forward pass may use; None leaves it to ONNX Runtime.

    Raises:
        UserError: if ONNX Runtime is not installed or refuses the file.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            missing = f"ONNX Runtime is not installed, which runs {path}: pip install 'keras-suite[onnx]'"
            raise unimportable(error, "onnxruntime", missing) from None
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what fails is raised, and need not be written to stderr as well
        if threads is not None:
            options.intra_op_num_threads = threads
        if not _spins.get():
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = [
            name
            for name in ("CUDAExecutionProvider", "CPUExecutionProvider")
            if name in onnxruntime.get_available_providers()
        ]
        if not path.is_file():
            raise UserError(f"{path} is not there: export the run again")
        check_onnx(path)
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=providers)
            # Names that are no text are found when they are asked for.
            self._inputs = [node.name for node in self._session.get_inputs()]
            self._outputs = [node.name for node in self._session.get_outputs()]
            self.signature = Signature(
                _onnx_specs(self._session.get_inputs()), _onnx_specs(self._session.get_outputs())
            )
        except Exception as error:  # noqa: BLE001 - ONNX Runtime's own share no base class
            reason = first_line(error)
            raise UserError(f"{path} is not a network that ONNX Runtime can run: {reason}") from None
        self._path = path

    def __call__(self, inputs: Arrays) -> Arrays:
        """Run any number of examples; see `KerasNetwork.__call__` for the shapes.

        Raises:
            UserError: if ONNX Runtime cannot compute it.
        """
        check_inputs(inputs, self.signature.inputs, with_dtypes=True)
        feed = inputs if isinstance(inputs, dict) else {self._inputs[0]: inputs}
        try:
            results = self._session.run(self._outputs, feed)
        except Exception as error:
            reason = first_line(error)
            raise UserError(f"{self._path} could not be computed by ONNX Runtime: {reason}") from error
        if len(results) == 1:
            return np.asarray(results[0])
        return dict(zip(self._outputs, (np.asarray(result) for result in results), strict=True))


def _onnx_specs(nodes: Sequence[Any]) -> ArraySpecs | None:
    """What ONNX Runtime says of inputs or outputs; None if it does not know how many axes one has."""
    specs = {}
    for node in nodes:
        if not node.shape:
            return None
        sides = tuple(side if isinstance(side, int) and side >= 0 else None for side in node.shape[1:])
        kind = str(node.type).removeprefix("tensor(").removesuffix(")")
        specs[node.name] = ArraySpec(sides, _ONNX_TYPES.get(kind, kind))
    return specs


def check_inputs(inputs: Arrays, wanted: ArraySpecs | None, *, with_dtypes: bool) -> None:
    """Refuse arrays that a network does not take, before its runtime does in its own words."""
    first = {name: array[0] for name, array in inputs.items()} if isinstance(inputs, dict) else inputs[0]
    given = specs_of(first)
    if not with_dtypes and isinstance(given, ArraySpec):
        given = ArraySpec(given.shape)
    elif not with_dtypes and isinstance(given, dict):
        given = {name: ArraySpec(spec.shape) for name, spec in given.items()}
    if not fit(given, wanted):
        raise UserError(
            "the model's codec and network do not fit: the codec encodes to"
            f" {described(specs_of(first))}, and the network takes {described(wanted)}"
        )


def _compiled(model: keras.Model, trained: keras.Model) -> Callable[[Any], Any]:
    """The forward pass without training behavior, compiled as the backend does it."""
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        # XLA pays on accelerators; on a CPU it costs seconds of compilation and runs no faster.
        with_xla = bool(tf.config.list_logical_devices("GPU")) and all(
            getattr(layer, "supports_jit", True) for layer in model._flatten_layers()
        )

        @tf.function(jit_compile=with_xla, reduce_retracing=not with_xla)  # type: ignore[untyped-decorator]
        def forward(inputs: Any) -> Any:
            return model(inputs, training=False)

        return forward  # type: ignore[no-any-return]
    if backend == "jax":
        import jax

        @jax.jit  # type: ignore[untyped-decorator]
        def stateless(trainable: Any, rest: Any, inputs: Any) -> Any:
            return model.stateless_call(trainable, rest, inputs, training=False)[0]

        def forward_jax(inputs: Any) -> Any:
            # Within `fit` the current weights live in the trainer's state, not in the variables.
            trained.jax_state_sync()
            return stateless(
                [variable.value for variable in model.trainable_variables],
                [variable.value for variable in model.non_trainable_variables],
                inputs,
            )

        return forward_jax
    if backend == "torch":
        import torch

        def forward_torch(inputs: Any) -> Any:
            with torch.no_grad():
                return model(inputs, training=False)

        return forward_torch
    return lambda inputs: model(inputs, training=False)


def _numpy(tensor: Any) -> np.ndarray:
    if isinstance(tensor, np.ndarray):
        return tensor
    import keras

    array = np.asarray(keras.ops.convert_to_numpy(tensor))
    # bfloat16, which numpy does not know, comes as a type of its own.
    return array.astype(np.float32) if array.dtype.kind == "V" or array.dtype.name == "bfloat16" else array


def _arrays(arrays: Arrays) -> list[np.ndarray]:
    return list(arrays.values()) if isinstance(arrays, dict) else [arrays]


def _examples(arrays: Arrays) -> int:
    counts = {len(array) for array in _arrays(arrays)}
    if len(counts) != 1 or counts == {0}:
        raise ValueError(f"inputs have one common batch axis of one or more examples, not {sorted(counts)}")
    return counts.pop()


def _sliced(arrays: Arrays, start: int, stop: int) -> Arrays:
    if isinstance(arrays, dict):
        return {name: array[start:stop] for name, array in arrays.items()}
    return arrays[start:stop]


def _padded(arrays: Arrays, size: int) -> Arrays:
    """Repeat the last example up to `size`: a real one, because zeros may divide by zero inside."""
    missing = size - _examples(arrays)
    if not missing:
        return arrays
    if isinstance(arrays, dict):
        return {name: _repeated(array, missing) for name, array in arrays.items()}
    return _repeated(arrays, missing)


def _repeated(array: np.ndarray, missing: int) -> np.ndarray:
    return np.concatenate([array, np.repeat(array[-1:], missing, axis=0)])


def _joined(pieces: list[Arrays]) -> Arrays:
    first = pieces[0]
    if len(pieces) == 1:
        return first
    if isinstance(first, dict):
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in first}
    return np.concatenate(pieces)  # type: ignore[arg-type]
