"""`suite new`: what it writes is a plugin that works, for each kind and each task."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

import suite
import suite.testing
from suite.cli.main import main
from suite.runs.new_plugins import KINDS, TEMPLATES, templates_of, write_new_plugin
from suite.testing.check import BUILT, INTERPRETER

OF_TASKS = {task.name: templates_of(task) for task in suite.Host().tasks()}
TASKS = sorted(OF_TASKS)
ALL = [(path.name, task) for task, folder in OF_TASKS.items() if folder for path in sorted(folder.iterdir())]
EXPECTED = {
    "model": "builder-overfits",
    "format": "loader-reads-its-format",
    "evaluator": "evaluator-gives-its-metrics",
}
TASK_FILES = ("__init__", "rows", "types")
MOST_LINES = {"model": 42, "format": 52, "evaluator": 19, "task": 140}
"""Of code, blank lines aside."""


def new(parent, kind, task=None, name="my-own"):
    return write_new_plugin(suite.Host(), name, kind, task, parent)


@pytest.fixture
def forgotten():
    """The modules of new plugins are not there for the next test."""
    before = set(sys.modules)
    yield
    for module in set(sys.modules) - before:
        if module.startswith("suite_my"):
            del sys.modules[module]


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """A plugin of each kind for each task, in folders."""
    parent = tmp_path_factory.mktemp("new")
    made = {("task", ""): new(parent, "task", name="my-task")}
    for kind, task in ALL:
        made[kind, task] = new(parent, kind, task, name=f"my-{kind}-{TASKS.index(task)}")
    return made


def test_there_are_formats_and_evaluators_for_all_tasks():
    for kind in ("format", "evaluator"):
        assert {task for each, task in ALL if each == kind} == set(TASKS)


def test_the_files_are_complete_and_nothing_of_the_template_is_left(everything):
    for (kind, _), made in everything.items():
        files = [path for path in made.folder.rglob("*") if path.is_file()]
        names = {path.relative_to(made.folder).as_posix() for path in files}
        module = made.distribution.replace("-", "_")
        test = f"tests/test_{module.removeprefix('suite_')}.py"
        common = {"pyproject.toml", "README.md", ".gitignore", ".github/workflows/test.yml", test}
        own = {f"{module}.py"} if kind != "task" else {f"{module}/{name}.py" for name in TASK_FILES}
        assert names == common | own == set(made.files)
        assert made.files[0] in own
        for name in names:
            assert "acorn" not in (made.folder / name).read_text("utf-8").lower(), name
        project = tomllib.loads((made.folder / "pyproject.toml").read_text("utf-8"))
        assert project["project"]["name"] == made.distribution
        assert project["project"]["entry-points"]["suite.v1"].popitem()[1] == module
        assert project["project"]["dependencies"][0].startswith("keras-suite>=")
        assert yaml.safe_load((made.folder / ".github/workflows/test.yml").read_text())["jobs"]


def test_they_are_short(everything):
    for (kind, _), made in everything.items():
        texts = [(made.folder / name).read_text("utf-8") for name in made.files if name.startswith("suite_")]
        lines = [line for text in texts for line in text.splitlines() if line.strip()]
        assert len(lines) <= MOST_LINES[kind], made.folder


def test_linters_have_nothing_to_say(everything):
    folder = everything["task", ""].folder.parent
    for words in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--no-cache", str(folder)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "task"), ALL, ids=lambda word: word)
def test_it_passes_the_checks_before_a_training(kind, task, everything, forgotten):
    made = everything[kind, task]
    host = suite.Host.from_file(made.folder / made.files[0])
    checks = suite.testing.checks(host, plugin=made.distribution.replace("-", "_"))
    assert EXPECTED[kind] in {check.name for check in checks}
    for check in checks:
        if check.cost <= BUILT and check.cost != INTERPRETER:
            check()


@pytest.mark.slow
def test_the_tests_of_a_new_task_pass_in_another_interpreter(everything):
    made = everything["task", ""]
    words = [
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "csv or accuracy or builder-builds",
        "--no-header",
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, *words], cwd=made.folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_a_new_model_and_evaluator_are_used_by_what_is_printed(tmp_path, monkeypatch, capsys, forgotten):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "my-tiny", "--kind", "model", "--task", "image-classification"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("made suite-my-tiny: edit suite-my-tiny/suite_my_tiny.py\n")
    *_, install, check, tests, train = printed.splitlines()
    assert install.strip() == "pip install -e 'suite-my-tiny[test]'"
    assert tests.strip() == "python -m pytest suite-my-tiny"
    assert check.strip() == "suite check suite-my-tiny"
    assert train.strip() == "suite train image-classification --sample --model my-tiny"
    assert main(["new", "my-count", "--kind", "evaluator", "--task", "image-classification"]) == 0
    files = ["--plugin", "suite-my-tiny/suite_my_tiny.py", "--plugin", "suite-my-count/suite_my_count.py"]
    words = train.split()[1:]
    assert main([*files, *words, "--evaluator", "my-count", "--epochs", "1"]) == 0, capsys.readouterr().err
    capsys.readouterr()
    assert main([*files, "evaluate", "runs/image-classification-sample", "--json"]) == 0
    assert "my_count" in json.loads(capsys.readouterr().out)["test"]


def test_a_task_without_templates_has_a_format_and_an_evaluator_of_plain_json(tmp_path, forgotten):
    made = new(tmp_path, "task", name="my-task")
    sys.path.insert(0, str(made.folder))
    try:
        import suite_my_task  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(made.folder))
    host = suite.Host(suite_my_task, discover=False)
    with pytest.raises(suite.UserError, match="no template of a model for task 'my-task'"):
        write_new_plugin(host, "my-model", "model", "my-task", tmp_path)
    files = []
    for kind in ("format", "evaluator"):
        written = write_new_plugin(host, f"my-{kind}", kind, "my-task", tmp_path)
        files.append(written.folder / written.files[0])
    both = suite.Host(suite_my_task, *files, discover=False)
    for plugin in ("suite_my_format", "suite_my_evaluator"):
        for check in suite.testing.checks(both, plugin=plugin):
            if check.cost < INTERPRETER:
                check()


MISTAKES = {
    "no name": (["My Model", "--kind", "task"], "'My Model' is no name of a plugin: .* like 'my-model'"),
    "a number": (["3d", "--kind", "task"], "'3d' is no name of a plugin"),
    "too long": (["a" * 41, "--kind", "task"], "is no name of a plugin"),
    "a keyword": (["class", "--kind", "task"], "'class' means something else: .* 'my-class'"),
    "a package": (["text", "--kind", "task"], "there is a package 'suite_text' already"),
    "a kind": (["tiny", "--kind", "modle"], "--kind modle: did you mean 'model'"),
    "no task": (
        ["tiny", "--kind", "model"],
        "say which task the model is for: --task TASK, one of ",
    ),
    "a wrong task": (["tiny", "--kind", "model", "--task", "images"], "there is no task 'images'"),
    "a needless task": (["tiny", "--kind", "task", "--task", "translation"], "leave out --task translation"),
    "no template": (
        ["tiny", "--kind", "model", "--task", "translation"],
        "no template of a model for task 'translation'",
    ),
    "a taken name": (
        ["residual", "--kind", "model", "--task", "image-classification"],
        "there is a model builder 'residual' of plugin 'suite-image-classification' already",
    ),
}


@pytest.mark.parametrize(("words", "message"), MISTAKES.values(), ids=list(MISTAKES))
def test_mistakes_are_sentences_and_write_nothing(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", *words]) == 2

    assert re.search(message, capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_refused(tmp_path):
    assert new(tmp_path, "task", name="suite-my-own").folder == tmp_path / "suite-my-own"
    with pytest.raises(suite.UserError, match="suite-my-own"):
        new(tmp_path, "evaluator", "translation")


def test_all_kinds_have_templates():
    folders = {folder.name for folder in TEMPLATES.iterdir() if folder.name[0] != "."}
    assert folders == {*KINDS, "common"} - {"model"}
    assert {kind for kind, _ in ALL} == {*KINDS} - {"task"}
