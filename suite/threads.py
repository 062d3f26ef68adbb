"""Many small pieces of work, in several threads where these help."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from suite.stopping import stopped_alike

Result = TypeVar("Result")

_TRUSTED = 10
"""How many times as long the quicker way is taken as it took to find out which one it is."""


def in_threads(
    work: Callable[[range], Result], count: int, threads: int, *, chunk: int = 64
) -> Iterator[Result]:
    """What `work` gives for the numbers below `count`, a range of them at a time, in order.

    Python computes in one thread at a time. Threads that wait for a disk or compute in native code for long
    help each other; those that make many short calls, reading small files that are in memory say, take turns
    after each of them, and several are up to five times slower than one (measured). So both ways are tried on
    the work itself, again and again, and most of it is done in the way that was quicker.

    Args:
        work: is given a range of numbers; in another thread, `check_stop` asks whom it asks here.
        count: how many numbers there are.
        threads: how many at most.
        chunk: numbers in a range.
    """
    ranges = (range(start, min(start + chunk, count)) for start in range(0, count, chunk))
    with ThreadPoolExecutor(threads) as pool:
        ways: list[tuple[int, Callable[[Iterable[range]], Iterator[Result]]]] = [
            (1, lambda some: map(work, some)),
            (threads, lambda some: pool.map(stopped_alike(work), some)),
        ]
        while True:
            seconds, since = [], time.perf_counter()
            for at_once, way in ways:
                began = time.perf_counter()
                some = list(islice(ranges, at_once))
                results = list(way(some))
                seconds.append((time.perf_counter() - began) / max(1, sum(map(len, some))))
                yield from results
            at_once, quicker = ways[seconds.index(min(seconds))]
            until = time.perf_counter() + _TRUSTED * (time.perf_counter() - since)
            while some and time.perf_counter() < until:
                some = list(islice(ranges, at_once))
                yield from quicker(some)
            if not some:
                return
