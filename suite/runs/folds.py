"""Cross-validation: a run for each fold of the data, and the scores of all of them with their spread.

DIR/  config.toml folds.json metrics.json predictions.jsonl report.html   fold-1/ fold-2/ ... (a run each)
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import suite
from suite.configuration import Configuration, from_mapping, read_toml
from suite.data.dataset import Dataset, fingerprint
from suite.errors import StoppedError, UserError
from suite.evaluation.metrics import declared_metrics
from suite.evaluation.prediction_files import PREDICTIONS_FILE
from suite.files import atomic_folder, atomic_path, atomic_write
from suite.folders import claimed_folder, claimed_new_folder
from suite.host import Host
from suite.pipeline.manifest import FOLDS_FILE
from suite.report.folds import FoldsContent, write_folds_report
from suite.runs.build import look_up
from suite.runs.data import loaded_data, task_of
from suite.runs.directory import RunDirectory, run_name, run_paths, taken_advice, to_json
from suite.runs.evaluators import evaluators_of
from suite.runs.report import options_of
from suite.runs.resuming import going_on_after, is_complete
from suite.runs.run import read_json
from suite.runs.train import resume, train
from suite.runs.workers import refuse_processes
from suite.sources.addresses import is_address
from suite.training.listeners import ProgramListener
from suite.training.progress import Listener

Numbers = Mapping[str, float]


@dataclass(frozen=True)
class Folds:
    """A directory with a run for each fold."""

    path: Path

    @property
    def configuration(self) -> Configuration:
        """What is in `config.toml`: what all folds share."""
        return from_mapping(read_toml(self.path / "config.toml"), str(self.path / "config.toml"))

    @property
    def record(self) -> dict[str, Any]:
        """What is in `folds.json`: the command, and the fingerprint of the data."""
        return read_json(self.path / FOLDS_FILE)

    @property
    def metrics(self) -> dict[str, Any] | None:
        """What is in `metrics.json`, None while a fold is missing."""
        path = self.path / "metrics.json"
        return read_json(path) if path.is_file() else None

    @property
    def runs(self) -> list[RunDirectory]:
        """The runs of the folds that there are."""
        paths = [self.path / f"fold-{number}" for number in range(1, self.configuration.split.folds + 1)]
        return [RunDirectory(path) for path in paths if (path / "config.toml").is_file()]


def holds_folds(path: Path) -> bool:
    """Whether a directory is that of a cross-validation."""
    return (path / FOLDS_FILE).is_file()


def train_folds(
    host: Host,
    configuration: Configuration,
    *,
    out: Path | None = None,
    folder: Path = Path("runs"),
    command: str = "",
    dataset: Dataset | None = None,
    listener: Listener | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Folds:
    """Train and score a run for each of `configuration.split.folds` folds, and report on all of them.

    Each fold is the test split of one run. Its weights are chosen on a validation split of the rest, so what
    is scored was seen by nobody.

    Args:
        host: where everything is looked up.
        configuration: what all folds share.
        out: the directory; None makes one in `folder`, named after the data.
        folder: where runs are.
        command: the command that repeats it, for the report.
        dataset: data in memory, if the configuration names none.
        listener: hears of what happens.
        stop: called after each step; true ends the training with everything kept.

    Raises:
        UserError: for what the user can put right, before anything is written where possible.
        RunError: if a fold's training failed or was stopped (the message says how to go on).
    """
    if configuration.split.folds < 2 or configuration.split.fold:
        raise UserError(f"folds = {configuration.split.folds}: cross-validation takes at least 2 folds")
    if out is not None and is_address(out):
        raise UserError("a cross-validation is written to a folder of this machine: give another --out")
    refuse_processes(configuration.runtime, "each fold of a cross-validation is trained by one process")
    listener = ProgramListener.of(listener)
    with ExitStack() as claims:
        if out is not None:
            claims.enter_context(claimed_folder(out, taken_advice(out)))
        look_up(host, configuration)
        path, loaded, _ = loaded_data(host, configuration, dataset)
        base = replace(configuration, data=path)
        if out is None:
            names = run_paths(folder, run_name(configuration))
            out = claims.enter_context(claimed_new_folder(names))
        folds = _create(out, base, {"command": command, "data_fingerprint": fingerprint(loaded)})
    try:
        return _go_on(host, folds, dataset, listener, stop)
    except UserError:
        if not folds.runs:  # nothing has been learned, and the name is free again
            shutil.rmtree(folds.path, ignore_errors=True)
        raise


def resume_folds(
    host: Host,
    path: Path,
    *,
    dataset: Dataset | None = None,
    listener: Listener | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Folds:
    """Go on with the fold that was interrupted, and those that are missing.

    Raises:
        UserError: if everything is done already, or the data has changed.
        RunError: as `train_folds`.
    """
    folds = Folds(path)
    if folds.metrics is not None and (path / "report.html").is_file():
        raise UserError(f"{path} is complete: there is nothing to go on with")
    _, loaded, _ = loaded_data(host, folds.configuration, dataset)
    if folds.record.get("data_fingerprint") != fingerprint(loaded):
        raise UserError(
            f"the data in {folds.configuration.data_name} is not what {path} was started with (other files,"
            " labels or splits): train anew, or put the data back"
        )
    return _go_on(host, folds, dataset, ProgramListener.of(listener), stop)


def _create(path: Path, configuration: Configuration, record: Mapping[str, Any]) -> Folds:
    """Make the directory, which appears with its configuration in it."""
    with atomic_folder(path) as temporary:
        atomic_write(temporary / "config.toml", configuration.to_toml())
        atomic_write(temporary / FOLDS_FILE, to_json(record))
    return Folds(path)


def _go_on(
    host: Host, folds: Folds, dataset: Dataset | None, listener: Listener, stop: Callable[[], bool]
) -> Folds:
    with going_on_after(folds.path):
        return _train_missing(host, folds, dataset, listener, stop)


def _train_missing(
    host: Host, folds: Folds, dataset: Dataset | None, listener: Listener, stop: Callable[[], bool]
) -> Folds:
    configuration = folds.configuration
    count = configuration.split.folds
    for number in range(1, count + 1):
        path = folds.path / f"fold-{number}"
        if is_complete(RunDirectory(path)):
            continue
        if stop():
            raise StoppedError(f"stopped before fold {number} of {count}; {_how_to_go_on(folds)}", folds.path)
        listener.fold(number, count, folds.path)
        _forget_layers()
        try:
            if (path / "config.toml").is_file():
                resume(host, path, dataset=dataset, listener=listener, stop=stop)
            else:
                own = replace(configuration, split=_fold_of(configuration, number))
                repeated = f"suite train {path / 'config.toml'}"
                train(host, own, out=path, command=repeated, dataset=dataset, listener=listener, stop=stop)
        except StoppedError:
            text = f"stopped in fold {number} of {count}; {_how_to_go_on(folds)}"
            raise StoppedError(text, folds.path) from None
    listener.phase("writing the report")
    _report(host, folds)
    return folds


def _how_to_go_on(folds: Folds) -> str:
    return f"to go on: suite resume {folds.path}"


def _fold_of(configuration: Configuration, number: int) -> Any:
    import msgspec

    return msgspec.structs.replace(configuration.split, fold=number)


def _forget_layers() -> None:
    """Let the layers of each fold have the names of the first: a checkpoint is read by them."""
    if "keras" in sys.modules:
        import keras

        keras.utils.clear_session()


def _report(host: Host, folds: Folds) -> None:
    configuration = folds.configuration
    task = task_of(host, configuration)
    declared = declared_metrics(evaluators_of(host, configuration, task))
    runs = folds.runs
    scored = [run.metrics or {} for run in runs]
    metrics = summarized(scored)
    metrics["notes"] = _common_notes(scored)
    with atomic_path(folds.path / PREDICTIONS_FILE) as temporary, temporary.open("wb") as file:
        for run in runs:
            predictions = run.path / PREDICTIONS_FILE
            if predictions.is_file():
                file.write(predictions.read_bytes())
    first = runs[0]
    content = FoldsContent(
        title=folds.path.resolve().name,
        subtitle=f"{task.name} · {first.configuration.model_name} · {len(runs)} folds",
        metric=task.item.metric,
        declared=declared,
        metrics=metrics,
        notes=metrics["notes"],
        links={f"fold {number}": f"{run.path.name}/report.html" for number, run in enumerate(runs, start=1)},
        command=str(folds.record.get("command", "")),
        configuration=options_of(configuration),
        footer=f"Made by suite {suite.__version__}.",
    )
    write_folds_report(content, folds.path / "report.html")
    atomic_write(folds.path / "metrics.json", to_json(metrics))


def summarized(scored: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The means and standard deviations over folds of everything that was scored on them.

    Args:
        scored: the content of each fold's `metrics.json`.

    Returns:
        `mean` and `deviation` (of a sample: divided by one less than the folds), each with `test`, `baseline`
        and `reference_models`; and what each fold reached. A number that a fold does not have counts in none.
    """
    kinds: dict[str, list[Numbers]] = {
        name: [metrics.get(name, {}) for metrics in scored] for name in ("test", "baseline")
    }
    models = dict.fromkeys(name for metrics in scored for name in metrics.get("reference_models", {}))
    rivals = {
        name: [metrics.get("reference_models", {}).get(name, {}) for metrics in scored] for name in models
    }
    result: dict[str, Any] = {}
    for key, over in (("mean", _mean), ("deviation", _deviation)):
        result[key] = {name: dict(over(several)) for name, several in kinds.items()}
        result[key]["reference_models"] = {name: dict(over(several)) for name, several in rivals.items()}
    result["folds"] = [
        {name: metrics.get(name, {}) for name in ("test", "baseline", "reference_models", "counts")}
        for metrics in scored
    ]
    return result


def _mean(several: Sequence[Numbers]) -> Iterator[tuple[str, float]]:
    for name, values in _in_all(several):
        yield name, float(np.mean(values))


def _deviation(several: Sequence[Numbers]) -> Iterator[tuple[str, float]]:
    for name, values in _in_all(several):
        yield name, float(np.std(values, ddof=1))


def _in_all(several: Sequence[Numbers]) -> Iterator[tuple[str, list[float]]]:
    for name in dict.fromkeys(name for numbers in several for name in numbers):
        if all(name in numbers for numbers in several):
            yield name, [numbers[name] for numbers in several]


def _common_notes(scored: Sequence[Mapping[str, Any]]) -> list[str]:
    """The notes of all folds: those of all as they are, others with the fold that they are of."""
    notes = []
    for note in dict.fromkeys(note for metrics in scored for note in metrics.get("notes", [])):
        within = [number for number, metrics in enumerate(scored, 1) if note in metrics.get("notes", [])]
        if len(within) == len(scored):
            notes.append(note)
        elif not note.startswith(("fold ", "made a ")):
            notes.append(f"fold {', '.join(map(str, within))}: {note}")
    return notes
