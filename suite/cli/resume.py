"""`suite resume RUN`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from suite.cli.clusters import add_cluster_argument, check_cluster, follow_unless_first
from suite.cli.main import host_from
from suite.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from suite.runs.resuming import Resumption
    from suite.training_options import RuntimeOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words and options of the command."""
    parser.add_argument("run", metavar="RUN", help="the run directory")
    parser.add_argument(
        "--data", metavar="PATH", help="where the data is now, if it has moved; it must be the same data"
    )
    parser.add_argument(
        "--epochs",
        metavar="N",
        help="train for N more epochs, also after the end, with a new schedule that begins with the last"
        " weights",
    )
    parser.add_argument(
        "--learning-rate", metavar="X", help="peak of that schedule (default: that of the run)"
    )
    parser.add_argument(
        "--devices", metavar="N", help="on how many devices, or 'all' (default: as many as before)"
    )
    parser.add_argument(
        "--workers", metavar="N", help="in how many processes of this machine (default: as many as before)"
    )
    add_cluster_argument(parser)
    parser.add_argument(
        "--log",
        metavar="NAME",
        action="append",
        default=[],
        help="show the training elsewhere too, with a listener of a plugin (repeatable); those that the run"
        " has go on by themselves",
    )


def run(arguments: argparse.Namespace) -> int:
    """Go on with a run, and show it."""
    from pathlib import Path

    from suite.cli.training_display import TrainingDisplay, stop_on_interrupt
    from suite.runs.folds import holds_folds, resume_folds
    from suite.runs.resuming import Resumption
    from suite.runs.train import resume

    host = host_from(arguments)
    check_cluster(arguments.cluster)
    ray_workers = None
    if arguments.cluster == "ray":
        from suite.ray_machines import RayWorkers
        from suite.runs.ray_cluster import resume_on_ray

        ray_workers = RayWorkers.parse(arguments.workers)
        arguments.workers = None  # of the cluster, and not of each machine
    how = _how(arguments)
    if holds_folds(Path(arguments.run)):
        if how != Resumption():
            raise UserError("the folds of a cross-validation go on as they were begun: without options")
        with TrainingDisplay(resumed=True) as display, stop_on_interrupt(display) as stop:
            folds = resume_folds(host, Path(arguments.run), listener=display, stop=stop)
        display.show_folds(folds, host)
        return 0
    if arguments.cluster == "auto":
        follow_unless_first(_runtime(Path(arguments.run), how), host)
    with TrainingDisplay(resumed=True) as display, stop_on_interrupt(display) as stop:
        path = Path(arguments.run)
        if ray_workers is not None:
            finished = resume_on_ray(host, path, workers=ray_workers, how=how, listener=display, stop=stop)
        else:
            finished = resume(host, path, how=how, listener=display, stop=stop)
    display.show_result(finished, host)
    return 0


def _runtime(path: Path, how: Resumption) -> RuntimeOptions:
    """The options with which a run goes on; those of a run elsewhere are not known yet."""
    import msgspec

    from suite.runs.run import Run
    from suite.training_options import RuntimeOptions

    runtime = Run.open(path).configuration.runtime if path.is_dir() else RuntimeOptions()
    return msgspec.structs.replace(runtime, **how.machine)


def _how(arguments: argparse.Namespace) -> Resumption:
    from suite.options import parse, parse_value
    from suite.runs.resuming import Resumption
    from suite.training_options import RuntimeOptions, TrainingOptions

    given = {"epochs": arguments.epochs, "learning_rate": arguments.learning_rate}
    values = {name: parse_value(value) for name, value in given.items() if value is not None}
    options = parse(TrainingOptions, values, "suite resume")
    if "auto" in values.values():
        raise UserError("suite resume: say how many epochs, and which learning rate: --epochs 10")
    given = {"devices": arguments.devices, "workers": arguments.workers}
    machine = {name: parse_value(value) for name, value in given.items() if value is not None}
    parse(RuntimeOptions, machine, "suite resume")
    if arguments.cluster is not None:
        machine = {"devices": "all", "workers": 1, **machine}
    return Resumption(
        data=arguments.data,
        epochs=int(options.epochs) if "epochs" in values else None,
        learning_rate=float(options.learning_rate) if "learning_rate" in values else None,
        log={name: {} for name in arguments.log},
        machine=machine,
    )
