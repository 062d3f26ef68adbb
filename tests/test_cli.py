"""The frame of the command line: help, mistakes, exit statuses, and what is installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

import suite
import toy_plugin
from suite.cli import main as cli
from suite.errors import attributed


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a command `try` into the table that does what the test says."""

    def install(action: Any) -> None:
        module = ModuleType("command_of_a_test")
        module.add_arguments = lambda parser: parser.add_argument("--epochs", type=int)  # type: ignore[attr-defined]
        module.run = action  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(cli.COMMANDS, "try", (module.__name__, "try something"))

    return install


def raising(error: BaseException, contribution: str | None = None) -> Any:
    def action(arguments: Any) -> int:
        if contribution is None:
            raise error
        with attributed(contribution):
            raise error

    return action


def test_help_lists_every_command(capsys):
    assert cli.main(["--help"]) == 0
    printed = capsys.readouterr().out
    for name, (_, summary) in cli.COMMANDS.items():
        assert f"  {name} " in printed
        assert summary in printed


def test_every_command_of_the_table_exists_and_explains_itself(capsys):
    for name in cli.COMMANDS:
        assert cli.main([name, "--help"]) == 0
        assert capsys.readouterr().out.startswith(f"usage: suite {name} ")


def test_no_command_at_all_is_a_mistake_that_shows_the_help(capsys):
    assert cli.main([]) == 2
    assert "usage: suite COMMAND" in capsys.readouterr().out


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"suite {suite.__version__}\n"


def test_an_unknown_command_is_refused_with_the_nearest_one(capsys):
    assert cli.main(["trian"]) == 2
    assert capsys.readouterr().err == "suite: there is no command 'trian': did you mean 'train'?\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--epoch", "3"], "'suite try' has no option '--epoch': did you mean '--epochs'?"),
        (["--epochs", "many"], "argument --epochs: invalid int value: 'many' (see 'suite try --help')"),
        (["--epochs"], "argument --epochs: expected one argument (see 'suite try --help')"),
        (["data"], "unexpected word 'data' (see 'suite try --help')"),
    ],
)
def test_a_mistake_in_the_words_of_a_command_is_one_sentence(command, capsys, words, message):
    command(lambda arguments: 0)
    assert cli.main(["try", *words]) == 2
    assert capsys.readouterr().err == f"suite: {message}\n"


def test_a_command_gives_its_status(command):
    command(lambda arguments: arguments.epochs)
    assert cli.main(["try", "--epochs", "1"]) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (suite.UserError("no such file"), 2),
        (suite.RunError("it failed"), 1),
        (suite.PluginError("broken"), 3),
    ],
)
def test_an_error_for_people_is_its_message_and_no_traceback(command, capsys, error, status):
    command(raising(error))
    assert cli.main(["try"]) == status
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"suite: {error}\n")


@pytest.mark.parametrize("words", [["try", "--debug"], ["--debug", "try"]])
def test_debug_shows_the_traceback_too(command, capsys, words):
    command(raising(suite.UserError("no such file")))
    assert cli.main(words) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("Traceback")
    assert printed.endswith("suite: no such file\n")


def test_an_error_in_a_contribution_is_a_defect_of_its_plugin(command, capsys):
    command(raising(ZeroDivisionError("x"), "loader 'lines' of plugin 'suite-toy'"))
    assert cli.main(["try"]) == 3
    printed = capsys.readouterr().err
    assert "Traceback" not in printed
    assert re.search(r'test_cli.py", line \d+, in .*\n.*raise error\nZeroDivisionError: x\n', printed)
    last = printed.splitlines()[-1]
    assert "loader 'lines' of plugin 'suite-toy'" in last
    assert "a defect of that plugin" in last
    assert cli.main(["try", "--debug"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_any_other_error_is_a_bug_of_ours(command, capsys):
    command(raising(ZeroDivisionError("x")))
    assert cli.main(["try"]) == 1
    printed = capsys.readouterr().err
    assert "Traceback" in printed
    assert "this is a bug of suite" in printed.splitlines()[-1]


def test_a_program_may_bring_its_own_host(capsys):
    host = suite.Host(toy_plugin, discover=False)
    assert cli.main(["tasks", "--json"], host) == 0
    assert [task["name"] for task in json.loads(capsys.readouterr().out)] == ["trend"]
    assert cli.main(["tasks", "--without", "toy_plugin"], host) == 2
    assert "the program chooses the plugins" in capsys.readouterr().err


def test_ctrl_c_ends_quietly(command, capsys):
    command(raising(KeyboardInterrupt()))
    assert cli.main(["try"]) == 130
    assert capsys.readouterr().err == ""


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "suite", *words], env=environment, capture_output=True, text=True, check=False
    )


def test_a_reader_who_leaves_early_is_no_error(toy_installed):
    reading, writing = os.pipe()
    os.close(reading)
    child = subprocess.Popen(
        [sys.executable, "-m", "suite", "show", "trend"],
        env=toy_installed, stdout=writing, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(writing)
    _, errors = child.communicate()
    assert (child.returncode, errors) == (141, "")


def test_plugins_are_listed_with_what_they_contribute(toy_installed):
    printed = run(toy_installed, "plugins").stdout
    assert "suite-toy 1.0  (" in printed
    assert "    data loader    trend / lines  a JSON object per line: id, numbers, trend, split" in printed


def test_plugins_are_listed_for_programs(toy_installed):
    plugins = {
        plugin["name"]: plugin for plugin in json.loads(run(toy_installed, "plugins", "--json").stdout)
    }
    toy = plugins["suite-toy"]
    assert toy["version"] == "1.0"
    assert toy["error"] is None
    assert toy["seconds"] > 0
    assert {"kind": "evaluator", "task": "trend", "name": "hits", "summary": "share of right answers"} in (
        toy["contributions"]
    )


def test_a_broken_plugin_is_listed_with_the_reason(tmp_path, environment):
    from distributions import write_distribution

    write_distribution(tmp_path, "suite-broken", "[suite.v1]\nx = no_such_module\n")
    done = run(environment(tmp_path), "plugins")
    assert done.returncode == 0
    assert "could not be loaded: ModuleNotFoundError: No module named 'no_such_module'" in done.stdout


@pytest.mark.slow
def test_without_leaves_a_plugin_out(toy_installed):
    assert "suite-toy" not in run(toy_installed, "plugins", "--without", "suite-toy").stdout
    done = run(toy_installed, "show", "trend", "--without", "suite-toy")
    assert done.returncode == 2
    assert "there is no task 'trend'" in done.stderr


@pytest.mark.slow
def test_tasks_are_listed(toy_installed):
    assert "whether a row of eight numbers is rising" in run(toy_installed, "tasks").stdout
    tasks = {task["name"]: task for task in json.loads(run(toy_installed, "tasks", "--json").stdout)}
    assert tasks["trend"]["metric"] == "accuracy"
    assert tasks["trend"]["evaluators"] == ["hits"]


@pytest.mark.slow
def test_show_lists_what_there_is_for_a_task(toy_installed):
    printed = run(toy_installed, "show", "trend").stdout
    assert "model builder dense suite-toy two dense layers (default)" in " ".join(printed.split())
    shown = json.loads(run(toy_installed, "show", "trend", "--json").stdout)
    own = [each["name"] for each in shown["contributions"] if each["plugin"] == "suite-toy"]
    assert own == ["lines", "dense", "hits"]


@pytest.mark.slow
def test_show_lists_the_options_of_one(toy_installed):
    printed = run(toy_installed, "show", "trend", "dense").stdout
    assert printed.startswith("model builder 'dense' of plugin 'suite-toy'\n")
    assert '  width = "auto"   int >= 1 and <= 512 | "auto"\n      units per layer\n' in printed
    (shown,) = json.loads(run(toy_installed, "show", "trend", "suite-toy:dense", "--json").stdout)
    assert shown["options"][1] == {
        "name": "dropout",
        "type": "float >= 0 and < 1",
        "default": 0.1,
        "help": "share of units dropped",
    }


def test_show_refuses_what_there_is_not(toy_installed):
    done = run(toy_installed, "show", "trend", "dens")
    assert done.returncode == 2
    assert done.stderr == "suite: task 'trend' has nothing called 'dens': did you mean 'dense'?\n"


@pytest.mark.slow
def test_show_lists_the_options_that_are_no_plugins(toy_installed):
    assert "epochs" in run(toy_installed, "show", "training").stdout
    assert "validation" in [
        option["name"] for option in json.loads(run(toy_installed, "show", "split", "--json").stdout)
    ]


def test_words_and_options_may_come_in_any_order():
    parser = cli.Parser(prog="suite try")
    parser.add_argument("words", nargs="+")
    parser.add_argument("--epochs")
    arguments = parser.parse(["task", "--epochs", "3", "data"])
    assert (arguments.words, arguments.epochs) == (["task", "data"], "3")
