"""What tests share: the test plugin installed as if by pip, and the way to real data."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from distributions import write_distribution

TESTS = Path(__file__).parent
ROOT = TESTS.parent


@pytest.fixture
def environment() -> Callable[..., dict[str, str]]:
    """Makes the environment of a child process whose `sys.path` begins with the given folders."""

    def make(*folders: Path) -> dict[str, str]:
        path = os.pathsep.join(map(str, (*folders, ROOT)))
        return {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1", "COLUMNS": "100"}

    return make


@pytest.fixture
def toy_installed(tmp_path: Path, environment: Callable[..., dict[str, str]]) -> dict[str, str]:
    """The environment of a child process in which the plugin of toy_plugin.py is installed."""
    folder = tmp_path / "site"
    write_distribution(folder, "suite-toy", "[suite.v1]\ntoy = toy_plugin\n")
    return environment(folder, TESTS)
