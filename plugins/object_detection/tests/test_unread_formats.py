"""Formats of boxes that are not read are called by their names, with the way out."""

import json

import pytest

from boxes_on_disk import WRITERS, recognized, write, write_image, write_voc
from suite_object_detection.loaders.unread import unread_format

SUPERVISELY = {"classes": [{"title": "cat", "shape": "rectangle", "color": "#FF0000"}], "tags": []}
DATUMARO = {"info": {}, "categories": {"label": {"labels": [{"name": "cat"}]}}, "items": [{"id": "a"}]}
VIA_3 = {"project": {"pname": "x"}, "config": {}, "metadata": {"1_a": {"vid": "1", "xy": [2, 1, 1, 5, 5]}}}
BDD = [{"name": "a.jpg", "labels": [{"category": "car", "box2d": {"x1": 1, "y1": 1, "x2": 5, "y2": 5}}]}]
LABELBOX = {"data_row": {"external_id": "a.jpg"}, "projects": {}}


@pytest.mark.parametrize(
    ("name", "content", "called"),
    [
        ("train.tfrecord", "x", "TFRecords"),
        ("data/voc-train.tfrecord-00000-of-00010", "x", "TFRecords"),
        ("db/data.mdb", "x", "LMDB"),
        ("meta.json", SUPERVISELY, "Supervisely"),
        ("annotations/train.json", DATUMARO, "Datumaro"),
        ("project.json", VIA_3, "VIA 3"),
        ("det_train.json", BDD, "BDD100K"),
        ("export.ndjson", json.dumps(LABELBOX), "Labelbox"),
        ("labelTxt/a.txt", "1 1 5 1 5 5 1 5 plane 0", "DOTA"),
        ("gt/gt.txt", "1,1,1,1,5,5,1,1,1", "MOT"),
        ("0a-asset.json", {"asset": {}, "regions": []}, "VoTT"),
    ],
)
def test_a_format_that_is_not_read_is_named(tmp_path, name, content, called):
    write(tmp_path / name, content)
    write_image(tmp_path / "images/a.png")
    assert recognized(tmp_path) == []
    assert called in unread_format(tmp_path)
    assert "not read: " in unread_format(tmp_path)
    if "." in name.rpartition("/")[2] and name.count("/") == 0:
        assert called in unread_format(tmp_path / name)


def test_masks_are_no_boxes_unless_there_are_boxes_too(tmp_path):
    write_image(tmp_path / "JPEGImages/a.png")
    write_image(tmp_path / "SegmentationClass/a.png")
    assert "boxes are not read from masks" in unread_format(tmp_path)
    write_voc(tmp_path)
    assert unread_format(tmp_path) == ""


@pytest.mark.slow
@pytest.mark.parametrize("kind", WRITERS)
def test_formats_that_are_read_are_not_called_otherwise(tmp_path, kind):
    WRITERS[kind](tmp_path)
    assert unread_format(tmp_path) == ""


def test_what_is_nothing_of_that_kind(tmp_path):
    write(tmp_path / "package.json", {"name": "x", "items": []})
    write(tmp_path / "readme.txt", "x")
    assert unread_format(tmp_path) == ""
    assert unread_format(tmp_path / "nowhere") == ""
