"""`suite resume RUN`."""

from __future__ import annotations

import argparse

from suite.cli.main import host_from


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words and options of the command."""
    parser.add_argument("run", metavar="RUN", help="the run directory")


def run(arguments: argparse.Namespace) -> int:
    """Go on with a run, and show it."""
    from pathlib import Path

    from suite.cli.training_display import TrainingDisplay, stop_on_interrupt
    from suite.runs.folds import holds_folds, resume_folds
    from suite.runs.train import resume

    host = host_from(arguments)
    if holds_folds(Path(arguments.run)):
        with TrainingDisplay(resumed=True) as display, stop_on_interrupt(display) as stop:
            folds = resume_folds(host, Path(arguments.run), listener=display, stop=stop)
        display.show_folds(folds, host)
        return 0
    with TrainingDisplay(resumed=True) as display, stop_on_interrupt(display) as stop:
        finished = resume(host, Path(arguments.run), listener=display, stop=stop)
    display.show_result(finished, host)
    return 0
