"""One stage of a training in one call of `keras.Model.fit`, which can begin at any of its steps.

A stage is a single Keras "epoch" of many steps, because only so can it begin at any step: what belongs to
the end of an epoch is done by `TrainingLoop`, which looks at the step number instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.devices import Device
from suite.errors import RunError
from suite.pipeline.trainable import Stage
from suite.training.batches import Batches
from suite.training.checkpoints import assign, backend_random_state
from suite.training.following import FollowingLoop
from suite.training.loop import Callbacks, StageDone, TrainingLoop
from suite.training.normalization import fresh_normalizations
from suite.training.optimizers import make_optimizer
from suite.training.prepared import PreparedExamples
from suite.training.session import StopRequested, TrainingSession

if TYPE_CHECKING:
    from suite.training.resident import Residence


@dataclass(frozen=True, kw_only=True)
class StageRunner:
    """Runs the stages of a training.

    Attributes:
        session: the training. Its state is where a stage begins or goes on.
        prepared: the training examples.
        device: what Keras runs on.
        threads: how many batches are made at the same time.
        residence: brings the examples to the device, on JAX.
    """

    session: TrainingSession
    prepared: PreparedExamples
    device: Device
    threads: int
    residence: Residence | None = None

    def run(
        self, index: int, stage: Stage, first: int, last: int, restored: Mapping[str, np.ndarray]
    ) -> None:
        """Run a stage from the session's step to its end.

        Args:
            index: the number of the stage.
            stage: what it freezes, and its learning rate.
            first: the step at which it, and its schedule, began.
            last: the step after its last.
            restored: the arrays of the checkpoint that it goes on from; empty if there is none.

        Raises:
            StopRequested: if `session.stop` said so; a checkpoint of that very step has been written.
            RunError: for a training that diverged.
            UserError: for an example that cannot be read, if the options do not allow that.
        """
        session = self.session
        self._freeze(stage)
        optimizer = self._compile(stage, last - first)
        # At the border between two stages the checkpoint is still of the earlier one's optimizer.
        if session.state.stage == index and restored:
            where = f"the checkpoint in {session.folder.path}"
            assign(optimizer.variables, restored, "optimizer", where)
        session.state = replace(session.state, stage=index)
        if session.state.step == 0 and session.decides:
            fresh = fresh_normalizations(session.network)
            session.state = replace(session.state, fresh=fresh)
            session.checkpoint(optimizer)
        self._begin()
        self._connect()
        group = session.group
        batches = Batches(
            session.plan,
            self.prepared,
            session.pipeline.batches,
            first_step=session.state.step,
            last_step=last,
            began=session.began,
            total_steps=session.steps,
            threads=self.threads,
            rows=slice(None) if group is None else group.rows(session.plan.batch_size),
        )
        between_steps = {
            name: value for name, value in restored.items() if name.startswith(("metrics/", "random/"))
        }
        self._fit(batches, optimizer, first, last, between_steps or backend_random_state())

    def _begin(self) -> None:
        """Let the other processes begin, for which there is a checkpoint now."""
        group = self.session.group
        if group is not None and group.is_first and not self.session.has_begun:
            self.session.has_begun = True
            group.tell("begin", {"step": self.session.state.step})

    def _connect(self) -> None:
        if self.device.group is not None:
            from suite.training.placement import connect

            connect(self.device)

    def _freeze(self, stage: Stage) -> None:
        sometimes_frozen = {name for any_stage in self.session.pipeline.stages for name in any_stage.freeze}
        for layer in self.session.network.layers:
            if layer.name in sometimes_frozen:
                layer.trainable = layer.name not in stage.freeze

    def _compile(self, stage: Stage, steps: int) -> Any:
        """Compile the network for a stage of so many steps; its optimizer, built."""
        session, network = self.session, self.session.network
        on_tensorflow_cpu = self.device.backend == "tensorflow" and self.device.kind == "cpu"
        network.compile(
            optimizer=make_optimizer(
                session.options, steps, stage.learning_rate_factor, session.pipeline.by_momentum
            ),
            loss=session.pipeline.loss,
            # Measured: XLA makes convolutions on a processor several times slower under TensorFlow.
            jit_compile=self.device.backend != "torch" and not on_tensorflow_cpu,
            steps_per_execution=int(session.options.steps_per_execution),
        )
        optimizer = network.optimizer
        optimizer.build(network.trainable_variables)
        return optimizer

    def _fit(
        self, batches: Batches, optimizer: Any, first: int, last: int, restored: dict[str, np.ndarray]
    ) -> None:
        session, network = self.session, self.session.network
        kind = TrainingLoop if session.decides else FollowingLoop
        steps = None
        if self.device.backend == "jax":
            from suite.training.jax_steps import JaxSteps

            steps = JaxSteps(network, self.device, self.residence)
        sync = (lambda: None) if steps is None else steps.sync
        loop = kind(session, batches, optimizer, first, last, restored, sync)
        callbacks = Callbacks([loop], model=network)
        try:
            if steps is not None:
                steps.fit(batches, loop, int(session.options.steps_per_execution))
                return
            data: Any = batches
            if self.device.backend == "tensorflow":
                data = batches.as_dataset(open_lengths=session.pipeline.lengths is not None)
            network.fit(data, epochs=1, verbose=0, shuffle=False, callbacks=callbacks)
        except StageDone as done:
            # Leaving `fit` puts the moving average in the place of the weights on some backends.
            assign(network.variables, done.values, "network", "the end of a stage")
        except (StopRequested, KeyboardInterrupt, RunError):
            raise
        except Exception:
            if isinstance(batches.failure, Exception):
                raise batches.failure from None
            raise
        finally:
            batches.close()


def stage_steps(stages: Sequence[Stage], epochs: int, steps_per_epoch: int) -> list[tuple[Stage, int, int]]:
    """The first step and the step after the last of each stage, in whole epochs.

    Every stage with a share gets at least one epoch, as long as there are epochs left for the last one.
    """
    total = sum(stage.share for stage in stages)
    bounds = [0]
    done = 0.0
    for index, stage in enumerate(stages):
        done += stage.share / total
        later = sum(1 for following in stages[index + 1 :] if following.share > 0)
        minimum = bounds[-1] + (1 if stage.share > 0 else 0)
        bounds.append(max(min(round(done * epochs), epochs - later), min(minimum, epochs)))
    bounds[-1] = epochs
    return [
        (stage, bounds[index] * steps_per_epoch, bounds[index + 1] * steps_per_epoch)
        for index, stage in enumerate(stages)
        if bounds[index + 1] > bounds[index]
    ]
