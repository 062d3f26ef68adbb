"""All the checks that there are for the plugins of a host, cheap ones first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from suite.contributions import (
    Contributed,
    Contribution,
    DataLoader,
    Evaluator,
    ListenerFactory,
    ModelBuilder,
    Task,
)
from suite.errors import UserError, nearest
from suite.host import Host, Plugin
from suite.testing.builders import builder_checks
from suite.testing.check import Check
from suite.testing.declarations import declaration_checks, plugin_checks
from suite.testing.evaluators import evaluator_checks
from suite.testing.listeners import listener_checks
from suite.testing.loaders import loader_checks
from suite.testing.tasks import task_checks
from suite.testing.trials import Trials


def checks(
    host: Host, task: str | None = None, builder: str | None = None, *, plugin: Any = None
) -> list[Check]:
    """The checks of what the plugins of a host contribute.

    Nothing is checked here, and nothing heavy is imported: a check does its work when it is called. Checks of
    one builder share one training, so call them in one process.

    Args:
        host: has the plugins. What a plugin adds to a task of another one is checked with that task, so the
            host has to hold both.
        task: only what is contributed for this task; None takes all.
        builder: only the model builder of this name; None takes all contributions.
        plugin: only what this plugin contributes, a module or a plugin's name; None takes all plugins.

    Returns:
        The checks in the order in which they are best called: cheap ones first.

    Raises:
        UserError: for a plugin, a task or a builder that is not there.
    """
    chosen = _plugins(host, plugin)
    if task is not None:
        task = host.find_task(task).full_name
    if builder is not None:
        builder = _builder_name(host, builder, task)
    trials = Trials(host)
    listed = [check for each in chosen for check in _of_plugin(host, each, task, builder, trials)]
    return sorted(listed, key=lambda check: check.cost)


def _plugins(host: Host, plugin: Any) -> list[Plugin]:
    if plugin is None:
        return host.plugins
    name = plugin if isinstance(plugin, str) else Host(plugin, discover=False).plugins[0].name
    found = [each for each in host.plugins if each.name == name]
    if not found:
        known = [each.name for each in host.plugins]
        raise UserError(f"there is no plugin '{name}': {nearest(name, known)}")
    return found


def _builder_name(host: Host, name: str, task: str | None) -> str:
    wanted = name.rpartition(":")[2]
    known = {each.name for each in host.builders(task)}
    if wanted not in known:
        where = f" for task '{task.rpartition(':')[2]}'" if task else ""
        raise UserError(f"there is no model builder '{name}'{where}: {nearest(wanted, known)}")
    return wanted


def _of_plugin(
    host: Host, plugin: Plugin, task: str | None, builder: str | None, trials: Trials
) -> Iterator[Check]:
    of_task = host.contributions(task) if task else []
    chosen = [
        contributed
        for contributed in plugin.contributions
        if (task is None or contributed in of_task or contributed.full_name == task)
        and (builder is None or (isinstance(contributed.item, ModelBuilder) and contributed.name == builder))
    ]
    if chosen or (task is None and builder is None):
        yield from plugin_checks(host, plugin)
    for contributed in chosen:
        yield from declaration_checks(host, contributed)
        yield from _of_contribution(host, contributed, trials)


def task_of(host: Host, contributed: Contributed[Any]) -> Contributed[Task] | None:
    """The task of a contribution; None if this host does not hold it."""
    try:
        return host.find_task(contributed.task, prefer=[contributed.plugin])
    except UserError:
        return None


def _of_contribution(host: Host, contributed: Contributed[Any], trials: Trials) -> Iterator[Check]:
    item: Contribution = contributed.item
    if isinstance(item, Task):
        yield from task_checks(contributed, trials)
        return
    if isinstance(item, ListenerFactory):
        yield from listener_checks(contributed)
        return
    task = task_of(host, contributed)
    if isinstance(item, DataLoader):
        yield from loader_checks(host, contributed, task)
    elif isinstance(item, ModelBuilder):
        yield from builder_checks(contributed, trials)
    elif isinstance(item, Evaluator):
        yield from evaluator_checks(contributed, task)
