"""A network for LiteRT, by way of a SavedModel: in the process that converts."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from suite.conversion.saved_model import write_frozen
from suite.conversion.traced import Traced
from suite.pipeline.runtimes.saved_model import SIGNATURE


def write_litert(traced: Traced, target: Path) -> None:
    """Write a network as `.tflite`, of operators that LiteRT itself has.

    What it says of itself is in `metadata.json`, in a zip archive at its end, as is usual with such files.

    Args:
        traced: the network.
        target: the file to write.
    """
    import tensorflow as tf

    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        write_frozen(traced, Path(folder) / "saved")
        converter: Any = tf.lite.TFLiteConverter.from_saved_model(
            str(Path(folder) / "saved"), signature_keys=[SIGNATURE]
        )
        target.write_bytes(converter.convert())
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("metadata.json", json.dumps(dict(traced.metadata), ensure_ascii=False, indent=2))
