"""Whether a cross-entropy gets what it takes: logits, or probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from suite.errors import PluginError
from suite.pipeline.batch_makers import stack
from suite.pipeline.codec import Encoded
from suite.pipeline.networks import KerasNetwork
from suite.pipeline.trainable import TrainablePipeline
from suite.testing.samples import spread
from suite.testing.trials import Trial

_EXAMPLES = 4
_SQUASHING = ("softmax", "sigmoid")


def check_logits(trial: Trial, pipeline: TrainablePipeline) -> None:
    """Refuse a loss that takes logits of a network that gives probabilities, and the other way around.

    Nothing is said of a loss that does not say which of both it takes, or is that of another network.

    Raises:
        PluginError: saying which.
    """
    losses = pipeline.loss if isinstance(pipeline.loss, Mapping) else {"": pipeline.loss}
    told = {
        name: loss for name, loss in losses.items() if isinstance(getattr(loss, "from_logits", None), bool)
    }
    if not told or pipeline.training_network is not None:
        return
    encoded = [pipeline.codec.encode(example.input) for example in spread(trial.dataset.train, _EXAMPLES)]
    inputs = [each.arrays if isinstance(each, Encoded) else each for each in encoded]
    network = KerasNetwork(pipeline.network)
    given = [network(stack([one])) for one in inputs]
    for name, loss in told.items():
        outputs = [np.asarray(each[name] if isinstance(each, Mapping) else each) for each in given]
        kind = type(loss).__name__
        if loss.from_logits and (_sum_to_one(outputs) or _is_squashed(pipeline.network, name)):
            raise PluginError(
                f"the network of {trial.builder} gives probabilities, and its loss {kind}(from_logits=True)"
                " takes logits, so it hardly learns: leave out the softmax or sigmoid at its end"
            )
        if not loss.from_logits and any(array.min() < 0 or array.max() > 1 for array in outputs):
            raise PluginError(
                f"the network of {trial.builder} gives logits, and its loss {kind} takes probabilities:"
                f" {kind}(from_logits=True)"
            )


def _sum_to_one(outputs: list[np.ndarray]) -> bool:
    """Whether the last axis is a distribution in every output, of more than one number."""
    return all(
        array.shape[-1] > 1 and array.min() >= 0 and np.allclose(array.sum(axis=-1), 1, atol=1e-4)
        for array in outputs
    )


def _is_squashed(network: Any, name: str) -> bool:
    """Whether the last layer of an output has the activation of a softmax or a sigmoid."""
    outputs = network.output
    tensor = outputs.get(name) if isinstance(outputs, Mapping) else outputs
    operation = getattr(getattr(tensor, "_keras_history", None), "operation", None)
    return getattr(getattr(operation, "activation", None), "__name__", "") in _SQUASHING
