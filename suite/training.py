"""The training loop: `keras.Model.fit` over pure batches, with checkpoints from which it goes on exactly.

One call of `fit` covers one stage of the training as a single Keras "epoch" of many steps, because only
so can it begin at any step: what belongs to the end of an epoch (validation, best weights, history,
checkpoint) hangs on the step number instead.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from suite.batches import Batches, EpochPlan, PreparedExamples
from suite.checkpoints import CheckpointFolder, assign, to_numpy, values_of
from suite.data import Examples
from suite.devices import Device, available_memory, cores
from suite.errors import RunError
from suite.optimizers import Schedule, make_optimizer
from suite.pipeline import Stage, TrainablePipeline
from suite.progress import Listener, Progress
from suite.training_options import RuntimeOptions, TrainingOptions

Validate = Callable[[], dict[str, float]]
"""Scores the network as it is: "loss" and named numbers of the evaluators."""


@dataclass
class TrainingState:
    """What a training knows besides its variables: the JSON part of a checkpoint."""

    step: int = 0
    stage: int = 0
    seconds: float = 0.0
    epoch_seconds: float = 0.0
    waiting: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_rank: list[float] = field(default_factory=list)
    best_score: float | None = None
    best_file: str | None = None
    finished: bool = False
    reason: str = ""


class StopRequested(Exception):  # noqa: N818 - a wish, not an error
    """The training was asked to stop, and everything is kept."""


class _StageDone(Exception):  # noqa: N818 - not an error
    """Leaves `fit` at the end of a stage, with the values of the network's variables."""

    def __init__(self, values: dict[str, np.ndarray]) -> None:
        super().__init__()
        self.values = values


class Trainer:
    """Trains the network of a pipeline, keeping in a checkpoint folder all that is needed to go on.

    Args:
        pipeline: the network and all that belongs to it. Its network is trained in place.
        examples: the training part.
        options: resolved.
        runtime: for the number of threads and the cache.
        device: what Keras runs on.
        folder: where checkpoints are.
        validate: scores the network, or None where there is no validation part.
        metric: the number of `validate` by which weights are chosen.
        higher_is_better: its direction.
        listener: is told what happens.
        stop: asked after each step; true ends the training with everything kept.
        history_changed: called with all rows after each epoch.
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
    ) -> None:
        self.pipeline = pipeline
        self.network = pipeline.network
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
        budget = 0 if runtime.cache == "none" else int(available_memory() * 0.4)
        prepare = pipeline.batch_maker.prepare
        self.prepared = PreparedExamples(
            examples,
            prepare,
            budget,
            skip_unreadable=options.unreadable == "skip",
            noticed=lambda message: listener.note(f"left out: {message}"),
        )
        self.plan = EpochPlan(
            len(examples),
            int(options.batch_size),
            options.seed,
            multiple=int(options.steps_per_execution),
        )
        self.epochs = int(options.epochs)
        self.steps = self.epochs * self.plan.steps_per_epoch
        self.stages = stage_steps(pipeline.stages, self.epochs, self.plan.steps_per_epoch)
        self._metric_values: dict[str, np.ndarray] = {}
        self._optimizer_values: dict[str, np.ndarray] = {}

    def restore(self) -> bool:
        """Go back to the newest checkpoint; false where there is none."""
        found = self.folder.newest()
        if found is None:
            return False
        arrays, state = found
        self.state = TrainingState(**state)
        assign(self.network.variables, arrays, "network", f"the checkpoint in {self.folder.path}")
        self._metric_values = {name: value for name, value in arrays.items() if name.startswith("metrics/")}
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
        for layer in network.layers:
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
            self.pipeline.batch_maker,
            first_step=self.state.step,
            last_step=last,
            total_steps=self.steps,
            threads=self.threads,
        )
        loop = _Loop(self, batches, optimizer, first, last, self._metric_values)
        self._metric_values, self._optimizer_values = {}, {}
        try:
            network.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=[loop])
        except _StageDone as done:
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


class _Loop(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is not typed
    """What happens between steps: progress, checkpoints, and at the end of an epoch validation."""

    def __init__(
        self,
        trainer: Trainer,
        batches: Batches,
        optimizer: Any,
        stage_start: int,
        stage_end: int,
        metric_values: dict[str, np.ndarray],
    ) -> None:
        super().__init__()
        self.trainer = trainer
        self.batches = batches
        self.optimizer = optimizer
        self.stage_start = stage_start
        self.stage_end = stage_end
        self.metric_values = metric_values
        self.schedule: Schedule = optimizer_schedule(optimizer)
        self.first_step = trainer.state.step
        self.checkpointed_at = time.monotonic()
        self.began_at = time.perf_counter()
        self.last_end = time.perf_counter()
        self.recent_seconds = 0.0
        self.recent_waiting = 0.0
        self.recent_steps = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        # `fit` has just reset the metrics; in the middle of an epoch they go on from the checkpoint.
        if self.metric_values:
            assign(self.model.metrics_variables, self.metric_values, "metrics", "the checkpoint")
        self.last_end = time.perf_counter()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.began_at = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        trainer = self.trainer
        step = self.first_step + batch + 1
        loss = float((logs or {}).get("loss", math.nan))
        self._measure(batch, step)
        if not math.isfinite(loss):
            raise RunError(self._not_finite(step, loss))
        in_epoch = (step - 1) % trainer.plan.steps_per_epoch + 1
        trainer.listener.progress(self._progress(step, in_epoch, loss))
        if in_epoch == trainer.plan.steps_per_epoch:
            self._sync()
            self._end_of_epoch(step, loss)
        elif time.monotonic() - self.checkpointed_at >= trainer.options.checkpoint_seconds:
            self._sync()
            self._checkpoint()
        if trainer.stop():
            self._sync()
            self._checkpoint()
            raise StopRequested

    def _measure(self, batch: int, step: int) -> None:
        now = time.perf_counter()
        done = step - self.trainer.state.step
        waited = min(self.batches.waited(batch, self.began_at), now - self.began_at)
        elapsed = now - self.last_end
        self.last_end = now
        # Old measurements fade, and the very first step (which compiles) counts for nothing.
        if step - done > self.first_step:
            self.recent_seconds = 0.98 * self.recent_seconds + elapsed
            self.recent_waiting = 0.98 * self.recent_waiting + waited
            self.recent_steps = 0.98 * self.recent_steps + done
        state = self.trainer.state
        self.trainer.state = replace(
            state,
            step=step,
            seconds=state.seconds + elapsed,
            epoch_seconds=state.epoch_seconds + elapsed,
            waiting=state.waiting + waited,
        )

    def _progress(self, step: int, in_epoch: int, loss: float) -> Progress:
        trainer = self.trainer
        speed = self.recent_steps / self.recent_seconds if self.recent_seconds else 0.0
        return Progress(
            epoch=(step - 1) // trainer.plan.steps_per_epoch + 1,
            epochs=trainer.epochs,
            step=in_epoch,
            steps=trainer.plan.steps_per_epoch,
            loss=loss,
            learning_rate=self._learning_rate(step),
            metric=trainer.metric,
            best=trainer.state.best_score,
            items_per_second=speed * trainer.plan.batch_size,
            waiting=self.recent_waiting / self.recent_seconds if self.recent_seconds else 0.0,
            seconds_left=(trainer.steps - step) / speed if speed else 0.0,
        )

    def _learning_rate(self, step: int) -> float:
        return self.schedule.value(step - 1 - self.stage_start)

    def _not_finite(self, step: int, loss: float) -> str:
        epoch = (step - 1) // self.trainer.plan.steps_per_epoch + 1
        rate = self._learning_rate(step)
        return (
            f"the loss became {loss} at step {step} (epoch {epoch}), where the learning rate was {rate:.3g}:"
            f" try --set training.learning_rate={rate / 10:.2g} or --set training.clip_norm=1"
        )

    def _sync(self) -> None:
        """Bring the variables up to date where the backend keeps the state elsewhere during `fit`."""
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()

    def _checkpoint(self) -> None:
        self.trainer.checkpoint(self.optimizer)
        self.checkpointed_at = time.monotonic()

    def _end_of_epoch(self, step: int, loss: float) -> None:
        trainer = self.trainer
        state = trainer.state
        examples = trainer.plan.steps_per_epoch * trainer.plan.batch_size
        row: dict[str, float] = {
            "epoch": step // trainer.plan.steps_per_epoch,
            "step": step,
            "loss": loss,
            "learning_rate": self._learning_rate(step),
        }
        is_best = False
        if trainer.validate is not None:
            weights_in_training = self._average_weights()
            scores = trainer.validate()
            row |= {f"validation_{name}": value for name, value in scores.items()}
            if trainer.metric not in scores:
                raise RunError(
                    f"no evaluator gives '{trainer.metric}' on the validation part, by which weights are"
                    f" chosen: it gives {', '.join(scores)}"
                )
            # A tie is broken by the loss, so that of equally good weights the surer ones are kept.
            sign = 1 if trainer.higher_is_better else -1
            rank = [sign * scores[trainer.metric], -scores["loss"]]
            is_best = not state.best_rank or rank > state.best_rank
            if is_best:
                name = trainer.folder.write_best(step, values_of(self.model.weights, "weights"))
                state = replace(
                    state,
                    best_epoch=int(row["epoch"]),
                    best_rank=rank,
                    best_score=scores[trainer.metric],
                    best_file=name,
                )
            self._put_back(weights_in_training)
        state = replace(state, seconds=state.seconds + time.perf_counter() - self.last_end)
        row |= {
            "seconds": round(state.seconds, 3),
            "items_per_second": round(examples / max(state.epoch_seconds, 1e-9), 2),
            "waiting": round(state.waiting / max(state.epoch_seconds, 1e-9), 4),
        }
        patience = int(trainer.options.early_stopping)
        stalled = bool(patience and state.best_epoch and row["epoch"] - state.best_epoch >= patience)
        last = step >= trainer.steps
        trainer.state = replace(
            state,
            epoch_seconds=0.0,
            waiting=0.0,
            history=[*state.history, row],
            finished=last or stalled,
            reason=f"no better {trainer.metric} in {patience} epochs" if stalled and not last else "",
        )
        self.model.reset_metrics()
        self._checkpoint()
        trainer.history_changed(trainer.state.history)
        trainer.listener.epoch(row, is_best)
        self.last_end = time.perf_counter()
        if trainer.state.finished or step >= self.stage_end:
            raise _StageDone(values_of(self.model.variables, "network"))

    def _average_weights(self) -> list[np.ndarray] | None:
        """Put the moving average of the weights in their place, where one is kept."""
        if not self.trainer.options.ema:
            return None
        variables = self.model.trainable_variables
        saved = [to_numpy(variable) for variable in variables]
        self.optimizer.finalize_variable_values(variables)
        return saved

    def _put_back(self, saved: list[np.ndarray] | None) -> None:
        if saved is not None:
            for variable, value in zip(self.model.trainable_variables, saved, strict=True):
                variable.assign(value)


def optimizer_schedule(optimizer: Any) -> Schedule:
    """The schedule of an optimizer of ours, under the loss scaling that Keras may put around it."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    schedule = inner._learning_rate
    assert isinstance(schedule, Schedule)
    return schedule
