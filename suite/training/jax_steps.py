"""The steps of a stage on JAX: Keras's own training step, on one device or on several that train together.

Several devices hold the same weights and a part of each batch (data parallelism). XLA is told where the parts
are and adds what it takes to compute what one device would: means over the whole batch, also in a loss or a
batch normalization (GSPMD, Xu et al. 2021, arXiv:2105.04663). The devices may belong to several processes, of
which each makes its rows of the batch.

Outside of the steps the variables of the network hold values of this process's first device, so that
validation and saving are those of a training on one device.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from suite.devices import Device, quiet_native_output
from suite.training.batches import Batches
from suite.training.loop import TrainingLoop
from suite.training.placement import Placement
from suite.training.resident import Residence

MAX_STEPS_AHEAD = 4
"""How many steps may be started before the first of them has ended: each holds its batch on the device."""


class JaxSteps:
    """Runs the steps of a compiled network.

    Between the steps nothing waits for the device: losses stay on it until somebody asks for them.

    Args:
        network: compiled, with a built optimizer.
        device: what Keras runs on, and how many of its devices train together.
        residence: brings the examples to the device; None if they stay in memory.
    """

    def __init__(self, network: Any, device: Device, residence: Residence | None = None) -> None:
        self._network = network
        self._residence = residence
        self._state: tuple[list[Any], ...] | None = None
        self._logs: dict[str, Any] | None = None
        self._under_way: deque[Any] = deque()
        self._placement = Placement(device) if device.count > 1 else None
        shardings = None if self._placement is None else (None, self._placement.everywhere)
        self._step = jax.jit(network.train_step, donate_argnums=0, out_shardings=shardings)
        self._steps = jax.jit(self._several, donate_argnums=0, out_shardings=shardings)

    def fit(self, batches: Batches, loop: TrainingLoop, steps_per_execution: int) -> None:
        """Run the steps of all batches, until the loop ends them.

        Args:
            batches: of the stage.
            loop: acts between the steps.
            steps_per_execution: how many steps it lets pass at once.
        """
        network = self._network
        self._look_for_residents(batches)
        first = batches[0]
        # Keras makes the variables of losses by output when it sees a batch.
        network._symbolic_build(data_batch=(*first, None, None)[:3])
        network.reset_metrics()
        loop.on_epoch_begin(0)
        for start in range(0, batches.num_batches, steps_per_execution):
            loop.on_train_batch_begin(start)
            end = min(start + steps_per_execution, batches.num_batches)
            if batches.begins_epoch(start):
                self._look_for_residents(batches)
            if batches.resident is None:
                self._run_streamed([batches[item] for item in range(start, end)], loop)
            else:
                loop.device_waits = False
                batch = batches.resident.placed([batches.choice_of(item) for item in range(start, end)])
                self._run(self._step if end == start + 1 else self._steps, batch)
            loop.on_train_batch_end(end - 1, self._logs)

    def _look_for_residents(self, batches: Batches) -> None:
        """Have the device make the batches, if the examples are there."""
        if self._residence is not None and batches.resident is None:
            resident = self._residence.examples()
            if resident is not None:
                batches.make_there(resident)

    def _run_streamed(self, together: Sequence[Any], loop: TrainingLoop) -> None:
        """Start steps on batches that were made in memory."""
        # If the device still computes, it has not waited for these examples.
        loop.device_waits = self._logs is None or self._logs["loss"].is_ready()
        place = (lambda batch, axis=0: batch) if self._placement is None else self._placement.own_rows
        if len(together) > 1 and _are_alike(together):
            self._run(self._steps, place(_stacked(together), axis=1))
        else:
            for batch in together:
                self._run(self._step, place(batch))

    def _several(self, state: tuple[list[Any], ...], batches: Any) -> tuple[Any, Any]:
        """Several steps in one launch, which costs as much as one."""

        def step(state: Any, batch: Any) -> tuple[Any, Any]:
            logs, state = self._network.train_step(state, batch)
            return state, logs

        state, logs = jax.lax.scan(step, state, batches)
        return jax.tree.map(lambda values: values[-1], logs), state

    def _run(self, step: Any, placed: Any) -> None:
        """Start a step on a batch that is where the devices want it; nobody waits for it."""
        state = self._placed_state() if self._state is None else self._state
        if self._logs is not None or jax.process_count() == 1:
            self._logs, self._state = step(state, placed)
            self._under_way.append(self._logs)
            if len(self._under_way) > MAX_STEPS_AHEAD:
                jax.block_until_ready(self._under_way.popleft())
            return
        with quiet_native_output(both=True):  # in the first one processes connect, and Gloo prints that
            self._logs, self._state = jax.block_until_ready(step(state, placed))

    def sync(self) -> None:
        """Put the values into the network's variables, from which the next step takes them again."""
        if self._state is None:
            return
        for variables, values in zip(self._variables, self._state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value if self._placement is None else value.addressable_data(0))
        self._state = None

    @property
    def _variables(self) -> tuple[list[Any], ...]:
        network = self._network
        return (
            network.trainable_variables,
            network.non_trainable_variables,
            network.optimizer.variables,
            network.metrics_variables,
        )

    def _placed_state(self) -> tuple[list[Any], ...]:
        """The values of all variables; on several devices, on each of them."""
        values = tuple([variable.value for variable in variables] for variables in self._variables)
        if self._placement is None:
            return values
        on_all = self._placement.on_all
        return tuple([on_all(np.asarray(value)) for value in part] for part in values)


def _are_alike(batches: Sequence[Any]) -> bool:
    """Whether batches have arrays of the same shapes, which those of examples of many lengths have not."""
    shapes = [jax.tree.map(lambda array: (array.shape, array.dtype), batch) for batch in batches]
    return all(each == shapes[0] for each in shapes)


def _stacked(batches: Sequence[Any]) -> Any:
    return jax.tree.map(lambda *arrays: np.stack(arrays), *batches)
