"""A network as OpenVINO's intermediate representation, by way of ONNX: in the process that converts."""

from __future__ import annotations

from pathlib import Path

from suite.conversion.onnx import write_onnx
from suite.conversion.traced import Traced
from suite.pipeline.runtimes.openvino import imported


def write_openvino(traced: Traced, target: Path) -> None:
    """Write a network as `.xml`, and its weights beside it as `.bin`, in the precision that they have.

    What it says of itself comes with the ONNX file, and is found under `framework` in its `rt_info`.

    Args:
        traced: the network.
        target: the `.xml` to write.
    """
    openvino = imported()
    intermediate = target.with_suffix(".onnx")
    write_onnx(traced, intermediate)
    try:
        model = openvino.Core().read_model(str(intermediate))
        openvino.save_model(model, str(target), compress_to_fp16=False)
        del model  # which holds the file
    finally:
        intermediate.unlink()
