"""Networks on their runtimes: numpy in, numpy out, whatever the number of examples."""

from __future__ import annotations

import numpy as np
import pytest

import suite
import weather
from suite.pipeline.networks import KerasNetwork, OnnxNetwork

keras = pytest.importorskip("keras", reason="needs Keras")


def examples(count):
    return np.random.default_rng(0).normal(10, 5, (count, 4)).astype(np.float32)


@pytest.mark.backend
@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 20])
def test_any_number_of_examples_gives_what_the_model_gives(count):
    model = weather.network()
    x = examples(count)
    outputs = KerasNetwork(model, batch_size=8)(x)
    assert isinstance(outputs, np.ndarray)
    np.testing.assert_allclose(outputs, keras.ops.convert_to_numpy(model(x)), atol=1e-6)


def test_many_batches_use_one_compiled_size():
    network = KerasNetwork(weather.network(), batch_size=8)
    sizes = []
    forward = network._forward
    network._forward = lambda inputs: (sizes.append(len(inputs)), forward(inputs))[1]
    network(examples(20))
    assert sizes == [8, 8, 8]


def test_large_examples_are_run_in_smaller_batches(monkeypatch):
    monkeypatch.setattr("suite.pipeline.networks.MAX_BYTES", 3 * 4 * 4 + 1)  # three examples of four floats
    model = weather.network()
    network = KerasNetwork(model, batch_size=8)
    sizes = []
    forward = network._forward
    network._forward = lambda inputs: (sizes.append(len(inputs)), forward(inputs))[1]
    outputs = network(examples(7))
    assert sizes == [3, 3, 3]
    np.testing.assert_allclose(outputs, keras.ops.convert_to_numpy(model(examples(7))), atol=1e-6)


def test_small_batches_are_padded_to_few_sizes_and_one_example_stays_one():
    network = KerasNetwork(weather.network(), batch_size=8)
    sizes = []
    forward = network._forward
    network._forward = lambda inputs: (sizes.append(len(inputs)), forward(inputs))[1]
    for count in (3, 2, 4, 1, 5):
        network(examples(count))
    assert sizes == [4, 4, 4, 1, 8]


@pytest.mark.backend
def test_several_inputs_and_outputs_go_by_name():
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b")
    model = keras.Model({"a": a, "b": b}, {"sum": keras.ops.sum(a, -1), "twice": 2.0 * b})
    outputs = KerasNetwork(model, 4)({"a": np.ones((3, 2), "float32"), "b": np.ones((3, 3), "float32")})
    assert outputs["sum"].tolist() == [2, 2, 2]
    assert outputs["twice"].shape == (3, 3)


def test_a_list_of_outputs_goes_by_the_layers_names():
    a = keras.Input((2,))
    model = keras.Model(a, [keras.layers.Identity(name="first")(a), keras.layers.Softmax(name="second")(a)])
    assert set(KerasNetwork(model)(np.ones((1, 2), "float32"))) == {"first", "second"}


@pytest.mark.backend
def test_it_runs_without_training_behavior():
    inputs = keras.Input((4,))
    network = KerasNetwork(keras.Model(inputs, keras.layers.Dropout(0.5)(inputs)))
    assert (network(np.ones((2, 4), "float32")) == 1).all()


@pytest.mark.slow
@pytest.mark.backend
@pytest.mark.skipif(keras.config.backend() == "torch", reason="Keras runs one step at a time on torch")
def test_it_follows_the_weights_of_a_model_in_training_with_several_steps_per_execution():
    model = weather.network()
    network = KerasNetwork(model, 4)
    x = examples(16)
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(network(x))

    model.compile("sgd", "categorical_crossentropy", steps_per_execution=2)
    model.fit(
        x,
        np.tile([[1.0, 0.0]], (16, 1)),
        batch_size=4,
        epochs=2,
        verbose=0,
        shuffle=False,
        callbacks=[Watch()],
    )
    assert not np.allclose(seen[0], seen[1])
    np.testing.assert_allclose(seen[1], network(x), atol=1e-6)


def test_no_example_at_all_is_refused():
    with pytest.raises(ValueError, match="one or more examples"):
        KerasNetwork(weather.network())(np.zeros((0, 4), "float32"))


def test_a_file_that_is_no_onnx_is_one_sentence(tmp_path):
    file = tmp_path / "network.onnx"
    file.write_bytes(b"not one")
    with pytest.raises(suite.UserError, match="is not an ONNX file or is damaged"):
        OnnxNetwork(file)


def test_a_network_that_onnx_runtime_refuses_is_one_sentence(tmp_path):
    pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    inputs, outputs = (
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1])] for name in ("x", "y")
    )
    node = onnx.helper.make_node("NoSuchOperator", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "graph", inputs, outputs)
    onnx.save(onnx.helper.make_model(graph), tmp_path / "network.onnx")
    with pytest.raises(suite.UserError, match="not a network that ONNX Runtime can run"):
        OnnxNetwork(tmp_path / "network.onnx")


def test_a_network_whose_names_are_no_text_is_one_sentence(tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    file = weather.save_exported(tmp_path) / "network.onnx"
    file.write_bytes(file.read_bytes().replace(b"examples", b"ex\xffmples"))
    with pytest.raises(suite.UserError, match="is not a network that ONNX Runtime can run: 'utf-8' codec"):
        OnnxNetwork(file)


def test_without_onnx_runtime_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(suite.UserError, match=r"pip install 'keras-suite\[onnx\]'"):
        OnnxNetwork(tmp_path / "network.onnx")
