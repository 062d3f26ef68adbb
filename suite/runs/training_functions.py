"""What a program calls to train: train, cross_validate, resume; the rest is in `functions`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, overload

from suite.data.dataset import Dataset
from suite.errors import UserError
from suite.host import Host
from suite.options import parse
from suite.runs.arguments import Named, Options, Several, by_name, configuration_of, host_of, path_of
from suite.runs.resuming import Resumption
from suite.runs.run import Run
from suite.stopping import Stop, stoppable
from suite.training.progress import Listener
from suite.training_options import RuntimeOptions

if TYPE_CHECKING:
    from suite.runs.folds import Folds


def train(
    task: str,
    data: str | Path | Dataset,
    *,
    model: Named | None = None,
    loader: Named | None = None,
    epochs: int | None = None,
    training: Options | None = None,
    split: Options | None = None,
    runtime: Options | None = None,
    evaluators: Several = (),
    init: str | Path | None = None,
    pretrained: str | None = None,
    log: Several = (),
    out: str | Path | None = None,
    host: Host | None = None,
    listener: Listener | None = None,
    stop: Stop | None = None,
) -> Run:
    """Train a model on data, score it and report, as `suite train` does.

        run = suite.train("TASK", "photos", model={"width": 8}, epochs=20, out="runs/photos")
        run.metrics["test"]["accuracy"]

    Args:
        task: the task's name, as `suite tasks` lists it.
        data: a folder, an archive or a file; or a data set in memory, see `suite.Dataset.of`.
        model: the model builder; None takes the task's default.
        loader: reads `data`; None lets the data decide.
        epochs: passes over the training examples; None takes what suits the model.
        training: options of the table `[training]`: `{"batch_size": 8, "learning_rate": 1e-4}`.
        split: how splits are made that the data does not have, the table `[split]`.
        runtime: backend, device, precision and limits, the table `[runtime]`.
        evaluators: names of evaluators that score beside the task's own, or options of evaluators by name.
        init: a run whose weights to start from.
        pretrained: the name of weights to start from that somebody else trained; "auto" for those on this
            machine that suit the data best.
        log: listeners of plugins that show the training elsewhere.
        out: the run directory, which must not exist or be empty; None makes one in `runs/`.
        host: has the plugins; None takes those that are installed.
        listener: hears of every step, epoch and note, in this thread. What it raises ends the training.
        stop: is asked after each step, and while data is read and scored.

    Returns:
        The run: its `path`, `metrics` (the content of `metrics.json`), `history()` and `configuration`.
        `suite.load(run.path)` predicts with its model.

    Raises:
        suite.UserError: for what the caller can put right, with a sentence that says what to do.
        suite.StoppedError: if `stop` said so; its `run` is what `suite.resume` goes on with.
        suite.RunError: if the training failed: it diverged, the disk is full.
        suite.PluginError: if a plugin broke its contract.
    """
    from suite.runs.train import train as train_run

    host = host_of(host)
    configuration, dataset = configuration_of(
        host, task, data, model, loader, epochs, training, split, runtime, evaluators, init, pretrained, log
    )
    with stoppable(stop, "the training") as asked:
        return train_run(
            host,
            configuration,
            out=None if out is None else Path(out),
            dataset=dataset,
            listener=listener,
            stop=asked,
        )


def cross_validate(
    task: str,
    data: str | Path | Dataset,
    folds: int,
    *,
    model: Named | None = None,
    loader: Named | None = None,
    epochs: int | None = None,
    training: Options | None = None,
    split: Options | None = None,
    runtime: Options | None = None,
    evaluators: Several = (),
    init: str | Path | None = None,
    pretrained: str | None = None,
    log: Several = (),
    out: str | Path | None = None,
    host: Host | None = None,
    listener: Listener | None = None,
    stop: Stop | None = None,
) -> Folds:
    """Train and score a run for each fold of the data, as `suite train --folds` does.

    Args:
        task: the task's name.
        data: as for `train`, as are all that follow.
        folds: at least 2. Each fold is the test split of one run.
        model: the model builder.
        loader: reads `data`.
        epochs: of each fold.
        training: options of the table `[training]`.
        split: options of the table `[split]`.
        runtime: options of the table `[runtime]`.
        evaluators: that score beside the task's own.
        init: a run whose weights each fold starts from.
        pretrained: the name of weights that each fold starts from.
        log: listeners of plugins, one for each fold.
        out: the directory of all folds.
        host: has the plugins.
        listener: hears of it.
        stop: says whether to stop.

    Returns:
        The folds: their `path`, `runs`, and `metrics` with the mean and the standard deviation of each score.
    """
    from suite.runs.folds import train_folds

    table = {**(split or {}), "folds": folds}
    host = host_of(host)
    configuration, dataset = configuration_of(
        host, task, data, model, loader, epochs, training, table, runtime, evaluators, init, pretrained, log
    )
    with stoppable(stop, "the cross-validation") as asked:
        return train_folds(
            host,
            configuration,
            out=None if out is None else Path(out),
            dataset=dataset,
            listener=listener,
            stop=asked,
        )


@overload
def resume(
    run: str | Path | Run,
    *,
    data: str | Path | Dataset | None = None,
    epochs: int | None = None,
    learning_rate: float | None = None,
    devices: int | str | None = None,
    workers: int | None = None,
    log: Several = (),
    host: Host | None = None,
    listener: Listener | None = None,
    stop: Stop | None = None,
) -> Run: ...


@overload
def resume(
    run: Folds,
    *,
    data: Dataset | None = None,
    host: Host | None = None,
    listener: Listener | None = None,
    stop: Stop | None = None,
) -> Folds: ...


def resume(
    run: str | Path | Run | Folds,
    *,
    data: str | Path | Dataset | None = None,
    epochs: int | None = None,
    learning_rate: float | None = None,
    devices: int | str | None = None,
    workers: int | None = None,
    log: Several = (),
    host: Host | None = None,
    listener: Listener | None = None,
    stop: Stop | None = None,
) -> Run | Folds:
    """Go on with a training that was stopped or killed, exactly where its newest checkpoint is.

    Args:
        run: the run, or its directory; `suite.Folds(path)` goes on with a cross-validation.
        data: where the data is now, if it has moved; the data set itself, if it was in memory.
        epochs: train for so many more epochs, also after the end.
        learning_rate: the peak of the schedule of these epochs; None for that of the run.
        devices: on how many it goes on, or "all"; None for as many as before.
        workers: in how many processes of this machine; None for as many as before.
        log: further listeners of plugins. Those of the run go on with what they wrote.
        host: has the plugins; None takes those that are installed.
        listener: hears of every step, epoch and note, as for `train`.
        stop: is asked after each step, and while data is read and scored.

    Raises:
        suite.UserError: if there is no run, it is complete, its data has changed, or it does not fit the
            plugins that are installed now.
        suite.StoppedError: and other errors, as `train`.
    """
    from suite.runs.folds import Folds, resume_folds
    from suite.runs.train import resume as resume_run

    dataset = data if isinstance(data, Dataset) else None
    if isinstance(run, Folds):
        if (data, epochs, learning_rate, devices, workers, log) != (dataset, None, None, None, None, ()):
            raise UserError("the folds of a cross-validation go on as they were begun: without options")
        with stoppable(stop, "the cross-validation") as asked:
            return resume_folds(host_of(host), run.path, dataset=dataset, listener=listener, stop=asked)
    given = {"devices": devices, "workers": workers}
    machine = {name: value for name, value in given.items() if value is not None}
    parse(RuntimeOptions, machine, "suite.resume")
    how = Resumption(
        data=None if data is None or isinstance(data, Dataset) else str(data),
        epochs=epochs,
        learning_rate=learning_rate,
        log=by_name(log),
        machine=machine,
    )
    with stoppable(stop, "the training") as asked:
        return resume_run(
            host_of(host), path_of(run), how=how, dataset=dataset, listener=listener, stop=asked
        )
