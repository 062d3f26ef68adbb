"""The plugins of this repository pass `suite check`."""

from __future__ import annotations

import pytest

import suite
import suite.testing
from suite.contributions import ModelBuilder, Task
from suite.testing.check import BUILT, EXPORTED

pytestmark = pytest.mark.slow

HOST = suite.Host()
"""With all that is installed."""

BUILDERS = [
    (plugin.name, builder.task, builder.name)
    for plugin in HOST.plugins
    for builder in plugin.contributions
    if isinstance(builder.item, ModelBuilder)
]


def outcome(checks):
    """What fails, and what cannot be checked, a line for each."""
    failed, unchecked = [], []
    for check in checks:
        try:
            check()
        except suite.testing.NotCheckedError as error:
            unchecked.append(f"{check}: {error}")
        except suite.PluginError as error:
            failed.append(f"{check}: {error}")
    return failed, unchecked


@pytest.mark.parametrize("plugin", [plugin.name for plugin in HOST.plugins])
def test_what_needs_no_network_passes(plugin):
    checks = [check for check in suite.testing.checks(HOST, plugin=plugin) if check.cost < BUILT]
    failed, _ = outcome(checks)
    assert failed == []


BUILT_ONLY = ("applications", "detector", "recurrent", "conformer", "transformer", "residual")
"""Networks that take up to a minute to trace: the tests of their plugins train, resume and export them."""


# All checks of a builder in one test: they share a training.
@pytest.mark.parametrize(
    ("plugin", "task", "name"), BUILDERS, ids=[f"{task}-{name}" for _, task, name in BUILDERS]
)
def test_a_model_builder_passes(plugin, task, name):
    default = HOST.task(task).builder
    checks = [
        check
        for check in suite.testing.checks(HOST, task, plugin=plugin)
        if BUILT <= check.cost <= (BUILT if name in BUILT_ONLY else EXPORTED)
        and (check.contribution == name or (check.name == "task-explain" and name == default))
    ]
    failed, unchecked = outcome(checks)
    assert failed == []
    unchecked = [line for line in unchecked if "takes inputs of one shape" not in line]
    of_others = (
        HOST.builder(name, task).item.pretrained is not None and not HOST.builder(name, task).item.quick
    )
    assert len(unchecked) == int(of_others), unchecked
    assert isinstance(HOST.find_task(task).item, Task)
