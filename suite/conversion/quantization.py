"""An ONNX file with less precision: float16, or int8 with ranges measured on examples.

ONNX Runtime's own tools do it, in a process of its own: they log, and hold the network several times.

Static quantization (QDQ, per channel) computes in int8 throughout, with the ranges of activations that were
seen on examples. Activations are unsigned, weights signed, which x86 processors multiply fastest (measured:
2.5 times as fast as float32 for convolutions, where signed activations gain nothing). Dynamic quantization
measures the ranges at each prediction: nothing for convolutions, whose kernel for it is several times slower
than float32, and so it takes dense layers, attention and embeddings alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite.conversion.process import do
from suite.conversion.traced import read_batches, write_batches
from suite.errors import RunError
from suite.files import writing
from suite.pipeline.codec import Arrays

METHODS = {
    "float16": {"float16": "half precision"},
    "int8": {
        "static": "static",
        "static-weights": "static, layers with weights only",
        "dynamic": "dynamic, dense layers only",
    },
}
"""By the precision: the ways to it, and what people read. The first is taken if others are no better."""

_WEIGHTED = ["Conv", "ConvTranspose", "Gemm", "MatMul", "Gather"]
_DENSE = ["MatMul", "Gemm", "Gather", "Attention", "LSTM"]


def reduced(
    source: Path, precision: str, batches: Sequence[Arrays], scratch: Path
) -> tuple[dict[str, Path], dict[str, str]]:
    """Write an ONNX file in less precision, in each of the ways that there are.

    Args:
        source: the ONNX file, in float32.
        precision: a key of `METHODS`.
        batches: what goes through the network, for the ranges of its activations.
        scratch: a folder for the files.

    Returns:
        The files by the method, and of each method that did not work the reason.

    Raises:
        RunError: if the process died.
    """
    inputs = _by_name(source, batches)
    with writing(scratch):
        write_batches(scratch / "inputs.npz", inputs)
    job = {"source": str(source), "scratch": str(scratch), "methods": list(METHODS[precision])}
    reason = do(job, scratch)
    if reason is not None:
        raise RunError(f"the network could not be written in {precision}: {reason}")
    files = {name: scratch / f"{name}.onnx" for name in METHODS[precision]}
    failed: dict[str, str] = json.loads((scratch / "failed.json").read_text())
    return {name: file for name, file in files.items() if name not in failed}, failed


def _by_name(source: Path, batches: Sequence[Arrays]) -> list[Arrays]:
    """The batches as ONNX Runtime takes them: a single input by its name too."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return [batch if isinstance(batch, dict) else {name: batch} for batch in batches]


def reduce_in_child(source: Path, scratch: Path, methods: Sequence[str]) -> None:
    """Write the files that `reduced` asks for; why one could not be written goes into `failed.json`."""
    import logging

    logging.disable(logging.WARNING)  # advice that is followed already
    failed = {}
    for method in methods:
        target = scratch / f"{method}.onnx"
        try:
            if method == "float16":
                _float16(source, target)
            else:
                _int8(_prepared(source, scratch), target, method, scratch)
            _describe(source, target, "float16" if method == "float16" else "int8")
        except Exception as error:  # noqa: BLE001 - whatever its tools ran into; other methods may work
            target.unlink(missing_ok=True)
            lines = str(error).strip().splitlines() or [""]
            failed[method] = f"{type(error).__name__}: {lines[0]}"
    (scratch / "failed.json").write_text(json.dumps(failed))


def _float16(source: Path, target: Path) -> None:
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(str(source)), keep_io_types=True), str(target))


def _prepared(source: Path, scratch: Path) -> Path:
    """The network with its shapes inferred and layers fused, as quantization wants it; made once."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = scratch / "prepared.onnx"
    if not prepared.is_file():
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    return prepared


def _int8(prepared: Path, target: Path, method: str, scratch: Path) -> None:
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_dynamic,
        quantize_static,
    )

    if method == "dynamic":
        quantize_dynamic(str(prepared), str(target), per_channel=True, op_types_to_quantize=_DENSE)
        return

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._batches = iter(read_batches(scratch / "inputs.npz"))

        def get_next(self) -> Any:
            return next(self._batches, None)

    only_weights = method == "static-weights"
    quantize_static(
        str(prepared),
        str(target),
        Reader(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=_WEIGHTED if only_weights else None,
        extra_options={"MatMulConstBOnly": only_weights},
    )


def _describe(source: Path, target: Path, precision: str) -> None:
    """Give a network what the one that it was made from says of itself, and its precision."""
    import onnx

    described = {entry.key: entry.value for entry in onnx.load(str(source)).metadata_props}
    network = onnx.load(str(target))
    onnx.helper.set_model_props(network, {**described, "precision": precision})
    onnx.save(network, str(target))
