"""Figures of object detection: what they show, and that any pairs can be shown."""

from __future__ import annotations

import time
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest

from made_up_detections import CLASSES, detections, pairs_of, random_pairs, target
from suite.data.dataset import Example
from suite.evaluation.types import Pairs
from suite.figures import Figure, Gallery, Image, Table
from suite.options import NoOptions
from suite.report.page import ReportContent, render
from suite_object_detection.evaluation.evaluator import object_detection

BOX = (10, 10, 50, 50)


def with_images(pairs: Pairs, size: int = 300) -> Pairs:
    examples = [
        Example(name, np.full((size, size, 3), 40 * index % 256, np.uint8))
        for index, name in enumerate(pairs.ids)
    ]
    return Pairs(pairs.targets, pairs.predictions, pairs.ids, examples, pairs.facts)


def by_title(pairs: Pairs) -> dict[str, Figure]:
    return {figure.title: figure for figure in object_detection(pairs, NoOptions()).figures()}


def decoded(encoded: bytes) -> np.ndarray:
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def check(figures) -> None:
    """Every image can be shown, and so can the whole page."""
    for figure in figures:
        if isinstance(figure, Image) and isinstance(figure.content, str):
            ET.fromstring(figure.content)
        elif isinstance(figure, Image):
            assert decoded(figure.content).shape[2] == 3
        elif isinstance(figure, Gallery):
            assert all(decoded(encoded).size for encoded, _ in figure.items)
        else:
            assert all(len(row) == len(figure.columns) for row in figure.rows)
    render(ReportContent(title="boxes", metric="map", metrics={"test": {"map": 0.5}}, figures=list(figures)))


def test_all_figures_in_the_order_of_the_report():
    figures = by_title(with_images(random_pairs(1)))
    names = list(figures)
    assert names[:4] == ["Confusion matrix", "Kinds of errors", "Missed boxes", "False positives"]
    assert all(name.endswith(".jpg") for name in names[4:-4])
    assert names[-4:] == ["Threshold", "Precision and recall", "Average precision by overlap", "Classes"]
    check(figures.values())


def test_without_the_images_there_are_the_other_figures():
    figures = by_title(random_pairs(1))
    assert not any(isinstance(figure, Gallery) for figure in figures.values())
    check(figures.values())


@pytest.mark.parametrize(
    "pairs",
    [
        random_pairs(0, max_detections=1),
        pairs_of([target()] * 3, [detections((BOX, 0.5, "cat"))] * 3),
        pairs_of([target()], [detections()]),
        Pairs([target()], [detections()], ["0.jpg"]),
        pairs_of([target([BOX], ["cat"])], [detections((BOX, 0.5, "cat"))], ["cat"]),
        random_pairs(0, images=1, classes=["cat"]),
        random_pairs(2, images=20, classes=[f"class {number}" for number in range(200)]),
        pairs_of([target([BOX], ["cat"], crowd=[True])], [detections((BOX, 0.5, "cat"))]),
        pairs_of([target([(0, 0, 1, 1)], ["cat"])], [detections(((0, 0, 0, 0), 0.5, "cat"))]),
    ],
    ids=["nothing found", "nothing to find", "neither", "no class", "all right", "one image and class",
         "many classes", "a crowd", "tiny"],
)  # fmt: skip
def test_any_pairs_can_be_shown(pairs):
    check(by_title(with_images(pairs)).values())


@pytest.mark.slow
def test_ten_thousand_boxes_in_one_image_are_shown_in_seconds():
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 250, (10_000, 2))
    boxes = np.concatenate([low, low + rng.uniform(5, 50, (10_000, 2))], axis=1)
    labels = rng.choice(CLASSES, 10_000).tolist()
    shaken = boxes + rng.normal(0, 1, boxes.shape)
    found = detections(*zip(shaken.tolist(), rng.random(10_000).tolist(), labels, strict=True))
    pairs = with_images(pairs_of([target(boxes.tolist(), labels)], [found]))
    start = time.process_time()
    figures = by_title(pairs)
    assert time.process_time() - start < 20
    assert len(figures["Missed boxes"].items) == 3
    check(figures.values())


def test_missed_boxes_are_the_largest_of_each_class_with_what_was_found_nearest():
    true = target([(0, 0, 10, 10), (20, 20, 90, 90), (0, 50, 15, 90)], ["cat", "cat", "dog"])
    found = detections(((20, 20, 90, 60), 0.6, "bird"), ((0, 50, 15, 88), 0.1, "dog"))
    gallery = by_title(with_images(pairs_of([true], [found], threshold=0.5), 100))["Missed boxes"]
    assert [text.split("\n") for _, text in gallery.items] == [
        ["cat", "bird 0.60 overlaps by 0.57", "0.jpg"],
        ["dog", "not sure enough: dog 0.10 overlaps by 0.95", "0.jpg"],
        ["cat", "nothing is near", "0.jpg"],
    ]
    assert "Found by nothing: 3 of 3 boxes (blue)." in gallery.caption


def test_false_positives_come_by_falling_score_and_say_what_is_wrong():
    true = target([BOX], ["cat"])
    found = detections(
        (BOX, 0.95, "cat"), (BOX, 0.7, "dog"), ((60, 60, 90, 90), 0.9, "bird"), (BOX, 0.2, "cat")
    )
    gallery = by_title(with_images(pairs_of([true], [found], threshold=0.5), 100))["False positives"]
    assert [text.split("\n")[:2] for _, text in gallery.items] == [
        ["bird 0.90", "nothing is there"],
        ["dog 0.70", "wrong class: cat overlaps by 1.00"],
    ]


def test_a_cut_out_shows_the_box_where_it_is():
    image = np.zeros((400, 600, 3), np.uint8)
    image[300:340, 500:540] = 255
    pairs = pairs_of([{**target([(500, 300, 540, 340)], ["cat"]), "size": [400, 600]}], [detections()])
    shown = Pairs(pairs.targets, pairs.predictions, pairs.ids, [Example("0.jpg", image)], pairs.facts)
    cut = decoded(by_title(shown)["Missed boxes"].items[0][0])
    assert cut.shape == (160, 160, 3)  # 80 pixels, enlarged with their pixels kept square
    assert cut[60:100, 60:100].min() > 200
    blue = (cut[..., 2].astype(int) - cut[..., 0]) > 80
    assert blue[38:42].any(axis=1).any()
    assert blue[118:122].any(axis=1).any()
    assert cut[:30].max() < 60


def test_images_that_cannot_be_read_are_counted():
    pairs = with_images(random_pairs(1))
    examples = [Example(name, b"no image") for name in pairs.ids]
    figures = by_title(Pairs(pairs.targets, pairs.predictions, pairs.ids, examples, pairs.facts))
    assert figures["Missed boxes"].items == []
    assert "could not be read and are left out." in figures["Missed boxes"].caption


def test_whole_images_are_those_with_most_errors():
    targets = [target([BOX], ["cat"]), target([BOX, (60, 60, 90, 90)], ["cat", "cat"]), target()]
    pairs = with_images(pairs_of(targets, [detections((BOX, 0.9, "cat")), detections(), detections()]), 100)
    figures = by_title(pairs)
    assert "1.jpg" in figures
    assert "0.jpg" not in figures
    assert figures["1.jpg"].caption.startswith("One of the images with most errors. Missed (blue): 2.")


def test_the_threshold_figure_says_where_f1_is_highest_and_which_is_the_models():
    pairs = pairs_of([target([BOX], ["cat"])], [detections((BOX, 0.8, "cat"))], threshold=0.9)
    assert "The model's threshold is 0.9; on these images F1 is highest, 1.000, at 0.4." in (
        by_title(pairs)["Threshold"].caption
    )


def test_of_many_classes_the_matrix_shows_those_with_most_mistakes():
    pairs = random_pairs(2, images=60, classes=[f"class {number}" for number in range(200)])
    assert "Only the 59 of 200 classes with most mistakes" in by_title(pairs)["Confusion matrix"].caption


def test_classes_are_listed_from_the_least_known():
    true = target([BOX, (60, 60, 90, 90)], ["cat", "dog"])
    table = by_title(pairs_of([true], [detections((BOX, 0.9, "cat"))]))["Classes"]
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["dog", "cat", "bird"]
