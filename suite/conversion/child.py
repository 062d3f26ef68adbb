"""What the process that converts does: the other half of `suite.conversion.process`."""

from __future__ import annotations

import gc
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.conversion.formats import FORMATS
from suite.conversion.quantization import reduce_in_child
from suite.conversion.traced import random_batch, read_batches, traced, write_batches
from suite.errors import UserError
from suite.plugin_files import load_plugin_file


def work(job: Mapping[str, Any]) -> None:
    """Convert a network, or reduce its precision.

    What goes wrong is written into the scratch folder too, where the parent looks.

    Args:
        job: what `suite.conversion.process.convert` asks for, or `suite.conversion.quantization.reduced`.
    """
    scratch = Path(job["scratch"])
    try:
        if "methods" in job:
            reduce_in_child(Path(job["source"]), scratch, job["methods"])
            return
        for file in job["plugin_files"]:
            load_plugin_file(Path(file))
        _convert(Path(job["source"]), Path(job["target"]), job["packages"], scratch, job["format"])
    except UserError as error:
        (scratch / "answer.json").write_text(json.dumps({"user_error": str(error)}))
        raise
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        (scratch / "answer.json").write_text(json.dumps({"error": f"{type(error).__name__}: {lines[0]}"}))
        raise


def _convert(source: Path, target: Path, packages: list[str], scratch: Path, format_name: str) -> None:
    from suite.devices import activate
    from suite.pipeline.keras_files import load_keras
    from suite.pipeline.networks import KerasNetwork

    activate("tensorflow", "cpu")
    gc.freeze()  # what was imported stays, and this process does nothing else
    model = load_keras(source, packages)
    metadata = json.loads((scratch / "metadata.json").read_text(encoding="utf-8"))
    network = traced(model, metadata)
    FORMATS[format_name].write(network, target)
    if not (scratch / "inputs.npz").is_file():
        write_batches(scratch / "inputs.npz", [random_batch(network.specs)])
    forward = KerasNetwork(model)
    write_batches(scratch / "outputs.npz", [forward(batch) for batch in read_batches(scratch / "inputs.npz")])
