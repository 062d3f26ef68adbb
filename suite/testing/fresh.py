"""Programs in a fresh interpreter, in which a plugin is imported as if for the first time."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.host import Host, Plugin
from suite.testing.check import NotCheckedError


def alone(host: Host, plugin: Plugin) -> Host:
    """A host that holds one plugin of another, made anew."""
    if plugin.file:
        return Host(Path(plugin.file), discover=False)
    given, discover, without = host.made_with
    for implementation in given:
        candidate = Host(implementation, discover=False)
        if [each.name for each in candidate.plugins] == [plugin.name]:
            return candidate
    others = {each.name for each in host.plugins if each.version and not each.file} - {plugin.name}
    return Host(discover=discover, without={*without, *others})


def pickled(host: Host) -> bytes:
    """A host as it travels to a fresh interpreter.

    Raises:
        NotCheckedError: if a plugin of it is an object that only this process has.
    """
    try:
        return pickle.dumps(host)
    except Exception as error:  # noqa: BLE001 - whatever an object of a program says
        raise NotCheckedError(
            f"the plugin is an object that a fresh interpreter cannot import ({error}): make it a module"
        ) from None


def run_fresh(program: str, host: Host, job: Mapping[str, Any]) -> tuple[int, str, str]:
    """Run a program in a fresh interpreter: its status, what it printed, and what it said went wrong.

    Args:
        program: Python; `host` and `job` are there.
        host: to travel there.
        job: plain JSON values.
    """
    beginning = (
        "import json, pickle, sys\n"
        "sys.path[:] = json.loads(sys.argv[1])\n"
        "job = json.loads(sys.argv[2])\n"
        "sent = sys.stdin.buffer.read()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", beginning + program, json.dumps(sys.path), json.dumps(job)],
        input=pickled(host),
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
