"""What another package needs to add one network or one format: short plugins, with all checks."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from keras import layers

import suite
import suite_image_classification
from suite import UserError
from suite.data.loading import load_dataset
from suite.options import as_dict
from suite.sources import open_tree
from suite_image_classification.api import (
    FineTuningOptions,
    ImageModelOptions,
    fine_tuning_stages,
    labeled_images,
    pipeline,
)
from suite_image_classification.samples import sample

HERE = Path(__file__).parent
TASK = "image-classification"


def module(name):
    specification = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    loaded = importlib.util.module_from_spec(specification)
    sys.modules[name] = loaded
    specification.loader.exec_module(loaded)
    return loaded


def host_with(name):
    return suite.Host(suite_image_classification, module(name), discover=False)


@pytest.mark.parametrize(("name", "lines"), [("plugin_of_one_network", 30), ("plugin_of_one_format", 45)])
def test_plugins_are_short_and_import_only_what_is_public(name, lines):
    text = (HERE / f"{name}.py").read_text()
    assert len([line for line in text.splitlines() if line.strip()]) <= lines
    imported = {
        line.split()[1] for line in text.splitlines() if line.startswith(("import suite", "from suite"))
    }
    assert imported <= {"suite", "suite.options", "suite.kit", "suite_image_classification.api"}


def test_importing_the_api_imports_nothing_heavy():
    code = "import sys, suite_image_classification.api;print(*{'keras', 'numpy', 'cv2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_network_gets_the_codec_the_batches_and_the_loss():
    builder = host_with("plugin_of_one_network").builder("stripes", TASK).item
    dataset = sample()
    built = builder.build(dataset, builder.options(flip=False))
    assert built.network.name == "stripes"
    assert built.codec.size == (16, 16)
    assert (built.options.filters, built.options.flip) == (8, False)
    assert built.recipe["epochs"] == 3
    assert "auto" not in as_dict(built.options).values()
    prepared = [built.batch_maker.prepare(dataset.train[index]) for index in range(4)]
    images, targets = built.batch_maker.make(prepared, np.random.default_rng(0), 0.0)
    assert np.isfinite(float(built.loss(targets, built.network(images))))
    assert builder.codec(built.codec.to_json()) == built.codec


def network_of(dtype="uint8", *, channels=3, units=None, activation=None, logits_dtype="float32"):
    def network(size, classes, options):
        inputs = keras.Input((*size, channels), dtype=dtype)
        x = layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(inputs))
        logits = layers.Dense(units or classes, activation=activation, dtype=logits_dtype)(x)
        return keras.Model(inputs, logits, name="odd")

    return network


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dtype": "float32"}, r"'odd' takes float32 \(None, 24, 24, 3\): it must take uint8"),
        ({"channels": 1}, r"takes uint8 \(None, 24, 24, 1\): it must take uint8 \(None, 24, 24, 3\)"),
        ({"units": 7}, r"gives float32 \(None, 7\): it must give float32 \(None, 3\), one logit per class"),
        ({"logits_dtype": "float16"}, r"gives float16 \(None, 3\): it must give float32"),
        ({"activation": "softmax"}, "ends with a softmax .*it must give logits"),
        ({"activation": "sigmoid"}, "ends with a sigmoid"),
    ],
)
def test_a_network_that_takes_or_gives_something_else_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        pipeline(sample(), ImageModelOptions(), network_of(**changes))


def test_a_network_with_a_backbone_is_fine_tuned_in_two_stages():
    def network(size, classes, options):
        inputs = keras.Input((*size, 3), dtype="uint8")
        x = layers.Rescaling(1 / 255)(inputs)
        backbone = keras.Sequential([keras.Input((*size, 3)), layers.Flatten(), layers.Dense(4)], name="body")
        return keras.Model(inputs, layers.Dense(classes, dtype="float32")(backbone(x)))

    built = pipeline(
        sample(),
        FineTuningOptions(backbone_learning_rate=0.5),
        network,
        defaults={"frozen_share": 0.25},
        stages=fine_tuning_stages,
    )
    frozen, whole = built.stages
    assert frozen.freeze == ("body",)
    assert (frozen.share, whole.share, whole.learning_rate_factor) == (0.25, 0.75, 0.5)


@pytest.fixture
def lists(tmp_path):
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number} a.png"), np.full((4, 4, 3), number, np.uint8))
    (tmp_path / "words.txt").write_text("cat\ndog\n")
    (tmp_path / "train.txt").write_text("0 a.png 0\n1 a.png 1\n2 a.png 1\n2 a.png 1\n")
    (tmp_path / "val.txt").write_text("3 a.png 0\n")
    return tmp_path


def test_a_format_is_recognized_and_loaded(lists):
    dataset, loader = load_dataset(host_with("plugin_of_one_format"), TASK, lists, loader="caffe")
    assert loader.item.detect(lists)
    assert dataset.facts == {"classes": ["cat", "dog"], "multi_label": False}
    assert [dataset.train[index].target for index in range(len(dataset.train))] == ["cat", "dog", "dog"]
    assert dataset.validation[0].input.read() == (lists / "3 a.png").read_bytes()
    assert dataset.problems == ["train: 1 row repeats an earlier one, left out"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "0 a.png 0\ngone.png 1\n",
            r"\(train\), row 2: there is no file '.*gone.png': paths are relative to",
        ),
        ("0 a.png 0\n0 a.png 1\n", r"row 2: '0 a.png' has another label in row 1. An image is one row"),
        ("0 a.png 0\n1 a.png two\n", "train.txt, line 2 does not end with the number of a class"),
    ],
)
def test_a_format_has_all_checks(lists, text, message):
    (lists / "train.txt").write_text(text)
    with pytest.raises(UserError, match=message):
        load_dataset(host_with("plugin_of_one_format"), TASK, lists, loader="caffe")


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (3, "row 1: the label 3 is no text"),
        (" ", "row 1 has no label"),
        ([1], r"row 1: the labels \[1\] are not all texts"),
    ],
)
def test_labels_that_are_none_are_refused(lists, label, message):
    with pytest.raises(UserError, match=message):
        labeled_images(lists, {"train": [("0 a.png", label)]})


def test_a_path_that_is_none_and_the_number_of_a_row_in_its_file(lists):
    with pytest.raises(UserError, match=r"\(test\), row 1: the path None is no text"):
        labeled_images(lists, {"test": [(None, "a")]})
    index = lists / "index.jsonl"
    index.write_text("")
    with pytest.raises(UserError, match=r"index.jsonl, row 7: there is no file '.*nowhere.png'"):
        labeled_images(index, {"test": [("nowhere.png", "a", 7)]})


def test_lists_of_labels_and_paths_and_sources(lists):
    tree = open_tree(lists)
    sources = {tree.names[index]: tree.source(index) for index in range(len(tree))}
    dataset = labeled_images(
        lists,
        {
            "train": [(sources["0 a.png"], ["cat", "dog", "cat"]), (lists / "1 a.png", [])],
            "test": [(sources["2 a.png"], ["dog"])],
        },
    )
    assert dataset.facts == {"classes": ["cat", "dog"], "multi_label": True}
    assert [dataset.train[index].target for index in range(2)] == [["cat", "dog"], []]
    assert dataset.train[0].input is sources["0 a.png"]
    assert dataset.train[0].id == "0 a.png"
    assert dataset.train[1].input.read() == (lists / "1 a.png").read_bytes()


def test_a_split_of_another_name_is_the_plugins_fault(lists):
    with pytest.raises(ValueError, match="not 'trian'"):
        labeled_images(lists, {"trian": []})


@pytest.mark.parametrize("image", [None, 7, ["a.png"]])
def test_a_path_that_is_no_text_is_refused_with_its_row(tmp_path, image):
    with pytest.raises(UserError, match=r"row 1: the path .* is no text"):
        labeled_images(tmp_path, {"train": [(image, "cat")]})
