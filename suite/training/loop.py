"""What happens between the steps of a training: progress, checkpoints, the end of an epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import keras
import numpy as np

from suite.errors import RunError, UserError
from suite.training.batches import Batches
from suite.training.checkpoints import assign, restore_backend_random_state, to_numpy, values_of
from suite.training.divergence import DivergedError, check_steps
from suite.training.meetings import SECONDS_BETWEEN, Meetings
from suite.training.normalization import BATCHES, settle, training_pass, unsettled_normalizations
from suite.training.optimizers import Schedule
from suite.training.progress import Progress
from suite.training.session import StopRequested, TrainingSession
from suite.wording import number

SECONDS_BETWEEN_NUMBERS = 0.2
"""How long losses may stay on the device at most: reading one makes the device wait for the next step."""


class StageDone(Exception):  # noqa: N818 - not an error
    """Leaves `fit` at the end of a stage, with the values of the network's variables."""

    def __init__(self, values: dict[str, np.ndarray]) -> None:
        super().__init__()
        self.values = values


class Callbacks(keras.callbacks.CallbackList):  # type: ignore[misc]  # Keras is not typed
    """A single callback that gets losses as they are on the device; Keras would read those of every step."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.callbacks[0].on_train_batch_end(batch, logs)


class TrainingLoop(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is not typed
    """Acts between steps: progress, checkpoints, and at the end of an epoch validation.

    The losses of a few steps are read together, and each step is then looked at in its turn, so what a
    listener hears and what ends a training that diverged is late by `SECONDS_BETWEEN_NUMBERS` at most.

    Args:
        session: the training, whose state is kept up to date.
        batches: measure how long a step waited for its data.
        optimizer: the compiled one.
        stage_start: the global step at which the stage, and its schedule, began.
        stage_end: the global step after its last.
        restored: random state, and within an epoch running metrics, with which the first step begins.
        sync: brings the variables up to date, if the backend keeps their values elsewhere during the steps.

    Attributes:
        device_waits: whether the device had nothing to do when the examples of the last step were there.
        meetings: the steps after which the processes that train together hear how it goes on.
    """

    def __init__(
        self,
        session: TrainingSession,
        batches: Batches,
        optimizer: Any,
        stage_start: int,
        stage_end: int,
        restored: dict[str, np.ndarray],
        sync: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self.session = session
        self.batches = batches
        self.optimizer = optimizer
        self.stage_start = stage_start
        self.stage_end = stage_end
        self.restored = restored
        self.sync = sync
        self.device_waits = True
        self.schedule: Schedule = optimizer_schedule(optimizer)
        self.first_step = session.state.step
        self.checkpointed_at = time.monotonic()
        self.began_at = time.perf_counter()
        self.last_end = time.perf_counter()
        self.recent_seconds = 0.0
        self.recent_waiting = 0.0
        self.recent_steps = 0.0
        self.unread: list[_Unread] = []
        self.read_at = -math.inf
        every = int(session.options.steps_per_execution)
        self.meetings = Meetings(session.group, self.first_step + every)
        self.training_pass: Callable[[Any], Any] | None = None

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
        session = self.session
        step = self.first_step + batch + 1
        done = step - session.state.step
        self._measure(batch, step)
        in_epoch = (step - 1) % session.plan.steps_per_epoch + 1
        self.unread.append(_Unread(step, in_epoch, done, logs["loss"]))
        ends_epoch = in_epoch == session.plan.steps_per_epoch
        meets = self.meetings.is_due(step, ends_epoch=ends_epoch)
        now = time.monotonic()
        is_due = now - self.checkpointed_at >= session.options.checkpoint_seconds
        reads = ends_epoch or is_due or now - self.read_at >= SECONDS_BETWEEN_NUMBERS
        stops = meets and not reads and session.stop()
        if not (reads or stops or (meets and self.meetings.of_several)):
            return
        loss = self._read()
        if ends_epoch:
            self.sync()
            self._end_of_epoch(step, loss)
        elif is_due:
            self.sync()
            self._checkpoint()
        ends_stage = ends_epoch and (session.state.finished or step >= self.stage_end)
        # Between two stages the trainer asks whether to stop; a group has to know it here.
        if meets and not stops and (self.meetings.of_several or not ends_stage):
            stops = session.stop()
        if meets:
            self.meetings.tell(step, self._next_meeting(step), stops=stops, finished=session.state.finished)
        if ends_stage:
            session.stops = stops
            raise StageDone(values_of(self.model.variables, "network"))
        if stops:
            self.sync()
            self._checkpoint()
            self._as_shipped()
            raise StopRequested(values_of(self.model.variables, "network"))

    def _next_meeting(self, step: int) -> int:
        """A step in about `SECONDS_BETWEEN` seconds."""
        every = int(self.session.options.steps_per_execution)
        speed = self.recent_steps / self.recent_seconds if self.recent_seconds else 0.0
        return step + max(1, int(speed * SECONDS_BETWEEN / every)) * every

    def _read(self) -> float:
        """Look at the steps whose losses were not read yet; the last loss."""
        unread, self.unread = self.unread, []
        losses = _numbers([each.loss for each in unread])
        self.read_at = time.monotonic()
        # The steps end only now, for a device that computes while the next ones are started.
        now = time.perf_counter()
        waited_for_device, self.last_end = now - self.last_end, now
        self.recent_seconds += waited_for_device if self.recent_steps else 0.0
        state = self.session.state
        self.session.state = replace(
            state,
            seconds=state.seconds + waited_for_device,
            epoch_seconds=state.epoch_seconds + waited_for_device,
        )
        for each, loss in zip(unread, losses, strict=True):
            self._watch(each.step, loss, each.in_epoch, each.done)
            self.session.listener.progress(self._progress(each.step, each.in_epoch, loss))
        return losses[-1]

    def _watch(self, step: int, loss: float, in_epoch: int, done: int) -> None:
        """End a training that diverged."""
        session = self.session
        losses = session.state.losses.after(loss, in_epoch, done)
        session.state = replace(session.state, losses=losses)
        check_steps(
            losses,
            loss,
            step=step,
            epoch=(step - 1) // session.plan.steps_per_epoch + 1,
            rate=self._learning_rate(step),
            advice=session.advice,
        )

    def _measure(self, batch: int, step: int) -> None:
        now = time.perf_counter()
        done = step - self.session.state.step
        waited = min(self.batches.waited(batch, self.began_at), now - self.began_at)
        if not self.device_waits:
            waited = 0.0
        elapsed = now - self.last_end
        self.last_end = now
        # Old measurements fade, and the very first step (which compiles) counts for nothing.
        if step - done > self.first_step:
            self.recent_seconds = 0.98 * self.recent_seconds + elapsed
            self.recent_waiting = 0.98 * self.recent_waiting + waited
            self.recent_steps = 0.98 * self.recent_steps + done
        state = self.session.state
        self.session.state = replace(
            state,
            step=step,
            seconds=state.seconds + elapsed,
            epoch_seconds=state.epoch_seconds + elapsed,
            waiting=state.waiting + waited,
        )

    def _progress(self, step: int, in_epoch: int, loss: float) -> Progress:
        session = self.session
        speed = self.recent_steps / self.recent_seconds if self.recent_seconds else 0.0
        return Progress(
            epoch=(step - 1) // session.plan.steps_per_epoch + 1,
            epochs=session.epochs,
            step=in_epoch,
            steps=session.plan.steps_per_epoch,
            loss=loss,
            learning_rate=self._learning_rate(step),
            metric=session.metric,
            best=session.state.best_score,
            items_per_second=speed * session.plan.batch_size,
            waiting=self.recent_waiting / self.recent_seconds if self.recent_seconds else 0.0,
            seconds_left=(session.steps - step) / speed if speed else 0.0,
        )

    def _learning_rate(self, step: int) -> float:
        return self.schedule.value(step - 1 - self.stage_start)

    def _checkpoint(self) -> None:
        session = self.session
        session.checkpoint(self.optimizer)
        # Weights that were scored are written when they were; before that, the last ones are what there is.
        if session.interim is not None and session.interim.is_due and not session.state.best_file:
            in_training = self._as_shipped()
            session.interim.last(session)
            self._put_back(in_training)
        self.checkpointed_at = time.monotonic()

    def _end_of_epoch(self, step: int, loss: float) -> None:
        session = self.session
        epoch = step // session.plan.steps_per_epoch
        row: dict[str, float] = {
            "epoch": epoch,
            "step": step,
            "loss": loss,
            "learning_rate": self._learning_rate(step),
        }
        # Weights that are not scored cannot become the best ones.
        is_scored = session.validate is None or session.scores_after(step)
        is_best = is_scored and self._score(row)
        self._add_speed(row)
        self._close_epoch(row, is_last=step >= session.steps)
        session.history_changed(session.state.history)
        session.listener.epoch(row, is_best and session.validate is not None)
        self.last_end = time.perf_counter()

    def _score(self, row: dict[str, float]) -> bool:
        """Score the weights as they would be shipped; whether they are the best so far, and are kept."""
        session = self.session
        in_training = self._as_shipped()
        scores = self._validated()
        row |= {f"validation_{name}": value for name, value in scores.items()}
        rank = self._rank(scores)
        best_rank = session.state.best_rank
        is_best = session.validate is None or not best_rank or rank > best_rank
        if is_best:
            weights = values_of(self.model.weights, "weights")
            session.state = replace(
                session.state,
                best_epoch=int(row["epoch"]),
                best_rank=rank,
                best_score=scores.get(session.metric),
                best_file=session.folder.write_best(int(row["step"]), weights),
            )
            if session.interim is not None:
                session.interim.best(session)
        self._put_back(in_training)
        return is_best

    def _validated(self) -> dict[str, float]:
        """The scores on validation; what fails because the training has diverged is not a plugin's defect."""
        session = self.session
        if session.validate is None:
            return {}
        session.listener.validation()
        try:
            return session.validate()
        except UserError:
            raise
        except Exception as error:
            losses = session.state.losses
            if not (losses.absurd_steps or self._is_broken()):
                raise
            first = number(losses.first or 0.0)
            raise DivergedError(
                f"training diverged: the loss was {first} at first, and what the network predicts now cannot"
                f" be scored; {session.advice}"
            ) from error

    def _is_broken(self) -> bool:
        """Whether a weight is not finite any more."""
        return any(not np.all(np.isfinite(to_numpy(weight))) for weight in self.model.weights)

    def _rank(self, scores: dict[str, float]) -> list[float]:
        """What is highest for the best weights; without validation all are equal and the last ones win.

        A tie is broken by the loss: of equally good weights the more confident ones are kept.
        """
        session = self.session
        if session.validate is None:
            return [0.0]
        if session.metric not in scores:
            raise RunError(
                f"no evaluator gives '{session.metric}' on the validation split, by which weights are"
                f" chosen: the evaluators give {', '.join(scores)}"
            )
        sign = 1 if session.higher_is_better else -1
        return [sign * scores[session.metric], -scores["loss"]]

    def _add_speed(self, row: dict[str, float]) -> None:
        session = self.session
        state = replace(session.state, seconds=session.state.seconds + time.perf_counter() - self.last_end)
        session.state = state
        examples = session.plan.steps_per_epoch * session.plan.batch_size
        row |= {
            "seconds": round(state.seconds, 3),
            "items_per_second": round(examples / max(state.epoch_seconds, 1e-9), 2),
            "waiting": round(state.waiting / max(state.epoch_seconds, 1e-9), 4),
        }

    def _close_epoch(self, row: dict[str, float], *, is_last: bool) -> None:
        """Add the row to the history, decide whether the training ends, and write a checkpoint."""
        session, state = self.session, self.session.state
        patience = int(session.options.early_stopping)
        since = max(state.best_epoch, session.began // session.plan.steps_per_epoch)
        stalled = bool(patience and state.best_epoch and row["epoch"] - since >= patience)
        session.state = replace(
            state,
            epoch_seconds=0.0,
            waiting=0.0,
            history=[*state.history, row],
            finished=is_last or stalled,
            reason=f"no better {session.metric} in {patience} epochs" if stalled and not is_last else "",
        )
        self.model.reset_metrics()
        self._checkpoint()

    def _as_shipped(self) -> list[tuple[Any, np.ndarray]]:
        """Put the weights into the network that would be shipped now.

        They are the moving average of the weights if one is kept, and for normalization layers that have not
        seen enough batches the statistics of the last ones.

        Returns:
            The variables that changed, with the values that they have in training.
        """
        session = self.session
        in_training = []
        if session.options.ema:
            variables = self.model.trainable_variables
            in_training = [(variable, to_numpy(variable)) for variable in variables]
            self.optimizer.finalize_variable_values(variables)
        step = session.state.step
        layers = unsettled_normalizations(self.model, session.state.fresh, step)
        if layers:
            steps = range(max(0, step - BATCHES), step)
            if self.training_pass is None:
                open_lengths = session.pipeline.lengths is not None
                self.training_pass = training_pass(self.model, open_lengths=open_lengths)
            inputs = (self.batches.batch(past)[0] for past in steps)
            in_training += settle(self.model, layers, inputs, self.training_pass)
        return in_training

    def _put_back(self, in_training: list[tuple[Any, np.ndarray]]) -> None:
        for variable, value in in_training:
            variable.assign(value)


class _Unread(NamedTuple):
    """A step that was started, and whose loss is still on the device."""

    step: int
    in_epoch: int
    done: int
    loss: Any


def _numbers(values: Sequence[Any]) -> list[float]:
    """Scalars of the backend as numbers, all of them in one wait for the device."""
    if keras.config.backend() == "jax":
        import jax

        values = jax.device_get(list(values))
    return [float(keras.ops.convert_to_numpy(value)) for value in values]


def optimizer_schedule(optimizer: Any) -> Schedule:
    """The schedule of an optimizer of ours, under the loss scaling that Keras may put around it."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    schedule = inner._learning_rate
    assert isinstance(schedule, Schedule)
    return schedule
