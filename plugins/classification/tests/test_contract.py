"""What data must satisfy, whichever loader gave it, and the facts of data that comes without."""

from __future__ import annotations

from dataclasses import replace

import pytest

from suite import UserError
from suite.data import Dataset
from suite_classification.contract import check, check_learnable, facts


def data(*targets, test=None, **facts) -> Dataset:
    held_out = None if test is None else (["x"] * len(test), test)
    return Dataset.of(["x"] * len(targets), targets, test=held_out, facts=facts)


def test_facts_follow_from_the_training_targets():
    assert facts(data("dog", "cat", "dog")) == {"classes": ["cat", "dog"], "multi_label": False}
    assert facts(data(["dog"], [], ["cat", "dog"])) == {"classes": ["cat", "dog"], "multi_label": True}


@pytest.mark.parametrize("targets", [("cat", "dog"), (["cat"], [], ["dog", "cat"])])
def test_data_with_its_facts_is_accepted(targets):
    dataset = data(*targets)
    check(data(*targets, **facts(dataset)))


@pytest.mark.parametrize(
    ("targets", "changes", "message"),
    [
        (("cat", "dog"), {"classes": None}, "fact 'classes' is None: it must be a list of class names"),
        (("cat", "dog"), {"classes": [1, 2]}, "must be a list of class names"),
        (("cat", "dog"), {"classes": "catdog"}, "must be a list of class names"),
        (("cat", "dog"), {"classes": ["cat", "dog", "cat"]}, "has a name twice"),
        (("cat", "dog"), {"multi_label": 1}, "fact 'multi_label' is 1: it must be true or false"),
        (("cat", "dog"), {"classes": []}, "'classes' is empty"),
        (
            ("cat", "dgo"),
            {},
            "train split has labels that are none of the classes: 'dgo' .* did you mean 'dog'",
        ),
        (("cat", 3), {}, "the target of 'train 1' .train split. is 3: it must be the name of a class"),
        (("cat", None), {}, "is None: it must be the name of a class"),
        (("cat", ["dog"]), {}, r"is \['dog'\]: it must be the name of a class"),
        ((["cat"], "dog"), {"multi_label": True}, "'dog': it must be a list of class names"),
        ((["cat"], [1]), {"multi_label": True}, r"\[1\]: it must be a list of class names"),
    ],
)
def test_data_that_does_not_satisfy_the_task_is_refused(targets, changes, message):
    given_facts = {"classes": ["cat", "dog"], "multi_label": False} | changes
    with pytest.raises(UserError, match=message):
        check(data(*targets, **given_facts))


def test_data_with_one_class_can_be_scored_on_but_not_learned_from():
    dataset = data("cat", "cat", **facts(data("cat")))
    check(dataset)
    with pytest.raises(UserError, match="only one class, 'cat'"):
        check_learnable(dataset)
    check_learnable(data(["cat"], [], **facts(data(["cat"]))))


class Known(list):
    """Examples that know their targets."""

    def different_targets(self):
        return [example.target for example in self]


@pytest.mark.parametrize("label", ["dog", "cow", 3])
def test_examples_that_know_their_targets_are_checked_by_them(label):
    plain = data("cat", label, classes=["cat", "dog"])
    known = replace(plain, train=Known(plain.train))
    if label == "dog":
        check(known)
        return
    for dataset in (plain, known):
        with pytest.raises(UserError, match="'cow' .1 times.|the target of 'train 1'"):
            check(dataset)


def test_every_split_is_checked():
    with pytest.raises(UserError, match="the test split has labels that are none of the classes: 'cow'"):
        check(data("cat", "dog", test=["cow"], classes=["cat", "dog"]))
