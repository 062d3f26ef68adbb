"""Conversions to ONNX without the import of TensorFlow, which takes longer than the most of them do.

Their processes are forked from one that has imported it and done nothing else.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

IMPORTED = ["tensorflow", "keras", "tf2onnx", "onnx"]


def in_a_forked_process(job: Mapping[str, Any]) -> tuple[int | None, str]:
    """Takes the place of `suite.conversion.process._in_a_process`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    with tempfile.TemporaryDirectory() as folder:
        printed = Path(folder) / "printed"
        process = context.Process(target=_do, args=(job, sys.path, printed))
        process.start()
        process.join()
        return process.exitcode, printed.read_text(errors="replace")


def _do(job: Mapping[str, Any], path: list[str], printed: Path) -> None:
    descriptor = os.open(printed, os.O_CREAT | os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    sys.path[:] = path
    from suite.conversion.child import work

    work(job)
