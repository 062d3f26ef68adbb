"""`suite show TASK --types`: what a task's loaders, builders and evaluators have to agree on."""

from __future__ import annotations

import dataclasses
import json
import sys

import pytest

import suite
import toy_plugin
from suite.cli.main import main
from suite.cli.module_documentation import module_documentation

SHOWN = """\
The types of the test plugin's task.

An input is a row of eight numbers.


class Trend(msgspec.Struct, frozen=True, kw_only=True)
    The prediction for one row of numbers; a target is its `trend` alone.

    trend: str
    probability: float = 1.0


Target = str
    The name of a trend.


class Facts(TypedDict)
    What is known of the data.

    # In alphabetical order.
    trends: list[str]
    length: int  # of every row
        Eight.
"""


def host(types):
    class toy:  # noqa: N801 - its name is the plugin's
        suite_model_builders = staticmethod(toy_plugin.suite_model_builders)
        suite_evaluators = staticmethod(toy_plugin.suite_evaluators)

        @suite.hookimpl
        def suite_tasks(self):
            (task,) = toy_plugin.suite_tasks()
            return [dataclasses.replace(task, types=types)]

    return suite.Host(toy(), discover=False)


@pytest.fixture
def show(capsys):
    def call(*words, types="toy_types"):
        status = main(["show", *words], host(types))
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


def test_the_module_of_the_types_is_shown(show):
    status, printed, errors = show("trend", "--types")
    assert printed == f"the types of task 'trend' of plugin 'toy', from toy_types\n\n\n{SHOWN}"
    assert (status, errors) == (0, "")


def test_nothing_is_imported_for_it():
    sys.modules.pop("toy_types", None)
    assert module_documentation("toy_types") + "\n" == SHOWN
    assert "toy_types" not in sys.modules


def test_for_programs(show):
    assert json.loads(show("trend", "--types", "--json")[1]) == {
        "module": "toy_types",
        "documentation": SHOWN.rstrip(),
    }


def test_a_task_may_name_none(show):
    sentence = "task 'trend' of plugin 'toy' names no module that documents its types\n"
    assert show("trend", "--types", types="") == (0, sentence, "")


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("toy_typos", "there is no module 'toy_typos'"),
        ("toy_types.more", "there is no module 'toy_types.more'"),
        ("sys", "the module 'sys' has no source to read"),
    ],
)
def test_a_module_that_is_not_there_is_the_plugins_mistake(show, module, reason):
    message = f"suite: task 'trend' of plugin 'toy' names '{module}' for its types: {reason}\n"
    assert show("trend", "--types", types=module) == (3, "", message)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trend", "dense"], "--types shows the types of a whole task: leave out 'dense'"),
        (["training"], "--types is for a task, and 'training' are options"),
    ],
)
def test_types_are_of_a_task(show, words, message):
    assert show(*words, "--types") == (2, "", f"suite: {message}\n")


def test_names_of_other_modules_of_a_package_are_followed(tmp_path, monkeypatch):
    package = tmp_path / "birds_of_a_test"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    inner = "from ..songs import Song as Song, Other, Note\n__all__ = ['Note']\n"
    (package / "inner" / "__init__.py").write_text(inner)
    (package / "songs.py").write_text("class Song:\n    notes: int\nclass Other:\n    x: int\nNote = str")
    monkeypatch.syspath_prepend(tmp_path)
    assert module_documentation("birds_of_a_test.inner") == "class Song\n    notes: int\n\n\nNote = str"


def test_names_for_type_checkers_and_classes_that_others_derive_from_are_shown(tmp_path, monkeypatch):
    (tmp_path / "kinds_of_a_test.py").write_text(
        "from typing import TYPE_CHECKING, TypedDict\nfrom facts_of_a_test import Facts as Known\n"
        'if TYPE_CHECKING:\n    Input = str\n    """A text.\n\n    Or none.\n    """\n'
        "class Facts(Known):\n    more: int\n"
    )
    facts = "from typing import TypedDict\nclass Facts(TypedDict):\n    classes: list[str]\n"
    (tmp_path / "facts_of_a_test.py").write_text(facts)
    monkeypatch.syspath_prepend(tmp_path)
    assert module_documentation("kinds_of_a_test") == (
        "Input = str\n    A text.\n\n    Or none.\n\n\n"
        "class Known(TypedDict)\n    classes: list[str]\n\n\nclass Facts(Known)\n    more: int"
    )
