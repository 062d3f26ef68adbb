"""Which examples are scored: those of the run that it has not learned from, or those of other data."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from suite.configuration import Configuration
from suite.contributions import Contributed, DataLoader
from suite.data.dataset import Dataset, Example, Examples, Subset, fingerprint
from suite.data.groups import COLUMN_OPTION
from suite.data.loading import load_dataset
from suite.data.unrecognized import detection
from suite.documents import expanded
from suite.errors import UserError
from suite.host import Host
from suite.runs.data import loaded_data, run_data, task_of
from suite.runs.directory import RunDirectory
from suite.runs.resuming import changed_contents, is_there, moved_data
from suite.sources.addresses import is_address, kept_address
from suite.sources.source_types import located


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be scored.

    Attributes:
        run: a run directory, or an export in one.
        model: an export of the run, to score in the place of its model.
        data: other data to score, or None for the run's own.
        dataset: data in memory in the place of `data`. If it is what the run was trained with, it is the
            run's own.
        split: "train", "validation" or "test"; None takes the test split, or all of data that has no splits.
        predictions: a file of predictions to score instead of predicting; without `data` its own targets
            count, unless `split` names a split of the run's data.
        loader: the loader of `data`, or None to let the data decide.
        loader_options: its options.
        evaluators: names of evaluators to score with beside those of the run, which may be installed since.
        evaluator_options: options of evaluators by name; they win over the run's.
        prediction_options: what `suite predict --set` takes, for predicting otherwise than by default.
        limits: on what one input may take, other than the run's, by their names in `[runtime]`.
        out: the folder to write; None makes one in `RUN/evaluations`.
        backend: for the network, see `suite.load`; "auto" takes what the run was trained with.
        device: for the network.
        runtime: for the network, see `suite.load`.
        command: what repeats this, for the report.
    """

    run: Path
    model: Path | None = None
    data: str | None = None
    dataset: Dataset | None = None
    split: str | None = None
    predictions: Path | None = None
    loader: str | None = None
    loader_options: Mapping[str, Any] = field(default_factory=dict)
    evaluators: Sequence[str] = ()
    evaluator_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    prediction_options: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    out: Path | None = None
    backend: str = "auto"
    device: str = "auto"
    runtime: str = "auto"
    command: str = ""


@dataclass(frozen=True)
class Chosen:
    """The examples to score: None if the targets are in the file of predictions."""

    split: str
    examples: Examples | None
    where: str
    notes: list[str]
    train: Examples | None = None
    group_of: Callable[[Example], Hashable] | None = None
    others: Sequence[Examples] = ()


def choose(host: Host, run: RunDirectory, configuration: Configuration, request: Request) -> Chosen:
    """The examples that a request is about.

    Raises:
        UserError: if there are none, or the data cannot be read.
    """
    if request.dataset is not None:
        return _choose_from_memory(host, run, configuration, request, request.dataset)
    if request.data is None and request.predictions is not None and request.split is None:
        return Chosen("test", None, str(request.predictions), [])
    if request.data is not None and not _names_own_data(request, configuration):
        return _choose_from(host, configuration, request, request.data)
    dataset = _own_data(host, run, configuration)
    if dataset is None:
        what = f"the data in {configuration.data_name} is not what {run.path} was trained with (other files,"
        what += " labels or splits), so its splits are not known any more"
        if request.data is None:
            raise UserError(f"{what}: name the data to score, suite evaluate {run.path} DATA")
        chosen = _choose_from(host, configuration, request, request.data)
        chosen.notes.insert(0, f"{what}: the model may have learned from some of these examples")
        return chosen
    return _choose_split(run, configuration, request, dataset)


def _choose_from_memory(
    host: Host, run: RunDirectory, configuration: Configuration, request: Request, dataset: Dataset
) -> Chosen:
    loaded = loaded_data(host, configuration, dataset)[1]
    own = None
    with suppress(UserError):  # of other data it may not be possible to make the splits that the run has
        own = run_data(host, configuration, dataset).dataset
    if own is not None and fingerprint(own) == run.environment.get("data_fingerprint"):
        return _choose_split(run, configuration, request, own)
    return _choose_among(request, loaded, "the data in memory")


def _choose_split(
    run: RunDirectory, configuration: Configuration, request: Request, dataset: Dataset
) -> Chosen:
    """A split of the run's own data."""
    split = request.split or ("test" if dataset.test is not None else "validation")
    examples = dataset.splits.get(split)
    if not examples:
        raise UserError(f"the data of {run.path} has no {split} split: it has {', '.join(dataset.splits)}")
    changed = changed_contents(run, configuration.data, dataset)
    notes = [*dataset.problems, *([changed] if changed else [])]
    if split == "train":
        notes.append("the model has learned from these very examples: its scores on them say little")
    others = _without(dataset.splits, split)
    return _with_targets(
        Chosen(split, examples, configuration.data_name, notes, dataset.train, dataset.groups, others)
    )


def _without(splits: Mapping[str, Examples], split: str) -> list[Examples]:
    return [examples for name, examples in splits.items() if name != split]


def _names_own_data(request: Request, configuration: Configuration) -> bool:
    """Whether DATA is what the run was trained with: then what it has learned from is not to be scored."""
    own = request.loader in (None, configuration.loader_name) and not request.loader_options
    data = request.data or ""
    if is_address(data):
        return own and kept_address(data) == configuration.data
    return own and expanded(data).resolve() == Path(configuration.data)


def _choose_from(host: Host, configuration: Configuration, request: Request, data: str) -> Chosen:
    return _choose_among(request, _loaded(host, configuration, request, data), data)


def _choose_among(request: Request, dataset: Dataset, data: str) -> Chosen:
    """A split of other data."""
    notes = [problem for problem in dataset.problems if not getattr(problem, "of_training", False)]
    splits = dataset.splits
    if request.split is not None:
        if not splits.get(request.split):
            raise UserError(f"{data} has no {request.split} split: it has {', '.join(splits)}")
        others = _without(splits, request.split)
        return _with_targets(
            Chosen(request.split, splits[request.split], data, notes, group_of=dataset.groups, others=others)
        )
    split = next(name for name in ("test", "validation", "train") if splits.get(name))
    left = ", ".join(name for name, examples in splits.items() if name != split and len(examples))
    if left:
        notes.append(f"scored the {split} split of {data}, not {left}: --split chooses another")
    others = _without(splits, split)
    return _with_targets(Chosen("test", splits[split], data, notes, group_of=dataset.groups, others=others))


def _loaded(host: Host, configuration: Configuration, request: Request, data: str) -> Dataset:
    """Other data, read with the options of the run's loader if that reads it, or no other one does."""
    loader, options = request.loader, request.loader_options
    if configuration.loader_name is not None and loader in (None, configuration.loader_name):
        task_name, plugins = task_of(host, configuration).full_name, list(configuration.plugins)
        own = host.loader(configuration.loader_name, task_name, plugins)
        others = (other for other in host.loaders(own.task) if other.full_name != own.full_name)
        if (
            loader is not None
            or _recognizes(own, data)
            or not any(_recognizes(other, data) for other in others)
        ):
            loader = own.full_name
            options = own.item.options.for_other_data(configuration.loader, options)
    task, groups = task_of(host, configuration).full_name, configuration.split.groups
    if groups and COLUMN_OPTION not in request.loader_options:
        options = {name: value for name, value in options.items() if name != COLUMN_OPTION}
        try:
            return load_dataset(host, task, data, loader, options, groups)[0]
        except UserError as error:
            dataset = load_dataset(host, task, data, loader, options)[0]
            note = f"intervals take each example for itself, for groups are not known: {error}"
            return replace(dataset, problems=[*dataset.problems, note])
    return load_dataset(host, task, data, loader, options)[0]


def _recognizes(loader: Contributed[DataLoader[Any]], data: str) -> bool:
    try:
        return detection(loader, located(data) if is_address(data) else Path(data))[0]
    except Exception:  # noqa: BLE001 - then it is not read by this loader, and loading says why
        return False


def _with_targets(chosen: Chosen) -> Chosen:
    """Leave out the examples without a target, and say so."""
    assert chosen.examples is not None
    examples = chosen.examples
    known = [index for index in range(len(examples)) if examples[index].target is not None]
    missing = len(examples) - len(known)
    if not missing:
        return chosen
    if not known:
        raise UserError(f"{chosen.where}: no example has a target, so there is nothing to score")
    note = f"left out: {missing:,} of {len(examples):,} examples have no target"
    subset = Subset(examples, np.asarray(known, np.int64))
    return replace(chosen, examples=subset, notes=[*chosen.notes, note])


def _own_data(host: Host, run: RunDirectory, configuration: Configuration) -> Dataset | None:
    """The data of the run with the very splits it was trained with; None if it has changed.

    Raises:
        UserError: if it is not there any more.
    """
    if configuration.data and not is_there(configuration.data):
        raise UserError(
            f"name the data to score, suite evaluate {run.path} DATA: {moved_data(run, configuration)}"
        )
    dataset = run_data(host, configuration).dataset
    return dataset if fingerprint(dataset) == run.environment.get("data_fingerprint") else None
