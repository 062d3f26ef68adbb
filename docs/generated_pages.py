"""The pages of the site that are made from the code: commands, tasks and options, reference, plugins.

They are written when the site is built (`make docs`), so they cannot say anything else than the code does.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import os
import shutil
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import suite
from suite.cli.main import COMMANDS, main

HERE = Path(__file__).parent
ROOT = HERE.parent
PLUGINS = ROOT / "plugins"

HOST_MODULES = (
    "suite",
    "suite.data",
    "suite.pipeline",
    "suite.evaluation",
    "suite.figures",
    "suite.options",
    "suite.sources",
    "suite.kit",
    "suite.testing",
    "suite.widgets",
)
"""The public modules of the host; of each plugin it is the module `api`."""

COLUMNS = "100"
"""The width of a terminal, in which the help of the commands is written."""


def write_pages(folder: Path) -> None:
    """Write all generated pages into `folder`, which holds nothing else afterwards."""
    modules = [*HOST_MODULES, *plugin_modules()]
    described = homes(modules)
    pages = {
        "getting-started": from_root("README.md"),
        "changelog": from_root("CHANGELOG.md"),
        "commands": commands(),
        "tasks": tasks(),
        "plugins": directory(),
        "reference/index": reference_index(modules),
        **{f"reference/{module}": reference(module, described) for module in modules},
    }
    shutil.rmtree(folder, ignore_errors=True)
    for name, lines in pages.items():
        path = folder / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def plugin_modules() -> list[str]:
    """The modules `api` of the plugins in this repository."""
    paths = sorted(PLUGINS.glob("*/suite_*/**/api.py"))
    return [".".join(path.relative_to(PLUGINS).with_suffix("").parts[1:]) for path in paths]


def from_root(name: str) -> list[str]:
    """A page of the repository's root, with its links as they are from the folder of generated pages."""
    text = (ROOT / name).read_text(encoding="utf-8")
    text = text.replace("](CHANGELOG.md", "](changelog.md").replace("](README.md", "](getting-started.md")
    return text.replace("](docs/", "](../").splitlines()


def commands() -> list[str]:
    """The help of every command."""
    lines = ["# Commands", "", *block(printed("--help"))]
    for name in COMMANDS:
        lines += [f"## suite {name}", "", *block(printed(name, "--help"))]
    return lines


def tasks() -> list[str]:
    """What there is for every task of the installed plugins, with all options."""
    lines = ["# Tasks and options", "", "What `suite show` prints, for every task of the plugins here.", ""]
    for section in ("training", "split", "runtime"):
        lines += [f"## {section}", "", *block(printed("show", section))]
    host = suite.Host()
    for task in host.tasks():
        lines += [f"## {task.name}", "", *block(printed("show", task.name))]
        if task.item.types:
            lines += documented(task.item.types, "no-index:")
        for contributed in (
            *host.loaders(task.name),
            *host.builders(task.name),
            *host.evaluators(task.name),
        ):
            options = printed("show", task.name, contributed.name)
            lines += [f"### {task.name}: {contributed.name}", "", *block(options)]
    return lines


def directory() -> list[str]:
    """The plugins that we know of, with what their checks said."""
    listed = tomllib.loads((HERE / "plugins.toml").read_text(encoding="utf-8"))
    checked = json.loads((HERE / "checked.json").read_text(encoding="utf-8"))
    return [
        "# Plugins",
        "",
        "The plugins that we know of, and what `suite check` said of them. To have yours listed, add it to",
        "`docs/plugins.toml`. A check is skipped where it cannot be made: without others' weights, say.",
        "",
        "| distribution | for | by | version | checks | with the host | date |",
        "|---|---|---|---|---|---|---|",
        *(_listed(name, plugin, checked.get(name)) for name, plugin in listed.items()),
    ]


def _listed(name: str, plugin: Mapping[str, str], result: Mapping[str, Any] | None) -> str:
    begin = f"| `{name}` | {plugin['summary']} | {plugin['author']} |"
    if result is None:
        return f"{begin} | not checked | | |"
    counts = f"{result['passed']} passed, {result['failed']} failed, {result['skipped']} skipped"
    return f"{begin} {result['version']} | {counts} | {result['host']} | {result['date']} |"


def reference_index(modules: Iterable[str]) -> list[str]:
    """The list of the modules of the reference."""
    return [
        "# Reference",
        "",
        "All public modules, from their docstrings. Within `v1` they only gain names, and fields and",
        "parameters with defaults ([compatibility](../../compatibility.md)).",
        "",
        "```{toctree}",
        *modules,
        "```",
    ]


def reference(module: str, described: Mapping[int, str]) -> list[str]:
    """The reference of a module.

    Args:
        module: its name.
        described: by the identity of an object that several modules export, the module that describes it.
    """
    exported = {name: described.get(id(item), module) for name, item in public(module).items()}
    elsewhere = {name: home for name, home in exported.items() if home != module}
    setting = [f"exclude-members: {', '.join(elsewhere)}"] if elsewhere else []
    lines = [f"# {module}", "", *documented(module, *setting)]
    if elsewhere:
        lines += [
            "Here too:",
            "",
            *(f"- `{name}` of [{home}]({home}.md)" for name, home in elsewhere.items()),
        ]
    return lines


def public(module: str) -> dict[str, Any]:
    """What a module exports, by name."""
    imported = import_module(module)
    return {name: getattr(imported, name) for name in sorted(getattr(imported, "__all__", ()))}


def homes(modules: Sequence[str]) -> dict[int, str]:
    """By the identity of a class or function that some modules export, the first of them."""
    found: dict[int, str] = {}
    for module in modules:
        for item in public(module).values():
            if isinstance(item, type) or inspect.isfunction(item):
                found.setdefault(id(item), module)
    return found


def documented(module: str, *settings: str) -> list[str]:
    """The directive that documents a module, and an empty line."""
    options = [f"   :{setting}" for setting in ("members:", *settings)]
    return block("\n".join([f".. automodule:: {module}", *options]), "{eval-rst}")


def block(text: str, language: str = "text") -> list[str]:
    """A code block, and an empty line."""
    return [f"```{language}", text, "```", ""]


def printed(*words: str) -> str:
    """What `suite WORDS` prints."""
    output = io.StringIO()
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = COLUMNS
    try:
        with contextlib.redirect_stdout(output):
            status = main(words)
    finally:
        del os.environ["COLUMNS"]
        if before is not None:
            os.environ["COLUMNS"] = before
    if status:
        raise RuntimeError(f"suite {' '.join(words)} ended with status {status}")
    return output.getvalue().rstrip()
