"""What happens between the steps of a training: progress, checkpoints, the end of an epoch."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from suite.errors import RunError
from suite.training.batches import Batches
from suite.training.checkpoints import assign, restore_backend_random_state, to_numpy, values_of
from suite.training.optimizers import Schedule
from suite.training.progress import Progress

if TYPE_CHECKING:
    from suite.training.trainer import Trainer


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


class StageDone(Exception):  # noqa: N818 - not an error
    """Leaves `fit` at the end of a stage, with the values of the network's variables."""

    def __init__(self, values: dict[str, np.ndarray]) -> None:
        super().__init__()
        self.values = values


class TrainingLoop(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is not typed
    """What happens between steps: progress, checkpoints, and at the end of an epoch validation.

    Args:
        trainer: whose state is kept up to date.
        batches: tell how long a step waited for its data.
        optimizer: the compiled one.
        stage_start: the global step at which the stage, and its schedule, began.
        stage_end: the global step after its last.
        restored: random state, and within an epoch running metrics, with which the first step begins.
    """

    def __init__(
        self,
        trainer: Trainer,
        batches: Batches,
        optimizer: Any,
        stage_start: int,
        stage_end: int,
        restored: dict[str, np.ndarray],
    ) -> None:
        super().__init__()
        self.trainer = trainer
        self.batches = batches
        self.optimizer = optimizer
        self.stage_start = stage_start
        self.stage_end = stage_end
        self.restored = restored
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
        if any(name.startswith("metrics/") for name in self.restored):
            assign(self.model.metrics_variables, self.restored, "metrics", "the checkpoint")
        self.last_end = time.perf_counter()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if batch == 0:
            # Not earlier: on torch, making the iterator over the batches draws a random number too.
            restore_backend_random_state(self.restored)
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
        last = step >= trainer.steps
        # Weights that are not scored cannot become the best ones.
        scored = last or trainer.validate is None or row["epoch"] % int(trainer.options.validation_every) == 0
        weights_in_training = self._average_weights() if scored else None
        scores = trainer.validate() if scored and trainer.validate is not None else {}
        row |= {f"validation_{name}": value for name, value in scores.items()}
        rank = self._rank(scores) if scored else []
        is_best = scored and (trainer.validate is None or not state.best_rank or rank > state.best_rank)
        if is_best:
            state = replace(
                state,
                best_epoch=int(row["epoch"]),
                best_rank=rank,
                best_score=scores.get(trainer.metric),
                best_file=trainer.folder.write_best(step, values_of(self.model.weights, "weights")),
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
        trainer.listener.epoch(row, is_best and trainer.validate is not None)
        self.last_end = time.perf_counter()
        if trainer.state.finished or step >= self.stage_end:
            raise StageDone(values_of(self.model.variables, "network"))

    def _rank(self, scores: dict[str, float]) -> list[float]:
        """What the best weights have most of; without validation all are equal and the last ones win.

        A tie is broken by the loss, so that of equally good weights the surer ones are kept.
        """
        trainer = self.trainer
        if trainer.validate is None:
            return [0.0]
        if trainer.metric not in scores:
            raise RunError(
                f"no evaluator gives '{trainer.metric}' on the validation split, by which weights are"
                f" chosen: it gives {', '.join(scores)}"
            )
        sign = 1 if trainer.higher_is_better else -1
        return [sign * scores[trainer.metric], -scores["loss"]]

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
