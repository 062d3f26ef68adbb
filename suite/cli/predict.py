"""`suite predict RUN INPUT...`: a line of prediction for each input, or files that show them.

Text that takes several forward passes is printed while it is being written, if inputs are predicted one at a
time: a single input, inputs of a live stream, and all inputs on a terminal.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from suite.cli.main import host_from
from suite.cli.predicting import MAX_EXPLAINED, batch_size_of, predict_to, report_written
from suite.cli.runtimes import RUNTIME_HELP
from suite.cli.unknown_options import keys_of_model
from suite.errors import UserError

if TYPE_CHECKING:
    from suite.contributions import Contributed, Task
    from suite.prediction.predictor import LoadedPipeline
    from suite.prediction.results import Result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", metavar="RUN", help="a run, or a folder that 'suite export' wrote; left out with --server"
    )
    parser.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="*",
        help="files, folders (with all below), archives, globs in quotes, and, if the task has them, texts in"
        " quotes, videos and cameras (0 is the first)",
    )
    parser.add_argument(
        "--json", action="store_true", help='print JSON lines: {"input", "prediction"} or {"input", "error"}'
    )
    parser.add_argument(
        "--out",
        metavar="PATH",
        help="a folder, for predictions.jsonl and what the task shows (images with boxes, say); or a file,"
        " whose ending chooses the format: .csv, .tsv, .json, .jsonl or .txt",
    )
    parser.add_argument(
        "--format", metavar="NAME", help="write --out in a format of the task's; 'suite show TASK' lists them"
    )
    parser.add_argument(
        "--explain",
        metavar="FILE",
        help=f"write a page (.html) that shows why, of the first {MAX_EXPLAINED} inputs: which words or"
        " regions pushed the prediction; slow, for the model predicts many variants of each",
    )
    parser.add_argument(
        "--set",
        metavar="OPTION=VALUE",
        action="append",
        default=[],
        help="an option of the prediction; 'suite show TASK MODEL' lists them; or a limit,"
        " runtime.max_input_gb=... (repeatable)",
    )
    parser.add_argument(
        "--server",
        metavar="URL",
        help="have the model of a server predict ('suite serve' runs one): the inputs are read here and sent"
        " to it",
    )
    parser.add_argument("--model", metavar="NAME", help="which model of --server, if it has several")
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        help="a file with the token that --server asks for; else SUITE_TOKEN of the environment",
    )
    parser.add_argument("--batch-size", type=int, metavar="N", help="inputs at a time")
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="predict in N processes into --out, in the order of the inputs; what is predicted is kept beside"
        " it until the end, so that the same command goes on where it was killed",
    )
    parser.add_argument(
        "--cluster",
        metavar="NAME",
        help="'ray': as --workers, in processes of a Ray cluster, one on each machine or --workers N; all"
        " paths have to lie where all machines see them",
    )
    parser.add_argument("--backend", default="auto", help="tensorflow, jax or torch, for a network of Keras")
    parser.add_argument("--device", default="auto", help="cpu, gpu or gpu:N, for a network of Keras")
    parser.add_argument("--runtime", help=RUNTIME_HELP)


settable = keys_of_model
"""What `--set` takes, for the message about an option that there is not."""


def run(arguments: argparse.Namespace) -> int:
    """Predict, and write the predictions to the sink that the options name."""
    if arguments.server is not None:
        from suite.cli import predict_remotely

        if arguments.workers is not None or arguments.cluster is not None:
            raise UserError("--workers and --cluster are for a model that is here, and not with --server")
        return predict_remotely.run(arguments)
    for option in ("model", "token_file"):
        if getattr(arguments, option) is not None:
            raise UserError(f"--{option.replace('_', '-')} is for a model of --server")
    if not arguments.inputs:
        raise UserError("the following arguments are required: INPUT (see 'suite predict --help')")
    from suite.cli import predict_in_parts
    from suite.cli.prediction_sinks import choose_sink
    from suite.configuration import option_settings, take_limits
    from suite.limits import set_limits
    from suite.pipeline.manifest import unfinished_note
    from suite.prediction.inputs import Inputs
    from suite.prediction.loading import describe, load
    from suite.training_options import MAX_AT_ONCE

    if arguments.batch_size is not None and not 1 <= arguments.batch_size <= MAX_AT_ONCE:
        raise UserError(f"--batch-size {arguments.batch_size} is not allowed: 1 to {MAX_AT_ONCE:,}")
    in_parts = arguments.workers is not None or arguments.cluster is not None
    if in_parts:
        predict_in_parts.check_words(arguments)
    host = host_from(arguments)
    options = option_settings(arguments.set)
    limits = take_limits(options)
    set_limits(limits)
    # Everything that can be wrong with the words is said before seconds go into loading a network.
    described = describe(arguments.run, host=host, options=options)
    note = unfinished_note(described.manifest, Path(arguments.run))
    if note:
        print(f"suite: note: {note}", file=sys.stderr)
    task = described.task
    inputs = Inputs(arguments.inputs, described.codec)
    sink = choose_sink(
        arguments.out,
        arguments.format,
        json=arguments.json,
        task=task,
        codec=described.codec,
        facts=described.manifest.facts,
    )
    page = None if arguments.explain is None else Path(arguments.explain)
    if page is not None:
        _check_page(page, task)
    batch_size = batch_size_of(arguments.batch_size, inputs, sink)

    def loaded() -> LoadedPipeline:
        return load(
            arguments.run,
            host=host,
            backend=arguments.backend,
            device=arguments.device,
            runtime=arguments.runtime or "auto",
            batch_size=batch_size,
            options=options,
        )

    explained: list[Result] = []
    on_result = explained.append if page is not None else lambda result: None
    pipeline = None
    if in_parts:
        done, failed = predict_in_parts.predict_in_parts(
            arguments, described, host, options, limits, inputs, sink, batch_size, on_result
        )
    else:
        pipeline = loaded()
        done, failed = predict_to(sink, pipeline.predict_each, inputs, batch_size, on_result)
    if page is not None and explained:
        sink.written.append(_explain(page, task, pipeline or loaded(), explained, done - failed))
    report_written(sink.written)
    return 1 if failed else 0


def _check_page(page: Path, task: Contributed[Task]) -> None:
    from suite.report.html import check_page_path

    if task.item.explain is None:
        raise UserError(f"--explain: the task '{task.name}' does not explain its predictions")
    check_page_path(page, "--explain")


def _explain(
    page: Path, task: Contributed[Task], pipeline: LoadedPipeline, results: list[Result], predicted: int
) -> Path:
    """Write the page, and say what is missing."""
    from suite.runs.explanations import explain_predictions

    for note in explain_predictions(task, pipeline, results, page):
        print(f"suite: {note}", file=sys.stderr)
    if predicted > len(results):
        print(f"suite: explained the first {len(results)} of {predicted:,} predictions", file=sys.stderr)
    return page
