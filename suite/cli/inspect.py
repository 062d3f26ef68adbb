"""`suite inspect TASK DATA`: what the data holds, and what is wrong with it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.cli.main import host_from
from suite.cli.tables import json_text
from suite.cli.unknown_options import keys_of_data
from suite.configuration import apply_settings
from suite.errors import UserError
from suite.limits import set_limits
from suite.options import parse
from suite.training_options import LimitOptions

if TYPE_CHECKING:
    from rich.console import Console

    from suite.contributions import Contributed, Task
    from suite.data.dataset import Dataset
    from suite.data.findings import Finding, Inspection
    from suite.figures import Table

_MAX_ROWS = 40
_MAX_LOCATIONS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Read all of the data, print what it holds and what is wrong with it. The exit status is 1 if"
        " something should be put right."
    )
    parser.add_argument(
        "task", metavar="TASK", help="the task that the data is for; 'suite tasks' lists the tasks"
    )
    parser.add_argument("data", metavar="DATA", nargs="?", help="a folder, an archive or a file")
    parser.add_argument(
        "--sample", action="store_true", help="look at the made-up examples of the task, without DATA"
    )
    parser.add_argument(
        "--loader", metavar="NAME", help="the data loader (default: found by looking at the data)"
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="an option of the loader, loader.KEY=... ('suite show TASK NAME' lists them), or groups=..., as"
        " 'suite train' takes them; or a limit, runtime.max_input_gb=... (repeatable)",
    )
    parser.add_argument(
        "--preview",
        metavar="FILE.html",
        help="write a page with examples as they are read, those that are wrong or odd first",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


settable = keys_of_data
"""What `--set` takes, for the message about an option that there is not."""


def run(arguments: argparse.Namespace) -> int:
    """Inspect, and show it."""
    from suite.data.groups import grouped
    from suite.data.inspection import inspect_dataset
    from suite.data.loading import load_dataset
    from suite.runs.data import sample_of

    host = host_from(arguments)
    options, groups, limits = _options(arguments.set, lambda: keys_of_data(host, [arguments.task]))
    set_limits(limits)
    page = Path(arguments.preview) if arguments.preview else None
    if page is not None:
        from suite.runs.preview import check_preview_path

        check_preview_path(page)
    if arguments.sample == (arguments.data is not None):
        raise UserError(
            f"suite inspect {arguments.task}: give the data, or --sample for the made-up examples of the task"
        )
    task = host.find_task(arguments.task)
    if arguments.sample:
        if arguments.loader or options:
            raise UserError("--sample has no loader: leave out --loader and --set loader...")
        data, loader_name = f"the sample of the task '{task.name}'", "none"
        dataset = grouped(sample_of(task), groups)
    else:
        data = arguments.data
        dataset, loader = load_dataset(host, arguments.task, data, arguments.loader, options, groups)
        loader_name = loader.name
    with _ProgressBar() as progress:
        inspection = inspect_dataset(task, dataset, loader_name, progress, groups)
    if arguments.json:
        print(json_text(_as_json(inspection)))
    else:
        _show(data, inspection)
    if page is not None:
        _preview(page, data, task, dataset, inspection)
    return 1 if inspection.wrong else 0


def _preview(
    page: Path, data: str, task: Contributed[Task], dataset: Dataset, inspection: Inspection
) -> None:
    """Write the page and say where it is; then raise what the task's own preview raised, if it did."""
    from suite.runs.preview import preview, write_preview

    sys.stdout.flush()
    shown = preview(task, dataset, inspection.findings)
    write_preview(page, data, task.name, inspection, shown)
    print(f"\nexamples as read: {page}", file=sys.stderr)
    if shown.defect is not None:
        raise shown.defect


def _options(settings: list[str], keys: Callable[[], list[str]]) -> tuple[dict[str, Any], str, LimitOptions]:
    """The loader's options, by what examples belong together, and what one input may take."""
    tables = apply_settings({}, settings, ("loader", "split", "runtime"), keys)
    split = tables.get("split", {})
    if others := sorted(split.keys() - {"groups"}):
        raise UserError(f"--set split.{others[0]} is for training: of [split], inspect takes groups alone")
    limits = parse(LimitOptions, tables.get("runtime", {}), "[runtime]")
    return tables.get("loader", {}), str(split.get("groups", "")), limits


class _ProgressBar:
    """A bar on the error stream while examples are read, gone when done; nothing if that is no terminal."""

    def __enter__(self) -> _ProgressBar:
        from rich.progress import Progress

        from suite.cli.console import VisibleConsole

        self._bar = Progress(console=VisibleConsole(stderr=True), transient=True)
        self._bar.disable = not self._bar.console.is_terminal
        self._task = self._bar.add_task("reading", total=None)
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total)


def _as_json(inspection: Inspection) -> dict[str, Any]:
    return {
        "wrong": inspection.wrong,
        "numbers": dict(inspection.numbers),
        "findings": [
            {"text": finding.text, "wrong": finding.wrong, "locations": list(finding.locations)}
            for finding in inspection.findings
        ],
        "tables": [
            {"title": table.title, "columns": list(table.columns), "rows": [list(row) for row in table.rows]}
            for table in inspection.tables
        ],
    }


def _show(data: str, inspection: Inspection) -> None:
    from suite.cli.console import VisibleConsole

    console = VisibleConsole(stderr=False, highlight=False, markup=False, emoji=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = 200  # whoever reads the lines later wants them complete
    console.print(data, style="bold")
    numbers = [f"{name} {_number(value)}" for name, value in inspection.numbers.items()]
    console.print(", ".join(numbers))
    for table in inspection.tables:
        _show_table(console, table)
    for wrong, heading in ((False, "Worth a look"), (True, "Wrong")):
        findings = [finding for finding in inspection.findings if finding.wrong == wrong]
        if findings:
            console.print(f"\n{heading}", style="bold red" if wrong else "bold yellow")
            for finding in findings:
                _show_finding(console, finding)
    if not inspection.wrong:
        console.print("\nNothing is wrong.", style="bold green")


def _show_table(console: Console, table: Table) -> None:
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for number, column in enumerate(table.columns):
        texts = all(isinstance(row[number], str) for row in table.rows)
        shown.add_column(Text(column), justify="left" if texts and number == 0 else "right", overflow="fold")
    rows = list(table.rows)
    for row in rows if len(rows) <= _MAX_ROWS else rows[: _MAX_ROWS - 1]:
        shown.add_row(*(Text(_number(cell)) for cell in row))
    console.print(f"\n{table.title}", style="bold")
    console.print(shown)
    if len(rows) > _MAX_ROWS:
        console.print(f"and {len(rows) - _MAX_ROWS + 1:,} more (--json has all)", style="dim")
    if table.caption:
        console.print(table.caption, style="dim")


def _show_finding(console: Console, finding: Finding) -> None:
    console.print(f"  {finding.text}")
    for location in finding.locations[:_MAX_LOCATIONS]:
        console.print(f"    {location}", style="dim")
    if len(finding.locations) > _MAX_LOCATIONS:
        console.print(
            f"    and {len(finding.locations) - _MAX_LOCATIONS:,} more (--json has all)", style="dim"
        )


def _number(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
