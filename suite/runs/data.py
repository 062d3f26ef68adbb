"""The data of a run, with the splits that the run has: for training, evaluation and export alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from suite.configuration import Configuration
from suite.contributions import Contributed, DataLoader, Task
from suite.data.checks import check_dataset
from suite.data.dataset import Dataset
from suite.data.folds import folded
from suite.data.groups import grouped
from suite.data.loading import checked, load_dataset
from suite.data.splits import complete
from suite.documents import expanded
from suite.errors import UserError, attributed
from suite.host import Host
from suite.limits import set_limits
from suite.plugin_files import refuse_missing_files
from suite.sources.addresses import is_address


@dataclass(frozen=True)
class RunData:
    """A data set with all its splits.

    Attributes:
        path: of the data; "" for data in memory and the task's sample.
        name: how people call the data.
        dataset: with the splits that were made.
        loader: that loaded it; None for data in memory and the task's sample.
        notes: sentences for people, on what the loader found and on the splits that were made.
    """

    path: str
    name: str
    dataset: Dataset
    loader: Contributed[DataLoader[Any]] | None
    notes: Sequence[str]


def task_of(host: Host, configuration: Configuration) -> Contributed[Task]:
    """The task of a configuration; if two plugins have one of its name, that of a plugin which took part.

    Raises:
        UserError: if there is none, or a plugin of one file that took part was not given.
    """
    known = [plugin.name for plugin in host.plugins]
    refuse_missing_files(configuration.plugins, known, "this configuration")
    return host.find_task(configuration.task, prefer=list(configuration.plugins))


def run_data(host: Host, configuration: Configuration, dataset: Dataset | None = None) -> RunData:
    """Load the data of a configuration and make the splits that it lacks: always the same ones.

    Args:
        host: where the loader is looked up.
        configuration: of a run, or of one that is to be.
        dataset: data in memory, if the configuration names none.

    Raises:
        UserError: if there is no data, or something is wrong with it.
    """
    path, dataset, loader = loaded_data(host, configuration, dataset)
    name = path or configuration.data_name or "the data in memory"
    split = configuration.split
    notes = [*dataset.problems, *_groups_note(dataset, split.groups)]
    if not len(dataset.train):
        return RunData(path, name, dataset, loader, notes)
    # What splits are made by (groups, labels, order) is the loader's code.
    with attributed("the data set of the program" if loader is None else str(loader)):
        held_out: list[str] = []
        if split.fold:
            if split.test not in ("auto", 0):
                raise UserError(
                    f"test = {split.test} asks for a test split, but with folds each fold is one in turn"
                )
            dataset, held_out = folded(dataset, split.fold, split.folds, seed=split.seed)
        test = 0.0 if split.fold else split.test
        dataset, made = complete(dataset, validation=split.validation, test=test, seed=split.seed)
    return RunData(path, name, dataset, loader, [*notes, *held_out, *made])


def loaded_data(
    host: Host, configuration: Configuration, dataset: Dataset | None = None
) -> tuple[str, Dataset, Contributed[DataLoader[Any]] | None]:
    """Where the data of a configuration is, the data as it was loaded, and its loader; as `run_data`."""
    set_limits(configuration.runtime)
    task = task_of(host, configuration)
    loader: Contributed[DataLoader[Any]] | None = None
    path = ""
    if dataset is not None and configuration.sample:
        raise UserError("the configuration asks for the task's sample: give it, or other data")
    if dataset is not None:
        check_dataset(dataset, "the program", UserError)
        dataset = grouped(checked(dataset, task), configuration.split.groups)
    elif configuration.sample:
        dataset = grouped(sample_of(task), configuration.split.groups)
    elif not configuration.data:
        raise UserError("this run was trained on data in memory: give it again, or name other data")
    else:
        path = configuration.data
        if not is_address(path):
            path = str(expanded(path).resolve())
        name = configuration.loader_name
        if name is not None:
            name = host.loader(name, task.full_name, list(configuration.plugins)).full_name
        dataset, loader = load_dataset(
            host,
            task.full_name,
            path,
            name,
            configuration.loader,
            configuration.split.groups,
        )
    return path, dataset, loader


def sample_of(task: Contributed[Task]) -> Dataset:
    """The made-up examples of a task, checked as data of a loader is.

    Raises:
        PluginError: if the task's sample is no data set.
    """
    with attributed(f"the sample of {task}"):
        dataset = task.item.sample()
    check_dataset(dataset, f"the sample of {task}")
    return checked(dataset, task)


def _groups_note(dataset: Dataset, groups: str) -> list[str]:
    """A sentence on the groups that the user asked for."""
    if not groups or dataset.groups is None:
        return []
    count = len({dataset.groups(dataset.train[index]) for index in range(len(dataset.train))})
    return [
        f"{count:,} groups by {groups!r}: a split that is made has whole groups, and intervals resample them"
    ]
