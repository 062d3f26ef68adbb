"""The training loop: `keras.Model.fit` over pure batches, with checkpoints from which it goes on exactly.

One call of `fit` covers one stage of the training as a single Keras "epoch" of many steps, because only
so can it begin at any step: what belongs to the end of an epoch is done by `TrainingLoop`, which looks at
the step number instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from suite.data.dataset import Examples
from suite.devices import Device, cores
from suite.errors import RunError
from suite.pipeline.trainable import Stage, TrainablePipeline
from suite.training.batches import Batches, EpochPlan, PreparedExamples, memory_budget
from suite.training.checkpoints import CheckpointFolder, assign, backend_random_state, values_of
from suite.training.loop import StageDone, StopRequested, TrainingLoop, TrainingState
from suite.training.optimizers import make_optimizer
from suite.training.progress import Listener
from suite.training_options import RuntimeOptions, TrainingOptions

Validate = Callable[[], dict[str, float]]
"""Scores the network as it is: "loss" and named numbers of the evaluators."""


class Trainer:
    """Trains the network of a pipeline, keeping in a checkpoint folder all that is needed to go on.

    Args:
        pipeline: the network and all that belongs to it. Its weights are trained in place.
        examples: the training split.
        options: resolved.
        runtime: for the number of threads and the cache.
        device: what Keras runs on.
        folder: where checkpoints are.
        validate: scores the network, or None where there is no validation split.
        metric: the number of `validate` by which weights are chosen.
        higher_is_better: its direction.
        listener: is told what happens.
        stop: asked after each step; true ends the training with everything kept.
        history_changed: called with all rows after each epoch.
        skipped: told of each example that cannot be read and is left out.
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
        skipped: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.pipeline = pipeline
        self.network = pipeline.trained_network
        self.options = options
        self.device = device
        self.folder = folder
        self.validate = validate
        self.metric = metric
        self.higher_is_better = higher_is_better
        self.listener = listener
        self.stop = stop
        self.history_changed = history_changed
        self.state = TrainingState()
        self.threads = runtime.threads if runtime.threads != "auto" else max(2, cores())
        budget = memory_budget(runtime.cache, 0.4)
        prepare = pipeline.batches.prepare
        self.prepared = PreparedExamples(
            examples,
            prepare,
            budget,
            skip_unreadable=options.unreadable == "skip",
            noticed=skipped,
        )
        self.plan = EpochPlan(
            len(examples),
            int(options.batch_size),
            options.seed,
            multiple=int(options.steps_per_execution),
            lengths=pipeline.lengths,
        )
        self.epochs = int(options.epochs)
        self.steps = self.epochs * self.plan.steps_per_epoch
        self.stages = stage_steps(pipeline.stages, self.epochs, self.plan.steps_per_epoch)
        self._loop_values: dict[str, np.ndarray] = {}
        self._optimizer_values: dict[str, np.ndarray] = {}

    def restore(self) -> bool:
        """Go back to the newest checkpoint; false where there is none."""
        found = self.folder.newest()
        if found is None:
            return False
        arrays, state = found
        self.state = TrainingState(**state)
        assign(self.network.variables, arrays, "network", f"the checkpoint in {self.folder.path}")
        self._loop_values = {
            name: value for name, value in arrays.items() if name.startswith(("metrics/", "random/"))
        }
        self._optimizer_values = {
            name: value for name, value in arrays.items() if name.startswith("optimizer/")
        }
        return True

    def train(self) -> TrainingState:
        """Train to the end from where the state is.

        Raises:
            StopRequested: where `stop` said so; a checkpoint of that very step has been written.
            RunError: for a loss that is not finite.
            UserError: for an example that cannot be read, where the options do not allow that.
        """
        if self.state.finished:
            return self.state
        for index, (stage, first, last) in enumerate(self.stages):
            if self.state.step >= last or self.state.finished:
                continue
            # At the border between two stages the checkpoint is still of the earlier one's optimizer.
            same_stage = self.state.stage == index
            self._run_stage(index, stage, first, last, self._optimizer_values if same_stage else {})
            if not self.state.finished and self.stop():
                raise StopRequested
        return self.state

    def load_best(self) -> None:
        """Put the best weights into the network; without validation the last ones stay."""
        if self.state.best_file:
            weights = self.folder.read_best(self.state.best_file)
            assign(self.network.weights, weights, "weights", f"the best weights in {self.folder.path}")

    def _run_stage(
        self, index: int, stage: Stage, first: int, last: int, optimizer_values: dict[str, np.ndarray]
    ) -> None:
        network = self.network
        sometimes_frozen = {name for one in self.pipeline.stages for name in one.freeze}
        for layer in network.layers:
            if layer.name in sometimes_frozen:
                layer.trainable = layer.name not in stage.freeze
        schedule_steps = last - first
        optimizer = make_optimizer(self.options, schedule_steps, stage.learning_rate_factor)
        on_tensorflow_cpu = self.device.backend == "tensorflow" and self.device.kind == "cpu"
        network.compile(
            optimizer=optimizer,
            loss=self.pipeline.loss,
            # Measured: XLA makes convolutions on a processor several times slower under TensorFlow.
            jit_compile=self.device.backend != "torch" and not on_tensorflow_cpu,
            steps_per_execution=int(self.options.steps_per_execution),
        )
        optimizer = network.optimizer
        optimizer.build(network.trainable_variables)
        if optimizer_values:
            where = f"the checkpoint in {self.folder.path}"
            assign(optimizer.variables, optimizer_values, "optimizer", where)
        self.state = replace(self.state, stage=index)
        if self.state.step == 0:
            self.checkpoint(optimizer)
        batches = Batches(
            self.plan,
            self.prepared,
            self.pipeline.batches,
            first_step=self.state.step,
            last_step=last,
            total_steps=self.steps,
            threads=self.threads,
        )
        going_on_from = self._loop_values or backend_random_state()
        loop = TrainingLoop(self, batches, optimizer, first, last, going_on_from)
        self._loop_values, self._optimizer_values = {}, {}
        try:
            given: Any = batches
            if self.device.backend == "tensorflow":
                given = batches.as_dataset(open_lengths=self.pipeline.lengths is not None)
            network.fit(given, epochs=1, verbose=0, shuffle=False, callbacks=[loop])
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

    def checkpoint(self, optimizer: Any) -> None:
        """Write everything that is needed to go on from the present step."""
        arrays = values_of(self.network.variables, "network")
        arrays |= values_of(optimizer.variables, "optimizer")
        arrays |= values_of(self.network.metrics_variables, "metrics")
        arrays |= backend_random_state()
        self.folder.write(self.state.step, arrays, vars(self.state))


def stage_steps(stages: Sequence[Stage], epochs: int, steps_per_epoch: int) -> list[tuple[Stage, int, int]]:
    """The first step and the step after the last of each stage, in whole epochs.

    Every stage with a share gets at least one epoch, as long as there are epochs left for the last one.
    """
    total = sum(stage.share for stage in stages)
    bounds = [0]
    done = 0.0
    for index, stage in enumerate(stages):
        done += stage.share / total
        later = sum(1 for other in stages[index + 1 :] if other.share > 0)
        at_least = bounds[-1] + (1 if stage.share > 0 else 0)
        bounds.append(max(min(round(done * epochs), epochs - later), min(at_least, epochs)))
    bounds[-1] = epochs
    return [
        (stage, bounds[index] * steps_per_epoch, bounds[index + 1] * steps_per_epoch)
        for index, stage in enumerate(stages)
        if bounds[index + 1] > bounds[index]
    ]
