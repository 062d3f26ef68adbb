"""Plugins of one file: `suite --plugin FILE.py`, `Host.from_file`, and runs that were trained with one."""

from __future__ import annotations

import json
import pickle
import sys
import textwrap
from pathlib import Path

import pytest

import suite
import toy_plugin
from suite.cli.main import main
from suite.configuration import from_mapping
from suite.runs.evaluate import Request, evaluate
from suite.runs.export import export
from suite.runs.train import resume, train

EVALUATOR = """
    import suite

    def half(pairs, options):
        return {"half": 0.5}

    @suite.hookimpl
    def suite_evaluators():
        return [suite.Evaluator(name="half", task="trend", evaluate=half)]
"""

MODEL = """
    from functools import cache

    import suite
    import toy_plugin

    def build(dataset, options):
        from dataclasses import replace
        import keras

        pipeline = toy_plugin.build(dataset, options)
        doubled = layer_class()(name="doubled")(pipeline.network.output)
        network = keras.Model(pipeline.network.input, doubled, name="doubled")
        return replace(pipeline, network=network)

    @cache
    def layer_class():
        import keras

        @keras.saving.register_keras_serializable("own_layer")
        class Doubled(keras.layers.Layer):
            def call(self, x):
                return keras.ops.softmax(2 * x)

        return Doubled

    def __getattr__(name):
        if name == "Doubled":
            return layer_class()
        raise AttributeError(name)

    @suite.hookimpl
    def suite_model_builders():
        codec = suite.lazy("toy_plugin:TrendCodec.from_json")
        return [suite.ModelBuilder(
            name="doubled", task="trend", build=build, codec=codec, options=toy_plugin.DenseOptions)]
"""
BARE = suite.Host(toy_plugin, discover=False)


@pytest.fixture
def forgotten():
    """The modules of files are as they would be in a new process, now and afterwards."""
    before = set(sys.modules)
    known = set(sys.modules["keras"].saving.get_custom_objects()) if "keras" in sys.modules else set()

    def forget():
        for name in set(sys.modules) - before:
            if hasattr(sys.modules[name], "__suite_sha256__"):
                del sys.modules[name]
        if "keras" in sys.modules:
            registered = sys.modules["keras"].saving.get_custom_objects()
            for name in [name for name in registered if name not in known]:
                del registered[name]

    yield forget
    forget()


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.py"
    path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return path


def test_a_file_is_a_plugin_called_as_the_file(tmp_path, forgotten):
    path = written(tmp_path, "halves", EVALUATOR)
    host = suite.Host.from_file(path, discover=False)
    assert [plugin.name for plugin in host.plugins] == ["halves"]
    assert host.plugins[0].file == str(path)
    assert host.plugins[0].version.startswith("sha256:")
    assert host.evaluator("halves:half", "trend").plugin == "halves"


def test_a_host_with_a_file_travels_to_other_processes(tmp_path, forgotten, monkeypatch):
    written(tmp_path, "halves", EVALUATOR)
    monkeypatch.chdir(tmp_path)
    sent = pickle.dumps(suite.Host(toy_plugin, Path("halves.py"), discover=False))
    forgotten()
    monkeypatch.chdir("/")
    assert [plugin.name for plugin in pickle.loads(sent).plugins] == ["toy_plugin", "halves"]


def test_two_hosts_may_use_one_file_and_a_changed_one_is_read_anew(tmp_path, forgotten):
    path = written(tmp_path, "halves", EVALUATOR)
    first, second = suite.Host(path, discover=False), suite.Host(path, discover=False)
    assert first.evaluators()[0].item.evaluate is second.evaluators()[0].item.evaluate
    written(tmp_path, "halves", EVALUATOR.replace('name="half"', 'name="other"'))
    assert [each.name for each in suite.Host(path, discover=False).evaluators()] == ["other"]


BROKEN = {
    "not Python": ("import suite\n\ndef half(:\n", r"halves\.py, line 3: SyntaxError"),
    "fails when imported": ("import suite\nnowhere\n", r"line 2: NameError: name 'nowhere' is not defined"),
    "needs what is not there": ("import no_such_module\n", r"line 1: ModuleNotFoundError: No module named"),
    "leaves Python": ("raise SystemExit(3)\n", r"line 1: SystemExit: 3"),
    "fails in its hook": (EVALUATOR.replace("return [", "return 1 / 0 * ["), r"line 8: ZeroDivisionError"),
    "declares nonsense": (EVALUATOR.replace("evaluate=half", "evaluate=1"), r"is 1, which cannot be called"),
    "misspells a hook": (EVALUATOR.replace("suite_evaluators", "suite_evaluator"), r"suite_evaluator"),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=list(BROKEN))
def test_a_broken_file_is_a_sentence_with_file_and_line(text, tmp_path, forgotten):
    path = written(tmp_path, "halves", text[0])
    with pytest.raises(suite.UserError, match=text[1]) as caught:
        suite.Host(path, discover=False)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    assert "halves" not in sys.modules or text[0] != "not Python"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("json", r"rename it, for 'json' is the name of another module"),
        ("sys", r"rename it, for 'sys' is the name of another module"),
        ("my-model", r"rename it, for a plugin is imported by its name: my_model\.py"),
        ("3d", r"rename it, .*: my_3d\.py"),
        ("class", r"rename it, .*: my_class\.py"),
    ],
)
def test_a_name_that_cannot_be_imported_is_refused(name, message, tmp_path):
    with pytest.raises(suite.UserError, match=message):
        suite.Host(written(tmp_path, name, EVALUATOR), discover=False)


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(suite.UserError, match=r"there is no such file: give the file of a plugin"):
        suite.Host(tmp_path / "nowhere.py", discover=False)
    (tmp_path / "text.txt").write_text("")
    with pytest.raises(suite.UserError, match=r"it is no file that ends in \.py"):
        suite.Host(tmp_path / "text.txt", discover=False)


def test_two_files_of_one_name_are_refused(tmp_path, forgotten):
    suite.Host(written(tmp_path, "halves", EVALUATOR), discover=False)
    (tmp_path / "other").mkdir()
    with pytest.raises(suite.UserError, match="'halves' is the name of another module"):
        suite.Host(written(tmp_path / "other", "halves", EVALUATOR), discover=False)


@pytest.mark.parametrize("before", [True, False])
def test_the_command_line_takes_files_before_and_after_a_command(before, tmp_path, capsys, forgotten):
    path = str(written(tmp_path, "halves", EVALUATOR))
    words = ["--plugin", path, "plugins", "--json"] if before else ["plugins", "--json", "--plugin", path]
    assert main(words) == 0
    halves = next(each for each in json.loads(capsys.readouterr().out) if each["name"] == "halves")
    assert halves["file"] == path


def test_the_command_line_shows_where_a_file_is_broken(tmp_path, capsys):
    path = written(tmp_path, "halves", "import suite\nnowhere\n")
    assert main(["--plugin", str(path), "tasks"]) == 2
    assert capsys.readouterr().err == f"suite: {path}, line 2: NameError: name 'nowhere' is not defined\n"
    assert main(["tasks", "--debug", "--plugin", str(path)]) == 2
    assert f'File "{path}", line 2, in <module>\n    nowhere\n' in capsys.readouterr().err


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return toy_plugin.write(tmp_path_factory.mktemp("data") / "toy.jsonl", train=30)


@pytest.mark.slow
def test_a_model_with_a_layer_of_its_own_is_trained_and_found_again(data, tmp_path, forgotten):
    path = written(tmp_path, "own_layer", MODEL)
    host = suite.Host(toy_plugin, path, discover=False)
    document = {"task": "trend", "data": str(data), "model": {"name": "doubled"}, "training": {"epochs": 1}}
    run = train(host, from_mapping(document, "the test"), out=tmp_path / "run")
    version = run.configuration.plugins["own_layer"]
    assert version == host.plugins[-1].version
    assert run.environment["plugin_files"] == {"own_layer": str(path)}
    row = toy_plugin.rows(1, 5)[0]["numbers"]
    predicted = suite.load(run.path, host=host).predict([row])
    forgotten()
    needed = rf"needs the plugin 'own_layer', which is a file that was not given: add --plugin {path} if you"
    with pytest.raises(suite.UserError, match=needed):
        resume(BARE, run.path)
    with pytest.raises(suite.UserError, match=needed):
        evaluate(BARE, Request(run=run.path))
    with pytest.raises(suite.UserError, match=r"a file that was not given: add --plugin own_layer\.py"):
        suite.load(run.path, host=BARE)
    with pytest.raises(suite.UserError, match=r"a file that was not given: add --plugin own_layer\.py"):
        train(BARE, run.configuration, out=tmp_path / "again")
    assert "own_layer" not in sys.modules
    host = suite.Host(toy_plugin, path, discover=False)
    assert suite.load(run.path, host=host).predict([row]) == predicted
    exported = export(run.path, host=host, verify=False, out=tmp_path / "exported")
    assert suite.load(exported.folder, host=host).predict([row])[0].trend == predicted[0].trend
    path.write_text(path.read_text() + "\n# changed\n")
    host = suite.Host(toy_plugin, path, discover=False)
    metrics = evaluate(host, Request(run=run.path)).metrics
    assert any(note.startswith("own_layer.py changed since") for note in metrics["notes"])


@pytest.mark.slow
def test_a_layer_that_a_new_process_does_not_find_is_refused(data, tmp_path, forgotten):
    text = MODEL.replace('if name == "Doubled"', 'if name == "Trebled"').replace("own_layer", "lost_layer")
    host = suite.Host(toy_plugin, written(tmp_path, "lost_layer", text), discover=False)
    document = {"task": "trend", "data": str(data), "model": {"name": "doubled"}}
    with pytest.raises(suite.PluginError, match="its layer Doubled is made in a function"):
        train(host, from_mapping(document, "the test"), out=tmp_path / "run")
