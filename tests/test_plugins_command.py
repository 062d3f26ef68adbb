"""`suite plugins --check`: everything that plugins declare is imported, and what cannot be is named."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

import suite
import toy_plugin
from suite.cli.main import main

TOY = suite.Host(toy_plugin, discover=False)


def host_with(**attributes) -> suite.Host:
    declared = {"name": "half", "task": "trend", "evaluate": len, **attributes}
    hook = suite.hookimpl(lambda: [suite.Evaluator(**declared)])
    return suite.Host(toy_plugin, SimpleNamespace(__name__="halves", suite_evaluators=hook), discover=False)


def test_plugins_that_can_be_loaded_are_counted(capsys):
    assert main(["plugins", "--check"], TOY) == 0
    assert capsys.readouterr().out == "toy_plugin  ok: 4 contributions, 3 addresses\n"
    assert main(["plugins", "--check", "--json"], TOY) == 0
    assert json.loads(capsys.readouterr().out) == {"toy_plugin": []}


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("no_such_module:half", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("toy_plugin:no_such_function", "has no attribute 'no_such_function'"),
    ],
)
def test_an_address_that_leads_nowhere_is_named(address, message, capsys):
    host = host_with(evaluate=suite.lazy(address))
    assert main(["plugins", "--check"], host) == 1
    printed = capsys.readouterr().out
    assert (
        f"the evaluate of its evaluator 'trend / half' is '{address}', which cannot be imported: " in printed
    )
    assert message in printed
    assert "toy_plugin  ok: " in printed
    assert main(["plugins", "--check", "--json"], host) == 1
    assert message in json.loads(capsys.readouterr().out)["halves"][0]


def test_a_package_that_only_some_need_is_a_note(capsys, monkeypatch):
    def needed(*_):
        raise suite.UserError("this needs sklearn: pip install 'suite-halves[train]'")

    monkeypatch.setattr("suite.contributions.Lazy.resolve", needed)
    assert main(["plugins", "--check"], host_with()) == 0
    assert "note: the build of its model builder" in capsys.readouterr().out


def test_a_plugin_that_cannot_be_loaded_is_shown_with_its_traceback_if_asked_for(capsys):
    host = host_with(evaluate=None)
    for words in (["plugins"], ["plugins", "--check"]):
        assert main(words, host) == len(words) - 1
        printed = capsys.readouterr()
        assert "could not be loaded: PluginError: the evaluate of its evaluator 'half' is None" in printed.out
        assert "Traceback" not in printed.err
        main([*words, "--debug"], host)
        assert "Traceback" in capsys.readouterr().err
