"""What data must satisfy, whichever loader gave it."""

from __future__ import annotations

import pytest

from boxes_on_disk import WRITERS, load
from suite import UserError
from suite.data import Dataset, Example
from suite_object_detection.contract import check, facts
from suite_object_detection.samples import sample

GOOD = {"size": [40, 60], "boxes": [[1, 2, 30, 40]], "labels": ["cat"]}


def data(target=None, **changes):
    target = {**GOOD, **changes} if target is None else target
    return Dataset(
        train=[Example("a.png", None, GOOD), Example("b.png", None, target)], facts={"classes": ["cat"]}
    )


def test_classes_are_derived_from_all_boxes():
    validation = [Example("c.png", None, {**GOOD, "labels": ["ant"]})]
    assert facts(Dataset(train=data().train, validation=validation)) == {"classes": ["ant", "cat"]}
    assert facts(Dataset(train=[Example("a", None, 3)])) == {"classes": []}


@pytest.mark.parametrize("kind", WRITERS)
def test_what_the_loaders_here_give_is_right(tmp_path, kind):
    check(load(kind, WRITERS[kind](tmp_path)))
    check(sample())
    check(data(crowd=[True], areas=[3.5]))
    check(data({"size": [0, 0], "boxes": [], "labels": []}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": [40]}, r"'b.png' \(train split\) has the size \[40\]: it must be \[height, width\]"),
        ({"boxes": None}, "both must be lists"),
        ({"labels": []}, "has 1 boxes but 0 labels: it must have one for each box"),
        ({"crowd": [True, False]}, "has 1 boxes but 2 crowd"),
        ({"areas": []}, "has 1 boxes but 0 areas"),
        ({"labels": ["cow"]}, "has the label 'cow', which is none of the classes"),
        ({"boxes": [[1, 2, 3]]}, "a box that is not of four finite numbers"),
        ({"boxes": [[1, 2, 3, float("nan")]]}, "a box that is not of four finite numbers"),
        ({"boxes": [[1, 2, 3, "x"]]}, "a box that is not of four finite numbers"),
        ({"boxes": [[30, 2, 1, 40]]}, r"has the box \[30.0, 2.0, 1.0, 40.0\]: it must be x1, y1, x2, y2"),
        ({"boxes": [[1, 2, 90, 40]]}, "inside of the image of 60 x 40"),
    ],
)
def test_a_target_that_is_none_is_refused_with_its_example(changes, message):
    with pytest.raises(UserError, match=message):
        check(data(**changes))


def test_targets_of_another_kind_are_refused():
    with pytest.raises(
        UserError, match="the target of 'b.png' .* is 'cat': it must have size, boxes and labels"
    ):
        check(data("cat"))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, "fact 'classes' is None: it must be a list of class names"),
        ({"classes": []}, "is empty: there is nothing to learn"),
        ({"classes": ["cat", "cat"]}, "has a name twice"),
        ({"classes": ["cat"], "category_ids": [1, 2]}, "a number for each of the 1 classes"),
    ],
)
def test_facts_that_are_none_are_refused(wrong, message):
    with pytest.raises(UserError, match=message):
        check(Dataset(train=data().train, facts=wrong))
