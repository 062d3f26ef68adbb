"""The formats that a network can be exported to: what each is called, needs, and how it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from suite.contributions import lazy
from suite.errors import UserError, nearest

if TYPE_CHECKING:
    from suite.conversion.traced import Traced


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format.

    Attributes:
        name: on the command line.
        title: in sentences.
        network: the name of the network's file or folder; its ending says which runtime reads it.
        runtime: its own, by its name in `suite.pipeline.runtimes`.
        packages: what writing and running it needs, by their import names.
        extras: of this package, which bring them.
        write: writes a network to a file or a folder, in the process that converts. Raises `UserError` if
            the format cannot hold it.
    """

    name: str
    title: str
    network: str
    runtime: str
    packages: tuple[str, ...]
    extras: str
    write: Callable[[Traced, Path], None]

    def check_packages(self) -> None:
        """Raises `UserError` if a package is missing, with how to get it."""
        missing = [name for name in self.packages if find_spec(name) is None]
        if missing:
            raise UserError(f"export needs {' and '.join(missing)}: pip install 'keras-suite[{self.extras}]'")


def format_named(name: str) -> Format:
    """The format of a name. Raises `UserError` if there is none."""
    if name not in FORMATS:
        raise UserError(f"there is no format '{name}': {nearest(name, FORMATS)}")
    return FORMATS[name]


ONNX = Format(
    name="onnx",
    title="ONNX",
    network="network.onnx",
    runtime="onnxruntime",
    packages=("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime"),
    extras="export",
    write=lazy("suite.conversion.onnx:write_onnx"),
)

FORMATS = {
    each.name: each
    for each in (
        ONNX,
        Format(
            name="litert",
            title="LiteRT",
            network="network.tflite",
            runtime="litert",
            packages=("keras", "tensorflow", "ai_edge_litert"),
            extras="export,litert",
            write=lazy("suite.conversion.litert:write_litert"),
        ),
        Format(
            name="openvino",
            title="OpenVINO",
            network="network.xml",
            runtime="openvino",
            packages=("keras", "tensorflow", "openvino"),
            extras="export,openvino",
            write=lazy("suite.conversion.openvino:write_openvino"),
        ),
        Format(
            name="saved-model",
            title="a SavedModel",
            network="network.savedmodel",
            runtime="tensorflow",
            packages=("keras", "tensorflow"),
            extras="export",
            write=lazy("suite.conversion.saved_model:write_saved_model"),
        ),
    )
}
"""By their names."""
