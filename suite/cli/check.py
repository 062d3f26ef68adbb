"""`suite check [PLUGIN]`: whether plugins do what the host and people expect of them."""

from __future__ import annotations

import argparse
import textwrap
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from suite.cli.main import INTERRUPTED, host_from
from suite.cli.tables import json_text
from suite.errors import PluginError
from suite.wording import counted, some

if TYPE_CHECKING:
    from suite.host import Host
    from suite.testing.check import Check

PASSED, FAILED, NOT_CHECKED = "passed", "FAILED", "skipped"
_WIDTH = 100
_NAMED = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words and options of the command."""
    parser.description = (
        "Check plugins: what they declare, and on the sample of each task that loaders, evaluators and models"
        " do what is expected of them. Cheap checks come first; each model builder is trained for seconds."
        " The exit status is 1 if a check fails."
    )
    parser.add_argument(
        "plugin",
        metavar="PLUGIN",
        nargs="?",
        help="the plugin to check; by default those that --plugin gives, else all that are installed",
    )
    parser.add_argument("--task", metavar="TASK", help="only what is for this task")
    parser.add_argument("--model", metavar="NAME", help="only the model builder of this name")
    parser.add_argument("--list", action="store_true", help="list the checks, and make none")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


@dataclass(frozen=True)
class Outcome:
    """What became of a check: the outcome, the seconds that it took, and the reason if it did not pass."""

    check: Check
    outcome: str
    seconds: float
    reason: str = ""


def run(arguments: argparse.Namespace) -> int:
    """Make the checks, and show each as it is made; 1 if one fails."""
    listed = _listed(host_from(arguments), arguments)
    if arguments.list:
        for check in listed:
            print(check)
        return 0
    if not arguments.json:
        print(
            _announced(listed, narrowed=bool(arguments.plugin or arguments.task or arguments.model)),
            flush=True,
        )
    outcomes: list[Outcome] = []
    began, interrupted = time.perf_counter(), False
    try:
        for outcome in _made(listed):
            outcomes.append(outcome)
            if not arguments.json:
                _show(outcome)
    except KeyboardInterrupt:
        interrupted = True
    if arguments.json:
        print(json_text(_as_json(outcomes, len(listed), interrupted=interrupted)))
    else:
        _summarize(outcomes, len(listed), time.perf_counter() - began, interrupted=interrupted)
    if interrupted:
        return INTERRUPTED
    return int(any(outcome.outcome == FAILED for outcome in outcomes))


def _listed(host: Host, arguments: argparse.Namespace) -> list[Check]:
    from suite.testing.listing import checks

    chosen: list[Any] = [arguments.plugin]
    if arguments.plugin is None and arguments.plugin_files:
        chosen = [plugin.name for plugin in host.plugins if plugin.file]
    listed = [
        check for name in chosen for check in checks(host, arguments.task, arguments.model, plugin=name)
    ]
    return sorted(listed, key=lambda check: check.cost)


def _announced(listed: Sequence[Check], *, narrowed: bool) -> str:
    """How many checks of which plugins are made; of many, how to make fewer."""
    plugins = list(dict.fromkeys(check.plugin for check in listed))
    text = f"{counted(len(listed), 'check', 'checks')} of {some(plugins, _NAMED)}"
    if len(plugins) > 1 and not narrowed:
        text += (
            "\nname a plugin to check that one alone, or narrow it by --task and --model; --list lists them"
        )
    return text


def _made(listed: Sequence[Check]) -> Iterator[Outcome]:
    from suite.testing.check import NotCheckedError

    for check in listed:
        start = time.perf_counter()
        outcome, reason = PASSED, ""
        try:
            check()
        except NotCheckedError as error:
            outcome, reason = NOT_CHECKED, str(error)
        except PluginError as error:
            outcome, reason = FAILED, str(error)
        yield Outcome(check, outcome, time.perf_counter() - start, reason)


def _show(outcome: Outcome) -> None:
    print(f"{outcome.outcome:<7} {outcome.seconds:5.1f} s  {outcome.check}", flush=True)
    if outcome.reason:
        print(textwrap.fill(outcome.reason, _WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8))


def _summarize(outcomes: Sequence[Outcome], listed: int, seconds: float, *, interrupted: bool) -> None:
    failed = [outcome for outcome in outcomes if outcome.outcome == FAILED]
    if failed:
        print("\nfailed:")
        for outcome in failed:
            print(f"  {outcome.check}  ({outcome.check.about})")
    counts = [
        f"{sum(outcome.outcome == kind for outcome in outcomes)} {kind.lower()}"
        for kind in (PASSED, FAILED, NOT_CHECKED)
    ]
    print(f"\n{counted(len(outcomes), 'check', 'checks')} in {seconds:.0f} s: {', '.join(counts)}", end="")
    print(f"; interrupted, {listed - len(outcomes)} were not made" if interrupted else "")


def _as_json(outcomes: Sequence[Outcome], listed: int, *, interrupted: bool) -> dict[str, Any]:
    return {
        "interrupted": interrupted,
        "listed": listed,
        "checks": [
            {
                "plugin": outcome.check.plugin,
                "task": outcome.check.task or None,
                "contribution": outcome.check.contribution or None,
                "about": outcome.check.about,
                "check": outcome.check.name,
                "outcome": outcome.outcome.lower(),
                "seconds": round(outcome.seconds, 3),
                "reason": outcome.reason or None,
            }
            for outcome in outcomes
        ],
    }
