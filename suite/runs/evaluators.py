"""Which evaluators score a run: the task's own or those that its configuration names, and added ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from suite.configuration import Configuration
from suite.contributions import Contributed, Evaluator, Task
from suite.errors import UserError
from suite.evaluation.metrics import declared_metrics
from suite.host import Host
from suite.runs.data import task_of
from suite.wording import some


def evaluators_of(
    host: Host, configuration: Configuration, task: Contributed[Task]
) -> list[Contributed[Evaluator[Any]]]:
    """The evaluators that a configuration names, else the task's own."""
    return list(_named(host, configuration, task, names_of(configuration, task)).values())


def names_of(configuration: Configuration, task: Contributed[Task]) -> tuple[str, ...]:
    """The names of the evaluators of a configuration, as they are written there."""
    return tuple(configuration.evaluators) or tuple(task.item.evaluators)


def options_of(configuration: Configuration, evaluator: Contributed[Evaluator[Any]]) -> Mapping[str, Any]:
    """The options that a configuration has for an evaluator, which it may call `plugin:name`."""
    tables = configuration.evaluators
    return tables.get(evaluator.full_name, tables.get(evaluator.name, {}))


def without_missing_evaluators(host: Host, configuration: Configuration) -> tuple[Configuration, list[str]]:
    """The configuration of a run, without added evaluators that are not there, and a note on each.

    Raises:
        UserError: if the task needs one of them.
    """
    task = task_of(host, configuration)
    kept, notes = {}, []
    for name, values in configuration.evaluators.items():
        try:
            _named(host, configuration, task, [name])
        except UserError as error:
            if name.rpartition(":")[2] in task.item.evaluators:
                raise
            why = _absence(host, configuration, error)
            notes.append(f"not scored with '{name}', as the run was before: {why}")
        else:
            kept[name] = values
    if not notes:
        return configuration, []
    found = replace(configuration, evaluators=kept)
    if task.item.metric not in declared_metrics(evaluators_of(host, found, task)):
        evaluators_of(host, configuration, task)  # raises
    return found, notes


def _absence(host: Host, configuration: Configuration, error: UserError) -> str:
    """Why an evaluator of a run is not there: a plugin of the run is gone, if it is known."""
    known = {plugin.name for plugin in host.plugins}
    gone = [name for name in configuration.plugins if name not in known]
    if not gone:
        return str(error)
    return (
        f"{some(gone)} took part in the run and is not here; with it installed, score again: suite evaluate"
    )


def with_evaluators(host: Host, configuration: Configuration, added: Iterable[str]) -> Configuration:
    """The configuration with more evaluators beside those that it has.

    Args:
        host: where they are looked up.
        configuration: names its evaluators in its tables; without tables it has the task's own.
        added: names of evaluators, or `plugin:name`. What the configuration has already is not added again; a
            table that it has for one of them holds its options.

    Raises:
        UserError: for a name that nobody offers.
    """
    added = list(added)
    if not added:
        return configuration
    task = task_of(host, configuration)
    more = _named(host, configuration, task, added)
    tables = dict(configuration.evaluators)
    # A table that holds options of an added evaluator (`--set evaluators.NAME.KEY=...`) chooses no others.
    chosen = [
        name
        for name, found in _named(host, configuration, task, tables).items()
        if found not in more.values()
    ]
    present = _named(host, configuration, task, chosen or task.item.evaluators)
    result = {name: dict(tables.get(name, {})) for name in present}
    for name, evaluator in more.items():
        if evaluator not in present.values():
            present[name] = evaluator
            result[name] = dict(tables.get(name) or options_of(configuration, evaluator))
    return replace(configuration, evaluators=result)


def merged_options(
    configuration: Configuration, given: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The options of a configuration's evaluators, with others that win over them, by the names there."""
    merged = {name: dict(options) for name, options in configuration.evaluators.items()}
    for name, values in given.items():
        # Either of both may have been written with its plugin.
        same = (key for key in merged if key.rpartition(":")[2] == name.rpartition(":")[2])
        key = name if name in merged else next(same, name)
        merged[key] = {**merged.get(key, {}), **values}
    return merged


def added_note(before: Configuration, after: Configuration, host: Host) -> list[str]:
    """A sentence on evaluators with which a run is scored now, and was not when it was trained."""
    task = task_of(host, after)
    known = evaluators_of(host, before, task)
    names = [
        f"'{each.name}' of plugin '{each.plugin}'"
        for each in evaluators_of(host, after, task)
        if each not in known
    ]
    if not names:
        return []
    return [f"scored with {some(names, 5, quoted=False)} too, which the training did without"]


def _named(
    host: Host, configuration: Configuration, task: Contributed[Task], names: Iterable[str]
) -> dict[str, Contributed[Evaluator[Any]]]:
    """The evaluators of some names, by these."""
    took_part = list(configuration.plugins)
    found = {}
    for name in names:
        # A default means what the task's own plugin offers, whoever else offers the same name.
        own = [*took_part, task.plugin] if name in task.item.evaluators else took_part
        found[name] = host.evaluator(name, task.full_name, own)
    return found
