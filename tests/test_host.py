"""What a host holds, how it is asked, and whose name an error carries."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

import suite
import toy_plugin
from suite.errors import attributed, attribution


def plugin(name: str, **hooks: Any) -> Any:
    """An object with a name and hook implementations that return the given lists."""

    def answering(answer: Any) -> Any:
        @suite.hookimpl
        def hook() -> Any:
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return hook

    return SimpleNamespace(__name__=name, **{kind: answering(answer) for kind, answer in hooks.items()})


def builder(name: str, task: str = "trend") -> suite.ModelBuilder:
    return suite.ModelBuilder(name=name, task=task, build=print, codec=print)


def test_a_host_with_nothing_installed_lists_nothing():
    host = suite.Host(discover=False)
    assert host.plugins == []
    assert host.tasks() == []
    with pytest.raises(suite.UserError, match="no task 'trend': no plugin is installed"):
        host.task("trend")


def test_a_plugin_given_as_a_module_contributes_all_kinds():
    host = suite.Host(toy_plugin, discover=False)
    (only,) = host.plugins
    assert (only.name, only.error) == ("toy_plugin", "")
    assert [str(contributed) for contributed in only.contributions] == [
        "task 'trend' of plugin 'toy_plugin'",
        "data loader 'lines' of plugin 'toy_plugin'",
        "model builder 'dense' of plugin 'toy_plugin'",
        "evaluator 'hits' of plugin 'toy_plugin'",
    ]


def test_a_contribution_is_found_by_kind_name_and_task():
    host = suite.Host(toy_plugin, discover=False)
    assert host.builder("dense", "trend").item.options is toy_plugin.DenseOptions
    assert host.task("trend").metric == "accuracy"


def test_a_third_party_adds_a_model_to_a_task_it_does_not_own():
    host = suite.Host(toy_plugin, plugin("other", suite_model_builders=[builder("tree")]), discover=False)
    assert [builder.name for builder in host.builders("trend")] == ["dense", "tree"]


def test_an_unknown_name_is_refused_with_the_nearest_one():
    host = suite.Host(toy_plugin, discover=False)
    with pytest.raises(
        suite.UserError, match="no model builder 'dens' for task 'trend': did you mean 'dense'"
    ):
        host.builder("dens", "trend")
    with pytest.raises(suite.UserError, match="no task 'trends': did you mean 'trend'"):
        host.builder("dense", "trends")


def test_a_name_that_resembles_none_is_refused_with_all_that_there_are():
    with pytest.raises(suite.UserError, match="no data loader 'xyz' for task 'trend': known: lines"):
        suite.Host(toy_plugin, discover=False).loader("xyz", "trend")


class TestTwoPluginsWithOneName:
    host = suite.Host(toy_plugin, plugin("other", suite_model_builders=[builder("dense")]), discover=False)

    def test_both_are_listed(self):
        assert [builder.plugin for builder in self.host.builders()] == ["other", "toy_plugin"]

    def test_asking_for_the_bare_name_is_an_error_that_names_both(self):
        with pytest.raises(suite.UserError, match="say other:dense or toy_plugin:dense"):
            self.host.builder("dense", "trend")

    def test_a_plugin_and_a_name_choose_one(self):
        assert self.host.builder("other:dense", "trend").plugin == "other"

    def test_a_plugin_that_does_not_offer_the_name_is_refused(self):
        with pytest.raises(suite.UserError, match="did you mean 'other:dense'"):
            self.host.builder("othr:dense", "trend")


def test_one_name_for_two_tasks_is_no_conflict():
    host = suite.Host(
        toy_plugin, plugin("other", suite_model_builders=[builder("dense", "sums")]), discover=False
    )
    assert host.builder("dense", "trend").plugin == "toy_plugin"


def test_the_order_of_plugins_does_not_matter():
    plugins = [toy_plugin, plugin("other", suite_model_builders=[builder("dense"), builder("a")])]
    one, other = suite.Host(*plugins, discover=False), suite.Host(*reversed(plugins), discover=False)
    assert one.builders() == other.builders()


def test_two_hosts_share_nothing():
    one = suite.Host(toy_plugin, discover=False)
    other = suite.Host(discover=False)
    one.plugins.clear()
    assert other.plugins == []
    assert len(suite.Host(toy_plugin, discover=False).plugins) == 1


def test_two_plugins_of_one_name_are_refused():
    with pytest.raises(suite.UserError, match="two plugins are called 'one'"):
        suite.Host(plugin("one"), plugin("one"), discover=False)


@pytest.mark.parametrize(
    ("hooks", "reason"),
    [
        ({"suite_tasks": ValueError("no\nluck")}, "ValueError: no luck"),
        ({"suite_tasks": SystemExit("bye")}, "SystemExit: bye"),
        ({"suite_tasks": [builder("tree")]}, r"its hook suite_tasks\(\) returned ModelBuilder.* not a Task"),
        (
            {"suite_model_builders": builder("tree")},
            r"its hook suite_model_builders\(\) returned .* not a list",
        ),
        ({"suite_model_builders": [builder("a:b")]}, "'a:b': a name is not empty and has no ':'"),
        ({"suite_model_builders": [builder("")]}, "'': a name is not empty"),
        ({"suite_model_builders": [builder("a"), builder("a")]}, "contributes the model builder 'a' twice"),
        ({"model_buildrs": []}, "unknown hook 'model_buildrs'"),
    ],
)
def test_a_plugin_that_breaks_the_contract_is_recorded_with_the_reason(hooks, reason):
    (broken,) = suite.Host(plugin("odd", **hooks), discover=False).broken
    assert broken.name == "odd"
    assert broken.contributions == ()
    assert "\n" not in broken.error
    assert re.search(reason, broken.error), broken.error


def test_a_plugin_counts_as_a_whole_or_not_at_all():
    odd = plugin("odd", suite_model_builders=[builder("tree")], suite_evaluators=ValueError("no luck"))
    assert suite.Host(odd, discover=False).builders() == []


def test_a_broken_plugin_leaves_the_others_and_is_named_where_something_is_not_found():
    host = suite.Host(toy_plugin, plugin("odd", suite_tasks=ValueError("no luck")), discover=False)
    assert host.task("trend").name == "trend"
    with pytest.raises(suite.UserError, match=r"plugin 'odd' could not be loaded .*: ValueError: no luck"):
        host.task("birds")


def test_an_error_in_a_contribution_keeps_its_type_and_is_noted_with_its_place():
    with pytest.raises(ZeroDivisionError) as caught, attributed("loader 'a' of plugin 'b'"):
        _ = 1 / 0
    assert caught.value.__notes__ == ["in loader 'a' of plugin 'b'"]
    assert attribution(caught.value) == "loader 'a' of plugin 'b'"


def test_an_error_is_noted_once_with_the_innermost_contribution():
    with pytest.raises(KeyError) as caught, attributed("outer"), attributed("inner"):
        raise KeyError
    assert attribution(caught.value) == "inner"
    assert caught.value.__notes__ == ["in inner"]


@pytest.mark.parametrize("error", [suite.UserError("x"), suite.RunError("x"), KeyboardInterrupt()])
def test_errors_for_people_and_interrupts_carry_no_note(error):
    with pytest.raises(type(error)) as caught, attributed("loader 'a' of plugin 'b'"):
        raise error
    assert attribution(caught.value) is None


class TestLazy:
    def test_the_module_is_imported_when_the_callable_is_called(self):
        assert suite.lazy("math:gcd")(12, 18) == 6

    def test_a_method_of_a_class_can_be_named(self):
        assert suite.lazy("fractions:Fraction.from_float")(0.5) == 0.5

    def test_nothing_is_imported_before_the_call(self):
        missing = suite.lazy("no_such_module:function")
        with pytest.raises(ModuleNotFoundError, match="no_such_module"):
            missing()

    @pytest.mark.parametrize("address", ["math", "math.gcd", "math:", ":gcd", "a b:c", "a:b c", "a..b:c", ""])
    def test_an_address_of_another_form_is_refused_at_once(self, address):
        with pytest.raises(ValueError, match="not an address of the form"):
            suite.lazy(address)


def test_contributions_cannot_be_changed():
    item: Any = builder("tree")
    with pytest.raises(AttributeError):
        item.name = "other"
