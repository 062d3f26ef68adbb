"""Where arrays are with which several devices compute: whole on each, or on each a part of the rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import numpy as np

from suite.devices import Device, quiet_native_output
from suite.process_group import ProcessGroup


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
        self._group = ProcessGroup(jax.process_index(), jax.process_count())
        mine = [each for each in self._mesh.devices if each.process_index == jax.process_index()]
        self._mine = jax.sharding.Mesh(np.array(mine), ("batch",))
        self._on_mine = jax.sharding.NamedSharding(self._mine, jax.sharding.PartitionSpec())

    def on_all(self, value: np.ndarray) -> Any:
        """An array that is whole on each device; all processes have to give the same."""
        return jax.make_array_from_callback(value.shape, self.everywhere, lambda index: value[index])

    def on_mine(self, value: np.ndarray) -> Any:
        """An array that is whole on each device of this process."""
        return jax.device_put(value, self._on_mine)

    def made_whole(self, make: Callable[..., Any]) -> Callable[..., Any]:
        """A program of the same arguments as `made_in_rows`, whose batches are whole on the first device."""
        program = jax.jit(make, out_shardings=self._on_mine)
        return lambda *arguments: jax.tree.map(lambda array: array.addressable_data(0), program(*arguments))

    def made_in_rows(self, make: Callable[..., Any], axis: int = 0) -> Callable[..., Any]:
        """A program that makes batches on the devices of this process, divided by rows among all devices.

        Args:
            make: gives whole batches; all of its arguments are on each device of this process, or small.
            axis: along which their rows are.
        """
        spec = jax.sharding.PartitionSpec(*[None] * axis, "batch")
        here = jax.sharding.NamedSharding(self._mine, spec)
        in_rows = jax.sharding.NamedSharding(self._mesh, spec)

        def mine(array: Any) -> Any:
            rows = self._group.rows(array.shape[axis])
            return array[(slice(None),) * axis + (rows,)]

        program = jax.jit(lambda *arguments: jax.tree.map(mine, make(*arguments)), out_shardings=here)

        def joined(array: Any) -> Any:
            rows = array.shape[axis] * self._group.size
            shape = (*array.shape[:axis], rows, *array.shape[axis + 1 :])
            parts = [shard.data for shard in array.addressable_shards]
            return jax.make_array_from_single_device_arrays(shape, in_rows, parts)

        return lambda *arguments: jax.tree.map(joined, program(*arguments))

    def rows(self, batch: Any) -> Any:
        """Arrays divided by rows, of which this process puts its own on its devices.

        Args:
            batch: arrays that all processes have whole.
        """
        return self.own_rows(jax.tree.map(lambda array: array[self._group.rows(len(array))], batch))

    def own_rows(self, batch: Any, axis: int = 0) -> Any:
        """The same of arrays of which each process has its own rows only.

        Args:
            batch: those of this process.
            axis: along which their rows are.
        """
        spec = jax.sharding.PartitionSpec(*[None] * axis, "batch")
        in_rows = jax.sharding.NamedSharding(self._mesh, spec)
        return jax.tree.map(lambda array: jax.make_array_from_process_local_data(in_rows, array), batch)


@cache
def connect(device: Device) -> None:
    """Connect the processes whose devices train together, once all of them are here.

    They would connect in the first step that they share, and who comes half a minute after another, since it
    read or compiled for so long, would be too late. In later computations they wait for each other.
    """
    if device.group is None:
        return
    device.group.meet("connect")
    placement = Placement(device)
    ones = placement.own_rows(np.ones(device.count // device.group.size, np.float32))
    with quiet_native_output(both=True):  # Gloo prints that they connect
        jax.block_until_ready(jax.jit(jax.numpy.sum, out_shardings=placement.everywhere)(ones))
