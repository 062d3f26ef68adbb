"""What a person sees of a training: on a terminal a line that is updated, elsewhere plain lines."""

from __future__ import annotations

import shlex
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from rich.live import Live
from rich.markup import escape
from rich.table import Table

from suite.cli.console import VisibleConsole
from suite.cli.scores_text import folds_text, scores_text
from suite.evaluation.metrics import declared_metrics
from suite.host import Host
from suite.report.formatting import duration
from suite.runs.data import task_of
from suite.runs.directory import RunDirectory
from suite.runs.evaluators import evaluators_of, without_missing_evaluators
from suite.runs.folds import Folds
from suite.shown_addresses import with_addresses
from suite.training.progress import Listener, Progress, RunFacts
from suite.wording import counted, short, some

_EVERY_SECONDS = 0.2
_PLAIN_EVERY_SECONDS = 10.0
_MAX_NAMES = 20


class TrainingDisplay(Listener):
    """Shows a training on the error stream: the standard output is for what a program may read.

    Attributes:
        stops_after: what is finished before the training can stop, "this step"; "" where nothing has to be.
    """

    def __init__(self, *, resumed: bool) -> None:
        self.console = VisibleConsole(stderr=True, highlight=False)
        self.resumed = resumed
        self._live: Live | None = None
        self._shown_at = 0.0
        self._run: Path | None = None
        self._folds: Path | None = None
        self._metric = ""
        self.stops_after = ""
        self._epochs = 0

    def __enter__(self) -> TrainingDisplay:
        if self.console.is_terminal:
            self._live = Live("", console=self.console, refresh_per_second=5, transient=True)
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        if kind is not KeyboardInterrupt:
            return
        path = self._folds or self._run
        how = "at once; to go on: suite resume" if path is not None else "before the training began"
        text = with_addresses(f"stopped {how} {path or ''}".rstrip())
        self.console.print(text, markup=False, soft_wrap=True)

    def note(self, text: str) -> None:
        self.console.print(f"[yellow]note:[/] {escape(text)}", soft_wrap=True)

    def phase(self, text: str) -> None:
        self.stops_after = ""
        if self._live is not None:
            self._live.update(f"[dim]{escape(text)} ...[/]")

    def started(self, facts: RunFacts) -> None:
        counts = ", ".join(f"{count:,} {name}" for name, count in facts.counts.items())
        self._run = facts.path
        self._epochs = facts.epochs
        tables = facts.configuration
        model, runtime = dict(tables["model"]), tables["runtime"]
        rows = {
            "data": _data_text(tables, counts),
            **_data_facts(facts.data),
            "model": f"{model.pop('name')}, {counted(facts.weights, 'weight', 'weights')}",
            "": _listed(model),
            "training": _listed(tables["training"]),
            "device": f"{facts.device}, {runtime['backend']}, {runtime['precision']}",
            **({"log": ", ".join(tables["log"])} if "log" in tables else {}),
            "run": with_addresses(str(facts.path)),
        }
        if facts.step:
            rows["resumed"] = f"after step {facts.step:,}"
        grid = Table.grid(padding=(0, 2))
        for name, text in rows.items():
            grid.add_row(f"[bold]{name}[/]", escape(text))
        self.console.print(grid)

    def fold(self, number: int, folds: int, path: Path) -> None:
        self._folds = path
        self._shown_at = 0.0
        self.console.print(f"[bold]fold {number} of {folds}[/]")

    def progress(self, progress: Progress) -> None:
        self.stops_after = "this step"
        self._metric = progress.metric
        now = time.monotonic()
        every = _EVERY_SECONDS if self._live is not None else _PLAIN_EVERY_SECONDS
        if now - self._shown_at < every:
            return
        first = not self._shown_at
        self._shown_at = now
        if self._live is not None:
            self._live.update(escape(progress_line(progress)))
        elif not first:
            self.console.print(progress_line(progress), markup=False, soft_wrap=True)

    def validation(self) -> None:
        self.stops_after = "this validation"

    def epoch(self, row: Mapping[str, float], is_best: bool) -> None:
        self.stops_after = "this step"
        words = [
            f"epoch {row['epoch']:>{len(str(self._epochs))}.0f}/{self._epochs}",
            f"loss {_loss(row['loss'])}",
        ]
        words += [
            f"validation {name} {_loss(row[f'validation_{name}'])}"
            for name in ("loss", self._metric)
            if f"validation_{name}" in row
        ]
        words.append(f"{duration(row['seconds'])}")
        self.console.print("  ".join(words) + ("  [green]best[/]" if is_best else ""), soft_wrap=True)

    def show_result(self, run: RunDirectory, host: Host) -> None:
        """Show how good the model is and where everything is, after a training that came to its end."""
        scored = run.metrics or {}
        split = next((name for name in ("test", "validation") if name in scored), None)
        if split is not None:
            task = task_of(host, run.configuration)
            configuration, _ = without_missing_evaluators(host, run.configuration)
            declared = declared_metrics(evaluators_of(host, configuration, task))
            self.console.print(
                scores_text(scored, task.item.metric, declared, split), markup=False, soft_wrap=True
            )
        shown_before = run.environment.get("notes", [])
        for note in scored.get("notes", []):
            if note not in shown_before:
                self.note(note)
        report = with_addresses(f"report   {run.path / 'report.html'}")
        self.console.print(report, soft_wrap=True, markup=False)
        files = "".join(f" --plugin {shlex.quote(file)}" for file in run.plugin_files.values())
        predict = with_addresses(f"predict  suite predict {run.path} INPUT...{files}")
        self.console.print(predict, soft_wrap=True, markup=False)

    def show_folds(self, folds: Folds, host: Host) -> None:
        """Show how good the models of all folds are, and where everything is."""
        task = task_of(host, folds.configuration)
        declared = declared_metrics(evaluators_of(host, folds.configuration, task))
        text = folds_text(folds.metrics or {}, task.item.metric, declared)
        self.console.print(text, markup=False, soft_wrap=True)
        self.console.print(f"report   {folds.path / 'report.html'}", soft_wrap=True, markup=False)


@contextmanager
def stop_on_interrupt(display: TrainingDisplay) -> Iterator[Callable[[], bool]]:
    """Gives a function that is true after Ctrl-C or SIGTERM.

    A second Ctrl-C is immediate, and so is the first while data is read, the network is built or the model is
    scored: `suite resume` does that again.
    """
    requested = False

    def request(number: int, frame: FrameType | None) -> None:
        nonlocal requested
        if requested or not display.stops_after:
            signal.default_int_handler(number, frame)
        requested = True
        display.console.print(f"\nstopping after {display.stops_after} (Ctrl-C again: at once) ...")

    before = {number: signal.signal(number, request) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: requested
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def progress_line(progress: Progress) -> str:
    """A line with everything that people look for while they wait."""
    words = [
        f"epoch {progress.epoch}/{progress.epochs}",
        f"step {progress.step}/{progress.steps}",
        f"loss {_loss(progress.loss)}",
        f"lr {short(progress.learning_rate, 2)}",
    ]
    if progress.items_per_second:
        words += [
            f"{progress.items_per_second:,.0f}/s",
            f"waiting {progress.waiting:.0%}",
            f"{duration(progress.seconds_left)} left",
        ]
    if progress.best is not None:
        words.append(f"best {progress.metric} {progress.best:.4f}")
    return "  ".join(words)


def _listed(options: Any) -> str:
    return ", ".join(f"{name} {_short(value)}" for name, value in options.items())


def _short(value: Any) -> str:
    return short(value) if isinstance(value, float) else str(value)


def _data_text(tables: Mapping[str, Any], counts: str) -> str:
    data, loader = tables["data"], tables["loader"].get("name")
    if tables.get("sample"):
        data = f"the sample of the task '{tables['task']}'"
    return f"{data}: {counts}{f' (loader {loader})' if loader else ''}".removeprefix(": ")


def _data_facts(facts: Mapping[str, Any]) -> dict[str, str]:
    """A row for each fact that is a list of names, a word, or true: "classes", "2: cat, dog"."""
    rows = {}
    for name, value in facts.items():
        if isinstance(value, list | tuple) and value and all(isinstance(item, str) for item in value):
            rows[name] = f"{len(value):,}: {some(value, _MAX_NAMES, quoted=False)}"
        elif isinstance(value, str) and value:
            rows[name] = value
        elif value is True:
            rows[name] = "yes"
    return {name.replace("_", " "): text for name, text in rows.items()}


def _loss(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1e4 else short(value)
