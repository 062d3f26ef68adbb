"""What the functions for programs take: options as mappings, names, paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.configuration import Configuration, from_mapping
from suite.data.dataset import Dataset
from suite.host import Host
from suite.runs.evaluators import with_evaluators
from suite.runs.run import Run

Options = Mapping[str, Any]
"""Options by name, as in a table of `config.toml`."""

Named = str | Options
"""What to take: its name, or a table with its `name` and options, both of which may be left out."""

Several = str | Sequence[str] | Mapping[str, Options]
"""What to take besides: a name, several names, or the options of each by its name."""


def configuration_of(
    host: Host,
    task: str,
    data: str | Path | Dataset,
    model: Named | None,
    loader: Named | None,
    epochs: int | None,
    training: Options | None,
    split: Options | None,
    runtime: Options | None,
    evaluators: Several,
    init: str | Path | None,
    pretrained: str | None,
    log: Several,
) -> tuple[Configuration, Dataset | None]:
    """What `config.toml` would hold, checked, and the data set if the data is in memory."""
    document: dict[str, Any] = {
        "task": task,
        "data": "" if isinstance(data, Dataset) else str(data),
        "model": named(model),
        "loader": named(loader),
        "training": {**(training or {}), **({} if epochs is None else {"epochs": epochs})},
        "split": split or {},
        "runtime": runtime or {},
        "evaluators": by_name(evaluators),
        "log": by_name(log),
    }
    given = {"init": init and str(init), "pretrained": pretrained}
    document |= {name: value for name, value in given.items() if value}
    configuration = with_evaluators(host, from_mapping(document, "the program"), by_name(evaluators))
    return configuration, data if isinstance(data, Dataset) else None


def named(given: Named | None) -> dict[str, Any]:
    """A table of `config.toml`, perhaps with the `name` of what is to be taken."""
    if given is None:
        return {}
    return {"name": given} if isinstance(given, str) else dict(given)


def by_name(given: Several) -> dict[str, Options]:
    """The options of each of several, by its name."""
    if isinstance(given, Mapping):
        return dict(given)
    return {name: {} for name in ([given] if isinstance(given, str) else given)}


def path_of(run: str | Path | Run) -> Path:
    """The directory of a run."""
    return run.path if isinstance(run, Run) else Path(run)


def host_of(host: Host | None) -> Host:
    """The host itself, or that of the installed plugins."""
    return Host() if host is None else host
