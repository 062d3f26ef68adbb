"""`suite check`: a line for each check, reasons and remedies, a summary, JSON, and what is narrowed."""

from __future__ import annotations

import json

import pytest

import suite
import toy_plugin
from broken_plugins import plugin
from suite.cli import check as command
from suite.cli.main import main

HOST = suite.Host(toy_plugin, discover=False)


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    """Without the checks that train."""
    from suite.testing import listing

    listed = listing.checks

    def few(*words, **more):
        return [check for check in listed(*words, **more) if check.cost == 0 or "task" in check.name]

    monkeypatch.setattr(listing, "checks", few)


def test_each_check_has_a_line_and_all_of_them_a_summary(capsys):
    assert main(["check"], HOST) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "passed    0.0 s  trend/dense/options" in lines
    assert lines[0] == f"{len(lines) - 3} checks of 'toy_plugin'"
    assert lines[-1].endswith(f"{len(lines) - 3} passed, 0 failed, 0 skipped")


def test_a_failure_has_a_reason_and_a_remedy(capsys):
    assert main(["check"], suite.Host(plugin(task={"builder": "dens"}), discover=False)) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert (
        "FAILED 0.0 s trend/defaults-exist task 'trend' of plugin 'mutant' has the default builder" in printed
    )
    assert "did you mean 'dense'?" in printed
    assert "failed: trend/defaults-exist (task 'trend' of plugin 'mutant')" in printed


def test_json_says_the_same(capsys):
    assert main(["check", "--json"], suite.Host(plugin(loader={"name": "Lines"}), discover=False)) == 1
    found = json.loads(capsys.readouterr().out)
    (failed,) = (check for check in found["checks"] if check["outcome"] == "failed")
    assert (failed["plugin"], failed["contribution"], failed["check"]) == (
        "mutant",
        "Lines",
        "name-and-summary",
    )
    assert "lower case" in failed["reason"]
    assert found["listed"] == len(found["checks"])
    assert not found["interrupted"]


def test_what_is_not_there_is_a_sentence(capsys):
    assert main(["check", "toy_plugins"], HOST) == 2
    assert "there is no plugin 'toy_plugins': did you mean 'toy_plugin'?" in capsys.readouterr().err
    assert main(["check", "--task", "trends"], HOST) == 2
    assert "did you mean 'trend'?" in capsys.readouterr().err
    assert main(["check", "--model", "dens"], HOST) == 2
    assert "there is no model builder 'dens': did you mean 'dense'?" in capsys.readouterr().err


def test_it_can_be_narrowed_and_listed(capsys):
    assert main(["check", "toy_plugin", "--task", "trend", "--model", "dense", "--list"], HOST) == 0
    lines = capsys.readouterr().out.split()
    assert "trend/dense/options" in lines
    assert not any(line.startswith("trend/lines") for line in lines)


def test_an_interrupt_ends_it_with_what_was_found(capsys, monkeypatch):
    made = command._made

    def interrupted(listed):
        yield from list(made(listed))[:2]
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_made", interrupted)
    assert main(["check"], HOST) == 130
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("2 checks in 0 s: 2 passed, 0 failed, 0 skipped; interrupted, ")
