"""`suite tasks`: the tasks of the installed plugins."""

from __future__ import annotations

import argparse
from typing import Any

from suite.cli.main import host_from
from suite.cli.tables import aligned, json_text
from suite.contributions import Contributed, Task
from suite.errors import SuiteError
from suite.evaluation.metrics import default_metrics, metric_of
from suite.host import Host


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(arguments: argparse.Namespace) -> int:
    host = host_from(arguments)
    tasks = host.tasks()
    if arguments.json:
        print(json_text([_as_json(host, task) for task in tasks]))
    elif tasks:
        rows = [[task.name, task.plugin, task.item.summary] for task in tasks]
        print(aligned([["TASK", "PLUGIN", ""], *rows]))
    else:
        print("no task: " + ("no plugin is installed" if not host.plugins else "no plugin contributes any"))
    for plugin in host.broken:
        if not arguments.json:
            print(f"plugin '{plugin.name}' could not be loaded: {plugin.error}")
    return 0


def _as_json(host: Host, task: Contributed[Task]) -> dict[str, Any]:
    return {
        "name": task.name,
        "plugin": task.plugin,
        "summary": task.item.summary,
        "metric": task.item.metric,
        "higher_is_better": _higher_is_better(host, task),
        "builder": task.item.builder,
        "evaluators": list(task.item.evaluators),
    }


def _higher_is_better(host: Host, task: Contributed[Task]) -> bool | None:
    """None if no evaluator says: such a task cannot be trained, and is listed all the same."""
    try:
        return metric_of(task.item, default_metrics(host, task)).higher_is_better
    except SuiteError:
        return None
