"""What a loader could not use is said in a sentence, and in full where there is room."""

from dataclasses import replace

import suite
import toy_plugin
from suite.data.dataset import Dataset, Problem
from suite.data.inspection import _inspect_splits, inspect


def test_a_sentence_names_the_first_places():
    assert Problem("two files are empty", ["a", "b"]) == "two files are empty: 'a', 'b'"
    assert Problem("many files are empty", list("abcde")) == "many files are empty: 'a', 'b', 'c' and 2 more"
    assert Problem("it is odd") == "it is odd"


def test_inspection_lists_all_places(tmp_path):
    places = [f"line {number}" for number in range(9)]

    class odd:  # noqa: N801 - its name is the plugin's
        suite_tasks = staticmethod(toy_plugin.suite_tasks)

        @suite.hookimpl
        def suite_data_loaders(self):
            def load(path, options):
                found = toy_plugin.load(path, toy_plugin.LinesOptions())
                return Dataset(train=found.train, problems=[Problem("nine lines are blank", places)])

            return [suite.DataLoader(name="odd", task="trend", load=load, detect=lambda path: True)]

    found = inspect(suite.Host(odd(), discover=False), "trend", toy_plugin.write(tmp_path / "toy.jsonl"))
    (finding,) = [
        candidate for candidate in found.findings if candidate.text.startswith("nine lines are blank")
    ]
    assert finding.locations == places


def test_nothing_is_said_of_training_on_data_without_a_training_split():
    examples = Dataset.of(["a", "b"], ["x", "y"]).train
    only = Dataset(train=[], test=examples)
    (said,) = [finding for finding in _inspect_splits(only).findings if "split" in finding.text]
    assert said.text.startswith("there is no training split, only test: a model can be scored on this data")
    assert not said.wrong
    told = replace(only, problems=[Problem("there is no training split", of_training=True)])
    assert [finding.text for finding in _inspect_splits(told).findings] == ["there is no training split"]
