import numpy as np

from suite.data.dataset import digest
from suite_image_classification.samples import SHAPES, sample


def test_the_sample_has_three_parts_with_every_class():
    dataset = sample()
    assert set(dataset.splits) == {"train", "validation", "test"}
    assert dataset.facts == {"classes": list(SHAPES), "multi_label": False}
    for part in dataset.splits.values():
        assert {part[index].target for index in range(len(part))} == set(SHAPES)


def test_the_sample_is_the_same_at_every_call():
    for one, other in zip(sample().train, sample().train, strict=True):
        assert np.array_equal(one.input, other.input)


def test_no_image_of_the_sample_is_there_twice():
    dataset = sample()
    everything = [digest(part[index].input) for part in dataset.splits.values() for index in range(len(part))]
    assert len(set(everything)) == len(everything)
