"""What a training reports while it runs: the library calls a listener, and the program shows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from suite.configuration import Configuration
    from suite.devices import Device


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
        waiting: the share of that time spent waiting for data, 0 to 1.
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


class Listener:
    """Hears what happens in a training. This class does nothing with it; override what you need."""

    def note(self, text: str) -> None:
        """Something that a person should know: a choice made from the data, a file left out."""

    def phase(self, text: str) -> None:
        """What is being done now, in a few words: "reading the data", "scoring the test split"."""

    def started(self, run: Path, configuration: Configuration, device: Device, facts: dict[str, Any]) -> None:
        """Everything is resolved and training begins or goes on.

        Args:
            run: the run directory.
            configuration: with every default filled in.
            device: what it runs on.
            facts: counts of the splits ("train", ...), number of epochs ("epochs") and of weights
                ("weights"), first step ("step"), and the facts of the data ("data").
        """

    def fold(self, number: int, folds: int, path: Path) -> None:
        """A fold of a cross-validation begins, or goes on.

        Args:
            number: from 1.
            folds: how many there are.
            path: the directory with the runs of all folds.
        """

    def progress(self, progress: Progress) -> None:
        """A step has been done. Called for every step: be quick."""

    def validation(self) -> None:
        """The steps of an epoch have been done, and its weights are about to be scored."""

    def epoch(self, row: dict[str, float], is_best: bool) -> None:
        """An epoch has been done.

        Args:
            row: the row of `history.csv`.
            is_best: whether its weights are the best so far.
        """
