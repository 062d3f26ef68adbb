"""Images in the cells of Parquet tables, as data sets of the Hugging Face Hub have them."""

import cv2
import numpy as np
import pytest

from parquet_on_disk import write
from suite import UserError
from suite_image_classification.loaders.folder import detect as detect_folder
from suite_image_classification.loaders.parquet import detect
from suite_image_classification.loaders.parquet import load as load_parquet
from suite_image_classification.options import ParquetOptions
from suite_images.reading import read

CLASSES = {"names": ["disc", "square"], "_type": "ClassLabel"}


def load(path, **options):
    return load_parquet(path, ParquetOptions(**options))


def image(gray, path=None):
    pixels = np.full((8, 8, 3), gray, np.uint8)
    return {"bytes": cv2.imencode(".png", pixels)[1].tobytes(), "path": path}


def test_splits_of_a_folder_and_names_of_classes(tmp_path):
    rows = [{"image": image(10 * number), "label": number % 2} for number in range(5)]
    features = {"image": {"_type": "Image"}, "label": CLASSES}
    write(tmp_path / "train-00000-of-00001.parquet", rows[:3], features)
    unlabeled = {"image": image(7), "label": -1}
    write(tmp_path / "test-00000-of-00001.parquet", [*rows[3:], unlabeled], features)
    assert detect(tmp_path) is True
    assert not detect_folder(tmp_path)
    dataset = load(tmp_path)
    assert [example.target for example in dataset.train] == ["disc", "square", "disc"]
    assert [example.input.read() for example in dataset.train] == [row["image"]["bytes"] for row in rows[:3]]
    assert dataset.facts == {"classes": ["disc", "square"], "multi_label": False}
    assert len(dataset.test) == 2
    assert dataset.problems == ["1 row has no label, left out: 'test-00000-of-00001.parquet, row 3'"]


def test_several_labels(tmp_path):
    rows = [
        {"img": image(1), "labels": [0, 1]},
        {"img": image(2), "labels": []},
        {"img": image(3), "labels": [1]},
    ]
    path = write(tmp_path / "a.parquet", rows, {"labels": {"feature": CLASSES, "_type": "Sequence"}})
    dataset = load(path)
    assert [example.target for example in dataset.train] == [["disc", "square"], [], ["square"]]
    texts = [{"image": image(1), "tags": "a;b"}, {"image": image(2), "tags": "a"}]
    path = write(tmp_path / "b.parquet", texts)
    assert load(path, label_separator=";").train[0].target == ["a", "b"]
    assert "loader.label_separator=';'" in str(load(path).problems)


def test_splits_groups_and_rows_without_an_image(tmp_path):
    rows = [
        {
            "photo": image(number, f"{number}.png"),
            "label": bool(number % 2),
            "split": split,
            "patient": number // 2,
        }
        for number, split in enumerate(["train", "train", "val", "train"])
    ]
    rows[3]["photo"] = {"bytes": None, "path": "3.png"}
    dataset = load(write(tmp_path / "a.parquet", rows), group_column="patient")
    assert dataset.facts["classes"] == ["false", "true"]
    assert [dataset.groups(example) for example in (*dataset.train, *dataset.validation)] == ["0", "0", "1"]
    assert dataset.problems == ["1 row has no image, left out: 'a.parquet, row 4'"]
    rows[2]["split"] = "later"
    with pytest.raises(UserError, match="row 3: 'later' in column 'split' is not train, validation or test"):
        load(write(tmp_path / "b.parquet", rows))


def test_a_table_is_no_image_to_be_predicted(tmp_path):
    path = write(tmp_path / "a.parquet", [{"image": image(1), "label": 1}])
    with pytest.raises(UserError, match="is a Parquet table: .* to predict them, write them to files"):
        read(path)


def test_what_is_missing_is_named(tmp_path):
    path = write(tmp_path / "a.parquet", [{"image": image(1), "caption": "a disc"}])
    with pytest.raises(UserError, match="no column for the labels .'label', say., only 'image', 'caption'"):
        load(path)
    empty = write(tmp_path / "b.parquet", [{"image": image(1), "label": -1}], {"label": CLASSES})
    with pytest.raises(UserError, match="no row has an image and a label\n.*1 row has no label"):
        load(empty)
