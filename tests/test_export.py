"""Export: the written file predicts the same as Keras, or nothing is exported."""

from __future__ import annotations

import ast
import json
import os
import shutil

import numpy as np
import pytest

import suite
import toy_plugin
import weather
from suite.configuration import Configuration
from suite.conversion.export import _difference, alike
from suite.conversion.metadata import network_metadata
from suite.conversion.onnx import _copying_no_graph
from suite.conversion.process import _answer, _in_a_process, convert
from suite.pipeline.keras_files import save_keras
from suite.pipeline.manifest import FORMAT, Manifest, read_manifest, write_manifest
from suite.pipeline.networks import KerasNetwork, OnnxNetwork
from suite.prediction.loading import load
from suite.runs.export import _examples, data_of, export

pytest.importorskip("onnxruntime", reason="needs keras-suite[export]")
pytest.importorskip("tf2onnx", reason="needs keras-suite[export]")
keras = pytest.importorskip("keras", reason="needs Keras")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return weather.save(tmp_path_factory.mktemp("runs") / "first")


@pytest.fixture(scope="module")
def exported(run):
    """As users have it: converted in a process that begins with nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("suite.conversion.process._in_a_process", _in_a_process)
        return export(run, host=weather.host())


@pytest.fixture
def converted(exported, monkeypatch):
    """Conversion takes seconds: what it gave once, given again."""
    x = np.random.default_rng(0).normal(10, 5, (3, 4)).astype(np.float32)

    def convert(source, target, packages, batches, scratch, metadata, format):  # noqa: A002
        target.write_bytes((exported.folder / "network.onnx").read_bytes())
        return [x], [KerasNetwork(weather.network())(x)]

    monkeypatch.setattr("suite.conversion.export.convert", convert)


@pytest.mark.slow
def test_it_predicts_what_keras_predicts(run, exported):
    x = [np.array([20.0, 21, 22, 23]), np.array([1.0, 2, 3, 4]), b"9 9 9 9"]
    with_keras = load(run, host=weather.host()).predict(x)
    with_onnx = load(exported.folder, host=weather.host()).predict(x)
    assert [prediction.label for prediction in with_onnx] == [prediction.label for prediction in with_keras]
    np.testing.assert_allclose(
        [prediction.score for prediction in with_onnx],
        [prediction.score for prediction in with_keras],
        atol=1e-5,
    )


@pytest.mark.slow
def test_it_takes_any_number_of_examples(exported):
    network = OnnxNetwork(exported.folder / "network.onnx")
    for count in (1, 3, 40):
        assert network(np.ones((count, 4), np.float32)).shape == (count, 2)


@pytest.mark.slow
def test_the_folder_holds_the_network_the_codec_and_the_comparison(run, exported):
    assert exported.folder == run / "export"
    assert sorted(file.name for file in exported.folder.iterdir()) == [
        "export.json",
        "network.onnx",
        "pipeline.json",
    ]
    report = json.loads((exported.folder / "export.json").read_text())
    assert report["verified"] is True
    assert report["examples"] == exported.examples > 0
    assert report["relative_difference"] <= report["tolerance"]
    assert "the run's data is not there" in report["source"]
    manifest = json.loads((exported.folder / "pipeline.json").read_text())
    model = json.loads((run / "model" / "pipeline.json").read_text())
    assert manifest.pop("files").keys() == {"network.onnx", "export.json"}
    assert manifest.pop("sha256") != model.pop("sha256")
    del model["files"]
    assert manifest == {**model, "network": "network.onnx"}


@pytest.mark.slow
def test_the_network_says_what_it_is_and_nothing_of_it_is_believed(exported, tmp_path):
    import onnx

    model = onnx.load(exported.folder / "network.onnx")
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert ast.literal_eval(metadata.pop("names")) == {0: "cold", 1: "warm"}
    assert metadata == {
        "description": "a model of suite for the task weather; pipeline.json lies beside it",
        "suite": suite.__version__,
        "task": "weather",
        "builder": "weather:linear",
        "plugin": "weather 1.2",
        "unit": "degrees",
    }
    folder = shutil.copytree(exported.folder, tmp_path / "copy")
    onnx.helper.set_model_props(model, {"names": "{0: 'warm', 1: 'cold'}", "task": "trend"})
    onnx.save(model, folder / "network.onnx")
    with pytest.raises(suite.UserError, match="is damaged"):
        load(folder, host=weather.host())
    write_manifest(folder, read_manifest(folder))
    pipeline = load(folder, host=weather.host())
    assert pipeline.predict(b"1 2 3 4").label == "cold"
    assert pipeline.describe().classes == ["cold", "warm"]


def test_metadata_are_texts_in_the_form_that_other_tools_read():
    manifest = Manifest(format=FORMAT, task="t", builder="p:b", codec={}, network="network.onnx")
    metadata = network_metadata(
        manifest, {"classes": ["it's", '"b"'], "input_size": [480, 640], "channels": 3, "resize": "squash"}
    )
    assert ast.literal_eval(metadata["names"]) == {0: "it's", 1: '"b"'}
    assert (metadata["imgsz"], metadata["channels"], metadata["resize"]) == ("[480,640]", "3", "squash")
    assert all(isinstance(text, str) for text in metadata.values())


@pytest.mark.slow
def test_nothing_else_is_left_in_the_run(run, exported):
    assert sorted(path.name for path in run.iterdir()) == ["export", "model"]


@pytest.mark.slow
def test_an_exported_network_that_differs_is_no_success(run, converted, tmp_path, monkeypatch):
    right = OnnxNetwork.__call__
    monkeypatch.setattr(OnnxNetwork, "__call__", lambda self, inputs: right(self, inputs) + 0.01)
    with pytest.raises(suite.RunError, match=r"gives other outputs than Keras .* nothing was exported"):
        export(run, out=tmp_path / "out", host=weather.host())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_one_that_differs_for_single_examples_only_is_no_success_either(
    run, converted, tmp_path, monkeypatch
):
    right = OnnxNetwork.__call__
    monkeypatch.setattr(
        OnnxNetwork, "__call__", lambda self, inputs: right(self, inputs) + 0.01 * (len(inputs) == 1)
    )
    with pytest.raises(suite.RunError, match="run one by one"):
        export(run, out=tmp_path / "out", host=weather.host())


@pytest.mark.slow
def test_the_earlier_export_stays_when_a_later_one_fails(run, exported, converted, monkeypatch):
    before = (exported.folder / "network.onnx").read_bytes()
    monkeypatch.setattr(OnnxNetwork, "__call__", lambda self, inputs: np.zeros((len(inputs), 2)))
    with pytest.raises(suite.RunError):
        export(run, host=weather.host())
    assert (exported.folder / "network.onnx").read_bytes() == before


@pytest.fixture
def toy_run(tmp_path):
    """A run whose data is there, with one line of its test split that cannot be encoded."""
    data = toy_plugin.write(tmp_path / "rows.jsonl", train=9, validation=3, test=90)
    with data.open("a") as file:
        file.write('{"id": "short", "numbers": [1], "trend": "level", "split": "test"}\n')
    (tmp_path / "run" / "model").mkdir(parents=True)
    configuration = Configuration(task="trend", data=str(data))
    (tmp_path / "run" / "config.toml").write_text(configuration.to_toml())
    return tmp_path / "run", data


def compared_examples(run):
    codec = toy_plugin.TrendCodec(list(toy_plugin.SLOPES))
    manifest = Manifest(
        format=FORMAT,
        task="trend",
        builder="toy_plugin:dense",
        codec=codec.to_json(),
        network="network.keras",
    )
    host = suite.Host(toy_plugin, discover=False)
    return _examples(manifest, codec, host, data_of(run, host, None))


def test_it_is_compared_on_examples_of_the_runs_test_split(toy_run):
    run, data = toy_run
    encoded, source = compared_examples(run)
    assert source == f"the test split of {data}"
    assert len(encoded) == 63  # of 64, the last one cannot be encoded


def test_splits_that_the_host_made_are_made_again(toy_run):
    run, data = toy_run
    rows = [json.loads(line) for line in data.read_text().splitlines()]
    plain = [{**row, "split": "train"} for row in rows if row["split"] == "test" and row["id"] != "short"]
    data.write_text("\n".join(map(json.dumps, plain)))
    encoded, source = compared_examples(run)
    assert source == f"the test split of {data}"
    assert len(encoded) == len(plain) // 10


def test_without_the_data_it_is_compared_on_the_tasks_sample_and_says_so(toy_run):
    run, data = toy_run
    data.unlink()
    encoded, source = compared_examples(run)
    assert source == "made-up examples of the task (the run's data is not there)"
    assert len(encoded) == 30


@pytest.mark.slow
def test_several_inputs_and_outputs_keep_their_names_and_constants_of_layers_their_values(tmp_path):
    a, b = keras.Input((None,), name="a"), keras.Input((3,), name="b")
    scaled = keras.layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 4.0, 4.0])(b)
    model = keras.Model({"a": a, "b": b}, {"sum": keras.ops.sum(a, -1), "scaled": scaled})
    save_keras(model, tmp_path / "network.keras")
    batch = {"a": np.ones((2, 5), np.float32), "b": np.full((2, 3), 7, np.float32)}
    _, expected = convert(tmp_path / "network.keras", tmp_path / "network.onnx", [], [batch], tmp_path)
    outputs = OnnxNetwork(tmp_path / "network.onnx")(batch)
    assert outputs["sum"].tolist() == expected[0]["sum"].tolist() == [5, 5]
    assert outputs["scaled"].tolist() == expected[0]["scaled"].tolist() == [[3, 2.5, 2]] * 2


@pytest.mark.slow
def test_values_that_are_put_into_others_are_moved_to_where_they_fit(tmp_path):
    whole, split = keras.Input((5, 2), name="whole"), keras.Input((2, 2), name="split")
    place = keras.Input((3,), dtype="int32", name="place")
    updated = keras.ops.slice_update(whole, keras.ops.max(place, axis=0), split)
    save_keras(
        keras.Model({"whole": whole, "split": split, "place": place}, updated), tmp_path / "network.keras"
    )
    arrays = {"whole": np.zeros((2, 5, 2), np.float32), "split": np.ones((2, 2, 2), np.float32)}
    batches = [{**arrays, "place": np.array([[0, first, 0]] * 2, np.int32)} for first in (1, 9)]
    _, expected = convert(tmp_path / "network.keras", tmp_path / "network.onnx", [], batches, tmp_path)
    network = OnnxNetwork(tmp_path / "network.onnx")
    for batch, outputs, rows in zip(batches, expected, ([0, 1, 1, 0, 0], [0, 0, 0, 1, 1]), strict=True):
        assert network(batch).tolist() == outputs.tolist() == [[[row, row] for row in rows]] * 2


def test_what_fails_without_copies_of_the_graph_is_done_with_them(monkeypatch):
    def conversion():
        if "TF2ONNX_CATCH_ERRORS" in os.environ:
            raise ValueError("a pass of tf2onnx failed")
        return "converted"

    monkeypatch.delenv("TF2ONNX_CATCH_ERRORS", raising=False)
    assert _copying_no_graph(conversion) == "converted"


def test_a_missing_package_is_named(run, monkeypatch):
    monkeypatch.setattr(
        "suite.conversion.formats.find_spec", lambda name: None if name == "tf2onnx" else name
    )
    with pytest.raises(suite.UserError, match=r"needs tf2onnx: pip install 'keras-suite\[export\]'"):
        export(run, host=weather.host())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "settings", "message"),
    [
        ("run", {"format": "onx"}, "there is no format 'onx': did you mean 'onnx'?"),
        ("run", {"out": "run"}, "is not empty and no earlier export"),
        ("run/export", {}, "is an export already"),
        ("none", {}, "is not there"),
    ],
)
def test_a_mistake_is_one_sentence(run, exported, monkeypatch, path, settings, message):
    monkeypatch.chdir(run.parent)
    path, settings = (json.loads(json.dumps(value).replace('"run', '"first')) for value in (path, settings))
    with pytest.raises(suite.UserError) as caught:
        export(path, host=weather.host(), **settings)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_network_is_the_users_to_know(tmp_path):
    run = weather.save(tmp_path / "run")
    (run / "model" / "network.keras").write_bytes(b"nothing")
    with pytest.raises(suite.UserError, match=r"network\.keras is damaged: it has 7 bytes"):
        export(run, host=weather.host())


@pytest.mark.slow
def test_the_command_says_what_was_compared(run, converted, capfd):
    from suite.cli.main import main

    assert main(["export", str(run)], weather.host()) == 0
    printed = capfd.readouterr()
    assert "compared with Keras on 3 examples" in printed.out
    assert printed.err == ""


def test_ctrl_c_says_that_nothing_was_exported(monkeypatch, capsys):
    def stopped(*arguments, **named):
        raise KeyboardInterrupt

    from suite.cli.main import main

    monkeypatch.setattr("suite.runs.export.export", stopped)
    assert main(["export", "run", "--precision", "int8"], weather.host()) == 130
    assert capsys.readouterr().err == "suite: interrupted; nothing was exported\n"


def test_differences_are_measured_against_the_largest_output():
    a, b = np.array([[1.0, 100.0]]), np.array([[1.5, 100.0]])
    assert _difference(a, b) == (0.5, 0.005)
    assert (
        _difference({"x": a}, {"y": a})[0]
        == _difference(a, a[0])[0]
        == _difference(a, a * np.nan)[0]
        == np.inf
    )


def test_predictions_are_alike_but_for_the_last_digits():
    assert alike({"label": ["a"], "scores": [0.50001]}, {"label": ["a"], "scores": [0.5]})
    assert not alike({"label": "a", "score": 0.5}, {"label": "b", "score": 0.5})
    assert not alike([0.5, 0.6], [0.5])
    assert not alike({"score": 0.5}, {"score": 0.6})


@pytest.mark.parametrize(
    ("content", "expected"), [("", {}), ('{"er', {}), ('{"error": "x"}', {"error": "x"})]
)
def test_the_answer_of_a_conversion_for_which_the_disk_had_no_room(tmp_path, content, expected):
    (tmp_path / "answer.json").write_text(content)
    assert _answer(tmp_path / "answer.json") == expected
    assert _answer(tmp_path / "none.json") == {}
