"""The model of a run whose training has not ended: the best so far, or else the last weights."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Any

from suite.devices import device_name
from suite.errors import OutOfMemoryError, RunError, UserError, too_large_batch
from suite.evaluation.metrics import label
from suite.runs.build import Experiment
from suite.runs.directory import RunDirectory
from suite.wording import counted, number

if TYPE_CHECKING:
    from suite.evaluation.types import Pairs
    from suite.pipeline.codec import Codec
    from suite.training.session import TrainingSession
    from suite.training.trainer import Trainer
    from suite.training.validation import Validation

SHARE = 0.02
"""The share of the time of a training that may be spent on writing its model."""


class InterimModel:
    """Writes what has been learned so far to `model/` now and then, so that there is a model at any time.

    Args:
        run: where it is written.
        experiment: whose network is trained.
        validation: knows what was predicted for the validation split; None if there is none.
    """

    def __init__(self, run: RunDirectory, experiment: Experiment, validation: Validation | None) -> None:
        self._run = run
        self._experiment = experiment
        self._validation = validation
        self._pairs: Pairs | None = None
        self._free_at = 0.0

    @property
    def is_due(self) -> bool:
        """Whether little enough time has gone into writing."""
        return time.monotonic() >= self._free_at

    def best(self, session: TrainingSession) -> None:
        """The network holds new best weights: write them if it is due."""
        self._pairs = None if self._validation is None else self._validation.pairs
        if self.is_due:
            self._write(self._of_best(session))

    def last(self, session: TrainingSession) -> None:
        """Write the network as it is, which was not scored."""
        self._write(self._of_last(session))

    def of(self, trainer: Trainer) -> str:
        """Write the best weights of a training that ends before its end, or else the network as it is.

        Returns:
            What it is: "after epoch 8 of 150, mAP 0.210 on validation".
        """
        session = trainer.session
        what = self._of_best(session) if session.state.best_file else self._of_last(session)
        if self._written() != what:
            trainer.load_best()
            self._write(what)
        return what

    def after(self, error: RunError, trainer: Trainer) -> RunError:
        """What to say of a training that failed, of which the best model before that is kept."""
        if isinstance(error, OutOfMemoryError):
            kind: type[RunError] = OutOfMemoryError
            # Memory of the machine may have been for anything; that of a device is for a batch.
            if not isinstance(error.__cause__, MemoryError):
                error = too_large_batch(error, device_name(), trainer.session.plan.batch_size)
        else:
            kind = RunError
        if trainer.state.best_file:
            return kind(f"{error}\nThe best model before that ({self.of(trainer)}) is in {self._run.model}")
        # One of weights that are of no use may have been written.
        shutil.rmtree(self._run.model, ignore_errors=True)
        return kind(f"{error}\nIt failed before any weights were scored, so {self._run.path} holds no model")

    def _of_best(self, session: TrainingSession) -> str:
        state = session.state
        text = f"after epoch {state.best_epoch} of {session.epochs}"
        if state.best_score is None:
            return text
        name = label(self._experiment.task.item.metric, self._experiment.metrics)
        return f"{text}, {name} {number(state.best_score)} on validation"

    def _of_last(self, session: TrainingSession) -> str:
        epochs = counted(session.epochs, "epoch", "epochs")
        return f"after step {session.state.step:,} of {epochs}, not scored"

    def _written(self) -> str | None:
        from suite.pipeline.manifest import read_manifest

        try:
            return read_manifest(self._run.model).unfinished
        except (UserError, OSError):
            return None

    def _write(self, what: str) -> None:
        start = time.monotonic()
        write_model(self._run, self._experiment, self._codec(), unfinished=what)
        now = time.monotonic()
        self._free_at = now + (now - start) / SHARE

    def _codec(self) -> Codec:
        """The codec with what it learns from the predictions for the validation split (a threshold, say)."""
        pipeline = self._experiment.pipeline
        if pipeline.calibrate is None or self._pairs is None:
            return pipeline.codec
        try:
            return pipeline.calibrate(pipeline.codec, self._pairs)
        except Exception:  # noqa: BLE001 - said at the end of the training, which goes on
            return pipeline.codec


def write_model(run: RunDirectory, experiment: Experiment, codec: Any, *, unfinished: str = "") -> None:
    """Write the experiment's network as it is, and a codec, to the `model/` of a run."""
    from suite.prediction.loading import save_pipeline

    versions = {plugin.name: plugin.version for plugin in experiment.host.plugins}
    save_pipeline(
        run.model,
        task=experiment.task.name,
        builder=experiment.builder.full_name,
        codec=codec,
        network=experiment.pipeline.network,
        facts=experiment.dataset.facts,
        task_plugin=experiment.task.plugin,
        plugin_version=versions[experiment.builder.plugin],
        unfinished=unfinished,
    )
