"""Processes of our own, and what is said to them and by them.

Those that do one job end with it, or as soon as the caller is to stop.
"""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import IO, Any

import suite.errors
from suite.errors import PluginError, RunError, SuiteError, UserError, attribution
from suite.host import Host
from suite.stopping import check_stop

_STOP_SECONDS = 0.2  # between two looks whether to stop


def program(module: str, call: str) -> str:
    """The text of a program that calls a function of a module with the caller's `sys.path`, its first word.

    Args:
        module: "suite.conversion.child".
        call: of a function of it, which may use `json` and `sys`: "work(json.loads(sys.argv[2]))".
    """
    function = call.partition("(")[0]
    path = "sys.path[:] = json.loads(sys.argv[1])"
    return f"import json, sys\n{path}\nfrom {module} import {function}\n{call}\n"


def in_a_fresh_process(text: str, *words: str, stdin: IO[Any] | None = None) -> tuple[int, str]:
    """Run a program of Python in an interpreter of its own, which is killed if the caller is to stop.

    Args:
        text: of the program, see `program`. `sys.argv` has the caller's `sys.path`, as JSON, and after it
            `words`.
        words: for the program.
        stdin: what it reads; None takes that of this process.

    Returns:
        Its exit status, and what it printed to the standard error.
    """
    command = [sys.executable, "-c", text, json.dumps(sys.path), *words]
    with subprocess.Popen(
        command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    printed: str = process.communicate(timeout=_STOP_SECONDS)[1]
                    return process.returncode, printed
                check_stop()
        except BaseException:
            process.kill()
            raise


def named_plugins(host: Host) -> dict[str, Any]:
    """What another process makes the same host of, see `host_of`."""
    plugins, discover, without = host.made_with
    named = []
    for plugin in plugins:
        if not isinstance(plugin, ModuleType | Path):
            raise UserError(
                "--workers is for plugins that are installed, modules or files:"
                f" {type(plugin).__name__} is an object of this program, and cannot go to another process"
            )
        if isinstance(plugin, Path):
            named.append({"file": str(plugin.resolve())})
        else:
            named.append({"module": plugin.__name__})
    return {"plugins": named, "discover": discover, "without": sorted(without)}


def host_of(named: Mapping[str, Any]) -> Host:
    """The host that the first process has."""
    plugins = [
        Path(plugin["file"]) if "file" in plugin else import_module(plugin["module"])
        for plugin in named["plugins"]
    ]
    return Host(*plugins, discover=named["discover"], without=named["without"])


def told(error: BaseException) -> tuple[str, str]:
    """The kind of an error and its text, for another process: a sentence, or where a defect is."""
    if isinstance(error, SuiteError):
        kind = next(each.__name__ for each in type(error).__mro__ if each.__module__ == SuiteError.__module__)
        return kind, str(error)
    lines = "".join(traceback.format_exception(error)).rstrip()
    contribution = attribution(error)
    if contribution is None:
        return RunError.__name__, f"a process of it failed:\n{lines}"
    whose = contribution.removeprefix("the ")
    return PluginError.__name__, f"{lines}\n{type(error).__name__} in the {whose}: a defect of that plugin"


def error_told(kind: str, text: str) -> SuiteError:
    """The error that another process has told."""
    found = getattr(suite.errors, kind, RunError)
    if not issubclass(found, SuiteError) or issubclass(found, suite.errors.InputError):
        found = UserError
    error: SuiteError = found(text)
    return error
