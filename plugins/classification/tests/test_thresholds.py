"""Thresholds of labels, as wanted at prediction."""

from __future__ import annotations

import numpy as np
import pytest

from suite import UserError
from suite.options import parse
from suite_classification.coding import averaged, classified
from suite_classification.options import LabelOptions
from suite_classification.thresholds import Thresholds

CLASSES = ("cat", "dog", "eel")
LOGITS = np.log([0.2, 0.5, 0.7]) - np.log([0.8, 0.5, 0.3])


def chosen(multi_label: bool = True, **values: object) -> Thresholds:
    options = parse(LabelOptions, values, "prediction")
    return Thresholds().chosen(options, CLASSES, multi_label=multi_label)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ({}, ["dog", "eel"]),
        ({"threshold": 0.6}, ["eel"]),
        ({"thresholds": {"cat": 0.1, "eel": 0.9}}, ["cat", "dog"]),
        ({"threshold": "1", "thresholds": {"cat": "0.1"}}, ["cat"]),
    ],
)
def test_labels_are_given_from_the_threshold_on(values, labels):
    thresholds = chosen(**values)
    assert classified(LOGITS + 1e-9, CLASSES, multi_label=True, thresholds=thresholds).label == labels


def test_what_makes_no_sense_is_refused():
    with pytest.raises(UserError, match="knows no class 'cow'"):
        chosen(thresholds={"cow": 0.5})
    with pytest.raises(UserError, match="this one gives the most probable one"):
        chosen(multi_label=False, threshold=0.5)
    with pytest.raises(UserError, match="thresholds"):
        chosen(thresholds={"cat": 1.5})
    assert chosen(multi_label=False) == Thresholds()


def test_probabilities_are_averaged():
    one = classified([2.0, 0.0, 0.0], CLASSES, multi_label=False)
    other = classified([0.0, 3.0, 0.0], CLASSES, multi_label=False)
    both = averaged([one, other], multi_label=False)
    assert both.label == "dog"
    assert sum(both.scores.values()) == pytest.approx(1)
    assert both.scores["cat"] == pytest.approx((one.scores["cat"] + other.scores["cat"]) / 2)
