"""A training in TensorBoard: event files beside the run, written without TensorFlow.

`tensorboard --logdir runs` shows all runs. A resumed run goes on in the same folder; steps that it does again
replace those that were written before it was killed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import suite
from suite.kit import needing
from suite_tracking.numbers import final_scores, of_epoch, parameters, step_of
from suite_tracking.options import TensorboardOptions


class TensorboardListener(suite.Listener):
    """Writes event files.

    Args:
        facts: of the training.
        options: where and how much is written.
    """

    def __init__(self, facts: suite.RunFacts, options: TensorboardOptions) -> None:
        with needing("suite-tracking[tensorboard]", "TensorBoard's files need"):
            from tensorboardX import SummaryWriter

        self.log_id = facts.log_id or str(_folder(facts, options).resolve())
        self._facts = facts
        self._every = options.every
        self._next = facts.step + 1
        self._step = facts.step
        # What lies after this step was written by a training that went further than its last checkpoint.
        purge = {"purge_step": facts.step + 1} if facts.step else {}
        self._writer = SummaryWriter(logdir=self.log_id, **purge)

    def started(self, facts: suite.RunFacts) -> None:
        rows = [f"| {name} | {value} |" for name, value in parameters(facts).items()]
        table = "\n".join(["| option | value |", "|---|---|", *rows])
        self._writer.add_text("configuration", table, facts.step)

    def progress(self, progress: suite.Progress) -> None:
        self._step = step_of(progress)
        if self._step < self._next:
            return
        self._next = self._step + self._every
        self._write({"step/loss": progress.loss, "step/learning_rate": progress.learning_rate}, self._step)
        if progress.items_per_second:
            self._write({"step/items_per_second": progress.items_per_second}, self._step)

    def epoch(self, row: Mapping[str, float], is_best: bool) -> None:
        self._write(of_epoch(row), int(row["step"]))
        self._writer.flush()

    def finished(self, metrics: Mapping[str, Any]) -> None:
        from tensorboardX.summary import hparams

        scores = final_scores(metrics)
        self._write(scores, self._step)
        # In the very folder of the run; SummaryWriter.add_hparams would make one below it, as another run.
        for summary in hparams(parameters(self._facts), scores):
            self._writer.file_writer.add_summary(summary)
        self._writer.close()

    def failed(self, error: BaseException) -> None:
        self._writer.add_text("ended", str(error), self._step)
        self._writer.close()

    def _write(self, numbers: Mapping[str, float], step: int) -> None:
        for name, number in numbers.items():
            if not math.isfinite(number):
                continue  # TensorBoard draws none, and tensorboardX would warn at every one
            self._writer.add_scalar(name, number, step)


def _folder(facts: suite.RunFacts, options: TensorboardOptions) -> Path:
    if not options.folder:
        return facts.path / "tensorboard"
    name = f"{facts.path.parent.name}-{facts.path.name}" if facts.fold else facts.path.name
    return Path(options.folder).expanduser() / name


def open_listener(facts: suite.RunFacts, options: TensorboardOptions) -> suite.Listener:
    """The listener of a training."""
    return TensorboardListener(facts, options)
