"""What a program calls to evaluate, predict, export and inspect, with plain arguments.

Each is a use case of the host behind a signature: what `suite COMMAND` does, without a command line. They
print nothing: what happens is logged below the logger "suite", and a `suite.Listener` hears of it.
`host=None` takes the installed plugins. `stop` is a `threading.Event`, or a function that says whether to
stop, which any thread may set while another one works; it then ends with a `suite.StoppedError`.

An option has the name that it has in `config.toml` and after `--set`: the table `[model]` is
`model={"name": "residual", "width": 8}`. What trains is in `training_functions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from suite.data.dataset import Dataset
from suite.errors import UserError
from suite.host import Host
from suite.limits import limited
from suite.prediction.results import OnError
from suite.runs.arguments import Named, Options, Several, by_name, host_of, named, path_of
from suite.runs.chosen_examples import Request
from suite.runs.run import Run
from suite.stopping import Stop, stoppable
from suite.training.progress import Listener

if TYPE_CHECKING:
    from suite.conversion.export import Export
    from suite.data.findings import Inspection
    from suite.runs.evaluate import Outcome


def evaluate(
    run: str | Path | Run,
    data: str | Path | Dataset | None = None,
    *,
    model: str | Path | None = None,
    split: str | None = None,
    predictions: str | Path | None = None,
    loader: Named | None = None,
    evaluators: Several = (),
    options: Options | None = None,
    limits: Mapping[str, float] | None = None,
    backend: str = "auto",
    device: str = "auto",
    runtime: str = "auto",
    out: str | Path | None = None,
    host: Host | None = None,
    listener: Listener | None = None,
    stop: Stop | None = None,
) -> Outcome:
    """Score a run's model, or predictions from anywhere, on data, as `suite evaluate` does.

    Args:
        run: the run, or its directory.
        model: an export of the run, to score in the place of its model.
        data: other data to score; None for what the run did not learn from, its test split.
        split: "test", "validation" or "train"; None takes the test split, or all of data without splits.
        predictions: a file of predictions to score instead of predicting.
        loader: reads `data`; None lets the data decide.
        evaluators: names of evaluators that score beside those of the run, which may be installed since, or
            options of evaluators by name.
        options: of the prediction, as `suite show TASK BUILDER` lists them.
        limits: on what one input may take, as for `suite.limited`.
        backend: for the network; "auto" takes what the run was trained with.
        device: "auto", "cpu", "gpu" or "gpu:N".
        runtime: for an exported network, as for `suite.load`.
        out: the folder to write; None makes one in the run.
        host: has the plugins; None takes those that are installed.
        listener: hears of the phases.
        stop: is asked while examples are read, predicted and scored.

    Returns:
        The scores: `outcome.scores["accuracy"]`, `outcome.metrics` with intervals and the baseline, and the
        `folder` with the report and the predictions.

    Raises:
        suite.UserError: for what is wrong with the run, the data, the predictions or the options.
        suite.StoppedError: if `stop` said so; nothing is written.
        suite.PluginError: if a plugin broke its contract.
    """
    from suite.runs.evaluate import evaluate as evaluate_run

    table = named(loader)
    request = Request(
        run=path_of(run),
        model=None if model is None else Path(model),
        data=None if data is None or isinstance(data, Dataset) else str(data),
        dataset=data if isinstance(data, Dataset) else None,
        split=split,
        predictions=None if predictions is None else Path(predictions),
        loader=table.pop("name", None),
        loader_options=table,
        evaluators=tuple(by_name(evaluators)),
        evaluator_options=by_name(evaluators),
        prediction_options=options or {},
        limits=limits or {},
        out=None if out is None else Path(out),
        backend=backend,
        device=device,
        runtime=runtime,
    )
    with stoppable(stop, "the evaluation"):
        return evaluate_run(host_of(host), request, listener)


@overload
def predict(
    model: str | Path | Run,
    x: list[Any] | tuple[Any, ...] | Iterator[Any],
    *,
    options: Options | None = None,
    limits: Mapping[str, float] | None = None,
    on_error: OnError = "raise",
    batch_size: int = 32,
    backend: str = "auto",
    device: str = "auto",
    runtime: str = "auto",
    host: Host | None = None,
    stop: Stop | None = None,
) -> list[Any]: ...


@overload
def predict(
    model: str | Path | Run,
    x: Any,
    *,
    options: Options | None = None,
    limits: Mapping[str, float] | None = None,
    on_error: OnError = "raise",
    batch_size: int = 32,
    backend: str = "auto",
    device: str = "auto",
    runtime: str = "auto",
    host: Host | None = None,
    stop: Stop | None = None,
) -> Any: ...


def predict(
    model: str | Path | Run,
    x: Any,
    *,
    options: Options | None = None,
    limits: Mapping[str, float] | None = None,
    on_error: OnError = "raise",
    batch_size: int = 32,
    backend: str = "auto",
    device: str = "auto",
    runtime: str = "auto",
    host: Host | None = None,
    stop: Stop | None = None,
) -> Any:
    """Predict with a run's model or an exported one: load it, predict, let go of it.

    A program that predicts more than once keeps the model: `with suite.load(model) as pipeline: ...`.

    Args:
        model: a run, its directory, a model folder, or what `export` wrote.
        x: an input (a path, bytes, an array, a text: `suite show TASK --types` says it), or a list, a tuple
            or an iterator of inputs.
        options: of the prediction, as `suite show TASK BUILDER` lists them.
        limits: on what one input may take, as for `suite.limited`.
        on_error: what to do with an input that cannot be read: "raise" its error, or "return" it in the
            place of its prediction.
        batch_size: how many examples run at a time.
        backend: for a network of Keras.
        device: "auto", "cpu", "gpu" or "gpu:N", for a network of Keras.
        runtime: for an exported network, as for `suite.load`.
        host: has the plugins; None takes those that are installed.
        stop: is asked between batches.

    Returns:
        The prediction, of the task's prediction type, or a list of them.

    Raises:
        suite.InputError: if an input cannot be read, unless such errors are returned.
        suite.UserError: if there is no model, or an option is wrong.
        suite.StoppedError: if `stop` said so.
    """
    from suite.prediction.loading import load

    with stoppable(stop, "the prediction"):
        pipeline = load(
            path_of(model),
            host=host,
            backend=backend,
            device=device,
            runtime=runtime,
            batch_size=batch_size,
            options=options,
            limits=limits,
        )
        with closing(pipeline):
            return pipeline.predict(x, on_error=on_error)


def export(
    run: str | Path | Run,
    *,
    out: str | Path | None = None,
    format: str = "onnx",  # noqa: A002 - as on the command line
    precision: str = "float32",
    verify: bool = True,
    tolerance: float | None = None,
    data: Dataset | None = None,
    host: Host | None = None,
    stop: Stop | None = None,
) -> Export:
    """Write a run's model for use without Keras, run the written file, compare it with Keras and score it.

    Args:
        run: the run, its directory, or a model folder.
        out: the folder to write, which appears only if everything agrees, and replaces an earlier export;
            None takes `export` in the run, `export-FORMAT` for another format than ONNX and
            `export-PRECISION` for another precision than float32.
        format: "onnx", "litert", "openvino" or "saved-model".
        precision: "float32", or for ONNX "float16" or "int8".
        verify: whether to score the written file and Keras's network on the run's validation split.
        tolerance: the points of the task's metric by which it may score less than Keras's network; None
            allows practically nothing in float32, and in int8 0.01 of a share or 2 % of another metric.
        data: the run's data, if it was in memory: examples to compare and score on. Without, it is compared
            on the task's made-up examples, and not scored.
        host: has the plugins; None takes those that are installed.
        stop: is asked while it converts and compares.

    Returns:
        The `folder`, which `suite.load` reads, and how closely it agrees.

    Raises:
        suite.UserError: if there is nothing to export, a package is missing, the format cannot hold the
            network, or `out` is something else.
        suite.RunError: if the network cannot be converted, or the written file predicts something else or
            scores less.
        suite.StoppedError: if `stop` said so; nothing is written.
    """
    from suite.runs.export import export as export_run

    with stoppable(stop, "the export"):
        return export_run(
            path_of(run),
            out=out,
            format=format,
            precision=precision,
            verify=verify,
            tolerance=tolerance,
            host=host_of(host),
            dataset=data,
        )


def inspect(
    task: str,
    data: str | Path | Dataset,
    *,
    loader: Named | None = None,
    groups: str = "",
    limits: Mapping[str, float] | None = None,
    host: Host | None = None,
    stop: Stop | None = None,
) -> Inspection:
    """Read all of the data and say what it holds and what is wrong with it, as `suite inspect` does.

    Args:
        task: the task's name.
        data: a folder, an archive or a file; or a data set in memory.
        loader: reads `data`; None lets the data decide.
        groups: a column, or a pattern of examples' names: what belongs together.
        limits: on what one input may take, as for `suite.limited`.
        host: has the plugins; None takes those that are installed.
        stop: is asked between examples.

    Returns:
        The inspection: `numbers`, `tables`, and `findings`, each with a sentence; `wrong` says whether
        something should be put right.

    Raises:
        suite.UserError: if the data cannot be loaded at all.
        suite.StoppedError: if `stop` said so.
        suite.PluginError: if a plugin broke its contract.
    """
    from suite.data.checks import check_dataset
    from suite.data.groups import grouped
    from suite.data.inspection import inspect as inspect_data
    from suite.data.inspection import inspect_dataset
    from suite.data.loading import checked

    host = host_of(host)
    table = named(loader)
    with stoppable(stop, "the inspection"), limited(**limits) if limits else nullcontext():
        if isinstance(data, Dataset):
            inspected = host.find_task(task)
            check_dataset(data, "the program", UserError)
            return inspect_dataset(inspected, grouped(checked(data, inspected), groups), "", groups=groups)
        return inspect_data(host, task, data, table.pop("name", None), table, groups=groups)
