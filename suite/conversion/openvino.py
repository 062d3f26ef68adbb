"""A network for OpenVINO, by way of a SavedModel: in the process that converts."""

from __future__ import annotations

import tempfile
from pathlib import Path

from suite.conversion.saved_model import write_frozen
from suite.conversion.traced import Traced
from suite.errors import UserError
from suite.pipeline.runtimes.openvino import imported, reason_of


def write_openvino(traced: Traced, target: Path) -> None:
    """Write a network as `.xml`, and its weights beside it as `.bin`, in the precision that they have.

    From a SavedModel it reads loops over time, which it does not read from ONNX as it is written here. What
    the network says of itself is under `suite` in the `rt_info` of the file.

    Args:
        traced: the network.
        target: the `.xml` to write.

    Raises:
        UserError: if OpenVINO lacks an operator of the network.
    """
    openvino = imported()
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        write_frozen(traced, Path(folder) / "saved")
        try:
            model = openvino.Core().read_model(str(Path(folder) / "saved"))
        except Exception as error:  # noqa: BLE001 - OpenVINO's own share no base class
            raise UserError(
                f"OpenVINO cannot hold this network, {reason_of(error)}: export it with --format onnx"
            ) from None
        for name, text in traced.metadata.items():
            model.set_rt_info(text, ["suite", name])
        openvino.save_model(model, str(target), compress_to_fp16=False)
        del model  # which holds the file
