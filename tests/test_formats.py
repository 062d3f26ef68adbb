"""Formats beside ONNX: each written, run by its own runtime, compared, loaded; and files that are refused."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import suite
import weather
from suite.conversion.formats import FORMATS
from suite.conversion.process import convert
from suite.outside_files import check_openvino
from suite.pipeline.keras_files import save_keras
from suite.pipeline.manifest import read_manifest, write_manifest
from suite.pipeline.runtimes.choosing import RUNTIMES, runtime_for
from suite.pipeline.runtimes.litert_files import check_litert
from suite.prediction.loading import load
from suite.runs.export import export
from suite.runs.verify import verify

pytest.importorskip("tensorflow", reason="needs keras-suite[export]")
keras = pytest.importorskip("keras", reason="needs Keras")

PACKAGES = {"litert": "ai_edge_litert", "openvino": "openvino", "saved-model": "tensorflow"}
TEMPERATURES = [np.array([20.0, 21, 22, 23]), np.array([1.0, 2, 3, 4]), b"9 9 9 9"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return weather.save(tmp_path_factory.mktemp("runs") / "first")


@pytest.fixture(scope="module", params=list(PACKAGES))
def exported(run, request):
    pytest.importorskip(PACKAGES[request.param], reason="needs the runtime")
    return export(run, host=weather.host(), format=request.param)


@pytest.fixture
def copy(exported, tmp_path):
    """An export that a test may spoil."""
    return shutil.copytree(exported.folder, tmp_path / "copy")


def labels(pipeline):
    return [prediction.label for prediction in pipeline.predict(TEMPERATURES)]


@pytest.mark.slow
def test_each_is_written_compared_and_predicts_what_keras_predicts(run, exported):
    assert exported.folder == run / f"export-{exported.format}"
    report = json.loads((exported.folder / "export.json").read_text())
    assert (report["format"], report["verified"], report["size"]) == (exported.format, True, exported.size)
    assert report["relative_difference"] <= report["tolerance"]
    with load(exported.folder, host=weather.host(), threads=1) as pipeline:
        assert labels(pipeline) == labels(load(run, host=weather.host())) == ["warm", "cold", "cold"]
        assert labels(pickle.loads(pickle.dumps(pipeline))) == ["warm", "cold", "cold"]


@pytest.mark.slow
def test_each_takes_any_number_of_examples_from_any_thread(exported):
    from concurrent.futures import ThreadPoolExecutor

    network = RUNTIMES[FORMATS[exported.format].runtime].open(exported.folder / exported.network, 1)
    x = np.random.default_rng(0).normal(10, 5, (40, 4)).astype(np.float32)
    expected = network(x)
    assert expected.shape == (40, 2)
    with ThreadPoolExecutor(4) as threads:
        found = threads.map(lambda count: network(x[:count]), [1, 3, 40, 2] * 4)
        for outputs in found:
            np.testing.assert_allclose(outputs, expected[: len(outputs)], atol=1e-6)


@pytest.mark.slow
def test_all_files_are_verified_and_a_damaged_one_is_refused(exported, copy):
    assert not any(file.problem for file in verify(copy))
    names = {file.path.relative_to(copy).as_posix() for file in verify(copy)}
    on_disk = {file.relative_to(copy).as_posix() for file in copy.rglob("*") if file.is_file()}
    assert names == on_disk
    network = copy / exported.network
    file = network / "saved_model.pb" if network.is_dir() else network
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert [found.path for found in verify(copy) if found.problem] == [file]
    with pytest.raises(suite.UserError, match="is damaged: its checksum"):
        load(copy, host=weather.host())


@pytest.mark.slow
def test_a_runtime_that_does_not_run_the_file_is_refused(exported):
    with pytest.raises(suite.UserError, match="ONNX Runtime does not run .*: load it with the runtime"):
        load(exported.folder, host=weather.host(), runtime="onnxruntime")


@pytest.mark.slow
def test_each_says_what_it_is_inside(exported):
    network = exported.folder / exported.network
    if exported.format == "openvino":
        text = network.read_text()
    elif exported.format == "litert":
        text = zipfile.ZipFile(network).read("metadata.json").decode()
    else:
        text = (network / "assets.extra" / "metadata.json").read_text()
    assert "{0: 'cold', 1: 'warm'}" in text
    assert "weather:linear" in text


@pytest.mark.slow
def test_a_file_of_another_kind_is_one_sentence(exported, copy):
    network = copy / exported.network
    (network / "saved_model.pb" if network.is_dir() else network).write_bytes(b"nothing like it")
    write_manifest(copy, read_manifest(copy))
    with pytest.raises(suite.UserError) as caught:
        load(copy, host=weather.host())
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_an_onnx_file_runs_under_openvino_too(tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("openvino")
    folder = weather.save_exported(tmp_path / "export")
    assert labels(load(folder, host=weather.host(), runtime="openvino")) == ["warm", "cold", "cold"]


def test_openvino_keeps_the_names_of_a_quantized_file(tmp_path):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("openvino")
    helper, kinds = onnx.helper, onnx.TensorProto
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=kinds.FLOAT),
        helper.make_node("QuantizeLinear", ["floats", "scale", "zero"], ["a_name_that_comes_first"]),
        helper.make_node("DequantizeLinear", ["a_name_that_comes_first", "scale", "zero"], ["y"]),
    ]
    constants = [
        onnx.numpy_helper.from_array(np.array(1, np.float32), "scale"),
        onnx.numpy_helper.from_array(np.array(0, np.uint8), "zero"),
    ]
    arrays = [
        helper.make_tensor_value_info(name, kind, ["n", 4])
        for name, kind in (("images", kinds.UINT8), ("y", kinds.FLOAT))
    ]
    graph = helper.make_graph(nodes, "g", arrays[:1], arrays[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.save(model, tmp_path / "network.onnx")
    network = RUNTIMES["openvino"].open(tmp_path / "network.onnx", None)
    assert network(images := np.full((2, 4), 7, np.uint8)).tolist() == images.tolist()
    assert (set(network.signature.inputs), set(network.signature.outputs)) == ({"images"}, {"y"})


def test_runtimes_are_chosen_by_the_file_or_by_name():
    assert runtime_for(Path("network.tflite")).name == "litert"
    assert runtime_for(Path("network.onnx"), "openvino").name == "openvino"
    with pytest.raises(suite.UserError, match="there is no runtime 'openvin': did you mean 'openvino'"):
        runtime_for(Path("network.onnx"), "openvin")
    with pytest.raises(suite.UserError, match=r"no runtime here reads 'network\.h5': known are \.keras, "):
        runtime_for(Path("network.h5"))


@pytest.mark.parametrize("name", ["openvino", "litert", "tensorflow"])
def test_without_the_package_the_message_says_how_to_get_it(tmp_path, monkeypatch, name):
    for module in ("openvino", "ai_edge_litert.interpreter", "tensorflow"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(suite.UserError, match=rf"pip install 'keras-suite\[{name}\]'"):
        RUNTIMES[name].open(tmp_path / "network", None)


def test_a_missing_package_is_named_before_anything_is_converted(run, monkeypatch):
    found = lambda name: None if name == "ai_edge_litert" else name  # noqa: E731
    monkeypatch.setattr("suite.conversion.formats.find_spec", found)
    with pytest.raises(suite.UserError, match=r"needs ai_edge_litert: pip install 'keras-suite\[export,li"):
        export(run, host=weather.host(), format="litert")


ALONE = """
import sys
for name in ("keras", "tensorflow", "jax", "torch", "onnx", "onnxruntime"):
    sys.modules[name] = None  # importing it fails, as if it were not installed
import weather
from suite.pipeline.runtimes.litert_files import check_litert
from suite.prediction.loading import load
for folder in sys.argv[1:]:
    assert load(folder, host=weather.host()).predict(b"1 2 3 4").label == "cold"
assert not [name for name in sys.modules if name.startswith("openvino_telemetry")]
"""


@pytest.mark.slow
def test_a_runtime_needs_no_other_and_sends_no_telemetry(run, environment):
    folders = [str(folder) for folder in run.glob("export-*") if folder.name != "export-saved-model"]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *folders],
        env=environment(Path(__file__).parent), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_a_loop_over_time_is_written_for_one_example_and_run_so(tmp_path):
    pytest.importorskip("ai_edge_litert")
    inputs = keras.Input((None, 2), name="x")
    save_keras(keras.Model(inputs, keras.layers.SimpleRNN(3)(inputs)), tmp_path / "network.keras")
    batches = [np.random.default_rng(0).normal(size=(3, steps, 2)).astype(np.float32) for steps in (5, 7)]
    target = tmp_path / "network.tflite"
    source = tmp_path / "network.keras"
    _, expected = convert(source, target, [], batches, tmp_path, {}, FORMATS["litert"])
    network = RUNTIMES["litert"].open(target, None)
    for batch, outputs in zip(batches, expected, strict=True):
        np.testing.assert_allclose(network(batch), outputs, atol=1e-6)


@pytest.mark.slow
def test_what_litert_cannot_hold_is_refused_with_the_operator(tmp_path):
    pytest.importorskip("ai_edge_litert")
    inputs = keras.Input((4, 4), name="x")
    save_keras(keras.Model(inputs, keras.ops.linalg.det(inputs)), tmp_path / "network.keras")
    target = tmp_path / "network.tflite"
    with pytest.raises(suite.UserError, match=r"LiteRT cannot hold this network.* MatrixDeterminant: export"):
        convert(tmp_path / "network.keras", target, [], [], tmp_path, {}, FORMATS["litert"])


def litert_file(path, **more):
    """A LiteRT file of a single operator, as anybody can make it."""
    pytest.importorskip("ai_edge_litert")
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT()
    operator = schema.OperatorCodeT()
    operator.builtinCode, operator.customCode = more.get("code", 0), more.get("custom")
    model.operatorCodes = [operator]
    if more.get("elsewhere"):
        group = schema.ExternalBufferGroupT()
        group.name = "/etc/passwd"
        model.externalBufferGroups = [group]
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def test_litert_files_with_outside_buffers_or_foreign_operators_are_refused(tmp_path):
    with pytest.raises(suite.UserError, match="is damaged: it has no graph, no signature or no buffers"):
        check_litert(litert_file(tmp_path / "empty.tflite"))  # which ends the process of LiteRT
    with pytest.raises(suite.UserError, match="is refused: it keeps buffers in other files"):
        check_litert(litert_file(tmp_path / "outside.tflite", elsewhere=True))
    for more in ({"custom": "FlexReadFile"}, {"code": 32}):
        with pytest.raises(suite.UserError, match="an operator that LiteRT itself does not have"):
            check_litert(litert_file(tmp_path / "custom.tflite", **more))


def test_any_bytes_of_a_litert_file_are_refused_or_read(tmp_path):
    content = litert_file(tmp_path / "network.tflite", custom="own").read_bytes()
    generator = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(content[: generator.integers(len(content) + 1)])
        for _ in range(2 if damaged else 0):
            damaged[generator.integers(len(damaged))] = generator.integers(256)
        (tmp_path / "network.tflite").write_bytes(damaged)
        try:
            check_litert(tmp_path / "network.tflite")
        except suite.UserError as error:
            assert "\n" not in str(error)  # noqa: PT017 - some are read


LAYER = '<layer id="0" name="x" type="{type}" version="{version}"><data {data} /></layer>'


def openvino_file(path, *, head="", type="Const", version="opset1", data='offset="0" size="8"'):  # noqa: A002
    layer = LAYER.format(type=type, version=version, data=data)
    path.write_text(f'<?xml version="1.0"?>{head}<net name="n" version="11"><layers>{layer}</layers></net>')
    path.with_suffix(".bin").write_bytes(bytes(8))
    return path


def test_openvino_files_that_ask_for_more_than_openvino_and_their_weights_are_refused(tmp_path):
    file = tmp_path / "network.xml"
    check_openvino(openvino_file(file))
    refused = {
        "has an operator ..Mine.. that OpenVINO itself does not have": {
            "type": "Mine",
            "version": "extension",
        },
        "more weights than the file beside it": {"data": 'offset="1" size="8"'},
        "kept in a way that suite export does not write": {"data": 'path="/etc/passwd"'},
        "declares a document type": {"head": '<!DOCTYPE net [<!ENTITY a "b">]>'},
        "invalid literal for int": {"data": 'offset="x"'},
    }
    for message, spoilt in refused.items():
        with pytest.raises(suite.UserError, match=message):
            check_openvino(openvino_file(file, **spoilt))
    file.with_suffix(".bin").unlink()
    with pytest.raises(suite.UserError, match=r"network\.bin is not there"):
        check_openvino(file)


@pytest.mark.slow
@pytest.mark.parametrize("within", ["graph", "function"])
@pytest.mark.parametrize("operator", ["ReadFile", "WriteFile", "EagerPyFunc", "RestoreV2", "VarHandleOp"])
def test_saved_models_with_operators_that_do_more_than_compute_are_refused(run, tmp_path, operator, within):
    from tensorflow.core.protobuf import saved_model_pb2

    exported = export_once(run)
    folder = shutil.copytree(exported.folder, tmp_path / "copy")
    file = folder / exported.network / "saved_model.pb"
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString(file.read_bytes())
    graph = saved.meta_graphs[0].graph_def
    (graph.node if within == "graph" else graph.library.function[0].node_def).add(name="more", op=operator)
    file.write_bytes(saved.SerializeToString())
    write_manifest(folder, read_manifest(folder))
    with pytest.raises(suite.UserError, match=rf"is refused: its graph has the operator {operator}"):
        load(folder, host=weather.host())


def export_once(run):
    """The SavedModel that another test may have written already."""
    folder = run / "export-saved-model"
    if not folder.is_dir():
        export(run, host=weather.host(), format="saved-model")
    return type("Exported", (), {"folder": folder, "network": "network.savedmodel"})


@pytest.mark.slow
def test_a_saved_model_with_another_file_in_its_folder_is_refused(run, tmp_path):
    folder = shutil.copytree(export_once(run).folder, tmp_path / "copy")
    (folder / "network.savedmodel" / "assets.extra" / "more.txt").write_text("planted")
    with pytest.raises(suite.UserError, match=r"more\.txt is refused: pipeline\.json .* no checksum of it"):
        load(folder, host=weather.host())


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_names_in_a_manifest_that_lead_outside_are_not_opened(run, tmp_path):
    folder = shutil.copytree(export_once(run).folder, tmp_path / "copy")
    manifest = read_manifest(folder)
    import msgspec

    from suite.pipeline import manifest as module

    files = {**manifest.files, "../secret": manifest.files["export.json"]}
    module._write(folder, msgspec.structs.replace(manifest, files=files))
    assert [found.problem for found in verify(folder) if found.problem] == [
        "its file '../secret' is not beside it"
    ]
