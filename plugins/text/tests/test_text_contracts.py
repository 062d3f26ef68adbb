"""What any loader's data must satisfy, whoever wrote the loader."""

import importlib
from dataclasses import replace

import pytest

from suite import UserError
from suite.data import Dataset, Example
from suite_text.classification import contract as classification
from suite_text.classification.api import Collector, ReadingOptions
from suite_text.classification.samples import sample as classified
from suite_text.declaration import suite_tasks
from suite_text.generation import contract as generation
from suite_text.generation.api import passages_of
from suite_text.generation.samples import sample as generated
from suite_text.translation import contract as translation
from suite_text.translation.samples import sample as translated

CHECKS = {
    "text-classification": (classification.check, classified),
    "translation": (translation.check, translated),
    "text-generation": (generation.check, generated),
}


@pytest.mark.parametrize("task", CHECKS)
def test_samples_satisfy_their_task(task):
    check, sample = CHECKS[task]
    check(sample())


@pytest.mark.parametrize("task", CHECKS)
def test_a_cleaning_of_another_form_is_refused(task):
    check, sample = CHECKS[task]
    dataset = sample()
    facts = {**dataset.facts, "cleaning": {"unicode": "NFX"}}
    with pytest.raises(UserError, match="the data's fact 'cleaning' is not as"):
        check(replace(dataset, facts=facts))


@pytest.mark.parametrize(
    ("task", "broken", "sentence"),
    [
        ("text-classification", Example("a", "text", 3), "'a' .train split. is 3: it must be the name"),
        ("text-classification", Example("a", "text", "unheard of"), "unheard of"),
        ("translation", Example("a", "text", None), "'train: a': expected a translation"),
        ("text-generation", Example("a", "text", 4), "must be a passage, as .*passages_of. makes them"),
        ("text-generation", replace(generated().train[0], target="x"), "expected the number of bytes"),
        ("text-generation", replace(generated().train[0], target=10**400), "expected the number of bytes"),
    ],
)
def test_an_example_that_does_not_satisfy_the_task_is_named(task, broken, sentence):
    check, sample = CHECKS[task]
    dataset = sample()
    with pytest.raises(UserError, match=sentence):
        check(replace(dataset, train=[broken, *dataset.train]))


def test_passages_of_a_program_satisfy_text_generation():
    passages = passages_of(["one text", "", "another " * 20], "made up", max_bytes=64)
    assert [passages[index].id for index in range(len(passages))] == [
        "made up:1@0", "made up:3@0", "made up:3@64", "made up:3@128"
    ]  # fmt: skip
    generation.check(Dataset(train=passages))


def test_a_collector_checks_what_a_format_gives_it(tmp_path):
    collector = Collector(tmp_path, ReadingOptions())
    for number, (text, label) in enumerate([("a  text", "x"), ("other", "y"), ("", "y")]):
        collector.add("train", str(number), f"line {number}", text, label)
    dataset = collector.dataset()
    assert [(example.input, example.target) for example in dataset.train] == [("a text", "x"), ("other", "y")]
    classification.check(dataset)


@pytest.mark.parametrize("task", suite_tasks(), ids=lambda task: task.name)
def test_types_are_documented(task):
    types = importlib.import_module(task.types)
    assert types.__doc__
    assert types.Facts.__doc__
    assert hasattr(types, "Target")
