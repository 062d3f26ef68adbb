"""`suite train TASK DATA`, or `suite train CONFIG.toml`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from suite.cli.clusters import add_cluster_argument, check_cluster, follow_unless_first
from suite.cli.main import host_from
from suite.cli.repetition import repeating_command
from suite.cli.unknown_options import keys_of_task
from suite.errors import UserError

_FLAGS = {
    "loader": ("loader", "name"),
    "model": ("model", "name"),
    "epochs": ("training", "epochs"),
    "batch_size": ("training", "batch_size"),
    "folds": ("split", "folds"),
    "seed": ("training", "seed"),
    "learning_rate": ("training", "learning_rate"),
    "steps_per_execution": ("training", "steps_per_execution"),
    "backend": ("runtime", "backend"),
    "device": ("runtime", "device"),
    "precision": ("runtime", "precision"),
    "devices": ("runtime", "devices"),
    "workers": ("runtime", "workers"),
}
"""Which flag sets which key of the configuration."""

_REPEATED = ("sample", "evaluator", "log", "init", "pretrained", "cluster")
"""Other options that the command in a report has."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words and options of the command."""
    parser.usage = "suite train TASK DATA [options]   or   TASK --sample   or   CONFIG.toml"
    parser.add_argument(
        "words", nargs="+", metavar="TASK DATA", help="the task, and a folder, archive or file with its data"
    )
    parser.add_argument(
        "--sample",
        action="store_true",
        help="train on the made-up examples of the task, without DATA",
    )
    parser.add_argument("--out", metavar="FOLDER", help="the run directory (default: runs/<data>)")
    parser.add_argument("--init", metavar="RUN", help="start from the weights of another run")
    parser.add_argument(
        "--pretrained",
        nargs="?",
        const="auto",
        metavar="NAME",
        help="start from weights that somebody else trained: a name (which may be downloaded), or a folder or"
        " file; without NAME those on this machine that suit the data best",
    )
    choice = parser.add_argument_group("model and data (anything you leave out is chosen from the data)")
    choice.add_argument("--model", metavar="NAME", help="the model builder; 'suite show TASK' lists them")
    choice.add_argument(
        "--loader", metavar="NAME", help="the data loader (default: found by looking at the data)"
    )
    choice.add_argument(
        "--evaluator",
        metavar="NAME",
        action="append",
        help="score with this evaluator too, beside those of the task (repeatable)",
    )
    choice.add_argument("--epochs", metavar="N", help="passes over the training examples")
    choice.add_argument("--batch-size", metavar="N", help="examples per step")
    choice.add_argument("--learning-rate", metavar="X", help="peak of the learning-rate schedule")
    choice.add_argument(
        "--folds", metavar="N", help="cross-validation: a run for each of N folds, and their mean and spread"
    )
    choice.add_argument(
        "--seed", metavar="N", help="random seed of weights, order and augmentation (default: 0)"
    )
    choice.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="any other option: training.ema=0.99, model.dropout=0.2, loader.KEY=..., split.test=0.2,"
        " lists with commas (repeatable); 'suite show TASK NAME' lists those of a model or loader,"
        " 'suite show training' the rest",
    )
    choice.add_argument(
        "--log",
        metavar="NAME",
        action="append",
        help="show the training elsewhere too, with a listener of a plugin (repeatable); 'suite plugins'"
        " lists them, --set log.NAME.KEY=... sets its options",
    )
    machine = parser.add_argument_group("machine")
    machine.add_argument("--backend", metavar="NAME", help="tensorflow (default), jax or torch")
    machine.add_argument("--device", metavar="NAME", help="cpu, gpu or gpu:N (default: a GPU if any)")
    machine.add_argument("--precision", metavar="NAME", help="float32, mixed_bfloat16 or mixed_float16")
    machine.add_argument(
        "--devices",
        metavar="N",
        help="train on N devices together, or 'all' of this machine (JAX); a batch is divided among them",
    )
    machine.add_argument(
        "--workers", metavar="N", help="in N processes of this machine that train together (JAX)"
    )
    add_cluster_argument(machine)
    machine.add_argument("--steps-per-execution", metavar="N", help="steps in a single call of the backend")


settable = keys_of_task
"""What `--set` takes, for the message about an option that there is not."""


def run(arguments: argparse.Namespace) -> int:
    """Train, and show it."""
    from pathlib import Path

    from suite.cli.training_display import TrainingDisplay, stop_on_interrupt
    from suite.configuration import from_mapping

    host = host_from(arguments)
    check_cluster(arguments.cluster)
    command = repeating_command("train", arguments.words, arguments, (*_FLAGS, *_REPEATED))
    ray_workers = None
    if arguments.cluster == "ray":
        from suite.ray_machines import RayWorkers
        from suite.runs.ray_cluster import train_on_ray

        ray_workers = RayWorkers.parse(arguments.workers)
        arguments.workers = None  # of the cluster, and not of each machine
    document, where = _document(arguments, lambda: keys_of_task(host, arguments.words))
    from suite.runs.evaluators import with_evaluators
    from suite.runs.folds import train_folds
    from suite.runs.train import train

    configuration = with_evaluators(host, from_mapping(document, where), arguments.evaluator or ())
    if arguments.cluster == "auto":
        follow_unless_first(configuration.runtime, host)
    with TrainingDisplay(resumed=False) as display, stop_on_interrupt(display) as stop:
        out = Path(arguments.out) if arguments.out else None
        if ray_workers is not None:
            finished = train_on_ray(
                host,
                configuration,
                workers=ray_workers,
                out=out,
                command=command,
                listener=display,
                stop=stop,
            )
            folds = None
        elif configuration.split.folds and not configuration.split.fold:
            folds = train_folds(host, configuration, out=out, command=command, listener=display, stop=stop)
        else:
            finished = train(host, configuration, out=out, command=command, listener=display, stop=stop)
            folds = None
    if folds is not None:
        display.show_folds(folds, host)
    else:
        display.show_result(finished, host)
    return 0


def _document(
    arguments: argparse.Namespace, others: Callable[[], Sequence[str]]
) -> tuple[dict[str, Any], str]:
    from pathlib import Path

    from suite.configuration import apply_settings, read_toml
    from suite.options import parse_value

    words = arguments.words
    if len(words) == 1 and words[0].endswith(".toml"):
        document, where = read_toml(Path(words[0])), words[0]
    elif arguments.sample and len(words) == 1:
        document, where = {"task": words[0], "data": "", "sample": True}, "the command line"
    elif arguments.sample and len(words) == 2:
        raise UserError(f"--sample takes the place of the data: leave out '{words[1]}'")
    elif len(words) == 2:
        document, where = {"task": words[0], "data": words[1]}, "the command line"
    elif len(words) == 1:
        taken = arguments.pretrained not in (None, "auto")
        hint = f" (--pretrained took '{arguments.pretrained}' for its NAME: put it last)" if taken else ""
        raise UserError(
            f"the data is missing: suite train {words[0]} DATA, or --sample for made-up examples"
            f"   ('suite tasks' lists the tasks){hint}"
        )
    else:
        raise UserError(
            f"suite train takes a task and its data, or a CONFIG.toml; these are {len(words)} words:"
            f" {' '.join(words)}"
        )
    settings = list(arguments.set)
    for flag, (table, key) in _FLAGS.items():
        value = getattr(arguments, flag)
        if value is not None:
            document = dict(document)
            section = document.get(table)
            document[table] = {**(section if isinstance(section, dict) else {}), key: parse_value(value)}
    if arguments.pretrained:
        document = {**document, "pretrained": arguments.pretrained}
    if arguments.init:
        document = {**document, "init": arguments.init}
    if arguments.log:
        table = document.get("log", {})
        named: dict[str, dict[str, Any]] = {name: {} for name in arguments.log}
        document = {**document, "log": {**named, **table} if isinstance(table, dict) else table}
    return apply_settings(document, settings, others=others), where
