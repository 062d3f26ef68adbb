"""Detections, as people read them."""

from __future__ import annotations

import msgspec

from suite_object_detection.types import Detections

FOUND = Detections(
    boxes=[(0.0, 0.0, 1.0, 1.0)] * 4, scores=[0.9, 0.8, 0.4, 0.3], labels=["RBC", "WBC", "RBC", "Platelets"]
)


def test_people_read_how_many_there_are_of_each_class():
    assert str(FOUND) == "2 RBC, 1 Platelets, 1 WBC"
    assert str(FOUND.above(0.99)) == "nothing detected"


def test_the_surer_ones_can_be_taken():
    assert FOUND.above(0.4).scores == [0.9, 0.8, 0.4]
    assert FOUND.above(0.4).labels == ["RBC", "WBC", "RBC"]
    assert len(FOUND.above(0.4).boxes) == 3


def test_they_survive_being_written_as_json():
    assert msgspec.json.decode(msgspec.json.encode(FOUND), type=Detections) == FOUND
