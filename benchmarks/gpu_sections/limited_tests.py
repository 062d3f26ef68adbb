"""A plugin of pytest: ends what takes longer than GPU_TEST_SECONDS, writes each test's outcome at once."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
from collections.abc import Generator
from typing import Any

import pytest

SECONDS = int(os.environ.get("GPU_TEST_SECONDS", "60"))
_spent: dict[str, float] = {}


class TookTooLongError(Exception):
    """Raised in a test by its alarm."""


def _written(**line: Any) -> None:
    if name := os.environ.get("GPU_TEST_RESULTS"):
        with open(name, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """An alarm for Python, and for what never returns to Python the end of the process."""

    def ring(signum: int, frame: Any) -> None:
        raise TookTooLongError(f"it took more than {SECONDS} seconds")

    _written(began=item.nodeid)
    previous = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    faulthandler.dump_traceback_later(SECONDS + 15, exit=True)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """One line for each test: what failed first, or that all of it passed."""
    _spent[report.nodeid] = _spent.get(report.nodeid, 0.0) + report.duration
    if report.when == "teardown" or report.failed:
        if report.when == "teardown" and report.passed and report.nodeid in _told:
            return
        outcome = report.outcome if report.failed else _outcomes.get(report.nodeid, report.outcome)
        message = str(report.longrepr).strip().splitlines()[-1] if report.failed else ""
        _told.add(report.nodeid)
        seconds = round(_spent[report.nodeid], 2)
        _written(test=report.nodeid, outcome=outcome, seconds=seconds, message=message[:300])
    elif report.skipped or report.when == "call":
        _outcomes[report.nodeid] = report.outcome


_outcomes: dict[str, str] = {}
_told: set[str] = set()
