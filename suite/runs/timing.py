"""How long networks take, side by side: each is run in turn, so that what else a machine does hits all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence

import numpy as np

from suite.pipeline.codec import Arrays
from suite.pipeline.networks import Network
from suite.stopping import check_stop

MIN_ROUNDS = 3
MAX_ROUNDS = 50
TURN = 0.05
"""Seconds of a network's turn: threads of the one before it go on spinning for a while."""


def medians(
    networks: Mapping[str, Network], example: Arrays, sizes: Sequence[int], seconds: float
) -> dict[str, dict[int, float]]:
    """The median time of a forward pass in milliseconds, by the network's name and the number of examples.

    Args:
        networks: by a name.
        example: the arrays of one example, with a batch axis of one.
        sizes: how many examples go through at once: `example`, repeated.
        seconds: how long to measure; at least three rounds.
    """
    batches = {size: repeated(example, size) for size in sizes}
    found: dict[str, dict[int, list[float]]] = {name: {size: [] for size in sizes} for name in networks}
    begun = time.perf_counter()
    for number in range(MAX_ROUNDS):
        if number >= MIN_ROUNDS and time.perf_counter() - begun > seconds:
            break
        for name, network in networks.items():
            for size, batch in batches.items():
                check_stop()
                found[name][size] += _turn(network, batch)
    return {
        name: {size: 1000 * statistics.median(times) for size, times in of_network.items()}
        for name, of_network in found.items()
    }


def _turn(network: Network, batch: Arrays) -> list[float]:
    """The seconds of several forward passes one after another, after one that does not count."""
    network(batch)
    times: list[float] = []
    while not times or sum(times) < TURN:
        begun = time.perf_counter()
        network(batch)
        times.append(time.perf_counter() - begun)
    return times


def repeated(example: Arrays, size: int) -> Arrays:
    """A batch of one example, so many times."""
    if isinstance(example, dict):
        return {name: np.repeat(array, size, axis=0) for name, array in example.items()}
    return np.repeat(example, size, axis=0)


def first_of(batch: Arrays) -> Arrays:
    """The first example of a batch, with a batch axis of one."""
    return {name: array[:1] for name, array in batch.items()} if isinstance(batch, dict) else batch[:1]
