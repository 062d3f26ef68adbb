"""A network that several devices run together, each on its share of the rows: for validation."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from suite.devices import Device
from suite.pipeline.codec import Arrays
from suite.pipeline.networks import KerasNetwork
from suite.training.placement import Placement


class SharedNetwork(KerasNetwork):
    """As `KerasNetwork`, on the devices that train together.

    All processes have to make the same calls in the same order, each with all rows; all get all outputs.

    Args:
        model: a built model, whose variables are up to date when it is called.
        batch_size: the max number of examples in one forward pass, rounded up to a multiple of the devices.
        device: what Keras runs on, and how many of its devices train together.
    """

    def __init__(self, model: Any, batch_size: int, device: Device) -> None:
        self._placement = Placement(device)
        self._count = device.count
        self._values: list[Any] = []
        self._placed: tuple[list[Any], list[Any]] = ([], [])
        super().__init__(model, self._multiple(batch_size))
        everywhere = self._placement.everywhere

        def stateless(trainable: Any, rest: Any, inputs: Any) -> Any:
            return model.stateless_call(trainable, rest, inputs, training=False)[0]

        self._run = jax.jit(stateless, out_shardings=everywhere)
        self._forward = self._shared

    def _shared(self, inputs: Arrays) -> Any:
        outputs = self._run(*self._weights(), self._placement.rows(inputs))
        return jax.tree.map(lambda output: np.asarray(output.addressable_data(0)), outputs)

    def _weights(self) -> tuple[list[Any], list[Any]]:
        """The values of the variables on all devices, put there again only if they are others."""
        parts = (self.model.trainable_variables, self.model.non_trainable_variables)
        values = [variable.value for part in parts for variable in part]
        if len(values) != len(self._values) or any(
            value is not known for value, known in zip(values, self._values, strict=True)
        ):
            trainable, rest = (
                [self._placement.on_all(np.asarray(variable.value)) for variable in part] for part in parts
            )
            self._values, self._placed = values, (trainable, rest)
        return self._placed

    def _size(self, piece: Arrays, examples: int, total: int, max_size: int) -> int:
        size = super()._size(piece, examples, total, max_size)
        return self._multiple(size)

    def _multiple(self, size: int) -> int:
        return -(-size // self._count) * self._count
