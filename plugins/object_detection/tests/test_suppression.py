"""Of boxes of a class that overlap much, the one with the highest score stays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite_object_detection.suppression import suppress


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union."""
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    shared = sides.clip(0).prod()
    return float(shared / ((first[2:] - first[:2]).prod() + (second[2:] - second[:2]).prod() - shared))


def reference(boxes, scores, classes, iou_threshold, limit):
    """The definition, word for word."""
    kept: list[int] = []
    for index in sorted(range(len(scores)), key=lambda index: (-scores[index], index)):
        rivals = [rival for rival in kept if classes[rival] == classes[index]]
        if all(overlap(boxes[rival], boxes[index]) <= iou_threshold for rival in rivals):
            kept.append(index)
    return kept[:limit]


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(
    st.integers(0, 2**32), st.integers(0, 60), st.floats(0.01, 0.99), st.integers(1, 12), st.integers(1, 4)
)
def test_it_keeps_what_the_definition_keeps(seed, count, iou_threshold, limit, different):
    rng = np.random.default_rng(seed)
    corner = rng.random((count, 2)) * 50
    boxes = np.concatenate([corner, corner + 1 + rng.random((count, 2)) * 40], axis=1)
    scores = rng.integers(1, 8, count) / 8  # many are equal
    classes = rng.integers(0, different, count)
    kept = suppress(boxes, scores, classes, iou_threshold, limit)
    assert kept.tolist() == reference(boxes, scores, classes, iou_threshold, limit)


def test_scores_that_differ_by_less_than_single_precision_are_still_told_apart():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10]], np.float64)
    scores = np.array([0.5, 0.5 + 1e-12])
    assert suppress(boxes, scores, np.array([0, 0]), 0.5, 10).tolist() == [1]


def test_boxes_of_two_classes_do_not_suppress_each_other_however_large_the_image():
    boxes = np.array([[0, 0, 1e5, 1e5]] * 2)
    assert suppress(boxes, np.array([0.4, 0.5]), np.array([7, 3]), 0.5, 10).tolist() == [1, 0]


def test_of_thousands_of_candidates_enough_are_kept_though_the_highest_scores_are_all_one_object():
    boxes = np.array([[10, 10, 30, 30]] * 5000 + [[100 * k, 0, 100 * k + 50, 50] for k in range(1, 9)], float)
    scores = np.linspace(1, 0.1, len(boxes))
    kept = suppress(boxes, scores, np.zeros(len(boxes), int), 0.5, 5)
    assert kept.tolist() == [0, 5000, 5001, 5002, 5003]


def test_nothing_comes_of_nothing():
    assert suppress(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int), 0.5, 10).tolist() == []
