"""How installed plugins are found. Here an "installed" one is a folder of metadata and a module."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

import suite
import toy_plugin
from distributions import write_distribution

GOOD = """
import suite

@suite.hookimpl
def suite_tasks():
    return [suite.Task(name="{task}", summary="", sample=list, metric="m", builder="b", evaluators=())]
"""


class Site:
    """A folder on `sys.path`, the only one with distributions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, source: str, entry_points: str | None = None, version: str = "1.0") -> None:
        module = f"{name.replace('-', '_')}_module"
        (self.folder / f"{module}.py").write_text(dedent(source))
        text = f"[suite.v1]\nplugin = {module}\n" if entry_points is None else entry_points
        write_distribution(self.folder, name, text, version)
        importlib.invalidate_caches()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    standard = [path for path in sys.path if path.startswith(sys.base_prefix) and "-packages" not in path]
    monkeypatch.setattr(sys, "path", [str(tmp_path), *standard])
    before = set(sys.modules)
    yield Site(tmp_path)
    for name in set(sys.modules) - before:
        if name.endswith("_module"):
            del sys.modules[name]


def test_nothing_installed_is_a_host_without_plugins(site):
    assert suite.Host().plugins == []


def test_a_plugin_has_the_name_and_version_of_its_distribution(site):
    site.install("suite-birds", GOOD.format(task="birds"), version="2.3")
    (plugin,) = suite.Host().plugins
    assert (plugin.name, plugin.version, plugin.error) == ("suite-birds", "2.3", "")
    assert [contributed.item.name for contributed in plugin.contributions] == ["birds"]
    assert plugin.seconds > 0


def test_plugins_are_in_the_order_of_their_names(site):
    for name in ("suite-c", "suite-a", "suite-b"):
        site.install(name, GOOD.format(task=name))
    assert [plugin.name for plugin in suite.Host().plugins] == ["suite-a", "suite-b", "suite-c"]


def test_equal_entry_point_names_of_two_distributions_are_both_loaded(site):
    site.install("suite-one", GOOD.format(task="one"))
    site.install("suite-two", GOOD.format(task="two"))
    assert [contributed.item.name for contributed in suite.Host().tasks()] == ["one", "two"]


def test_several_entry_points_of_a_distribution_are_one_plugin(site):
    points = "[suite.v1]\na = suite_pair_module\nb = suite_other_module\n"
    site.install("suite-pair", GOOD.format(task="one"), points)
    (site.folder / "suite_other_module.py").write_text(GOOD.format(task="two"))
    (plugin,) = suite.Host().plugins
    assert sorted(contributed.item.name for contributed in plugin.contributions) == ["one", "two"]


def test_an_entry_point_may_name_an_object_of_a_module(site):
    source = (
        GOOD.format(task="birds")
        + "\nclass Plugin:\n    suite_tasks = staticmethod(suite_tasks)\nplugin = Plugin()\n"
    )
    site.install("suite-birds", source, "[suite.v1]\nx = suite_birds_module:plugin\n")
    assert [contributed.item.name for contributed in suite.Host().tasks()] == ["birds"]


def test_entry_points_of_another_version_of_the_interface_are_not_ours(site):
    site.install("suite-next", GOOD.format(task="next"), "[suite.v2]\nx = suite_next_module\n")
    site.install("suite-far", GOOD.format(task="far"), "[suite.v10]\nx = suite_far_module\n")
    assert suite.Host().plugins == []


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def f(:", "SyntaxError"),
        ("raise ValueError", "ValueError"),
        ("import suite\n@suite.hookimpl\ndef suite_tasks(): return 3", "its hook suite_tasks() returned 3"),
        ("import suite\n@suite.hookimpl\ndef suite_tasks(x): return []", "PluginValidationError"),
    ],
)
def test_a_broken_plugin_is_recorded_and_does_not_stop_the_others(site, source, reason):
    site.install("suite-broken", source)
    site.install("suite-good", GOOD.format(task="good"))
    host = suite.Host()
    assert [contributed.item.name for contributed in host.tasks()] == ["good"]
    (broken,) = host.broken
    assert broken.name == "suite-broken"
    assert reason in broken.error


def test_an_entry_point_to_nowhere_is_recorded(site):
    site.install("suite-lost", "", "[suite.v1]\nx = no_such_module:thing\n")
    assert "no_such_module" in suite.Host().broken[0].error


def test_entry_points_that_are_not_well_formed_are_recorded(site):
    site.install("suite-odd", "", "[suite.v1]\nthis is not a line of a name and a value\n")
    site.install("suite-good", GOOD.format(task="good"))
    host = suite.Host()
    assert [plugin.name for plugin in host.broken] == ["suite-odd"]
    assert host.task("good").name == "good"


def test_a_plugin_left_out_is_not_imported(site):
    site.install("suite-loud", "raise SystemExit('imported')")
    site.install("suite-good", GOOD.format(task="good"))
    host = suite.Host(without=["suite-loud"])
    assert [plugin.name for plugin in host.plugins] == ["suite-good"]
    assert "suite_loud_module" not in sys.modules


def test_leaving_out_what_is_not_there_is_an_error_with_the_nearest_name(site):
    site.install("suite-good", GOOD.format(task="good"))
    with pytest.raises(
        suite.UserError, match="no plugin 'suite-god' to leave out: did you mean 'suite-good'"
    ):
        suite.Host(without=["suite-god"])


def test_plugins_given_as_objects_come_in_addition_to_installed_ones(site):
    site.install("suite-good", GOOD.format(task="good"))
    host = suite.Host(toy_plugin)
    assert [contributed.item.name for contributed in host.tasks()] == ["good", "trend"]


def test_a_distribution_earlier_on_the_path_hides_a_later_one(site, monkeypatch, tmp_path):
    site.install("suite-birds", GOOD.format(task="birds"), version="2.0")
    later = tmp_path / "later"
    write_distribution(later, "suite-birds", "[suite.v1]\nx = no_such_module\n", version="1.0")
    monkeypatch.setattr(sys, "path", [*sys.path, str(later)])
    (plugin,) = suite.Host().plugins
    assert (plugin.version, plugin.error) == ("2.0", "")


def test_a_package_may_have_a_module_called_after_a_kind_of_contribution(site):
    package = site.folder / "suite_roomy_module"
    package.mkdir()
    (package / "__init__.py").write_text(GOOD.format(task="birds"))
    (package / "tasks.py").write_text("")
    (package / "evaluators.py").write_text("")
    site.install("suite-roomy", "", "[suite.v1]\nx = suite_roomy_module\n")
    (site.folder / "suite_roomy_module.py").unlink()
    importlib.invalidate_caches()
    importlib.import_module("suite_roomy_module.evaluators")
    assert [task.name for task in suite.Host().tasks()] == ["birds"]
