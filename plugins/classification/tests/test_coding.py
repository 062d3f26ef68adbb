"""Targets to vectors, and logits to classifications."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite_classification.coding import classified, target_vector

CLASSES = ("cat", "dog", "eel")


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=3, max_size=3))
def test_scores_of_one_label_sum_to_one_and_the_label_has_the_largest(logits):
    prediction = classified(np.array(logits, np.float32), CLASSES, multi_label=False)
    assert sum(prediction.scores.values()) == pytest.approx(1)
    assert prediction.scores[prediction.label] == max(prediction.scores.values())


@given(st.lists(st.floats(-700, 700, width=32), min_size=3, max_size=3))
def test_with_several_labels_each_score_is_a_sigmoid_and_labels_are_those_of_a_half_or_more(logits):
    prediction = classified(np.array(logits, np.float32), CLASSES, multi_label=True)
    assert prediction.label == [name for name in CLASSES if prediction.scores[name] >= 0.5]
    for name, logit in zip(CLASSES, logits, strict=True):
        assert prediction.scores[name] == pytest.approx(1 / (1 + np.exp(-np.float64(logit))))


def test_infinite_logits_still_give_probabilities():
    prediction = classified(np.array([0, np.inf, 0]), CLASSES, multi_label=False)
    assert prediction.scores == {"cat": 0, "dog": 1, "eel": 0}


@pytest.mark.parametrize("outputs", [np.zeros(2), np.zeros((1, 3)), np.array([0, np.nan, 0])])
def test_outputs_that_are_not_one_number_per_class_are_refused(outputs):
    with pytest.raises(ValueError, match="network"):
        classified(outputs, CLASSES, multi_label=False)


def test_targets_become_ones_and_zeros():
    assert target_vector("dog", CLASSES).tolist() == [0, 1, 0]
    assert target_vector(["eel", "cat"], CLASSES).tolist() == [1, 0, 1]
    assert target_vector([], CLASSES).tolist() == [0, 0, 0]
    with pytest.raises(UserError, match="'cow' is none of the 3 classes"):
        target_vector("cow", CLASSES)
