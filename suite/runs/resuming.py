"""What has to be right before a run goes on: its data, which may have moved, and how far it has come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from suite.configuration import Configuration
from suite.data.contents import Contents, changes, contents_of
from suite.data.dataset import fingerprint
from suite.errors import StoppedError, UnwritableError, UserError
from suite.host import Host
from suite.plugin_files import is_file_version, refuse_missing_files
from suite.runs.build import Experiment
from suite.runs.data import run_data
from suite.runs.directory import RunDirectory
from suite.sources.addresses import is_address, kept_address
from suite.stopping import Stopping
from suite.training.continuation import Continuation
from suite.wording import counted, short

if TYPE_CHECKING:
    from suite.data.dataset import Dataset
    from suite.training.progress import Listener


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """How a run is to go on.

    Attributes:
        data: where its data is now; None if it has not moved.
        epochs: how many more it is trained for; None goes on to the end that it has.
        learning_rate: the peak of the schedule of these epochs; None for the one that the run has.
        log: listeners of plugins that hear of it, with their options, beside those that the run has.
        machine: on how many `devices` and in how many `workers` it goes on, where that is to change.
    """

    data: str | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    log: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def going_on_after(path: Path) -> Iterator[None]:
    """Add to the message on what could not be written how `path` goes on when it can be.

    Raises:
        StoppedError: if it was asked to stop.
    """
    try:
        yield
    except Stopping:
        raise StoppedError(f"stopped; to go on: suite resume {path}", path) from None
    except UnwritableError as error:
        first = error.__cause__ if isinstance(error.__cause__, UnwritableError) else error
        if not path.is_dir():
            raise first from first.__cause__
        raise UnwritableError(f"{first}; then go on with: suite resume {path}") from first


def is_complete(run: RunDirectory) -> bool:
    """Whether a run has come to its end, with scores and a report."""
    return run.metrics is not None and (run.path / "report.html").is_file()


def resumed_configuration(run: RunDirectory, how: Resumption) -> Configuration:
    """The configuration with which a run goes on.

    Raises:
        UserError: if there is nothing to go on with, or the data is not there.
    """
    if how.learning_rate is not None and how.epochs is None:
        raise UserError("a new learning rate is for more epochs: give --epochs too")
    if how.epochs is not None and not run.checkpoints.exist:
        raise UserError(f"{run.path} has no checkpoint, so there is nothing to train further: train anew")
    if is_complete(run) and how.epochs is None and how.data is None:
        raise UserError(
            f"{run.path} is complete: there is nothing to go on with. To train it for ten more epochs:"
            f" suite resume {run.path} --epochs 10"
        )
    configuration = run.configuration
    runtime = msgspec.structs.replace(configuration.runtime, **how.machine)
    configuration = replace(configuration, runtime=runtime)
    if run.checkpoints.exist:
        # What it started from lies in the checkpoint, and may be gone from where it was.
        configuration = replace(configuration, init=None)
    if how.data is not None and configuration.sample:
        raise UserError(f"{run.path} was trained on {configuration.data_name}, which does not move")
    if how.data is not None:
        return replace(configuration, data=kept_address(how.data) if is_address(how.data) else how.data)
    if configuration.data and not is_there(configuration.data):
        raise UserError(moved_data(run, configuration))
    return configuration


def is_there(data: str) -> bool:
    """Whether there is something at a path; of an address, whoever reads it says what is wrong."""
    return is_address(data) or Path(data).exists()


def other_devices(run: RunDirectory, experiment: Experiment) -> str:
    """A note on a run that goes on with another number of devices; "" if it does not."""
    before, now = run.configuration.runtime.devices, experiment.device.count
    if before == now:
        return ""
    return (
        f"{run.path} was trained on {counted(int(before), 'device', 'devices')} and goes on with {now}: sums"
        " are added up in another order, so its weights are equal but for rounding"
    )


def moved_data(run: RunDirectory, configuration: Configuration) -> str:
    """What to say if the data of a run is gone."""
    return (
        f"the data of {run.path} is not in {configuration.data} any more: if it has moved,"
        f" suite resume {run.path} --data PATH"
    )


def check_data(run: RunDirectory, path: str, dataset: Dataset) -> None:
    """Refuse data that is not what a run was trained with.

    Raises:
        UserError: saying how many examples there were and are.
    """
    environment = run.environment
    if environment.get("data_fingerprint") == fingerprint(dataset):
        return
    before = environment.get("counts", {})
    now = {name: len(split) for name, split in dataset.splits.items()}
    differs = (
        "other files, labels or splits" if before == now else f"{_counts(now)}, and not {_counts(before)}"
    )
    raise UserError(
        f"the data in {path or run.configuration.data_name} is not what {run.path} was started with"
        f" ({differs}): train anew, or put the data"
        " back"
    )


def changed_contents(run: RunDirectory, path: str, dataset: Dataset) -> str:
    """A sentence on data that holds something else than at the start of a run; "" if it does not.

    Files can be swapped for others of the same names and sizes, of which `check_data` sees nothing.
    """
    try:
        before = msgspec.convert(run.environment.get("data_contents", {}), Contents)
    except msgspec.ValidationError:
        return ""
    # Of files that lie elsewhere now the times say nothing, nor if the run itself lies among them.
    moved = path != run.configuration.data or (
        not is_address(path) and run.path.resolve().is_relative_to(Path(path).resolve())
    )
    return changes(
        before,
        contents_of(dataset, path),
        path or run.configuration.data_name,
        f"{run.path} was started",
        moved=moved,
    )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def check_plugin_files(host: Host, run: RunDirectory) -> str:
    """Refuse to use a run without the plugins of one file that it was trained with.

    Returns:
        A sentence on such files that are others now; "" if none is.

    Raises:
        UserError: which names the file, and says how to give it.
    """
    versions = run.configuration.plugins
    known = {plugin.name: plugin.version for plugin in host.plugins}
    refuse_missing_files(versions, known, str(run.path), run.plugin_files)
    changed = [
        name for name, version in versions.items() if is_file_version(version) and known[name] != version
    ]
    if not changed:
        return ""
    files = " and ".join(f"{name}.py" for name in changed)
    return f"{files} changed since {run.path} was started: it goes on with what is there now"


def check_codec(run: RunDirectory, experiment: Experiment) -> None:
    """Refuse a pipeline whose codec learned something else from the data than at the start of the run."""
    if run.environment.get("codec_fingerprint") != experiment.codec_fingerprint:
        raise UserError(
            f"what {experiment.builder} learns from the data before training (a vocabulary, say) is not"
            f" what it was when {run.path} was started, so its weights mean something else: train anew"
        )


def record_moved_data(
    host: Host, run: RunDirectory, configuration: Configuration, listener: Listener
) -> None:
    """Write down where the data of a complete run is now, after a look whether it is the same."""
    listener.phase("looking at the data")
    data = run_data(host, configuration)
    check_data(run, data.path, data.dataset)
    changed = changed_contents(run, data.path, data.dataset)
    run.move_data(data.path)
    listener.note(changed or f"the data of {run.path} is the same as ever, and is now in {data.path}")


def continuation(run: RunDirectory, how: Resumption) -> Continuation | None:
    """The epochs that a run is trained for after its own, if any; new ones are written down in the run."""
    if how.epochs is not None:
        newest: Any = run.checkpoints.newest()
        run.add_continuation(
            Continuation(
                after_step=int(newest[1]["step"]), epochs=how.epochs, learning_rate=how.learning_rate
            )
        )
    known = run.continuations
    return known[-1] if known else None


def continuation_note(continuation: Continuation) -> str:
    """A sentence for the report."""
    rate = (
        "" if continuation.learning_rate is None else f", up to a rate of {short(continuation.learning_rate)}"
    )
    return (
        f"trained for {counted(continuation.epochs, 'more epoch', 'more epochs')} after step"
        f" {continuation.after_step:,}, with a new schedule{rate}, from the last weights"
    )
