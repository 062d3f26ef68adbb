"""A tiny trained thing for the tests of prediction and export: is it warm, from four temperatures?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import suite


class Weather(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    score: float

    def __str__(self) -> str:
        return f"{self.label}  {self.score:.2f}"


class WeatherCodec(suite.Codec):
    """Reads files of four numbers, their bytes, or arrays of them."""

    suffixes = (".temps",)
    input_ndim = 1

    def __init__(self, classes: list[str]) -> None:
        self.classes = classes

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> WeatherCodec:
        return cls(**values)

    def encode(self, raw: Any) -> np.ndarray:
        if hasattr(raw, "read"):
            raw = raw.read()
        if isinstance(raw, str):
            raw = Path(raw)
        if isinstance(raw, Path):
            raw = raw.read_bytes()
        if isinstance(raw, bytes):
            if raw == b"defect":
                raise ZeroDivisionError("a bug of the codec")
            try:
                raw = np.array([float(word) for word in raw.split()])
            except ValueError:
                raise suite.UserError("it holds something that is not a number") from None
        if raw.shape != (4,):
            raise suite.UserError(f"it holds {raw.size} numbers instead of 4")
        return raw.astype(np.float32)

    def decode(self, outputs: Any) -> Weather:
        best = int(np.argmax(outputs))
        return Weather(label=self.classes[best], score=float(outputs[best]))

    def to_json(self) -> dict[str, Any]:
        return {"classes": self.classes}

    def properties(self) -> dict[str, Any]:
        return {"classes": self.classes, "unit": "degrees"}


def network() -> Any:
    """A built network with known answers: warm above ten degrees on average."""
    import keras

    inputs = keras.Input((4,), name="temperatures")
    x = keras.layers.Rescaling(0.1, name="rescale")(inputs)
    outputs = keras.layers.Dense(2, activation="softmax", name="head")(x)
    model = keras.Model(inputs, outputs, name="weather")
    kernel = np.stack([np.full(4, -0.25), np.full(4, 0.25)], axis=1)
    model.get_layer("head").set_weights([kernel, np.array([1.0, -1.0])])
    return model


def codec() -> WeatherCodec:
    return WeatherCodec(["cold", "warm"])


def _build(dataset: Any, options: Any) -> Any:
    raise NotImplementedError


class weather:  # noqa: N801 - its name is the plugin's
    """The plugin."""

    @suite.hookimpl
    def suite_tasks(self) -> list[suite.Task]:
        return [
            suite.Task(
                name="weather", summary="", sample=sample, metric="accuracy", builder="linear", evaluators=()
            )
        ]

    @suite.hookimpl
    def suite_model_builders(self) -> list[suite.ModelBuilder]:
        return [suite.ModelBuilder(name="linear", task="weather", build=_build, codec=WeatherCodec.from_json)]


def sample() -> Any:
    return suite.Dataset(train=[])


def host() -> suite.Host:
    return suite.Host(weather(), discover=False)


def save(folder: Path) -> Path:
    """A run directory as a training leaves it."""
    from suite.prediction.loading import save_pipeline

    save_pipeline(
        folder / "model",
        task="weather",
        builder="weather:linear",
        codec=codec(),
        network=network(),
        facts={"classes": ["cold", "warm"]},
        plugin_version="1.2",
    )
    return folder


def save_exported(folder: Path, warm_bias: float = -1.0) -> Path:
    """A folder as `suite export` writes it, made without Keras."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    from suite.pipeline.manifest import FORMAT, Manifest, write_manifest

    kernel = np.stack([np.full(4, -0.025), np.full(4, 0.025)], axis=1).astype(np.float32)
    weights = [
        numpy_helper.from_array(kernel, "kernel"),
        numpy_helper.from_array(np.array([1.0, warm_bias], np.float32), "bias"),
    ]
    nodes = [
        helper.make_node("MatMul", ["temperatures", "kernel"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["head"]),
    ]
    inputs = [helper.make_tensor_value_info("temperatures", TensorProto.FLOAT, ["examples", 4])]
    outputs = [helper.make_tensor_value_info("head", TensorProto.FLOAT, ["examples", 2])]
    model = helper.make_model(
        helper.make_graph(nodes, "weather", inputs, outputs, weights),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=8,
    )
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(folder / "network.onnx"))
    write_manifest(
        folder,
        Manifest(
            format=FORMAT,
            task="weather",
            builder="weather:linear",
            plugin={"name": "weather", "version": "1.2"},
            codec=codec().to_json(),
            network="network.onnx",
            facts={"classes": ["cold", "warm"]},
        ),
    )
    return folder
