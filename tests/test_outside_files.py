"""No model file has a runtime open another file: refused before any runtime sees it."""

from __future__ import annotations

import random
import zipfile

import numpy as np
import pytest

import suite
import weather
from suite.outside_files import check_hdf5, check_onnx
from suite.pipeline.keras_files import load_keras, save_keras
from suite.pipeline.networks import OnnxNetwork

h5py = pytest.importorskip("h5py")
onnx = pytest.importorskip("onnx")


@pytest.fixture
def secret(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(range(16)))
    return tmp_path / "secret"


def tensor(name: str = "w", *, external: bool = False):
    made = onnx.helper.make_tensor(name, onnx.TensorProto.FLOAT, [4], [1.0, 2.0, 3.0, 4.0])
    if external:
        made.ClearField("float_data")
        made.data_location = onnx.TensorProto.EXTERNAL
        made.external_data.add(key="location", value="secret")
    return made


def graph(nodes, initializers=()):
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, 4]) for name in "xy"]
    return onnx.helper.make_graph(nodes, "g", values[:1], values[1:], list(initializers))


def model(made_graph, functions=()):
    opsets = [onnx.helper.make_opsetid("", 18)]
    return onnx.helper.make_model(made_graph, opset_imports=opsets, functions=list(functions), ir_version=9)


ADD = onnx.helper.make_node("Add", ["x", "w"], ["y"])


def constant(**settings):
    return onnx.helper.make_node("Constant", [], ["w"], value=tensor(**settings))


def within_a_branch(node):
    made = onnx.helper.make_node("If", ["c"], ["y"])
    branch = onnx.helper.make_graph([node], "b", [], [])
    made.attribute.append(onnx.helper.make_attribute("then_branch", branch))
    return made


def sparse():
    made = graph([ADD])
    made.sparse_initializer.add().values.CopyFrom(tensor(external=True))
    return made


def locations_alone():
    made = tensor()
    made.data_location = onnx.TensorProto.EXTERNAL
    return made


FUNCTION = onnx.helper.make_function(
    "own", "F", ["x"], ["y"], [constant(external=True), ADD], [onnx.helper.make_opsetid("", 18)]
)
OUTSIDE = {
    "an initializer": model(graph([ADD], [tensor(), tensor("v", external=True)])),
    "only a location": model(graph([ADD], [locations_alone()])),
    "a constant": model(graph([constant(external=True), ADD])),
    "within a branch": model(graph([within_a_branch(within_a_branch(constant(external=True)))])),
    "a sparse one": model(sparse()),
    "within a function": model(graph([ADD], [tensor()]), [FUNCTION]),
}


@pytest.mark.parametrize("where", OUTSIDE)
def test_onnx_with_tensors_in_other_files_is_refused(tmp_path, secret, where):
    (tmp_path / "network.onnx").write_bytes(OUTSIDE[where].SerializeToString())
    with pytest.raises(suite.UserError, match=r"network.onnx is refused: it keeps tensors in other files"):
        OnnxNetwork(tmp_path / "network.onnx")


def test_onnx_with_an_operator_that_opens_files_is_refused(tmp_path):
    node = onnx.helper.make_node("EPContext", ["x"], ["y"], domain="com.microsoft", ep_cache_context="secret")
    (tmp_path / "network.onnx").write_bytes(model(graph([node])).SerializeToString())
    with pytest.raises(suite.UserError, match=r"an operator that opens a file \(EPContext\)"):
        check_onnx(tmp_path / "network.onnx")


def test_onnx_that_holds_everything_runs(tmp_path):
    (tmp_path / "network.onnx").write_bytes(model(graph([ADD], [tensor()])).SerializeToString())
    outputs = OnnxNetwork(tmp_path / "network.onnx")(np.zeros((2, 4), np.float32))
    np.testing.assert_array_equal(outputs, [[1, 2, 3, 4]] * 2)


def test_any_bytes_are_refused_or_read(tmp_path):
    content = OUTSIDE["within a branch"].SerializeToString()
    generator = random.Random(0)
    file = tmp_path / "network.onnx"
    for _ in range(500):
        damaged = bytearray(content[: generator.randrange(len(content) + 1)])
        for _ in range(3 if damaged else 0):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        file.write_bytes(damaged)
        try:
            check_onnx(file)
        except suite.UserError as error:
            assert "\n" not in str(error)  # noqa: PT017 - some are read


@pytest.fixture
def saved(tmp_path):
    save_keras(weather.network(), tmp_path / "network.keras")
    return tmp_path / "network.keras"


def make_external_storage(file, tmp_path):
    file.create_dataset("more", (4,), "<f4", external=[(str(tmp_path / "secret"), 0, 16)])


def make_external_link(file, tmp_path):
    file["more"] = h5py.ExternalLink(str(tmp_path / "secret"), "/x")


def make_soft_link(file, tmp_path):
    file["more"] = h5py.SoftLink("/layers")


def make_virtual(file, tmp_path):
    layout = h5py.VirtualLayout((4,), "<f4")
    layout[:] = h5py.VirtualSource(str(tmp_path / "secret"), "x", (4,))
    file.create_virtual_dataset("more", layout)


@pytest.mark.parametrize(
    "make",
    [make_external_storage, make_external_link, make_soft_link, make_virtual],
    ids=lambda f: f.__name__,
)
def test_weights_in_other_files_are_refused(tmp_path, saved, secret, make):
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    (tmp_path / "w.h5").write_bytes(members["model.weights.h5"])
    with h5py.File(tmp_path / "w.h5", "r+") as file:
        make(next(iter(file["layers"].values())), tmp_path)
    members["model.weights.h5"] = (tmp_path / "w.h5").read_bytes()
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(suite.UserError, match=r"network.keras is refused: its weights"):
        load_keras(saved)
    with pytest.raises(suite.UserError, match=r"w.h5 is refused"):
        check_hdf5(tmp_path / "w.h5")


def test_weights_that_are_no_hdf5_file(saved):
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content if name != "model.weights.h5" else content[:100])
    with pytest.raises(suite.UserError, match="not an HDF5 file"):
        load_keras(saved)


def test_addresses_that_no_file_has(tmp_path):
    """Fuzzed: the address of the root group has its highest bit set."""
    file = tmp_path / "w.h5"
    with h5py.File(file, "w") as written:
        written["w"] = [1.0, 2.0]
    content = bytearray(file.read_bytes())
    content[48:56] = (1 << 63).to_bytes(8, "little")
    file.write_bytes(content)
    with pytest.raises(suite.UserError, match="not an HDF5 file"):
        check_hdf5(file)
    with pytest.raises(suite.UserError, match="not an HDF5 file"):
        check_hdf5(file, bytes(content))
