"""Predictions for many inputs by several processes of this machine, in the order of the inputs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from suite.devices import cores
from suite.errors import RunError, SuiteError
from suite.prediction.encoding import name_of
from suite.prediction.inputs import Inputs
from suite.prediction.parts import Parts
from suite.prediction.results import Result
from suite.processes import error_told, program
from suite.stopping import check_stop

MAX_LOSSES = 3
"""How often a part is tried whose process was killed."""

_LOOK_SECONDS = 0.2

_PROGRAM = program("suite.prediction.part_worker", "main()")


class AwaitedParts:
    """The results of parts that others write.

    Args:
        parts: is open for as long as they are awaited.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._errors: list[SuiteError] = []
        self._changed = threading.Condition()
        self._is_over = False

    def predict_each(self, inputs: Inputs, *settings: Any) -> Generator[Result, None, None]:
        """The results of all inputs in their order, as `LoadedPipeline.predict_each` gives them.

        Args:
            inputs: whose parts they are.
            settings: of predictions in one process, which are in the job here.

        Raises:
            SuiteError: what a process said, or that it was killed again and again.
        """
        raws = enumerate(inputs)
        for index in range(self._parts.count):
            self._wait(index)
            for (error, prediction), (number, raw) in zip(self._parts.read(index), raws, strict=False):
                yield Result(raw, name_of(raw, number), prediction, error)

    def _wait(self, index: int) -> None:
        with self._changed:
            while not self._parts.is_there(index):
                if self._errors:
                    raise self._errors[0]
                self._changed.wait(_LOOK_SECONDS)
                check_stop()

    def _fail(self, error: SuiteError) -> None:
        with self._changed:
            self._errors.append(error)
            self._is_over = True
            self._changed.notify_all()


class PartWorkers(AwaitedParts):
    """Processes that predict the parts of some inputs which are not there yet.

    A context manager, at whose end they are gone. A part whose process is killed is predicted by another one.

    Args:
        parts: is open for as long as they work.
        job: what `suite.prediction.part_worker` reads, without the cores of each.
        count: how many processes.
    """

    def __init__(self, parts: Parts, job: Mapping[str, Any], count: int) -> None:
        super().__init__(parts)
        self._job = job
        self._waiting = deque(index for index in range(parts.count) if not parts.is_there(index))
        self._lost: dict[int, int] = {}
        self._processes: list[subprocess.Popen[str]] = []
        shares = _shares(min(count, len(self._waiting)))
        self._threads = [threading.Thread(target=self._serve, args=(share,), daemon=True) for share in shares]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._is_over = True
            for process in self._processes:
                process.kill()
        for thread in self._threads:
            thread.join()

    def _serve(self, share: list[int]) -> None:
        """Have a process predict, and another one if it is killed."""
        while not self._is_over and self._waiting:
            process = self._started(share)
            assert process.stdin is not None
            assert process.stdout is not None
            taken = None
            try:
                process.stdin.write(json.dumps({**self._job, "cores": share}) + "\n")
                for taken in self._taken(process):
                    answer = json.loads(process.stdout.readline() or "{}")
                    if "error" in answer:
                        self._fail(error_told(*answer["error"]))
                        return
                    if "done" not in answer:
                        self._give_back(taken, process.wait())
                        break
                    with self._changed:
                        self._changed.notify_all()
            except OSError:  # the process is gone, and does not read
                self._give_back(taken, process.wait())
            finally:
                process.kill()
                process.wait()
                for stream in (process.stdin, process.stdout):
                    with suppress(OSError):  # what a process that is gone has not read
                        stream.close()

    def _taken(self, process: subprocess.Popen[str]) -> Generator[int, None, None]:
        """The parts that a process is given, one by one."""
        assert process.stdin is not None
        while True:
            with self._changed:
                if self._is_over or not self._waiting:
                    return
                index = self._waiting.popleft()
            yield self._sent(index, process)

    def _sent(self, index: int, process: subprocess.Popen[str]) -> int:
        assert process.stdin is not None
        with suppress(OSError):  # its answer will be missing
            process.stdin.write(f"{index}\n")
            process.stdin.flush()
        return index

    def _give_back(self, index: int | None, status: int) -> None:
        if self._is_over:
            return
        number = -1 if index is None else index
        self._lost[number] = self._lost.get(number, 0) + 1
        if self._lost[number] >= MAX_LOSSES:
            self._fail(
                RunError(
                    f"a process that predicts was lost {MAX_LOSSES} times at the same inputs, the last time"
                    f" with status {status} (-9: killed, perhaps since memory was full): take fewer --workers"
                    " or a smaller --batch-size; the same command goes on"
                )
            )
        elif index is not None:
            with self._changed:
                self._waiting.appendleft(index)

    def _started(self, share: list[int]) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, json.dumps(sys.path)],
            stdin=subprocess.PIPE,  # at whose end the process ends
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for the process that started it
        )
        with self._changed:
            self._processes.append(process)
            if self._is_over:
                process.kill()
        return process


def _shares(count: int) -> list[list[int]]:
    """The cores of each process; [] leaves them to the system."""
    here = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if count > cores() or not here:
        return [[] for _ in range(count)]
    return [here[number::count] for number in range(count)]
