"""Splits are recognized in every spelling that people use, and nothing else is."""

import pytest

from suite.kit import split_of_name

WHOLE = {
    "train": (
        "train", "Train", "TRAIN", "training", "training_set", "Training Set", "train_set", "trainset",
        "trn", "TrainSet", "train1", "train2017", "train_1", "train-data", "traindata", "train_images",
        "images_train", "trainImages",
    ),
    "validation": (
        "val", "VAL", "valid", "validation", "Validation_set", "valset", "dev", "dev_set", "devset",
        "val2017", "validation_data", "development",
    ),
    "test": (
        "test", "TEST", "testing", "test_set", "testset", "test1", "test_images", "tst", "eval", "evaluation",
        "eval_set", "holdout", "hold_out", "hold-out set", "testing_set", "Holdout",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("split", "name"), [(split, name) for split in WHOLE for name in WHOLE[split]])
def test_a_name_that_is_a_split(split, name):
    assert split_of_name(name) == split
    assert split_of_name(name, whole=True) == split


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("seg_train", "train"),
        ("instances_train2017.json", "train"),
        ("PublicTest", "test"),
        ("trainA", "train"),
        ("train-clean-100", "train"),
        ("dev-clean", "validation"),
        ("test tube", "test"),
    ],
)
def test_a_name_with_a_split_in_it(name, split):
    assert split_of_name(name) == split
    assert split_of_name(name, whole=True) is None


@pytest.mark.parametrize(
    "name",
    [
        "", "images", "set", "2017", "validated", "contest", "latest", "attestation", "valley", "device",
        "trainer", "restraining", "protest", "value", "oval", "train_test", "trainval", "medieval", "invalid",
        "threshold outer",
    ],
)  # fmt: skip
def test_a_name_that_is_no_split(name):
    assert split_of_name(name) is None
    assert split_of_name(name, whole=True) is None
