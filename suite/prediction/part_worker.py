"""A process that predicts parts for `suite.prediction.parallel`: numbers of parts come in, answers go out."""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
from collections.abc import Mapping
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
        predictor = PartPredictor(job)
        while True:
            index = numbers.get()
            predictor.predict(index)
            print(json.dumps({"done": index}), file=answers, flush=True)
    except BaseException as error:  # noqa: BLE001 - told to whoever started this process
        print(json.dumps({"error": told(error)}), file=answers, flush=True)


def _read(numbers: SimpleQueue[int]) -> None:
    """Read the numbers of parts; end this process with the one that started it, whatever it is doing."""
    for line in sys.stdin:
        numbers.put(int(line))
    os._exit(0)


class PartPredictor:
    """Predicts parts one after the other; the model is loaded once.

    Args:
        job: what `suite predict` sends.

    Raises:
        UserError: if the parts are not kept here where they are there.
    """

    def __init__(self, job: Mapping[str, Any]) -> None:
        with suppress(OSError):
            os.chdir(job["folder"])
        if job["cores"] and hasattr(os, "sched_setaffinity"):
            with suppress(OSError):
                os.sched_setaffinity(0, job["cores"])
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # several share the memory of a GPU
        self._parts = Parts(Path(job["out"]), job["name"], 0, None)
        self._parts.check_shared()
        set_limits(LimitOptions(**job["limits"]))
        host = host_of(job["host"])
        self._pipeline = load(job["model"], host=host, options=job["options"], **job["runs_on"])
        self._size, self._batch_size = job["part_size"], job["batch_size"]
        self._inputs = Inputs(job["words"], self._pipeline.codec)
        self._following, self._at = iter(self._inputs), 0

    def predict(self, index: int) -> None:
        """Predict and write a part."""
        start = index * self._size
        if start < self._at:  # a part that another process has left
            self._following, self._at = iter(self._inputs), 0
        raws = itertools.islice(self._following, start - self._at, start - self._at + self._size)
        results = self._pipeline.predict_each(raws, self._batch_size)
        self._parts.write(index, ((result.error, result.prediction) for result in results))
        self._at = start + self._size
