"""What a process that is not the first of its group does between the steps: what the first one says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from suite.training.checkpoints import values_of
from suite.training.loop import StageDone, TrainingLoop
from suite.training.session import StopRequested


class FollowingLoop(TrainingLoop):
    """Does the same steps as the first process and predicts with it; it writes and decides nothing."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        session = self.session
        step = self.first_step + batch + 1
        session.state = replace(session.state, step=step)
        ends_epoch = step % session.plan.steps_per_epoch == 0
        if not self.meetings.is_due(step, ends_epoch=ends_epoch):
            return
        if ends_epoch:
            self.sync()
            if session.scores_after(step):
                self._predict_along()
        stops, finished = self.meetings.hear(step)
        if ends_epoch:
            self.model.reset_metrics()
            session.state = replace(session.state, finished=finished)
        if stops:
            raise StopRequested
        if ends_epoch and (finished or step >= self.stage_end):
            raise StageDone(values_of(self.model.variables, "network"))

    def _predict_along(self) -> None:
        """Do this process's share of the predictions on validation."""
        assert self.session.validate is not None
        in_training = self._as_shipped()
        self.session.validate()
        self._put_back(in_training)
