"""Where arrays are with which several devices compute: whole on each, or on each a part of the rows."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from suite.devices import Device


class Placement:
    """Puts arrays on the devices that train together.

    Args:
        device: what Keras runs on, and how many of its devices there are in all processes.

    Attributes:
        everywhere: the sharding of what is whole on each device.
    """

    def __init__(self, device: Device) -> None:
        self._mesh = jax.sharding.Mesh(np.array(jax.devices()[: device.count]), ("batch",))
        self.everywhere = jax.sharding.NamedSharding(self._mesh, jax.sharding.PartitionSpec())

    def on_all(self, value: np.ndarray) -> Any:
        """An array that is whole on each device; all processes have to give the same."""
        return jax.make_array_from_callback(value.shape, self.everywhere, lambda index: value[index])

    def rows(self, batch: Any, axis: int = 0) -> Any:
        """Arrays divided by rows, of which this process puts its own on its devices.

        Args:
            batch: arrays that all processes have.
            axis: along which their rows are.
        """
        size, rank = jax.process_count(), jax.process_index()
        spec = jax.sharding.PartitionSpec(*[None] * axis, "batch")
        in_rows = jax.sharding.NamedSharding(self._mesh, spec)

        def placed(array: np.ndarray) -> Any:
            rows = array.shape[axis] // size
            mine = array[(slice(None),) * axis + (slice(rank * rows, (rank + 1) * rows),)]
            return jax.make_array_from_process_local_data(in_rows, mine)

        return jax.tree.map(placed, batch)
