"""`suite inspect TASK DATA`: what the data holds, and what is wrong with it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from suite.cli.main import host_from
from suite.cli.tables import json_text
from suite.errors import UserError
from suite.options import parse_value

if TYPE_CHECKING:
    from rich.console import Console

    from suite.data.inspection import Finding, Inspection
    from suite.figures import Table

_ROWS = 40
_PLACES = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Read all of the data, print what it holds and what is wrong with it. The exit status is 1 where"
        " something should be put right."
    )
    parser.add_argument("task", metavar="TASK", help="what the data is for; 'suite tasks' lists the tasks")
    parser.add_argument("data", metavar="DATA", help="a folder, an archive or a file")
    parser.add_argument("--loader", metavar="NAME", help="the data loader, where the data does not tell")
    parser.add_argument(
        "--set",
        metavar="loader.KEY=VALUE",
        action="append",
        default=[],
        help="an option of the loader; 'suite show TASK NAME' lists them (repeatable)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(arguments: argparse.Namespace) -> int:
    """Inspect, and show it."""
    from suite.data.inspection import inspect

    host = host_from(arguments)
    options = _loader_options(arguments.set)
    with _ProgressBar() as progress:
        found = inspect(host, arguments.task, arguments.data, arguments.loader, options, progress)
    if arguments.json:
        print(json_text(_as_json(found)))
    else:
        _show(arguments.data, found)
    return 1 if found.wrong else 0


def _loader_options(settings: list[str]) -> dict[str, Any]:
    options = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        table, dot, name = key.partition(".")
        if not equals or not dot or table != "loader":
            raise UserError(f"--set {setting} is not of the form loader.KEY=VALUE")
        options[name] = parse_value(value)
    return options


class _ProgressBar:
    """A bar on stderr while examples are read, gone when done; nothing where stderr is no terminal."""

    def __enter__(self) -> _ProgressBar:
        from rich.console import Console
        from rich.progress import Progress

        self._bar = Progress(console=Console(stderr=True), transient=True)
        self._bar.disable = not self._bar.console.is_terminal
        self._task = self._bar.add_task("reading", total=None)
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total)


def _as_json(found: Inspection) -> dict[str, Any]:
    return {
        "wrong": found.wrong,
        "numbers": dict(found.numbers),
        "findings": [
            {"text": one.text, "wrong": one.wrong, "places": list(one.places)} for one in found.findings
        ],
        "tables": [
            {"title": one.title, "columns": list(one.columns), "rows": [list(row) for row in one.rows]}
            for one in found.tables
        ],
    }


def _show(data: str, found: Inspection) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = 200  # whoever reads the lines later wants them whole
    console.print(data, style="bold")
    numbers = [f"{name} {_number(value)}" for name, value in found.numbers.items()]
    console.print(", ".join(numbers))
    for table in found.tables:
        _show_table(console, table)
    for wrong, heading in ((False, "Worth a look"), (True, "Wrong")):
        listed = [one for one in found.findings if one.wrong == wrong]
        if listed:
            console.print(f"\n{heading}", style="bold red" if wrong else "bold yellow")
            for one in listed:
                _show_finding(console, one)
    if not found.wrong:
        console.print("\nNothing is wrong.", style="bold green")


def _show_table(console: Console, table: Table) -> None:
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for number, column in enumerate(table.columns):
        texts = all(isinstance(row[number], str) for row in table.rows)
        shown.add_column(Text(column), justify="left" if texts and number == 0 else "right", overflow="fold")
    rows = list(table.rows)
    for row in rows if len(rows) <= _ROWS else rows[: _ROWS - 1]:
        shown.add_row(*(Text(_number(cell)) for cell in row))
    console.print(f"\n{table.title}", style="bold")
    console.print(shown)
    if len(rows) > _ROWS:
        console.print(f"and {len(rows) - _ROWS + 1:,} more (--json has all)", style="dim")
    if table.caption:
        console.print(table.caption, style="dim")


def _show_finding(console: Console, finding: Finding) -> None:
    console.print(f"  {finding.text}")
    for place in finding.places[:_PLACES]:
        console.print(f"    {place}", style="dim")
    if len(finding.places) > _PLACES:
        console.print(f"    and {len(finding.places) - _PLACES:,} more (--json has all)", style="dim")


def _number(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
