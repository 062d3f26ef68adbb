"""Predictions as labels, tables, cut-outs and COCO data sets, which loaders and COCO's tools read again."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

from suite import UserError
from suite.sources import FileSource, open_tree
from suite_images import reading
from suite_object_detection.formats.box_table import BoxTableWriter
from suite_object_detection.formats.coco_dataset import CocoDatasetWriter
from suite_object_detection.formats.coco_results import CocoResultsWriter
from suite_object_detection.formats.crops import CropsWriter
from suite_object_detection.formats.label_files import VocWriter, YoloWriter
from suite_object_detection.loaders import coco, csv, voc, yolo
from suite_object_detection.options import CocoOptions, CsvOptions, VocOptions, YoloOptions
from suite_object_detection.types import Detections

FACTS = {"classes": ["cat", "a/dog"]}
TWO = Detections(
    boxes=[(10.0, 20.0, 30.0, 60.0), (0.0, 0.0, 8.0, 5.0)], scores=[0.9, 0.5], labels=["a/dog", "cat"]
)
NOTHING = Detections(boxes=[], scores=[], labels=[])


@pytest.fixture
def images(tmp_path) -> Path:
    """`images/0.jpg` and `images/1.png`, 80 x 100 pixels."""
    folder = tmp_path / "data" / "images"
    folder.mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (80, 100, 3), np.uint8)
    for name in ("0.jpg", "1.png"):
        cv2.imwrite(str(folder / name), pixels)
    return folder


def write(writer, images: Path) -> list[Path]:
    for source, prediction in zip(
        [open_tree(images).source(0), FileSource(images / "1.png")], (TWO, NOTHING), strict=True
    ):
        writer.add(source, source.name, prediction)
    return writer.close()


def test_yolo_labels_are_read_as_yolo_labels(images):
    written = write(YoloWriter(images.parent, FACTS), images)
    assert [path.name for path in written] == ["0.txt", "1.txt", "classes.txt"]
    assert (images.parent / "labels" / "1.txt").read_text() == ""
    read = yolo.load(images.parent, YoloOptions())
    target = {example.id.rpartition("/")[2]: example.target for example in read.train}["0.jpg"]
    np.testing.assert_allclose(target["boxes"], TWO.boxes, atol=1e-3)
    assert target["labels"] == TWO.labels


def test_voc_labels_are_read_as_voc_labels(images):
    write(VocWriter(images, FACTS), images)
    read = voc.load(images, VocOptions())
    assert [example.target["boxes"] for example in read.train] == [[list(box) for box in TWO.boxes], []]
    assert read.train[0].target["labels"] == TWO.labels


def test_a_table_has_a_row_for_each_box_and_is_read_again(images, tmp_path):
    write(BoxTableWriter(tmp_path / "boxes.csv", FACTS), images)
    lines = (tmp_path / "boxes.csv").read_text().splitlines()
    assert lines[0] == "image,x1,y1,x2,y2,label,score"
    assert lines[1] == f"{images / '0.jpg'},10,20,30,60,a/dog,0.9000"
    assert len(lines) == 4
    assert lines[3] == f"{images / '1.png'},,,,,,"
    read = csv.load(tmp_path / "boxes.csv", CsvOptions())
    assert [example.target["boxes"] for example in read.train] == [[list(box) for box in TWO.boxes], []]
    (tmp_path / "mine.csv").write_text("a,b\n")
    with pytest.raises(UserError, match="holds no predictions"):
        BoxTableWriter(tmp_path / "mine.csv", FACTS)


def test_crops_lie_in_a_folder_for_each_class(images, tmp_path):
    written = write(CropsWriter(tmp_path / "crops", FACTS), images)
    assert [str(path.relative_to(tmp_path)) for path in written] == [
        "crops/a_dog/0-1.jpg",
        "crops/cat/0-2.jpg",
    ]
    assert [reading.size(path) for path in written] == [(40, 20), (5, 8)]


def annotations(path: Path, ids: dict[str, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [{"id": id_, "file_name": name, "height": 80, "width": 100} for name, id_ in ids.items()]
    categories = [{"id": 17, "name": "a/dog"}, {"id": 3, "name": "cat"}]
    path.write_text(json.dumps({"images": images, "categories": categories, "annotations": []}))


@pytest.mark.parametrize("where", ["data/images/_annotations.coco.json", "data/a.json", "annotations/a.json"])
def test_ids_are_those_of_the_coco_file_beside_the_images_which_pycocotools_loads(images, tmp_path, where):
    annotations(tmp_path / where, {"0.jpg": 4711, "1.png": 5})
    write(CocoResultsWriter(tmp_path / "results.json", FACTS), images)
    write(CocoDatasetWriter(tmp_path / "dataset.json", FACTS), images)
    with contextlib.redirect_stdout(io.StringIO()):
        results = COCO(tmp_path / where).loadRes(str(tmp_path / "results.json"))
        dataset = COCO(tmp_path / "dataset.json")
    for loaded in (results, dataset):
        assert sorted(loaded.getImgIds()) == [5, 4711]
        rows = loaded.loadAnns(loaded.getAnnIds(imgIds=[4711]))
        assert [(row["category_id"], row["bbox"], row["score"]) for row in rows] == [
            (17, [10, 20, 20, 40], 0.9),
            (3, [0, 0, 8, 5], 0.5),
        ]


def test_two_coco_files_that_number_an_image_differently_are_refused(images, tmp_path):
    annotations(images / "a.json", {"0.jpg": 1})
    annotations(images / "b.json", {"0.jpg": 2})
    with pytest.raises(UserError, match=r"is image 1 in .*a\.json and image 2 in .*b\.json"):
        write(CocoResultsWriter(tmp_path / "results.json", FACTS), images)


def test_a_coco_data_set_is_complete_without_ids_and_is_read_as_data(images, tmp_path):
    (path,) = write(CocoDatasetWriter(images.parent / "p.json", FACTS), images)
    read = coco.load(images.parent, CocoOptions())
    assert [example.target["boxes"] for example in read.train] == [[list(box) for box in TWO.boxes], []]
    write(CocoDatasetWriter(path, FACTS), images)  # predictions are overwritten
    annotations(path, {"0.jpg": 1})
    with pytest.raises(UserError, match="holds no predictions"):
        CocoDatasetWriter(path, FACTS)
