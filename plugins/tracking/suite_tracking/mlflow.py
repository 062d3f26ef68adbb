"""A training as a run of MLflow, on a tracking server or in a file.

The identifier of the run is kept, so that a resumed training goes on in it. MLflow's own client is used, not
its global "active run": a program may have one.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import suite
from suite.kit import needing
from suite_tracking.numbers import final_scores, of_epoch, parameters, step_of
from suite_tracking.options import MlflowOptions

_SECONDS = 5.0
"""How long losses are collected before they are sent together."""

_MAX_METRICS = 500
_MAX_PARAMETERS = 100
_MAX_LENGTH = 500
"""What MLflow takes at once, and characters of a parameter."""

_FILES = ("report.html", "metrics.json", "config.toml")


class MlflowListener(suite.Listener):
    """Writes a run of MLflow.

    Args:
        facts: of the training.
        options: where and how much is written.
    """

    def __init__(self, facts: suite.RunFacts, options: MlflowOptions) -> None:
        with needing("suite-tracking[mlflow]", "MLflow needs"), _quiet_import():
            from mlflow.entities import Metric, Param
            from mlflow.exceptions import MlflowException
            from mlflow.tracking import MlflowClient

        self._metric, self._parameter, self._exception = Metric, Param, MlflowException
        self._facts = facts
        self._options = options
        self._next = facts.step + 1
        self._step = facts.step
        self._collected: list[Any] = []
        self._sent_at = time.monotonic()
        try:
            with needing("suite-tracking[mlflow]", "MLflow needs"):
                self._client = MlflowClient(tracking_uri=options.uri or None)
            self.log_id = self._reopened() or self._created()
        except MlflowException as error:
            raise suite.UserError(f"MLflow refuses: {error}") from error

    def started(self, facts: suite.RunFacts) -> None:
        known = self._client.get_run(self.log_id).data.params  # which cannot be changed
        found = {_allowed(name): str(value)[:_MAX_LENGTH] for name, value in parameters(facts).items()}
        new = [self._parameter(name, value) for name, value in found.items() if name not in known]
        for start in range(0, len(new), _MAX_PARAMETERS):
            self._client.log_batch(self.log_id, params=new[start : start + _MAX_PARAMETERS])

    def progress(self, progress: suite.Progress) -> None:
        self._step = step_of(progress)
        if self._step < self._next:
            return
        self._next = self._step + self._every
        self._collect({"step/loss": progress.loss, "step/learning_rate": progress.learning_rate}, self._step)
        if time.monotonic() - self._sent_at > _SECONDS or len(self._collected) >= _MAX_METRICS:
            self._send()

    def epoch(self, row: Mapping[str, float], is_best: bool) -> None:
        self._collect(of_epoch(row), int(row["step"]))
        self._send()

    def finished(self, metrics: Mapping[str, Any]) -> None:
        self._collect(final_scores(metrics), self._step)
        self._send()
        for name in _FILES if self._options.report else ():
            if (self._facts.path / name).is_file():
                self._client.log_artifact(self.log_id, str(self._facts.path / name))
        self._client.set_terminated(self.log_id, "FINISHED")

    def failed(self, error: BaseException) -> None:
        self._send()
        self._client.set_tag(self.log_id, "suite.ended", str(error)[:_MAX_LENGTH])
        stopped = isinstance(error, suite.StoppedError) or not isinstance(error, Exception)
        self._client.set_terminated(self.log_id, "KILLED" if stopped else "FAILED")

    @property
    def _every(self) -> int:
        return self._options.every

    def _reopened(self) -> str:
        """The identifier of the run that an earlier training wrote; "" if there is none any more."""
        if not self._facts.log_id:
            return ""
        try:
            self._client.get_run(self._facts.log_id)
            self._client.update_run(self._facts.log_id, status="RUNNING")
        except self._exception:
            return ""
        return self._facts.log_id

    def _created(self) -> str:
        name = self._options.experiment or self._facts.task
        experiment = self._client.get_experiment_by_name(name)
        number = self._client.create_experiment(name) if experiment is None else experiment.experiment_id
        path = self._facts.path
        called = self._options.name or (f"{path.parent.name} {path.name}" if self._facts.fold else path.name)
        tags = {"suite.run": str(path.resolve()), "suite.command": self._facts.command}
        made = self._client.create_run(number, run_name=called, tags=tags)
        return str(made.info.run_id)

    def _collect(self, numbers: Mapping[str, float], step: int) -> None:
        now = int(time.time() * 1000)
        self._collected += [
            self._metric(_allowed(name), number, now, step) for name, number in numbers.items()
        ]

    def _send(self) -> None:
        self._sent_at = time.monotonic()
        for start in range(0, len(self._collected), _MAX_METRICS):
            self._client.log_batch(self.log_id, metrics=self._collected[start : start + _MAX_METRICS])
        self._collected = []


def _allowed(name: str) -> str:
    """A name of characters that MLflow takes."""
    return re.sub(r"[^\w\-./ ]", "_", name)


@contextmanager
def _quiet_import() -> Iterator[None]:
    """Import MLflow as a library that neither reports to its makers nor prints, unless somebody decided else.

    It looks at these variables while it is imported. They are as before afterwards.
    """
    wanted = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_CONFIGURE_LOGGING": "false"}
    added = [] if "mlflow" in sys.modules else [name for name in wanted if name not in os.environ]
    os.environ.update({name: wanted[name] for name in added})
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def open_listener(facts: suite.RunFacts, options: MlflowOptions) -> suite.Listener:
    """The listener of a training."""
    return MlflowListener(facts, options)
