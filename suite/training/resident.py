"""Examples that stay on the device, which makes batches of them: only small arrays are copied to it.

The batches are those that are made in memory, to the bit: indices and random numbers come from the same
generators, and the program that makes a batch is another one than the step's, so the step computes the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from suite.devices import Device, available_memory
from suite.errors import UserError
from suite.pipeline.batch_checks import check_on_device, unlike
from suite.pipeline.batch_makers import BatchMaker, DeviceBatchMaker, OnDevice, stack
from suite.training.batches import Choice
from suite.training.placement import Placement
from suite.training.prepared import PreparedExamples

MAX_SHARE = 0.4
"""Of the device's memory, or of what is free of a processor's: the rest is for the network and its steps."""


class Residence:
    """Brings the training examples to the device once all of them are in memory, if they can live there.

    Args:
        prepared: the examples.
        maker: makes the batches.
        device: what Keras runs on.
        whose: how a message calls the builder.
        required: whether the user asked for it (`runtime.cache = "device"`), so what forbids it is an error.
    """

    def __init__(
        self, prepared: PreparedExamples, maker: BatchMaker, device: Device, *, whose: str, required: bool
    ) -> None:
        self._prepared = prepared
        self._maker = maker
        self._device = device
        self._whose = whose
        self._required = required
        self._on_device = maker.on_device() if isinstance(maker, DeviceBatchMaker) else None
        self._resident: Resident | None = None
        self._impossible = False
        if self._on_device is None:
            self._refuse("with these options no device makes the batches")

    def examples(self) -> Resident | None:
        """The examples on the device; None as long as they are not there.

        Raises:
            UserError: if the user asked for it, and they cannot be there.
            PluginError: if the device makes another batch than the batch maker.
        """
        if self._resident is not None or self._impossible or self._on_device is None:
            return self._resident
        kept = self._prepared.all_kept
        if kept is None:
            return None
        defect = unlike(kept)
        # For a moment they are in memory twice.
        room = min(int(MAX_SHARE * _memory()), int(0.9 * available_memory()))
        needed = len(kept) * sum(np.asarray(leaf).nbytes for leaf in jax.tree.leaves(kept[0]))
        if defect:
            self._refuse(defect)
        elif needed > room:
            self._refuse(f"they take {needed / 1e9:,.3g} GB, and there is room for {room / 1e9:,.3g} GB")
        else:
            check_on_device(self._maker, kept[:4], [0], self._whose, jax.jit)
            columns = stack(kept)
            self._prepared.let_go()
            del kept
            self._resident = Resident(columns, self._on_device, self._device)
        return self._resident

    def _refuse(self, why: str) -> None:
        self._impossible = True
        if self._required:
            raise UserError(
                f"the training examples cannot be kept on the device (runtime.cache = device): {why};"
                " --set runtime.cache=memory keeps them in memory"
            )


class Resident:
    """Examples on the device.

    Args:
        columns: what is prepared of all examples, stacked: arrays (examples, ...).
        on_device: makes a batch of them.
        device: what Keras runs on.
    """

    def __init__(self, columns: Any, on_device: OnDevice, device: Device) -> None:
        self._draw = on_device.draw
        self._placement = Placement(device) if device.count > 1 else None
        put = jax.device_put if self._placement is None else self._placement.on_mine
        self._columns = jax.tree.map(put, columns)

        def batch(columns: Any, indices: Any, drawn: Any) -> Any:
            chosen = jax.tree.map(lambda values: jnp.take(values, indices, axis=0, mode="clip"), columns)
            return on_device.make(chosen, drawn)

        batches = jax.vmap(batch, (None, 0, 0))
        if self._placement is None:
            self._one, self._several = jax.jit(batch), jax.jit(batches)
            self._whole = self._one
        else:
            self._one = self._placement.made_in_rows(batch)
            self._several = self._placement.made_in_rows(batches, axis=1)
            self._whole = self._placement.made_whole(batch)

    def whole(self, choice: Choice) -> tuple[Any, ...]:
        """A batch as arrays of this process's first device."""
        batch = self._whole(self._columns, choice.indices, self._drawn(choice))
        return tuple(batch)

    def placed(self, choices: Sequence[Choice]) -> Any:
        """Batches where the steps want them: of one choice, or of several with an axis before the rows."""
        drawn = [self._drawn(choice) for choice in choices]
        if len(choices) == 1:
            return self._one(self._columns, choices[0].indices, drawn[0])
        indices = np.stack([choice.indices for choice in choices])
        return self._several(self._columns, indices, jax.tree.map(lambda *each: np.stack(each), *drawn))

    def _drawn(self, choice: Choice) -> dict[str, np.ndarray]:
        return dict(self._draw(len(choice.indices), choice.generator, choice.progress))


def _memory() -> int:
    """Bytes of the device; of a processor, those that are free."""
    statistics = jax.local_devices()[0].memory_stats() or {}
    return int(statistics.get("bytes_limit", 0)) or available_memory()
