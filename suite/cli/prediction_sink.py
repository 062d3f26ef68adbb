"""What takes the predictions of `suite predict`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from suite.prediction.inputs import Inputs
    from suite.prediction.results import Result


class PredictionSink(Protocol):
    """Takes the results of a prediction, one by one in their order.

    Attributes:
        written: the files that are there at the end.
        holds_errors: errors are among what it writes, so nobody needs to print them besides.
        shows_lines: lines of predictions appear on a terminal.
        grows: it prints text that takes several forward passes, while that text is being written.
    """

    written: list[Path]
    holds_errors: bool = False
    shows_lines: bool = False
    grows: bool = False

    def open(self, inputs: Inputs) -> AbstractContextManager[None]:
        """Write for as long as the context lasts; what was written until an interruption is kept."""

    def add(self, result: Result) -> None:
        """Write a result; without a prediction, leave room for the error, which the command prints."""

    def add_partial(self, result: Result) -> None:
        """Show what there is of a prediction that is not complete. Called only if `grows`."""
        return
