"""A process that predicts parts for `suite.prediction.parallel`: numbers of parts come in, answers go out."""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from suite.limits import set_limits
from suite.prediction.inputs import Inputs
from suite.prediction.loading import load
from suite.prediction.parts import Parts
from suite.processes import host_of, told
from suite.training_options import LimitOptions


def main() -> None:
    """Predict the parts whose numbers the standard input has, until it ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no answer
    job = json.loads(sys.stdin.readline())
    numbers: SimpleQueue[int] = SimpleQueue()
    threading.Thread(target=_read, args=(numbers,), daemon=True).start()
    try:
        for index in _predicted(job, numbers):
            print(json.dumps({"done": index}), file=answers, flush=True)
    except BaseException as error:  # noqa: BLE001 - told to whoever started this process
        print(json.dumps({"error": told(error)}), file=answers, flush=True)


def _read(numbers: SimpleQueue[int]) -> None:
    """Read the numbers of parts; end this process with the one that started it, whatever it is doing."""
    for line in sys.stdin:
        numbers.put(int(line))
    os._exit(0)


def _predicted(job: dict[str, Any], numbers: SimpleQueue[int]) -> Iterator[int]:
    if job["cores"] and hasattr(os, "sched_setaffinity"):
        with suppress(OSError):
            os.sched_setaffinity(0, job["cores"])
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # several share the memory of a GPU
    set_limits(LimitOptions(**job["limits"]))
    pipeline = load(job["model"], host=host_of(job["host"]), options=job["options"], **job["runs_on"])
    size, batch_size = job["part_size"], job["batch_size"]
    parts = Parts(Path(job["out"]), "", 0, None)
    inputs = Inputs(job["words"], pipeline.codec)
    following, at = iter(inputs), 0
    while True:
        index = numbers.get()
        start = index * size
        if start < at:  # a part that another process has left
            following, at = iter(inputs), 0
        raws = itertools.islice(following, start - at, start - at + size)
        results = pipeline.predict_each(raws, batch_size)
        parts.write(index, ((result.error, result.prediction) for result in results))
        at = start + size
        yield index
