"""Which runtime runs a network's file: its own, or another one that was asked for and can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from suite.contributions import lazy
from suite.errors import UserError, nearest

if TYPE_CHECKING:
    from suite.pipeline.networks import Network


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """A runtime.

    Attributes:
        name: as `suite.load(runtime=...)` takes it.
        title: in sentences.
        endings: of the files that it runs.
        packages: that a caller needs, by their names for importing, in the order of what they need.
        open: opens a file or a folder with so many threads, or with as many as it likes; None for Keras,
            which `suite.prediction.loading` opens.
    """

    name: str
    title: str
    endings: tuple[str, ...]
    packages: tuple[str, ...]
    open: Callable[[Path, int | None], Network] | None


_KERAS = Runtime(name="keras", title="Keras", endings=(".keras",), packages=("keras",), open=None)

RUNTIMES = {
    each.name: each
    for each in (
        _KERAS,
        Runtime(
            name="onnxruntime",
            title="ONNX Runtime",
            endings=(".onnx",),
            packages=("onnxruntime",),
            open=lazy("suite.pipeline.networks:OnnxNetwork"),
        ),
        Runtime(
            name="openvino",
            title="OpenVINO",
            endings=(".xml", ".onnx"),
            packages=("openvino",),
            open=lazy("suite.pipeline.runtimes.openvino:OpenvinoNetwork"),
        ),
        Runtime(
            name="litert",
            title="LiteRT",
            endings=(".tflite",),
            packages=("ai_edge_litert",),
            open=lazy("suite.pipeline.runtimes.litert:LitertNetwork"),
        ),
        Runtime(
            name="tensorflow",
            title="TensorFlow",
            endings=(".savedmodel",),
            packages=("tensorflow",),
            open=lazy("suite.pipeline.runtimes.saved_model:SavedModelNetwork"),
        ),
    )
}
"""By their names; of several that run a file the first is the one that is taken if nobody says."""


def runtime_for(file: Path, wanted: str = "auto") -> Runtime:
    """The runtime for a network.

    Args:
        file: or folder of the network; its ending counts.
        wanted: the name of a runtime, or "auto".

    Raises:
        UserError: if there is no such runtime, or it does not run such files.
    """
    if wanted != "auto" and wanted not in RUNTIMES:
        raise UserError(f"there is no runtime '{wanted}': {nearest(wanted, ('auto', *RUNTIMES))}")
    able = [runtime for runtime in RUNTIMES.values() if file.suffix in runtime.endings]
    if not able:
        known = ", ".join(dict.fromkeys(ending for each in RUNTIMES.values() for ending in each.endings))
        raise UserError(f"no runtime here reads '{file.name}': known are {known}")
    if wanted == "auto":
        return able[0]
    if RUNTIMES[wanted] not in able:
        others = " or ".join(f"'{runtime.name}'" for runtime in able)
        raise UserError(
            f"{RUNTIMES[wanted].title} does not run {file}: load it with the runtime {others}, or export the"
            " run to another format"
        )
    return RUNTIMES[wanted]
