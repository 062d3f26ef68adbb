"""A training from its newest checkpoint to its end: `keras.Model.fit` over pure batches, stage by stage."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from suite.data.dataset import Examples
from suite.devices import Device, cores
from suite.errors import UserError
from suite.pipeline.batch_makers import BatchMaker
from suite.pipeline.trainable import TrainablePipeline
from suite.training.batches import EpochPlan
from suite.training.checkpoints import CheckpointFolder, assign, check_complete
from suite.training.continuation import Continuation
from suite.training.divergence import check_end
from suite.training.prepared import READING_SECONDS, PreparedExamples, memory_budget
from suite.training.progress import Listener
from suite.training.session import (
    InterimModel,
    StopRequested,
    TrainingSession,
    TrainingState,
    Validate,
)
from suite.training.stages import StageRunner, stage_steps
from suite.training_options import RuntimeOptions, TrainingOptions

if TYPE_CHECKING:
    from suite.training.resident import Residence


class Trainer:
    """Trains the network of a pipeline, keeping in a checkpoint folder all that is needed to go on.

    Args:
        pipeline: the network and all that belongs to it. Its weights are trained in place.
        examples: the training split.
        options: resolved: no value is "auto".
        runtime: for the number of threads and the cache.
        device: what Keras runs on.
        folder: where checkpoints are.
        validate: scores the network; None if there is no validation split.
        metric: the name of the metric by which weights are chosen.
        higher_is_better: its direction.
        listener: hears of every step and epoch.
        stop: called after each step; true ends the training with everything kept.
        history_changed: called with all rows after each epoch.
        interim: writes a model now and then; None if nobody wants one.
        continuation: epochs that are added to a training that ended, or was stopped.
        on_skip: called with a sentence on each example that cannot be read and is left out.
    """

    def __init__(
        self,
        pipeline: TrainablePipeline,
        examples: Examples,
        options: TrainingOptions,
        *,
        runtime: RuntimeOptions,
        device: Device,
        folder: CheckpointFolder,
        validate: Validate | None,
        metric: str,
        higher_is_better: bool,
        listener: Listener,
        stop: Callable[[], bool],
        history_changed: Callable[[list[dict[str, float]]], None],
        interim: InterimModel | None = None,
        continuation: Continuation | None = None,
        on_skip: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.threads = runtime.threads if runtime.threads != "auto" else max(2, cores())
        self.prepared = PreparedExamples(
            examples,
            pipeline.batches.prepare,
            memory_budget(runtime.cache, 0.4 / runtime.workers),
            skip_unreadable=options.unreadable == "skip",
            on_skip=on_skip,
            # Only what is in memory whole gets to the device.
            ahead=math.inf if runtime.cache == "device" else READING_SECONDS,
        )
        self.session = TrainingSession(
            pipeline=pipeline,
            options=options,
            plan=EpochPlan(
                len(examples),
                int(options.batch_size),
                options.seed,
                multiple=int(options.steps_per_execution),
                lengths=pipeline.lengths,
            ),
            folder=folder,
            validate=validate,
            metric=metric,
            higher_is_better=higher_is_better,
            listener=listener,
            stop=stop,
            history_changed=history_changed,
            interim=interim,
            continuation=continuation,
            group=device.group,
        )
        if continuation is not None and continuation.learning_rate is not None:
            changed = msgspec.structs.replace(options, learning_rate=continuation.learning_rate)
            self.session.options = changed
        self._device = device
        self._residence = residence_of(self.prepared, pipeline.batches, runtime.cache, device)
        self._restored: dict[str, np.ndarray] = {}

    @property
    def state(self) -> TrainingState:
        """How far the training has come."""
        return self.session.state

    def restore(self) -> bool:
        """Go back to the newest checkpoint; false if there is none."""
        folder = self.session.folder
        found = folder.newest_whole()
        if found is None:
            return False
        for note in found.notes:
            self.session.listener.note(note)
        self._restored = found.arrays
        state = TrainingState.from_json(found.state)
        if not state.best_file:  # what is best is found anew if the weights that were are lost
            state = replace(state, best_epoch=0, best_rank=[], best_score=None)
        self.session.state = state
        if self.session.continuation is not None and self.state.step <= self.session.began:
            self.session.state = replace(self.state, finished=False, reason="")
        where = f"the checkpoint in {folder.path}"
        check_complete(self._restored, state.step, where)
        assign(self.session.network.variables, self._restored, "network", where)
        return True

    def train(self) -> TrainingState:
        """Train from the present state to the end.

        Raises:
            StopRequested: if `stop` said so; a checkpoint of that very step has been written.
            RunError: for a training that diverged.
            UserError: for an example that cannot be read, if the options do not allow that.
        """
        session = self.session
        runner = StageRunner(
            session=session,
            prepared=self.prepared,
            device=self._device,
            threads=self.threads,
            residence=self._residence,
        )
        stages = stage_steps(session.pipeline.stages, session.epochs, session.plan.steps_per_epoch)
        numbered = list(enumerate(stages))
        if session.continuation is not None:
            # A number that no other stage and no earlier continuation has: its optimizer begins anew.
            numbered = [(len(stages) + session.began, (stages[-1][0], session.began, session.steps))]
        for index, (stage, first, last) in numbered:
            if session.state.finished or session.state.step >= last:
                continue
            restored, self._restored = self._restored, {}
            runner.run(index, stage, first, last, restored)
            stops = session.stop() if session.group is None else session.stops
            if stops and not session.state.finished:
                raise StopRequested
        return session.state

    def judge(self) -> str:
        """A note on a loss that ended above where it began, "" for a training like any other.

        Raises:
            RunError: for a training that diverged.
        """
        return check_end(self.state.losses, self.state.history, self.session.advice)

    def load_last(self, stopped: StopRequested) -> None:
        """Put the weights of a training that was stopped into the network, as they would be shipped."""
        if stopped.values:
            where = "the end of a stopped training"
            assign(self.session.network.variables, stopped.values, "network", where)

    def load_best(self) -> None:
        """Put the best weights into the network; without validation the last ones stay."""
        folder, file = self.session.folder, self.session.state.best_file
        if file:
            weights = folder.read_best(file)
            assign(self.session.network.weights, weights, "weights", f"the best weights in {folder.path}")


def residence_of(
    prepared: PreparedExamples, maker: BatchMaker, cache: str, device: Device
) -> Residence | None:
    """What brings training examples to the device; None if they stay in memory.

    Raises:
        UserError: if the user asked for it, and the backend or the batch maker cannot.
    """
    # On a processor, memory and device are the same, and another program to compile costs seconds.
    if cache not in ("auto", "device") or (cache == "auto" and device.kind == "cpu"):
        return None
    if device.backend == "jax":
        from suite.training.resident import Residence

        return Residence(prepared, maker, device, required=cache == "device")
    if cache == "device":
        raise UserError(
            f"runtime.cache = device keeps the training examples on the device, which JAX can and"
            f" {device.backend} cannot: --backend jax"
        )
    return None
