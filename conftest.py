"""What the tests of the host and of all plugins have in common."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from forked_conversions import in_a_forked_process

# A test that runs beside others on a busy machine may take its time.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# What good reasons to skip speak of: data that is not in the repository, PyTorch, which `make test` does not
# install for its size, pip without a network, a browser, which is no Python package, and what `make test`
# tries in its second pass, on JAX.
GOOD_REASONS = ("SUITE_DATA", "torch", "package index", "there is no browser", "only JAX")


# What modules and collected tests are made of stays, and looking through it for garbage, again and again,
# takes a tenth of all the time (measured).
gc.disable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """From here on garbage is looked for in what tests make, and there a little less often."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 10, 10)


@pytest.fixture(scope="session", autouse=True)
def keras_on_its_backend() -> None:
    """If the environment names a backend, Keras has it before any test lets the suite choose one."""
    if os.environ.get("KERAS_BACKEND"):
        import keras  # noqa: F401


@pytest.fixture(scope="session", autouse=True)
def conversions_are_forked() -> Generator[None]:
    """Conversions to ONNX need not each import TensorFlow."""
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        yield  # the process from which they are forked would have Keras on that backend
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("suite.conversion.process._in_a_process", in_a_forked_process)
        yield


@pytest.fixture(scope="session", autouse=True)
def nothing_need_outlive_the_machine() -> Generator[None]:
    """What tests write is read by a machine that has not lost its power: waiting for disks tests nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def installed_plugins_are_found_once() -> Generator[None]:
    """Looking through all that is installed is half of what a host costs, and tests make many hundreds."""
    from suite import host

    look, found = host._installed, {}

    def look_once() -> dict[str, Any]:
        folders = [path for path in map(Path, sys.path) if path.is_dir()]
        key = tuple((path, path.stat().st_mtime_ns) for path in folders)
        if key not in found:
            found[key] = look()
        return found[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host, "_installed", look_once)
        yield


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Let a skipped test fail: `make test` installs all that tests need."""
    if not (os.environ.get("SUITE_NO_SKIPS") and report.skipped) or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not any(good in reason for good in GOOD_REASONS):
        report.outcome = "failed"
        report.longrepr = f"{reason}\nSUITE_NO_SKIPS: all that tests need is to be installed"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that was skipped."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that was skipped."""
    report = yield
    _refuse_skip(report)
    return report
