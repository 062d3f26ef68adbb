"""The made-up images."""

import numpy as np

from suite.data.dataset import fingerprint
from suite_object_detection.samples import sample


def test_they_are_the_same_at_every_call():
    first, second = sample(), sample()
    assert fingerprint(first) == fingerprint(second)
    assert all(np.array_equal(a.input, b.input) for a, b in zip(first.train, second.train, strict=True))


def test_every_split_shows_every_class_and_an_image_of_nothing():
    dataset = sample()
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 20, "validation": 5, "test": 5
    }  # fmt: skip
    for split in dataset.splits.values():
        shown = [example.target["labels"] for example in split]
        assert {label for labels in shown for label in labels} == set(dataset.facts["classes"])
        assert [] in shown


def test_boxes_touch_the_shapes_and_stay_inside():
    for example in sample().train:
        assert example.input.shape == (64, 96, 3)
        assert example.input.dtype == np.uint8
        assert example.target["size"] == [64, 96]
        painted = example.input.astype(int).max(axis=2) - example.input.astype(int).min(axis=2) > 62
        for x1, y1, x2, y2 in np.array(example.target["boxes"], int).tolist():
            assert 0 <= x1 < x2 <= 96
            assert 0 <= y1 < y2 <= 64
            assert painted[y1, x1:x2].any()
            assert painted[y2 - 1, x1:x2].any()
            assert painted[y1:y2, x1].any()
            assert painted[y1:y2, x2 - 1].any()
            painted[y1:y2, x1:x2] = False
        assert not painted.any()
