"""`suite evaluate RUN [DATA]`: how good a run's model, or predictions from anywhere, are on data."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from suite.cli.main import host_from
from suite.cli.repetition import repeating_command
from suite.cli.runtimes import RUNTIME_HELP
from suite.cli.unknown_options import keys_of_evaluation
from suite.errors import UserError, nearest
from suite.shown_addresses import with_addresses

if TYPE_CHECKING:
    from suite.runs.evaluate import Outcome

_SPLITS = ("test", "validation", "train")
_REPEATED = ("model", "runtime", "split", "predictions", "loader", "evaluator")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words and options of the command."""
    parser.add_argument("run", metavar="RUN", help="a run directory, or an export in one")
    parser.add_argument(
        "data", metavar="DATA", nargs="?", help="other data to score (default: the run's own test split)"
    )
    parser.add_argument(
        "--model", metavar="FOLDER", help="score this export of the run in the place of its model"
    )
    parser.add_argument(
        "--split",
        metavar="NAME",
        help="test, validation or train (default: test, or all of data that has no splits)",
    )
    parser.add_argument(
        "--predictions",
        metavar="FILE",
        help='score these predictions instead: JSON lines {"id", "prediction"}, matched with DATA by id;'
        ' without DATA each line has its "target" too',
    )
    parser.add_argument(
        "--loader", metavar="NAME", help="the data loader (default: found by looking at the data)"
    )
    parser.add_argument(
        "--evaluator",
        metavar="NAME",
        action="append",
        help="score with this evaluator too, beside those of the run (repeatable)",
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="an option of the loader, an evaluator or the prediction: loader.KEY=...,"
        " evaluators.NAME.KEY=..., prediction.KEY=...; or a limit, runtime.max_input_gb=... (repeatable)",
    )
    parser.add_argument(
        "--out", metavar="FOLDER", help="where to write (default: a new one in RUN/evaluations)"
    )
    parser.add_argument("--json", action="store_true", help="print the content of metrics.json")
    parser.add_argument("--backend", default="auto", help="tensorflow, jax or torch (default: as trained)")
    parser.add_argument("--device", default="auto", help="cpu, gpu or gpu:N")
    parser.add_argument("--runtime", help=RUNTIME_HELP)


settable = keys_of_evaluation
"""What `--set` takes, for the message about an option that there is not."""


def run(arguments: argparse.Namespace) -> int:
    """Score, and show it."""
    from pathlib import Path

    from suite.configuration import apply_settings
    from suite.runs.chosen_examples import Request
    from suite.runs.evaluate import evaluate

    host = host_from(arguments)
    settings = apply_settings(
        {},
        arguments.set,
        ("loader", "evaluators", "prediction", "runtime"),
        lambda: keys_of_evaluation(host, [arguments.run]),
    )
    if arguments.loader and arguments.data is None:
        raise UserError("--loader is for DATA, and no DATA is named")
    if settings.get("loader") and arguments.data is None:
        raise UserError("--set loader... is for DATA, and no DATA is named")
    request = Request(
        run=Path(arguments.run),
        model=Path(arguments.model) if arguments.model else None,
        data=arguments.data,
        split=_split(arguments.split),
        predictions=Path(arguments.predictions) if arguments.predictions else None,
        loader=arguments.loader,
        loader_options=settings.get("loader", {}),
        evaluators=tuple(arguments.evaluator or ()),
        evaluator_options=_checked(settings.get("evaluators", {})),
        prediction_options=settings.get("prediction", {}),
        limits=settings.get("runtime", {}),
        out=Path(arguments.out) if arguments.out else None,
        backend=arguments.backend,
        device=arguments.device,
        runtime=arguments.runtime or "auto",
        command=repeating_command(
            "evaluate", filter(None, (arguments.run, arguments.data)), arguments, _REPEATED
        ),
    )
    _show(evaluate(host, request, _listener()), as_json=arguments.json)
    return 0


def _split(name: str | None) -> str | None:
    if name not in (None, *_SPLITS):
        raise UserError(f"--split {name}: {nearest(str(name), _SPLITS)}")
    return name


def _checked(evaluators: dict[str, Any]) -> dict[str, dict[str, Any]]:
    for name, options in evaluators.items():
        if not isinstance(options, dict):
            raise UserError(f"--set evaluators.{name}={options}: the form is evaluators.NAME.KEY=VALUE")
    return evaluators


def _listener() -> Any:
    from suite.training.progress import Listener

    class Phases(Listener):
        """Shows on the error stream what is being done, if that is a terminal."""

        def phase(self, text: str) -> None:
            if sys.stderr.isatty():
                print(f"{text} ...", file=sys.stderr)

    return Phases()


def _show(outcome: Outcome, *, as_json: bool) -> None:
    from suite.cli.scores_text import scores_text
    from suite.cli.tables import json_text

    metrics = outcome.metrics
    if as_json:
        print(json_text({**metrics, "folder": str(outcome.folder)}))
        return
    print(scores_text(metrics, outcome.task.metric, outcome.declared, outcome.split))
    for note in metrics["notes"]:
        print(f"note: {note}")
    print(with_addresses(f"report: {outcome.folder / 'report.html'}"))
