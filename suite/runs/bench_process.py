"""The process that measures a model: the other half of `suite.runs.bench`.

What it gets is from the process that started it alone, through its standard input.
"""

from __future__ import annotations

import pickle
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from suite.errors import UserError
from suite.pipeline.manifest import read_manifest
from suite.pipeline.runtimes.choosing import runtime_for
from suite.prediction.loading import load
from suite.runs.benchmark import MAX_BATCH_SIZE, measure


def work(answer: str) -> None:
    """Load a model, predict, measure, and write what was found.

    Args:
        answer: the file to write, JSON.
    """
    host, job = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - from our own parent
    found: dict[str, Any]
    try:
        folder: Path = job["folder"]
        runtime = runtime_for(folder / read_manifest(folder).network, job["options"]["runtime"])
        with closing(load(folder, host=host, batch_size=MAX_BATCH_SIZE, **job["options"])) as pipeline:
            pipeline.predict(job["inputs"][0])
            first = time.time()
            measured = measure(pipeline, job["inputs"], job["seconds"])
        found = {"first": first, "runtime": runtime.title, "measured": msgspec.to_builtins(measured)}
        if runtime.open is None:
            import keras

            found["runtime"] = f"{runtime.title} ({keras.backend.backend()})"
    except UserError as error:
        found = {"user_error": str(error)}
    Path(answer).write_bytes(msgspec.json.encode(found))
