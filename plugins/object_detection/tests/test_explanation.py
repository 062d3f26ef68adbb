"""Heat maps: the region that counts for a detection is found, whatever the model is."""

from __future__ import annotations

import numpy as np
import pytest

from suite.data import Example
from suite.evaluation import Pairs
from suite_object_detection.explanation import MAX_SIDE, Found, explain, heat_map, worth
from suite_object_detection.types import Detections

BOX = (40.0, 10.0, 56.0, 26.0)
FOUND = Found(0, BOX, "square", 0.9)


def image(height=64, width=80, box=BOX) -> np.ndarray:
    """Noise with a white square."""
    pixels = np.random.default_rng(0).integers(0, 100, (height, width, 3), np.uint8)
    left, top, right, bottom = map(int, box)
    pixels[top:bottom, left:right] = 255
    return pixels


def detect(images) -> list[Detections]:
    """A white square of 8 pixels or more, as sure as it is white."""
    found = []
    for pixels in images:
        white = pixels.mean(axis=2) > 150
        rows, columns = np.flatnonzero(white.any(axis=1)), np.flatnonzero(white.any(axis=0))
        if len(rows) < 8 or len(columns) < 8:
            found.append(Detections(boxes=[], scores=[], labels=[]))
            continue
        box = (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
        found.append(
            Detections(boxes=[box], scores=[0.9 * float(pixels[white].mean() / 255)], labels=["square"])
        )
    return found


def test_the_region_of_the_object_is_the_hottest():
    heat = heat_map(image(), BOX, FOUND, detect)
    assert heat.shape == (64, 80)
    assert heat.max() == 1
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert 8 <= row < 28
    assert 38 <= column < 58
    assert abs(heat[50:, :20]).max() < 0.1


def test_a_model_that_does_not_look_has_a_map_without_any_heat():
    same = Detections(boxes=[BOX], scores=[0.9], labels=["square"])
    assert not heat_map(image(), BOX, FOUND, lambda views: [same for _ in views]).any()


@pytest.mark.parametrize(
    ("boxes", "scores", "labels", "left"),
    [
        ([], [], [], 0.0),
        ([BOX], [0.8], ["square"], 0.8),
        ([BOX], [0.8], ["circle"], 0.0),
        ([(48.0, 10.0, 56.0, 26.0), (40.0, 10.0, 56.0, 26.0)], [0.9, 0.4], ["square"] * 2, 0.45),
    ],
)
def test_what_is_left_of_a_detection_is_overlap_times_score_of_its_class(boxes, scores, labels, left):
    assert worth(Detections(boxes=boxes, scores=scores, labels=labels), BOX, "square") == pytest.approx(left)


def target(*boxes) -> dict:
    return {"size": [64, 80], "boxes": [list(box) for box in boxes], "labels": ["square"] * len(boxes)}


def pairs_of(images, targets) -> Pairs:
    examples = [Example(f"{index}.png", pixels) for index, pixels in enumerate(images)]
    facts = {"classes": ["square"], "threshold": 0.5}
    return Pairs(targets, detect(images), [example.id for example in examples], examples, facts=facts)


def test_what_is_wrong_is_shown_before_what_is_right():
    (gallery,) = explain(pairs_of([image(), image()], [target(BOX), target()]), detect)
    assert [caption for _, caption in gallery.items] == [
        "square 0.90, wrong\n1.png",
        "square 0.90, right\n0.png",
    ]
    assert gallery.items[0][0][:2] == b"\xff\xd8"


def test_without_targets_the_surest_detection_of_each_image_is_shown():
    (gallery,) = explain(pairs_of([image(), np.zeros((64, 80, 3), np.uint8)], [None, None]), detect)
    assert [caption for _, caption in gallery.items] == ["square 0.90\n0.png"]
    assert "each image" in gallery.caption


def test_without_images_or_detections_there_is_nothing_to_show():
    pairs = pairs_of([image()], [target(BOX)])
    assert explain(Pairs(pairs.targets, pairs.predictions, pairs.ids, facts=pairs.facts), detect) == []
    assert explain(pairs_of([np.zeros((64, 80, 3), np.uint8)], [None]), detect) == []


@pytest.mark.slow
def test_of_a_large_image_a_small_object_is_explained_in_a_window():
    """Shrunk to `MAX_SIDE` the square is smaller than the 8 pixels that are needed."""
    box = (1500.0, 300.0, 1512.0, 312.0)
    shapes = []

    def watched(images):
        for pixels in images:
            shapes.append(pixels.shape)
            yield from detect([pixels])

    pairs = pairs_of([image(600, 2048, box)], [None])
    (gallery,) = explain(pairs, lambda images: list(watched(images)))
    assert [caption for _, caption in gallery.items] == ["square 0.90\n0.png"]
    assert max(map(max, shapes)) <= MAX_SIDE + 2
