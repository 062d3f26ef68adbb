"""Inputs of several requests in one forward pass.

The event loop keeps what waits; a thread takes a batch of it, encodes what is not encoded yet, runs the
network once for each shape, and decodes. While it is at work others gather, so under load batches form by
themselves. An input waits for others only if there are requests under way that may bring some, and no longer
than the budget of latency.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from suite.serving.running import Item, run_batch

_AT_ONCE = 2
"""Batches of a model in threads: one may be encoded or decoded while the network runs another one."""


class Batcher:
    """Runs what is submitted in batches; all of its methods belong to the event loop.

    Args:
        network: of the model.
        builder: the model builder as `plugin:name`, for errors.
        hidden: what no error says: where the model's files are.
        batch_size: inputs in one forward pass.
        max_wait: seconds that an input may wait for others.
        threads: that run batches.
        expected: how many inputs may still come soon: those of requests under way, waiting ones included.
        on_batch: is told of the size of each batch.
    """

    def __init__(
        self,
        network: Any,
        builder: str,
        hidden: str,
        batch_size: int,
        max_wait: float,
        threads: ThreadPoolExecutor,
        expected: Callable[[], int],
        on_batch: Callable[[int], None],
    ) -> None:
        self._network = network
        self._builder = builder
        self._hidden = hidden
        self._batch_size = batch_size
        self._max_wait = max_wait
        self._threads = threads
        self._expected = expected
        self._on_batch = on_batch
        self._waiting: deque[Item] = deque()
        self._running = 0
        self._scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._since = 0.0

    @property
    def waiting(self) -> int:
        """Inputs that wait."""
        return len(self._waiting)

    def submit(self, items: Sequence[Item]) -> None:
        """Have items run; each tells its group when it is done."""
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.extend(items)
        if not self._scheduled:
            self._scheduled = True
            # The requests that the loop reads in this turn come along.
            asyncio.get_running_loop().call_soon(self._start)

    def _start(self) -> None:
        """Start what may be started now."""
        self._scheduled = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting and self._running < _AT_ONCE:
            count = len(self._waiting)
            if count < self._batch_size:
                if self._running:
                    return  # they gather until the batch that runs is done
                left = self._since + self._max_wait - time.monotonic()
                if left > 0 and self._expected() > count:
                    self._timer = asyncio.get_running_loop().call_later(left, self._start)
                    return
            batch: list[Item] = []
            while self._waiting and len(batch) < self._batch_size:
                item = self._waiting.popleft()
                if not item.group.abandoned:
                    batch.append(item)
            self._since = time.monotonic()
            if batch:
                self._running += 1
                self._on_batch(len(batch))
                loop = asyncio.get_running_loop()
                self._threads.submit(self._run, loop, batch)

    def _run(self, loop: asyncio.AbstractEventLoop, batch: list[Item]) -> None:
        """In a thread."""
        try:
            run_batch(self._network, self._builder, batch, self._hidden)
        finally:
            loop.call_soon_threadsafe(self._done, batch)

    def _done(self, batch: list[Item]) -> None:
        self._running -= 1
        for item in batch:
            item.group.one_done()
        if self._waiting and not self._scheduled:
            self._start()
