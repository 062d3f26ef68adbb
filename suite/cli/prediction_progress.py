"""Progress of `suite predict` on the error stream, if that is a terminal: of all inputs, and within one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from suite.prediction.results import Result


class PredictionProgress:
    """Bars that are gone when everything is done.

    Args:
        of_inputs: whether to show how many inputs are done; nobody needs it while their lines appear.
    """

    def __init__(self, *, of_inputs: bool) -> None:
        self._of_inputs = of_inputs
        self._bar: Progress | None = None
        self._chunks: TaskID | None = None

    def track(self, results: Iterator[Result], total: int | None) -> Iterator[Result]:
        """The results, each counted when it is there."""
        if not sys.stderr.isatty():
            yield from results
            return
        self._bar = _bar()
        try:
            if self._of_inputs and total != 1:
                self._bar.start()
                yield from self._bar.track(results, total=total, description="predicting")
            else:
                yield from results
        finally:
            self._bar.stop()

    def on_chunk(self, name: str, done: int, total: int) -> None:
        """Show how many chunks of an input are done."""
        if self._bar is None:
            return
        if self._chunks is None:
            self._chunks = self._bar.add_task(Path(name).name, total=total)
            self._bar.start()
        self._bar.update(self._chunks, completed=done)
        if done == total:
            self._bar.remove_task(self._chunks)
            self._chunks = None
            if not self._bar.tasks:  # lines follow, which a bar that is still alive would disturb
                self._bar.stop()


def _bar() -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from suite.cli.console import VisibleConsole

    name = TextColumn("{task.description}", markup=False)
    columns = (name, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Lines go to the standard output, terminal or not; rich would send them to the error stream.
    return Progress(*columns, console=VisibleConsole(stderr=True), transient=True, redirect_stdout=False)
