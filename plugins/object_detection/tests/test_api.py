"""What another package needs to add one network or one format: short plugins, with all checks."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import suite
import suite_object_detection
from boxes_on_disk import write_image
from suite import UserError
from suite.data.loading import load_dataset
from suite.options import as_dict
from suite_object_detection.api import BoxCodec, DetectionOptions, pipeline
from suite_object_detection.samples import sample

HERE = Path(__file__).parent
TASK = "object-detection"


def module(name):
    specification = importlib.util.spec_from_file_location(f"detection_{name}", HERE / f"{name}.py")
    loaded = importlib.util.module_from_spec(specification)
    sys.modules[f"detection_{name}"] = loaded
    specification.loader.exec_module(loaded)
    return loaded


def host_with(name):
    return suite.Host(suite_object_detection, module(name), discover=False)


@pytest.mark.parametrize(("name", "lines"), [("plugin_of_one_network", 35), ("plugin_of_one_format", 45)])
def test_plugins_are_short_and_import_only_what_is_public(name, lines):
    text = (HERE / f"{name}.py").read_text()
    assert len([line for line in text.splitlines() if line.strip()]) <= lines
    imported = {
        line.split()[1] for line in text.splitlines() if line.startswith(("import suite", "from suite"))
    }
    assert imported <= {"suite", "suite.options", "suite.kit", "suite.sources", "suite_object_detection.api"}


def test_importing_the_api_imports_nothing_heavy():
    code = "import sys, suite_object_detection.api;print(*{'keras', 'numpy', 'cv2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_all_that_the_api_offers_is_there():
    from suite_object_detection import api

    assert all(getattr(api, name) is not None for name in api.__all__)
    with pytest.raises(AttributeError, match="no attribute 'BoxKodec'"):
        api.BoxKodec  # noqa: B018


def test_a_network_gets_the_codec_the_batches_and_the_loss():
    builder = host_with("plugin_of_one_network").builder("plain", TASK).item
    dataset = sample()
    built = builder.build(dataset, builder.options(flip=False))
    assert built.network.name == "plain"
    assert built.codec.size == (64, 64)
    assert (built.options.filters, built.options.flip) == (8, False)
    assert built.recipe["epochs"] == 3
    assert "auto" not in as_dict(built.options).values()
    prepared = [built.batch_maker.prepare(dataset.train[index]) for index in range(4)]
    images, targets = built.batch_maker.make(prepared, np.random.default_rng(0), 0.0)
    assert np.isfinite(float(built.loss(targets, built.network(images))))
    assert builder.codec(built.codec.to_json()) == built.codec


class QueryCodec(BoxCodec, frozen=True, kw_only=True):
    """Four boxes an image, as shares of it."""

    @property
    def output_shape(self):
        return 4, len(self.classes) + 4

    def boxes_of(self, outputs, anchors):
        height, width = self.size
        return outputs[anchors, len(self.classes) :] * (width, height, width, height)


def network_of(dtype="uint8", *, rows=4, numbers=4, outputs_dtype="float32"):
    def network(size, classes, options):
        inputs = keras.Input((*size, 3), dtype=dtype)
        x = layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(inputs))
        x = layers.Dense(rows * (classes + numbers), dtype=outputs_dtype)(x)
        return keras.Model(
            inputs, layers.Reshape((rows, classes + numbers), dtype=outputs_dtype)(x), name="odd"
        )

    return network


def build(network):
    return pipeline(
        sample(),
        DetectionOptions(size=32),
        network,
        codec=QueryCodec,
        loss=lambda codec, options: keras.losses.MeanSquaredError(),
    )


def test_a_codec_of_ones_own_decodes_another_kind_of_outputs():
    built = build(network_of())
    outputs = np.full((4, 7), -9.0, np.float32)
    outputs[2] = [-9, 5, -9, 0.25, 0.5, 0.75, 1.0]
    found = built.codec.decode(outputs, (64, 64))
    assert found.labels == [built.codec.classes[1]]
    assert found.boxes == [(16, 32, 48, 64)]
    assert QueryCodec.from_json(json.loads(json.dumps(built.codec.to_json()))) == built.codec


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dtype": "float32"}, r"'odd' takes float32 \(None, 32, 32, 3\): it must take uint8"),
        ({"rows": 3}, r"gives float32 \(None, 3, 7\): it must give float32 \(None, 4, 7\)"),
        ({"numbers": 5}, r"gives float32 \(None, 4, 8\): .* 3 logits of classes and the numbers of a box"),
        ({"outputs_dtype": "float16"}, r"gives float16 \(None, 4, 7\): it must give float32"),
    ],
)
def test_a_network_that_takes_or_gives_something_else_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        build(network_of(**changes))


def test_a_codec_of_ones_own_needs_a_loss_of_ones_own():
    with pytest.raises(TypeError, match="QueryCodec needs a loss of its own"):
        pipeline(sample(), DetectionOptions(size=32), network_of(), codec=QueryCodec)


@pytest.fixture
def sidecar(tmp_path):
    for folder, stem in (("train", "a"), ("train", "b"), ("val", "c")):
        write_image(tmp_path / folder / f"{stem}.png")
        write_outlines(tmp_path / folder / f"{stem}.json", [("cat", [[10, 20], [30, 5]])])
    return tmp_path


def write_outlines(path, outlines, image=None):
    content = {
        "picture": image or f"{path.stem}.png",
        "outlines": [{"label": label, "points": points} for label, points in outlines],
    }
    path.write_text(json.dumps(content))


def load_sidecar(path):
    return load_dataset(host_with("plugin_of_one_format"), TASK, path, loader="sidecar")[0]


def test_a_format_is_recognized_and_loaded(sidecar):
    assert module("plugin_of_one_format").detect(sidecar)
    write_outlines(sidecar / "train/b.json", [("dog", [[0, 0], [70, 9], [3, 3]])])
    write_outlines(sidecar / "train/d.json", [("dog", [[0, 0], [70, 9]])])
    dataset = load_sidecar(sidecar)
    assert dataset.facts == {"classes": ["cat", "dog"]}
    assert dataset.train[0].target == {"size": [40, 60], "boxes": [[10, 5, 30, 20]], "labels": ["cat"]}
    assert dataset.validation[0].id == "val/c.png"
    assert dataset.problems == [
        "1 image is missing, left out: 'd.png'",
        "1 box is partly outside of the image, clipped: 'train/b.json, outline 1'",
    ]


def test_a_format_has_all_checks(sidecar):
    write_outlines(sidecar / "train/a.json", [("cat", [[0.1, 0.2], [0.5, 0.7]])])
    with pytest.raises(
        UserError, match=r"train/a.json, outline 1: .* looks like shares of the image's width"
    ):
        load_sidecar(sidecar)
    (sidecar / "train/a.json").write_text('{"picture": "a.png"}')
    with pytest.raises(UserError, match="train/a.json has no picture, or no outlines"):
        load_sidecar(sidecar)
