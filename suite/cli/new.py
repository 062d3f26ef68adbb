"""`suite new NAME --kind KIND`: a distribution with a plugin that works, to begin with."""

from __future__ import annotations

import argparse
import shlex

from suite.cli.main import host_from


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words and options of the command."""
    parser.description = (
        "Make a folder suite-NAME with a plugin that works as it stands: its code, a test that makes all"
        " checks, a pyproject.toml, a README and a file for continuous integration."
    )
    parser.add_argument(
        "name", metavar="NAME", help="what is contributed, in lower case with hyphens: stripes, my-format"
    )
    parser.add_argument(
        "--kind", metavar="KIND", required=True, help="what it is: model, format, evaluator or task"
    )
    parser.add_argument("--task", metavar="TASK", help="the task that a model, format or evaluator is for")
    parser.add_argument(
        "--out", metavar="FOLDER", default=".", help="where the folder is made (default: here)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write it, and say what to type next."""
    from pathlib import Path

    from suite.runs.new_plugins import write_new_plugin

    host = host_from(arguments)
    made = write_new_plugin(
        host, arguments.name, arguments.kind, arguments.task, Path(arguments.out).expanduser()
    )
    print(f"made {made.folder}: edit {made.folder / made.files[0]}")
    for file in made.files[1:]:
        print(f"    {file}")
    print("\nnext:")
    folder = str(made.folder)
    print(f"    pip install -e {shlex.quote(f'{folder}[test]')}")
    print(f"    suite check {made.distribution}")
    print(f"    python -m pytest {shlex.quote(folder)}")
    print(f"    {made.command}")
    return 0
