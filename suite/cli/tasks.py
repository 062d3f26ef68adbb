"""`suite tasks`: the kinds of problems that the installed plugins know."""

from __future__ import annotations

import argparse

from suite.cli.main import host_from
from suite.cli.tables import aligned, json_text
from suite.contributions import Task


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(arguments: argparse.Namespace) -> int:
    host = host_from(arguments)
    found = [(one.plugin, one.item) for one in host.contributed("tasks") if isinstance(one.item, Task)]
    if arguments.json:
        print(
            json_text(
                [
                    {
                        "name": task.name,
                        "plugin": plugin,
                        "summary": task.summary,
                        "metric": task.metric,
                        "higher_is_better": task.higher_is_better,
                        "builder": task.builder,
                        "evaluators": list(task.evaluators),
                    }
                    for plugin, task in found
                ]
            )
        )
    elif found:
        print(
            aligned([["TASK", "PLUGIN", ""], *([task.name, plugin, task.summary] for plugin, task in found)])
        )
    else:
        print("no task: " + ("no plugin is installed" if not host.plugins else "no plugin contributes one"))
    for plugin in host.broken:
        if not arguments.json:
            print(f"plugin '{plugin.name}' could not be loaded: {plugin.error}")
    return 0
