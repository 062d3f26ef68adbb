import numpy as np

from suite.data import digest
from suite_image_classification.samples import SHAPES, sample


def test_the_sample_has_three_splits_with_every_class():
    dataset = sample()
    assert set(dataset.splits) == {"train", "validation", "test"}
    assert dataset.facts == {"classes": list(SHAPES), "multi_label": False}
    for split in dataset.splits.values():
        assert {split[index].target for index in range(len(split))} == set(SHAPES)


def test_the_sample_is_the_same_at_every_call():
    for example, again in zip(sample().train, sample().train, strict=True):
        assert np.array_equal(example.input, again.input)


def test_no_image_of_the_sample_is_there_twice():
    dataset = sample()
    everything = [
        digest(split[index].input) for split in dataset.splits.values() for index in range(len(split))
    ]
    assert len(set(everything)) == len(everything)
