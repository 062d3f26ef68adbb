"""What `suite check` checks, but for what trains: `make test` runs that for all plugins at once."""

from __future__ import annotations

import pytest

import suite
import suite_forecasting
from suite.testing import Check, checks

QUICK = (
    "task-check-answers", "task-baseline", "task-inspect", "task-preview", "task-format", "task-sample",
    "options", "loader-", "evaluator-", "plugin-loads", "name-and-summary",
)  # fmt: skip

CHECKS = checks(suite.Host(suite_forecasting, discover=False))


@pytest.mark.parametrize("check", [check for check in CHECKS if check.name.startswith(QUICK)], ids=str)
def test_check(check: Check) -> None:
    check()
