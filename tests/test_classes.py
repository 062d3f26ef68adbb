"""The facts and the baseline that tasks of classes share."""

import pytest

from suite import Dataset, UserError
from suite.kit import class_facts, most_frequent


def test_classes_are_those_of_the_training_examples():
    dataset = Dataset.of([1, 2, 3], ["b", "a", "b"], test=([4], ["a"]))
    assert class_facts(dataset) == {"classes": ["a", "b"]}
    assert class_facts(Dataset.of([], [], test=([4], ["c"]))) == {"classes": ["c"]}


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (["c"], "'c' in the test split but not in the training split"),
        ([3], "test 0: the class 3 is no text"),
        ([["a"]], r"test 0: the class \['a'\] is no text"),
    ],
)
def test_other_targets_are_refused(test, message):
    with pytest.raises(UserError, match=message):
        class_facts(Dataset.of([1], ["a"], test=([4], test)))


def test_the_most_frequent_target_may_be_any_json():
    train = Dataset.of([1, 2, 3], [["b"], ["a"], ["a"]]).train
    assert most_frequent(train, train, {}) == [["a"]] * 3
    assert most_frequent(Dataset.of([1, 2], ["b", "a"]).train, [], {}) == []
