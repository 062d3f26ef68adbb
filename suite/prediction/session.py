"""What is open of a pipeline in this process: opened when it is needed, again after a fork, and closed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

from suite.devices import cores
from suite.errors import UserError
from suite.pipeline.codec import Codec
from suite.pipeline.networks import Network
from suite.prediction.description import Description


@dataclass(frozen=True)
class Contents:
    """What a pipeline predicts with.

    Attributes:
        task: the task's name.
        builder: the model builder as `plugin:name`.
        codec: between raw inputs and arrays.
        network: arrays in, arrays out, on whichever runtime.
        facts: the facts of the data that it was trained on.
        describe: makes the description of the pipeline; None for one that is not from a folder.
    """

    task: str
    builder: str
    codec: Codec
    network: Network
    facts: Mapping[str, Any]
    describe: Callable[[], Description] | None = None


class Session:
    """The contents of a pipeline, and the threads that read for it, until it is closed.

    Safe to be used by several threads. The threads of a runtime do not survive a fork, so a forked process
    opens the contents again.

    Args:
        contents: what is open; None opens it when it is first needed.
        reopen: opens the contents again; None for a pipeline that is not from a folder.
    """

    def __init__(self, contents: Contents | None, reopen: Callable[[], Contents] | None) -> None:
        self._contents = contents
        self._reopen = reopen
        self._closed = False
        self._begin()

        _SESSIONS.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._threads: WeakSet[ThreadPoolExecutor] = WeakSet()

    def _after_fork(self) -> None:
        """Forget what a forked process cannot use: its parent's runtime, and locks that nobody releases."""
        if self._reopen is None:
            return
        if self._contents is not None:
            # Taking a runtime down would wait for threads that this process does not have.
            _OF_PARENTS.append(self._contents)
            self._contents = None
        self._begin()

    @property
    def contents(self) -> Contents:
        """What is open.

        Raises:
            UserError: if the pipeline was closed, or cannot be opened again.
        """
        contents = self._contents
        if contents is None:
            with self._lock:
                self.check()
                assert self._reopen is not None
                contents = self._contents = self._contents or self._reopen()
        return contents

    def check(self) -> None:
        """Refuse a pipeline that was closed.

        Raises:
            UserError: if it was.
        """
        if self._closed:
            raise UserError("this pipeline is closed: load it again with suite.load()")

    def close(self) -> None:
        """Let go of the network, and end the threads that read. A second time does nothing."""
        with self._lock:
            self._closed = True
            self._contents = None
        for threads in list(self._threads):
            threads.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def threads(self) -> Iterator[ThreadPoolExecutor]:
        """Threads that read and encode; what uses them fails with a sentence if the pipeline is closed."""
        with ThreadPoolExecutor(max_workers=cores(), thread_name_prefix="encode") as threads:
            self._threads.add(threads)
            try:
                yield threads
            except (CancelledError, RuntimeError):
                self.check()
                raise
            finally:
                threads.shutdown(wait=False, cancel_futures=True)


_OF_PARENTS: list[Contents] = []
_SESSIONS: WeakSet[Session] = WeakSet()


def _follow_fork() -> None:
    for session in list(_SESSIONS):
        session._after_fork()


if hasattr(os, "register_at_fork"):  # nobody forks on Windows
    os.register_at_fork(after_in_child=_follow_fork)
