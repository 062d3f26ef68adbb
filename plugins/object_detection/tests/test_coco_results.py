"""Predictions as COCO's results."""

from __future__ import annotations

import contextlib
import io
import json

import numpy as np
import pytest
from pycocotools.coco import COCO

from suite import RunError, UserError
from suite.sources import FileSource, open_tree
from suite_images.video import Video, VideoWriter
from suite_object_detection.formats.coco_ids import ids_of
from suite_object_detection.formats.coco_results import CocoResultsWriter, image_id
from suite_object_detection.types import Detections

FACTS = {"classes": ["cat", "dog"], "category_ids": [17, 3]}
TWO = Detections(
    boxes=[(1.5, 2.0, 11.5, 22.0), (0.0, 0.0, 4.0, 4.0)], scores=[0.9, 0.1 + 0.2], labels=["dog", "cat"]
)
NOTHING = Detections(boxes=[], scores=[], labels=[])


def written(tmp_path, *added) -> list[dict]:
    writer = CocoResultsWriter(tmp_path / "results.json", FACTS)
    for name, prediction in added:
        writer.add(FileSource(tmp_path / name), name, prediction)
    assert writer.close() == [tmp_path / "results.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]
    return json.loads((tmp_path / "results.json").read_text())


def test_boxes_have_a_corner_and_a_size_and_classes_the_numbers_of_the_data(tmp_path):
    assert written(tmp_path, ("000000000139.jpg", TWO), ("kitchen.jpg", TWO))[:3] == [
        {"image_id": 139, "category_id": 3, "bbox": [1.5, 2.0, 10.0, 20.0], "score": 0.9},
        {"image_id": 139, "category_id": 17, "bbox": [0.0, 0.0, 4.0, 4.0], "score": 0.1 + 0.2},
        {"image_id": "kitchen.jpg", "category_id": 3, "bbox": [1.5, 2.0, 10.0, 20.0], "score": 0.9},
    ]


@pytest.mark.parametrize("added", [(), (("1.jpg", NOTHING),)])
def test_no_detection_at_all_is_an_empty_list(tmp_path, added):
    assert written(tmp_path, *added) == []


def test_pycocotools_loads_it(tmp_path):
    written(tmp_path, ("7.jpg", TWO), ("8.jpg", NOTHING), ("9.jpg", TWO))
    truth = {
        "info": {},
        "images": [{"id": number, "height": 40, "width": 40} for number in (7, 8, 9)],
        "categories": [{"id": 17, "name": "cat"}, {"id": 3, "name": "dog"}],
        "annotations": [],
    }
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    with contextlib.redirect_stdout(io.StringIO()):
        loaded = COCO(tmp_path / "truth.json").loadRes(str(tmp_path / "results.json"))
    assert loaded.getImgIds() == [7, 8, 9]
    assert [row["area"] for row in loaded.loadAnns(loaded.getAnnIds(imgIds=[9]))] == [200.0, 16.0]


def test_the_file_is_there_only_when_it_is_whole(tmp_path):
    writer = CocoResultsWriter(tmp_path / "results.json", FACTS)
    writer.add(FileSource(tmp_path / "1.jpg"), "1.jpg", TWO)
    assert not (tmp_path / "results.json").exists()
    writer.close()
    assert len(json.loads((tmp_path / "results.json").read_text())) == 2


def test_two_images_with_one_id_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"a/1\.jpg and b/01\.jpg would both be the image 1"):
        written(tmp_path, ("a/1.jpg", TWO), ("b/01.jpg", TWO))


def test_members_of_folders_keep_their_folders_and_frames_have_their_index(tmp_path):
    (tmp_path / "in" / "cats").mkdir(parents=True)
    (tmp_path / "in" / "cats" / "tom.jpg").touch()
    assert image_id(open_tree(tmp_path / "in").source(0), "") == "cats/tom.jpg"
    writer = VideoWriter(tmp_path / "video.mp4", (16, 16), 25)
    for _ in range(3):
        writer.add(np.zeros((16, 16, 3), np.uint8))
    writer.close()
    assert [image_id(frame, "") for frame in Video(tmp_path / "video.mp4")][2] == "video.mp4#2"


def test_classes_are_counted_from_zero_if_the_data_did_so():
    assert ids_of({"classes": ["cat", "dog"]}) == {"cat": 0, "dog": 1}
    assert ids_of(FACTS) == {"cat": 17, "dog": 3}


def test_a_file_that_cannot_be_written_is_reported_at_once(tmp_path):
    with pytest.raises(RunError, match="no such file or directory"):
        CocoResultsWriter(tmp_path / "nowhere" / "results.json", FACTS)


def test_only_what_may_be_results_is_overwritten(tmp_path):
    annotations = json.dumps({"images": [], "annotations": [], "categories": []})
    path = tmp_path / "results.json"
    path.write_text(annotations)
    with pytest.raises(UserError, match=r"results\.json is there already and holds no COCO results"):
        CocoResultsWriter(path, FACTS)
    assert path.read_text() == annotations
    path.write_text("[]")
    CocoResultsWriter(path, FACTS).close()
    with pytest.raises(UserError, match="is a folder, but COCO's results are one file"):
        CocoResultsWriter(tmp_path, FACTS)
