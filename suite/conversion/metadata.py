"""What an exported network says of itself to other tools, in the metadata of its file (`metadata_props`
of ONNX, `rt_info` of OpenVINO).

Viewers (Netron) show it, and tools that run detectors and classifiers look for the names of classes under
`names` and for the size of the input under `imgsz`, both as Python literals: a convention of Ultralytics.
Nothing here is read back: what a pipeline predicts with is in `pipeline.json`.
"""

from __future__ import annotations

from typing import Any

import msgspec

import suite
from suite.pipeline.manifest import Manifest

_CONVENTIONAL = {"classes": "names", "input_size": "imgsz"}


def network_metadata(manifest: Manifest, properties: dict[str, Any]) -> dict[str, str]:
    """The metadata by name.

    Args:
        manifest: of the pipeline.
        properties: what its codec says of itself, see `suite.pipeline.Codec.properties`.
    """
    plugin = f"{manifest.plugin.get('name', '')} {manifest.plugin.get('version', '')}".strip()
    metadata = {
        "description": f"a model of suite for the task {manifest.task}; pipeline.json lies beside it",
        "suite": suite.__version__,
        "task": manifest.task,
        "builder": manifest.builder,
        "plugin": plugin,
        "unfinished": manifest.unfinished,
    }
    for name, value in properties.items():
        metadata[_CONVENTIONAL.get(name, name)] = _text(name, value)
    return {name: text for name, text in metadata.items() if text}


def _text(name: str, value: Any) -> str:
    if name == "classes":
        return repr(dict(enumerate(value)))
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
