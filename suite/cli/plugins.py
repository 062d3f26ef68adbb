"""`suite plugins`: what is installed, what it contributes, and what could not be loaded."""

from __future__ import annotations

import argparse
from typing import Any

from suite.cli.main import host_from
from suite.cli.tables import aligned, json_text
from suite.host import Plugin


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check",
        action="store_true",
        help="also import all that they declare; the exit status is 1 if something of it cannot be",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(arguments: argparse.Namespace) -> int:
    from suite.cli.plugin_check import broken_texts, check, defects, show_tracebacks

    host = host_from(arguments)
    if arguments.check:
        if not arguments.json:
            return check(host, debug=arguments.debug)
        found = {plugin.name: broken_texts(plugin) for plugin in host.plugins}
        print(json_text(found))
        return int(any(found.values()))
    if arguments.debug:
        show_tracebacks([defect for plugin in host.broken for defect in defects(plugin)])
    if arguments.json:
        print(json_text([_as_json(plugin) for plugin in host.plugins]))
        return 0
    if not host.plugins:
        print("no plugin is installed")
    for number, plugin in enumerate(host.plugins):
        if number:
            print()
        of = f"  in {plugin.file}" if plugin.file else ""
        print(f"{plugin.name} {plugin.version}".rstrip() + f"  ({plugin.seconds * 1000:.0f} ms){of}")
        if plugin.error:
            print(f"    could not be loaded: {plugin.error}")
        else:
            rows = [
                [contributed.kind, contributed.listed_name, contributed.item.summary]
                for contributed in plugin.contributions
            ]
            print(aligned(rows, indent="    ") or "    contributes nothing")
    return 0


def _as_json(plugin: Plugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "version": plugin.version,
        "file": plugin.file or None,
        "seconds": round(plugin.seconds, 6),
        "error": plugin.error or None,
        "contributions": [
            {
                "kind": contributed.kind,
                "task": contributed.task or None,
                "name": contributed.item.name,
                "summary": contributed.item.summary,
            }
            for contributed in plugin.contributions
        ],
    }
