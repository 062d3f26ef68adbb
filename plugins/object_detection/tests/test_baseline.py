"""The baseline of object detection: what one would predict without looking at the image."""

from __future__ import annotations

import time

import numpy as np
import pytest

from made_up_detections import pairs_of, target
from suite.data.dataset import Example
from suite.options import NoOptions
from suite_object_detection.baseline import most_frequent
from suite_object_detection.evaluation.evaluator import object_detection

BOX = (10, 10, 50, 50)


def guessed(targets, examples):
    train = [Example(str(index), None, target) for index, target in enumerate(targets)]
    return most_frequent(train, examples, {})


def image(height=100, width=100) -> Example:
    return Example("a.png", np.zeros((height, width, 3), np.uint8))


def test_the_box_that_most_images_have_comes_first_with_their_share():
    train = [target([BOX], ["cat"])] * 3 + [target([(60, 60, 90, 90)], ["dog"])]
    (guess,) = guessed(train, [image()])
    assert guess.labels == ["cat", "dog"]
    assert guess.scores == [0.75, 0.25]
    assert guess.boxes == [pytest.approx(BOX), pytest.approx((60, 60, 90, 90))]


def test_boxes_are_scaled_to_the_size_of_each_image():
    guesses = guessed([target([BOX], ["cat"])], [image(200, 50), image(100, 100)])
    assert guesses[0].boxes == [pytest.approx((5, 20, 25, 100))]
    assert guesses[1].boxes == [pytest.approx(BOX)]


def test_without_images_the_usual_size_of_training_is_taken():
    train = [target([BOX], ["cat"]), {**target([BOX], ["cat"]), "size": [300, 300]}, target([BOX], ["cat"])]
    (guess,) = guessed(train, [Example("a", None)])
    assert guess.boxes[0] == pytest.approx(BOX)


def test_boxes_that_overlap_by_half_are_one_and_crowds_do_not_count():
    train = [
        target([BOX], ["cat"]),
        target([(12, 10, 50, 50)], ["cat"]),
        target([(60, 60, 90, 90)], ["cat"], crowd=[True]),
    ]
    (guess,) = guessed(train, [image()])
    assert guess.scores == [pytest.approx(2 / 3)]


def test_if_training_has_no_box_nothing_is_predicted():
    assert [len(guess) for guess in guessed([target(), target()], [image(), image()])] == [0, 0]


def test_it_is_scored_like_any_other_prediction_and_finds_what_is_always_there():
    train = [target([BOX], ["cat"])] * 5
    pairs = pairs_of(train, guessed(train, [image()] * 5))
    assert object_detection(pairs, NoOptions()).score(np.arange(5))["map"] == pytest.approx(1)


@pytest.mark.slow
def test_a_hundred_thousand_boxes_take_a_moment():
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 80, (100_000, 2))
    boxes = np.concatenate([low, low + rng.uniform(1, 20, (100_000, 2))], axis=1).reshape(10_000, 10, 4)
    labels = rng.choice([f"class {number}" for number in range(80)], (10_000, 10))
    train = [target(some.tolist(), names.tolist()) for some, names in zip(boxes, labels, strict=True)]
    start = time.process_time()
    (guess,) = guessed(train, [image()])
    assert time.process_time() - start < 5
    assert 80 <= len(guess) <= 300
    assert guess.scores == sorted(guess.scores, reverse=True)
    assert max(guess.labels.count(name) for name in guess.labels) <= 20
