"""A codec and a network that do not fit are refused when they are loaded, in one sentence."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

import suite
import weather
from suite.pipeline import ArraySpec, Signature
from suite.pipeline.fitting import misfit
from suite.pipeline.manifest import read_manifest, write_manifest
from suite.prediction.loading import load, save_pipeline

IN, OUT = ArraySpec((4,), "float32"), ArraySpec((2,))
NAMED = {"a": IN, "b": ArraySpec((), "int32")}


class Promising(suite.Codec):
    def __init__(self, inputs, outputs):
        self.promised = Signature(inputs, outputs)

    def signature(self):
        return self.promised


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (Signature(ArraySpec((5,), "float32"), OUT), "encodes to float32 4, and the network takes float32 5"),
        (Signature(ArraySpec((4, 1), "float32"), OUT), "the network takes float32 4 x 1"),
        (Signature(ArraySpec((4,), "uint8"), OUT), "the network takes uint8 4"),
        (Signature(NAMED, OUT), "the network takes 'a' float32 4, 'b' int32 single number"),
        (Signature({}, OUT), "the network takes nothing"),
        (Signature(IN, ArraySpec((3,))), "the codec decodes 2, and the network gives 3"),
        (Signature(IN, ArraySpec((2, 2), "float32")), "the network gives float32 2 x 2"),
        (Signature(IN, {"a": OUT, "b": OUT}), "the network gives 'a' 2, 'b' 2"),
    ],
)
def test_whatever_differs_is_named(network, message):
    assert message in misfit(Promising(IN, OUT), network)


@pytest.mark.parametrize(
    ("codec", "network"),
    [
        (Promising(IN, OUT), Signature(IN, ArraySpec((2,), "float32"))),
        (Promising(IN, OUT), Signature({"x": IN}, {"y": OUT})),
        (Promising(ArraySpec((None, 3)), None), Signature(ArraySpec((7, 3), "uint8"), OUT)),
        (Promising(NAMED, None), Signature(dict(reversed(NAMED.items())), OUT)),
        (Promising(None, None), Signature(IN, OUT)),
        (Promising(IN, OUT), Signature()),
    ],
)
def test_what_is_open_or_not_known_fits(codec, network):
    assert misfit(codec, network) == ""


def test_names_differ():
    assert misfit(Promising(NAMED, None), Signature({"a": IN, "c": NAMED["b"]}, None)) == (
        "the codec encodes to 'a' float32 4, 'b' int32 single number, and the network takes 'a' float32 4,"
        " 'c' int32 single number"
    )


class FittedCodec(weather.WeatherCodec):
    """Tells what it gives and takes."""

    def signature(self):
        return Signature(IN, ArraySpec((len(self.classes),)))

    def named_axes(self):
        return {"head/kernel": (-1, self.classes)}


class FittedPlugin(weather.weather):
    @suite.hookimpl
    def suite_model_builders(self):
        return [
            suite.ModelBuilder(
                name="linear", task="weather", build=weather._build, codec=FittedCodec.from_json
            )
        ]


@pytest.fixture(scope="module")
def host():
    return suite.Host(FittedPlugin(), discover=False)


def saved(folder, classes, network=None):
    save_pipeline(
        folder,
        task="weather",
        builder="FittedPlugin:linear",
        codec=FittedCodec(classes),
        network=weather.network() if network is None else network,
        facts={},
        plugin_version="1.2",
    )
    return folder


def test_a_network_of_another_number_of_classes_is_refused_at_load(tmp_path, host):
    assert load(saved(tmp_path / "right", ["cold", "warm"]), host=host).predict(np.zeros(4)).label == "cold"
    wrong = saved(tmp_path / "wrong", ["cold", "warm", "hot"])
    with pytest.raises(
        suite.UserError, match=r"the codec decodes 3, and the network gives float32 2\. "
    ) as c:
        load(wrong, host=host)
    assert "\n" not in str(c.value)


def test_an_exported_network_that_does_not_fit_is_refused_at_load(tmp_path, host):
    onnx = pytest.importorskip("onnx")

    folder = saved(tmp_path / "model", ["cold", "warm"])
    tensors = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", size])
        for name, size in (("temperatures", 5), ("y", 5))
    ]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["temperatures"], ["y"])], "g", tensors[:1], tensors[1:]
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, folder / "network.onnx")
    manifest = read_manifest(folder)
    write_manifest(folder, msgspec.structs.replace(manifest, network="network.onnx"))
    with pytest.raises(suite.UserError, match="encodes to float32 4, and the network takes 'temperatures'"):
        load(folder, host=host)


def test_arrays_that_a_network_does_not_take_are_refused_if_the_codec_tells_nothing(tmp_path):
    class Longer(weather.WeatherCodec):
        def encode(self, raw):
            return np.zeros(5, np.float32)

    pipeline = load(weather.save(tmp_path / "run"), host=weather.host())
    with pytest.raises(suite.UserError, match="encodes to float32 5, and the network takes float32 4"):
        pipeline.with_codec(Longer(["cold", "warm"])).predict(np.zeros(4))


def test_a_codec_that_the_plugin_cannot_make_is_one_sentence(tmp_path, host):

    folder = saved(tmp_path / "model", ["cold", "warm"])
    written = msgspec.structs.replace(
        read_manifest(folder), codec={"kinds": []}, versions={"keras": "1.9", "keras-suite": "0.0"}
    )
    write_manifest(folder, written)
    with pytest.raises(suite.UserError, match=r"cannot make its codec of what pipeline.json holds") as caught:
        load(folder, host=host)
    assert "; it was written with keras 1.9 (now " in str(caught.value)
    assert "and keras-suite 0.0 (now " in str(caught.value)
