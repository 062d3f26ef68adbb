"""What a loaded pipeline costs: latency, throughput by batch size, memory. It is imported by a process that
measures, so it imports nothing but what predicts.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import msgspec

from suite.errors import UserError
from suite.prediction.predictor import LoadedPipeline
from suite.prediction.recording import recorded
from suite.stopping import check_stop

MAX_BATCH_SIZE = 256
NOISY = 1.3
"""How much slower one part of the measurements may be than another on a quiet machine."""

_GAIN = 1.05
"""A batch that is larger must be so much faster than a smaller one to be preferred."""
_PARTS = 5
_ROUND_SECONDS = 0.1
_MAX_BATCHES = 64
_BATCHES_OF_A_SIZE = 3
_OVERTIME = 0.25
"""Of the time, which a larger batch may take beyond it."""


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds of what was done again and again.

    Attributes:
        p50, p95, p99: so many per cent of the times are shorter.
        count: how often it was done.
    """

    p50: float
    p95: float
    p99: float
    count: int


class Measurements(msgspec.Struct, frozen=True, kw_only=True):
    """What a pipeline costs.

    Attributes:
        predict: the whole prediction of one input: reading, encoding, network, decoding.
        network: a forward pass of the network alone with one example; a prediction may take several.
        throughput: predictions per second by the batch size.
        batch_size: the smallest that is within 5 % of the best throughput: it may be 1.
        spread: how much slower the slowest fifth of the predictions was than the fastest, in the order in
            which they were made: near 1 on a quiet machine.
        memory: bytes that the process held at most while it predicted one input at a time; None if the
            system does not say.
        peak_memory: the same, with batches too.
    """

    predict: Times
    network: Times
    throughput: dict[int, float]
    batch_size: int
    spread: float
    memory: int | None
    peak_memory: int | None


def measure(pipeline: LoadedPipeline, inputs: Sequence[Any], seconds: float = 20.0) -> Measurements:
    """Measure a pipeline.

    Args:
        pipeline: loaded, in a process that does nothing else.
        inputs: whatever it reads, at least one; they are taken in turn.
        seconds: how long to measure, about.

    Raises:
        UserError: if there is no input, or one cannot be predicted.
    """
    if not inputs:
        raise UserError("there is nothing to predict: give inputs with --data")
    singles = cycle(inputs)
    latencies = _timed(lambda: pipeline.predict(next(singles)), 0.3 * seconds)
    passes = cycle(recorded(pipeline, inputs, max_examples=16, batch_size=1))
    network = _timed(lambda: pipeline.network(next(passes)), 0.15 * seconds)
    memory = peak_memory()
    found = throughput(pipeline, inputs, 0.55 * seconds)
    return Measurements(
        predict=_times(latencies),
        network=_times(network),
        throughput=found,
        batch_size=_best(found),
        spread=_spread(latencies),
        memory=memory,
        peak_memory=peak_memory(),
    )


def best_batch_size(pipeline: LoadedPipeline, inputs: Sequence[Any], seconds: float = 5.0) -> int:
    """The batch size from which on larger ones gain nothing, which may be 1.

    Args:
        pipeline: loaded.
        inputs: whatever it reads; they are taken in turn.
        seconds: how long to measure, about.
    """
    return _best(throughput(pipeline, inputs, seconds))


def throughput(
    pipeline: LoadedPipeline, inputs: Sequence[Any], seconds: float, max_batch_size: int = MAX_BATCH_SIZE
) -> dict[int, float]:
    """Predictions per second by batch size: 1, 2, 4 and so on, until two sizes in a row gain nothing.

    Args:
        pipeline: loaded.
        inputs: whatever it reads; they are taken in turn.
        seconds: how long to measure, about.
        max_batch_size: the largest that is tried.
    """
    found: dict[int, float] = {}
    ends = time.perf_counter() + seconds
    size = 1
    while size <= max_batch_size:
        # What is left is shared by this size and those that may follow.
        share = max(0.0, ends - time.perf_counter()) / max(2, min(5, (max_batch_size // size).bit_length()))
        found[size] = _per_second(pipeline, inputs, size, share)
        rates = list(found.values())
        if len(rates) > 2 and max(rates[-2:]) < _GAIN * max(rates[:-2]):
            break
        size *= 2
        if time.perf_counter() + _BATCHES_OF_A_SIZE * size / found[size // 2] > ends + _OVERTIME * seconds:
            break
    return found


def _per_second(pipeline: LoadedPipeline, inputs: Sequence[Any], size: int, seconds: float) -> float:
    """Predictions per second in batches of a size: the median of rounds, after a batch that does not count.

    A round is two batches at least, so that reading goes on while the network runs.
    """
    stream = cycle(inputs)
    begun = time.perf_counter()
    _predict_all(pipeline, islice(stream, size), size)
    batches = min(max(2, round(_ROUND_SECONDS / (time.perf_counter() - begun))), _MAX_BATCHES)
    rounds: list[float] = []
    while not rounds or sum(rounds) < seconds:
        begun = time.perf_counter()
        _predict_all(pipeline, islice(stream, batches * size), size)
        rounds.append(time.perf_counter() - begun)
    return batches * size / statistics.median(rounds)


def _predict_all(pipeline: LoadedPipeline, inputs: Iterator[Any], size: int) -> None:
    check_stop()
    with closing(pipeline.predict_each(inputs, size)) as results:
        for result in results:
            if result.failure is not None:
                raise result.failure


def _best(found: Mapping[int, float]) -> int:
    """The smallest batch size that is about as fast as the fastest."""
    fastest = max(found.values())
    return next(size for size, per_second in found.items() if _GAIN * per_second >= fastest)


def _timed(work: Callable[[], Any], seconds: float) -> list[float]:
    """The milliseconds of each call, for so many seconds, at least ten calls after two that do not count."""
    work()
    work()
    found: list[float] = []
    ends = time.perf_counter() + seconds
    while len(found) < 10 or time.perf_counter() < ends:
        check_stop()
        begun = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - begun))
    return found


def _times(milliseconds: Sequence[float]) -> Times:
    ordered = sorted(milliseconds)

    def percentile(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    return Times(p50=percentile(0.5), p95=percentile(0.95), p99=percentile(0.99), count=len(ordered))


def _spread(milliseconds: Sequence[float]) -> float:
    """How much slower the slowest part of the measurements was than the fastest, by their medians."""
    length = len(milliseconds) // _PARTS
    parts = [milliseconds[number * length : (number + 1) * length] for number in range(_PARTS)]
    medians = [statistics.median(part) for part in parts]
    return max(medians) / max(min(medians), 1e-9)


def peak_memory() -> int | None:
    """Bytes that this process held at most; None if the system does not say.

    On Linux the high-water mark of its memory, for that of `getrusage` is at least that of the process that
    started it.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    except (OSError, ValueError):
        pass
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most
