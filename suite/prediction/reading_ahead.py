"""Inputs encoded ahead of the network: in threads, unless they are so quick that threads would only cost."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice

from suite.pipeline.codec import Encoded
from suite.prediction.encoding import EncodingJob
from suite.stopping import check_stop

QUICK_SECONDS = 5e-4
"""An input that is encoded sooner is not worth a thread: to hand it over costs a tenth of this."""

EncodedJob = tuple[EncodingJob, Callable[[], Encoded]]
"""A job, and what gives its result, or raises its error, when it is called."""


def encoded_ahead(
    jobs: Iterator[EncodingJob],
    encode: Callable[[EncodingJob], Encoded],
    threads: ThreadPoolExecutor,
    batch_size: int,
    ahead: int,
) -> Iterator[list[EncodedJob]]:
    """Jobs in their order, in batches, being encoded.

    The first ones are encoded by who asks for the batch, until they take long; all others by the threads.

    Args:
        jobs: what is encoded, taken as it is needed.
        encode: encodes a job.
        threads: that encode.
        batch_size: the jobs of a batch at most.
        ahead: batches that are begun before they are asked for; 0 for inputs that come as they happen.
    """
    waiting: deque[EncodedJob] = deque()
    seconds = 0.0  # of an input, lately: something else on the machine may hold up a single one
    while True:
        check_stop()
        for job in islice(jobs, (1 + ahead) * batch_size - len(waiting)):
            if seconds < QUICK_SECONDS:
                start = time.perf_counter()
                waiting.append((job, _encoded(encode, job)))
                seconds += 0.25 * (time.perf_counter() - start - seconds)
            else:
                waiting.append((job, threads.submit(copy_context().run, encode, job).result))
        if not waiting:
            return
        yield [waiting.popleft() for _ in range(min(batch_size, len(waiting)))]


def _encoded(encode: Callable[[EncodingJob], Encoded], job: EncodingJob) -> Callable[[], Encoded]:
    """What gives the result of a job that is encoded here and now."""
    try:
        encoded = encode(job)
    except Exception as error:  # noqa: BLE001 - raised when it is the turn of this job
        return _raising(error)
    return lambda: encoded


def _raising(error: Exception) -> Callable[[], Encoded]:
    def fail() -> Encoded:
        raise error

    return fail
