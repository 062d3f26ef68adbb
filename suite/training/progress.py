"""What a training reports while it runs: the library calls a listener, and the program shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Progress:
    """How far a training has come.

    Attributes:
        epoch: from 1.
        epochs: how many there are.
        step: of the epoch, from 1.
        steps: of an epoch.
        loss: the mean over the epoch so far.
        learning_rate: at this step.
        metric: the name of the metric by which weights are chosen.
        best: its best value so far, None before the first validation.
        items_per_second: training examples per second, in this process, lately.
        waiting: the share of that time in which the device had to wait for data, 0 to 1.
        seconds_left: an estimate from what this process has measured so far.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    learning_rate: float
    metric: str
    best: float | None
    items_per_second: float
    waiting: float
    seconds_left: float


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What is known of a run when its training begins or goes on.

    Attributes:
        path: the run directory.
        task: the task's name.
        configuration: the tables of its `config.toml`, with every "auto" replaced.
        device: what it runs on, for people.
        counts: the number of examples of each split.
        epochs: how many there are in all.
        weights: the number of the network's weights.
        step: after which the training goes on; 0 for one that begins.
        data: the facts of the data (its classes, say).
        metric: the name of the metric by which weights are chosen.
        higher_is_better: whether a higher value of it is better.
        fold: of a cross-validation, from 1; 0 if there is none.
        command: what repeats the run on the command line; "" for a run that a program made.
        log_id: for a listener that a plugin opens: the `log_id` that its listener had when this run was
            trained before; "" for a run that begins.
    """

    path: Path
    task: str
    configuration: Mapping[str, Any]
    device: str
    counts: Mapping[str, int]
    epochs: int
    weights: int
    step: int
    data: Mapping[str, Any]
    metric: str
    higher_is_better: bool
    fold: int = 0
    command: str = ""
    log_id: str = ""


class Listener:
    """Hears what happens in a training. This class does nothing with it; override what you need.

    What is overridden here of a program is called in the thread that trains, so it has to be quick, and what
    it raises ends the training. A listener of a plugin (`suite.ListenerFactory`) has a thread of its own, and
    what it raises only ends what it writes.

    Attributes:
        log_id: names what a plugin's listener writes to (an identifier of a tracking server, say). It is kept
            in the run, and `RunFacts.log_id` has it when the run is resumed.
    """

    log_id: str = ""

    def note(self, text: str) -> None:
        """Something that a person should know: a choice made from the data, a file left out."""

    def phase(self, text: str) -> None:
        """What is being done now, in a few words: "reading the data", "scoring the test split"."""

    def started(self, facts: RunFacts) -> None:
        """Everything is resolved and training begins or goes on."""

    def fold(self, number: int, folds: int, path: Path) -> None:
        """A fold of a cross-validation begins, or goes on.

        Args:
            number: from 1.
            folds: how many there are.
            path: the directory with the runs of all folds.
        """

    def progress(self, progress: Progress) -> None:
        """A step has been done, up to a fifth of a second ago. Called for every step: be quick."""

    def validation(self) -> None:
        """The steps of an epoch have been done, and its weights are about to be scored."""

    def epoch(self, row: Mapping[str, float], is_best: bool) -> None:
        """An epoch has been done.

        Args:
            row: the row of `history.csv`.
            is_best: whether its weights are the best so far.
        """

    def finished(self, metrics: Mapping[str, Any]) -> None:
        """The run is complete: its model, its scores and its report are written.

        Args:
            metrics: the content of its `metrics.json`: `metrics["test"]["accuracy"]`, say.
        """

    def failed(self, error: BaseException) -> None:
        """The training ends before its end: it was stopped (`suite.StoppedError`), or it failed.

        Called only after `started`; the error is raised after it.
        """
