"""Processes of our own that do one job, and end with it, or as soon as the caller is to stop."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from typing import IO, Any

from suite.stopping import check_stop

_STOP_SECONDS = 0.2  # between two looks whether to stop


def in_a_fresh_process(program: str, *words: str, stdin: IO[Any] | None = None) -> tuple[int, str]:
    """Run a program of Python in an interpreter of its own, which is killed if the caller is to stop.

    Args:
        program: its text. `sys.argv` has the caller's `sys.path`, as JSON, and after it `words`.
        words: for the program.
        stdin: what it reads; None takes that of this process.

    Returns:
        Its exit status, and what it printed to the standard error.
    """
    command = [sys.executable, "-c", program, json.dumps(sys.path), *words]
    with subprocess.Popen(
        command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    printed: str = process.communicate(timeout=_STOP_SECONDS)[1]
                    return process.returncode, printed
                check_stop()
        except BaseException:
            process.kill()
            raise
