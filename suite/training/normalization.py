"""Means and variances of batch normalization, before their moving averages have settled.

The moving averages begin at 0 and 1 and forget that slowly (a momentum of 0.99 takes 460 steps to forget 99 %
of it). A network that is validated or shipped earlier would be normalized by numbers that no data had, and
its loss can be a thousand times that of training. So until then, whenever a network is validated or saved,
the statistics are those of a few training batches, computed with the weights of that moment; training itself
goes on with its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Any

import keras
import numpy as np

from suite.pipeline.codec import Arrays
from suite.training.batches import specification
from suite.training.checkpoints import backend_random_state, restore_backend_random_state, to_numpy

BATCHES = 16
"""How many training batches the statistics are computed of."""

SETTLED = 0.01
"""The share of its first value in a moving average from which it counts as settled."""


def fresh_normalizations(network: Any) -> list[int]:
    """Which of the network's normalization layers have seen no data, by their number."""
    return [
        index
        for index, layer in enumerate(_normalizations(network))
        if not np.any(to_numpy(layer.moving_mean)) and np.all(to_numpy(layer.moving_variance) == 1)
    ]


def unsettled_normalizations(network: Any, fresh: Sequence[int], steps: int) -> list[Any]:
    """The layers whose moving averages still hold much of the values that they began with.

    Args:
        network: that is trained.
        fresh: what `fresh_normalizations` gave before the first step.
        steps: that have been done.
    """
    if not fresh:
        return []
    layers = _normalizations(network)
    chosen = [layers[index] for index in fresh if index < len(layers)]
    return [layer for layer in chosen if layer.trainable and layer.momentum**steps > SETTLED]


def _normalizations(network: Any) -> list[Any]:
    return [
        layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)
    ]


def settle(
    network: Any,
    layers: Sequence[Any],
    batches: Iterable[Arrays],
    forward: Callable[[Arrays], Any],
) -> list[tuple[Any, np.ndarray]]:
    """Give layers the statistics of some batches; nothing else of the network changes.

    Args:
        network: that is trained.
        layers: of it, with moving averages.
        batches: inputs of training batches.
        forward: what `training_pass` gives for the network.

    Returns:
        The variables that changed, with the values to put back before training goes on.
    """
    statistics = [variable for layer in layers for variable in (layer.moving_mean, layer.moving_variance)]
    before = [(variable, to_numpy(variable)) for variable in network.non_trainable_variables]
    random, momenta = backend_random_state(), [layer.momentum for layer in layers]
    sums = [np.zeros(variable.shape, np.float64) for variable in statistics]
    count = 0
    try:
        for layer in layers:
            layer.momentum = 0.0
        for inputs in batches:
            with _without_gradients():
                forward(inputs)
            count += 1
            for total, variable in zip(sums, statistics, strict=True):
                total += to_numpy(variable)
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        for variable, value in before:
            variable.assign(value)
        restore_backend_random_state(random)
    saved = [(variable, to_numpy(variable)) for variable in statistics]
    for variable, total in zip(statistics, sums, strict=True):
        mean = (total / max(1, count)).astype(np.float32)
        if count and np.all(np.isfinite(mean)):
            variable.assign(mean)
    return saved


def training_pass(network: Any, *, open_lengths: bool) -> Callable[[Arrays], Any]:
    """The forward pass of a network as in training, for as long as the same of its layers are frozen.

    On TensorFlow it is one graph, like a step: layer by layer, small networks take four times as long
    (measured), and give the same to the last bit.

    Args:
        network: that is trained.
        open_lengths: as for `Batches.as_dataset`.
    """
    if keras.config.backend() != "tensorflow":
        return lambda inputs: network(inputs, training=True)
    import tensorflow as tf

    function: Any = None

    def forward(inputs: Arrays) -> Any:
        nonlocal function
        if function is None:
            specs = keras.tree.map_structure(lambda array: specification(array, open_lengths), inputs)
            function = tf.function(
                lambda given: network(given, training=True), input_signature=[specs], autograph=False
            )
        return function(inputs)

    return forward


def _without_gradients() -> Any:
    if keras.config.backend() != "torch":
        return nullcontext()
    import torch

    return torch.no_grad()
