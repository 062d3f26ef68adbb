"""The arrays that go through a network when a pipeline predicts: for calibrating and measuring networks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from suite.pipeline.codec import Arrays, Signature
from suite.pipeline.networks import Network
from suite.prediction.predictor import LoadedPipeline


class _EnoughError(Exception):
    """Ends a prediction when enough was recorded."""


class _Recording:
    """A network that keeps what it gets, until it has enough."""

    def __init__(self, network: Network, max_examples: int, max_bytes: int) -> None:
        self.batches: list[Arrays] = []
        self._network = network
        self._examples = max_examples
        self._bytes = max_bytes

    @property
    def signature(self) -> Signature:
        return self._network.signature

    def __call__(self, inputs: Arrays) -> Arrays:
        self.batches.append(inputs)
        arrays = list(inputs.values()) if isinstance(inputs, dict) else [inputs]
        self._examples -= len(arrays[0])
        self._bytes -= sum(array.nbytes for array in arrays)
        if self._examples <= 0 or self._bytes <= 0:
            raise _EnoughError
        return self._network(inputs)


def recorded(
    pipeline: LoadedPipeline,
    raws: Iterable[Any],
    *,
    max_examples: int,
    max_bytes: int = 256 << 20,
    batch_size: int = 16,
) -> list[Arrays]:
    """What goes through a pipeline's network when it predicts, chunks and later passes included.

    Args:
        pipeline: that predicts.
        raws: whatever its codec reads; what cannot be read is passed over.
        max_examples: it ends when so many have gone through.
        max_bytes: and when they have so many bytes together.
        batch_size: how many inputs are predicted at a time.

    Returns:
        The batches, in the order in which they were run.
    """
    network = _Recording(pipeline.network, max_examples, max_bytes)
    recording = LoadedPipeline(pipeline.task, pipeline.builder, pipeline.codec, network, pipeline.facts)
    try:
        for _ in recording.predict_each(raws, batch_size):
            pass
    except _EnoughError:
        pass
    return network.batches
