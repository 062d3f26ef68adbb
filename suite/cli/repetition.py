"""The command line that repeats a command, for reports."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable


def repeating_command(
    name: str, words: Iterable[str], arguments: argparse.Namespace, options: Iterable[str]
) -> str:
    """The command line that does the same again.

    Args:
        name: the command.
        words: that follow it.
        arguments: of the command, which has `--set`, `--plugin` and `--without`.
        options: which of its other options count, by their names in `arguments`.
    """
    line = ["suite", name, *words]
    for option in options:
        value = getattr(arguments, option)
        flag = f"--{option.replace('_', '-')}"
        if isinstance(value, bool):
            line += [flag] if value else []
            continue
        for given in value if isinstance(value, list) else [value] if value is not None else []:
            line += [flag, given]
    for setting in arguments.set:
        line += ["--set", setting]
    for file in arguments.plugin_files:
        line += ["--plugin", file]
    for plugin in arguments.without:
        line += ["--without", plugin]
    return shlex.join(line)
