"""`suite verify PATH`: whether the files of a run, an export or a checkpoint are damaged."""

from __future__ import annotations

import argparse
from pathlib import Path

from suite.cli.tables import aligned, json_text
from suite.wording import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words and options of the command."""
    parser.add_argument(
        "path", metavar="RUN|EXPORT|CHECKPOINT", help="a run, a model folder, an export, or a checkpoint"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(arguments: argparse.Namespace) -> int:
    """Compare every file with its checksum, and say which are damaged; 1 if one is."""
    from suite.runs.verify import verify

    files = verify(Path(arguments.path))
    damaged = [file for file in files if file.problem]
    if arguments.json:
        rows = [{"path": str(file.path), "how": file.how, "problem": file.problem} for file in files]
        print(json_text(rows))
        return 1 if damaged else 0
    print(aligned([("DAMAGED" if file.problem else "whole", file.how, str(file.path)) for file in files]))
    for file in damaged:
        print(f"\n{file.problem}")
    print(f"\n{counted(len(damaged), 'file is', 'files are')} damaged, of {len(files)}")
    return 1 if damaged else 0
