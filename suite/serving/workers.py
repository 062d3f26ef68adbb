"""Several processes that serve the same models on one socket."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

from suite.errors import SuiteError, UserError
from suite.serving.settings import MULTIPROCESS

_QUICK_SECONDS = 5
"""A worker that fails sooner than this after its start would fail again."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def counted_together() -> Iterator[Path]:
    """Within it, prometheus_client keeps what processes count in a folder that they share.

    It looks when it is imported, so it must not be before.
    """
    with tempfile.TemporaryDirectory(prefix="suite-metrics-") as folder:
        os.environ[MULTIPROCESS] = folder
        try:
            yield Path(folder)
        finally:
            os.environ.pop(MULTIPROCESS, None)


class Workers:
    """Processes that do the same work, each of which is replaced if it dies.

    Args:
        count: how many.
        work: serves until the process gets a signal; it is told whether it is the first one. It loads the
            models: their threads would not survive the fork.
        folder: of what they share; they remove it if this process is killed, which then cannot.

    Raises:
        UserError: if this system has no `fork`.
    """

    def __init__(self, count: int, work: Callable[[bool], None], folder: Path | None = None) -> None:
        if not hasattr(os, "fork"):
            raise UserError("--workers needs fork(), which this system lacks: start several servers instead")
        self._count = count
        self._work = work
        self._folder = folder
        self._started: dict[BaseProcess, float] = {}
        self._ending = False

    def run(self) -> int:
        """Work until the process gets a signal; the exit status."""
        before = {number: signal.signal(number, self._end) for number in _SIGNALS}
        try:
            for number in range(self._count):
                self._start(first=number == 0)
            while self._started:
                for worker, since in list(self._started.items()):
                    worker.join(0.1)
                    if not worker.is_alive():
                        status = self._ended(worker, time.monotonic() - since)
                        if status:
                            return status
        finally:
            self._end(signal.SIGTERM, None)
            for worker in self._started:
                worker.join()
            for number, handler in before.items():
                signal.signal(number, handler)
        return 0

    def _start(self, *, first: bool) -> None:
        import multiprocessing

        worker = multiprocessing.get_context("fork").Process(target=self._run, args=(first,))
        worker.start()
        self._started[worker] = time.monotonic()

    def _run(self, first: bool) -> None:
        """In the worker."""
        os.setsid()  # Ctrl-C of a terminal reaches the parent alone, which passes it on
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        threading.Thread(target=_end_with_parent, args=(self._folder,), daemon=True).start()
        try:
            self._work(first)
        except SuiteError as error:
            _say(str(error))
            sys.exit(error.exit_status)

    def _ended(self, worker: BaseProcess, seconds: float) -> int:
        """Replace a worker that has died; the exit status if all are to end."""
        from prometheus_client.multiprocess import mark_process_dead

        del self._started[worker]
        if worker.pid is not None:
            mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
        if self._ending:
            return 0
        if seconds < _QUICK_SECONDS:
            return worker.exitcode if worker.exitcode and worker.exitcode > 0 else 1
        _say(f"a worker ended ({worker.exitcode}); another one takes its place")
        self._start(first=False)
        return 0

    def _end(self, number: int, frame: FrameType | None) -> None:
        """Pass a signal on; a second one ends workers at once."""
        self._ending = True
        for worker in list(self._started):
            if worker.pid is not None and worker.is_alive():
                os.kill(worker.pid, signal.SIGTERM)


def _end_with_parent(folder: Path | None) -> None:
    """End this worker when its parent is there no more; killed, that one could tell nobody."""
    import multiprocessing
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        os.kill(os.getpid(), signal.SIGTERM)


def _say(text: str) -> None:
    os.write(2, f"suite: {text}\n".encode("utf-8", "backslashreplace"))
