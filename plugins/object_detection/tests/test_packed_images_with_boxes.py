"""Images and their objects in the cells of Parquet tables, as data sets of the Hugging Face Hub have them."""

import cv2
import numpy as np
import pytest

from parquet_on_disk import write
from suite import UserError
from suite_object_detection.loaders.parquet import detect
from suite_object_detection.loaders.parquet import load as load_parquet
from suite_object_detection.options import ParquetOptions

CLASSES = {"names": ["disc", "square"], "_type": "ClassLabel"}


def load(path, **options):
    return load_parquet(path, ParquetOptions(**options))


def image(gray=1):
    return {"bytes": cv2.imencode(".png", np.full((20, 40, 3), gray, np.uint8))[1].tobytes(), "path": "a.png"}


def objects(boxes, classes):
    return {"id": list(range(len(boxes))), "bbox": boxes, "category": classes}


def test_objects_as_the_hub_has_them(tmp_path):
    rows = [
        {"image": image(), "width": 40, "height": 20, "objects": objects([[1.0, 2.0, 30.0, 10.0]], [1])},
        {"image": image(), "width": 40, "height": 20, "objects": objects([], [])},
        {"image": image(), "width": 40, "height": 20, "objects": objects([[0.0, 0.0, 5.0, 5.0]], [0])},
    ]
    features = {"objects": {"feature": {"category": CLASSES}, "_type": "Sequence"}}
    write(tmp_path / "data/train-00000-of-00001.parquet", rows, features)
    write(tmp_path / "data/validation-00000-of-00001.parquet", rows[:1], features)
    assert detect(tmp_path) is True
    dataset = load(tmp_path)
    assert [(example.target["boxes"], example.target["labels"]) for example in dataset.train] == [
        ([[1, 2, 31, 12]], ["square"]),
        ([], []),
        ([[0, 0, 5, 5]], ["disc"]),
    ]
    assert dataset.train[0].target["size"] == [20, 40]
    assert dataset.train[0].input.read() == rows[0]["image"]["bytes"]
    assert len(dataset.validation) == 1


def test_other_columns_and_forms(tmp_path):
    listed = [{"image": image(), "annotations": [{"bbox": [30.0, 2.0, 39.0, 18.0], "label": "a"}]}]
    dataset = load(write(tmp_path / "listed.parquet", listed))
    assert dataset.train[0].target["boxes"] == [[30, 2, 39, 18]]  # two corners, or they would reach out
    flat = [{"image": image(), "bbox": [[1.0, 2.0, 3.0, 4.0]], "category": [1]}]
    path = write(tmp_path / "flat.parquet", flat, {"category": {"feature": CLASSES}})
    assert detect(path) is True
    assert load(path).train[0].target == {"size": [20, 40], "boxes": [[1, 2, 4, 6]], "labels": ["square"]}


def test_what_is_wrong_is_named(tmp_path):
    labeled = write(tmp_path / "labeled.parquet", [{"image": image(), "label": 1}])
    assert detect(labeled) is False
    with pytest.raises(UserError, match="no column for the objects .'objects', say., only 'image', 'label'"):
        load(labeled)
    two = [{"image": image(), "objects": objects([[1.0, 2.0, 3.0, 4.0]], [0, 1])}]
    with pytest.raises(UserError, match="row 1 has 1 boxes and 2 classes"):
        load(write(tmp_path / "two.parquet", two))
    gone = {"image": None, "objects": objects([[1.0, 2.0, 3.0, 4.0]], [0])}
    whole = {"image": image(), "objects": objects([[1.0, 2.0, 3.0, 4.0]], [0])}
    assert "1 row has no image, left out" in str(
        load(write(tmp_path / "gone.parquet", [whole, gone])).problems
    )
