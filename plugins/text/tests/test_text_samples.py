"""The made-up data of the three tasks: small, the same at every call, and nothing of a split in another."""

import pytest

from suite.data import fingerprint
from suite.data.duplicates import same_content
from suite_text.classification.samples import sample as classification
from suite_text.generation.samples import sample as generation
from suite_text.translation.samples import sample as translation


@pytest.mark.parametrize("sample", [classification, translation, generation])
def test_samples_are_the_same_at_every_call_and_no_example_is_there_twice(sample):
    dataset = sample()
    assert fingerprint(dataset) == fingerprint(sample())
    assert list(dataset.splits) == ["train", "validation", "test"]
    total = sum(map(len, dataset.splits.values()))
    assert len(set(same_content(*dataset.splits.values()).tolist())) == total <= 150


def test_every_class_is_in_every_split():
    dataset = classification()
    for split in dataset.splits.values():
        assert {split[index].target for index in range(len(split))} == set(dataset.facts["classes"])


def test_a_passage_counts_up_and_knows_its_bytes():
    example = generation().train[0]
    assert example.input.text.startswith("After one ")
    assert example.target == len(example.input.text.encode())


def test_translations_move_words():
    pairs = {example.input: example.target for example in translation().train}
    moved = next(source for source in pairs if "wants" in source)
    assert pairs[moved].endswith("sehen .")
