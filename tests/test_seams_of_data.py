"""The seams of loaders, batches, evaluators and declarations, and what a message about one example says."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import suite
import suite.host
import toy_plugin
from broken_plugins import blamed, built, configuration, plugin
from suite.data.dataset import Example, fingerprint
from suite.data.duplicates import same_content
from suite.data.inspection import inspect
from suite.data.loading import load_dataset
from suite.evaluation.prediction_files import AttributedWriter
from suite.evaluation.scoring import score
from suite.evaluation.types import Evaluation, Pairs
from suite.figures import Table
from suite.options import Options

ROW = list(range(toy_plugin.LENGTH))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    return toy_plugin.write(folder / "toy.jsonl", train=12, validation=6, test=6)


# --- loaders ------------------------------------------------------------------------------------------------


def members(**changes):
    return lambda dataset: replace(dataset, **changes)


def examples(*several):
    return lambda dataset: replace(dataset, train=list(several))


class Short(list):
    """Says that it holds more than it does."""

    def __len__(self):
        return super().__len__() + 1


DATASETS = {
    "nothing": (lambda dataset: None, "gave NoneType, which is not a suite.data.Dataset"),
    "a list": (lambda dataset: list(dataset.train), "gave list, which is not"),
    "no train": (members(train=None), "NoneType as the train split"),
    "a dictionary of examples": (members(test={}), "dict as the test split"),
    "an iterator of examples": (members(test=iter(())), "as the test split: a split is a sequence"),
    "rows that are no examples": (
        examples([ROW, "rising"]),
        "list as example 0 of train, not a suite.Example",
    ),
    "no id": (examples(Example("", ROW, "rising")), "the id '' to example 0 of train"),
    "an id that is a number": (examples(Example(7, ROW, "rising")), "the id 7 to example 0 of train"),
    "an id twice": (
        examples(Example("a", ROW, "x"), Example("b", ROW, "x"), Example("a", ROW, "x")),
        r"the id 'a' to two examples of train \(0 and 2\)",
    ),
    "no input": (examples(Example("a", None, "x")), "no input to the example 'a' of train"),
    "a target that is an array": (
        examples(Example("a", ROW, np.zeros(2))),
        "'a' of train a target that is not",
    ),
    "a target that is a numpy number": (examples(Example("a", ROW, np.float64(2))), "is a float64"),
    "a target that is a set": (examples(Example("a", ROW, {"x"})), "is a set"),
    "a target that holds bytes": (examples(Example("a", ROW, b"x")), "is a bytes"),
    "a target that is not finite": (
        examples(Example("a", ROW, [float("nan")])),
        "a number that is not finite",
    ),
    "more promised than held": (lambda d: replace(d, train=Short(d.train)), "data loader 'lines' of plugin"),
    "facts that are a list": (members(facts=["rising"]), "gave list as facts"),
    "facts that are not JSON": (members(facts={"trends": {"rising"}}), r"'trends' is a set"),
    "facts with numbers as keys": (members(facts={1: "rising"}), "not a dictionary with names as keys"),
    "problems that are a text": (members(problems="a line is broken"), "give a list of sentences"),
    "groups that cannot be called": (
        members(groups="speaker"),
        "groups = 'speaker', which is not a function",
    ),
    "groups that cannot be hashed": (members(groups=lambda example: []), "gave groups that give list"),
    "groups that raise": (members(groups=lambda example: example.speaker), "data loader 'lines' of plugin"),
    "labels that are a text": (members(labels=lambda example: "rising"), "labels that give 'rising'"),
    "an order of nothing": (members(order=lambda example: None), "an order whose values cannot be compared"),
    "a gap below 0": (members(gap=-1), "gap = -1"),
    "options of another class": (members(options=toy_plugin.DenseOptions()), "gave the options DenseOptions"),
}


@pytest.mark.parametrize("defect", DATASETS)
def test_a_data_set_with_a_defect_is_the_loaders_fault(data, defect):
    change, message = DATASETS[defect]
    host = suite.Host(plugin(dataset=change), discover=False)
    with pytest.raises(Exception) as caught:
        load_dataset(host, "trend", data)
    assert not isinstance(caught.value, suite.UserError)
    blame = blamed(caught.value)
    assert "data loader 'lines' of plugin 'mutant'" in blame
    assert re.search(message, blame), blame


def test_a_loader_that_raises_is_named_and_its_words_to_the_user_are_not(data):
    def fails(path, options):
        raise KeyError("column")

    with pytest.raises(KeyError) as caught:
        load_dataset(suite.Host(plugin(loader={"load": fails}), discover=False), "trend", data)
    assert "data loader 'lines' of plugin 'mutant'" in blamed(caught.value)
    host = suite.Host(plugin(), discover=False)
    data.with_name("odd.jsonl").write_text("no JSON")
    with pytest.raises(suite.UserError, match="line 1: this is not JSON"):
        load_dataset(host, "trend", data.with_name("odd.jsonl"))


def test_one_loader_whose_detect_raises_stops_nobody(data):
    def fails(path):
        raise KeyError("no luck")

    odd = plugin(loader={"detect": fails, "name": "odd"}, task={"name": "odd"}, name="odd")
    host = suite.Host(toy_plugin, odd, discover=False)
    assert load_dataset(host, "trend", data)[1].plugin == "toy_plugin"
    with pytest.raises(
        suite.UserError, match="data loader 'odd' of plugin 'odd' failed when it looked at the data"
    ):
        load_dataset(suite.Host(odd, toy_plugin, discover=False), "trend", data.parent)


def test_facts_and_check_of_a_task_are_the_tasks(data):
    for task in (
        {"facts": lambda dataset: {"trends": {1}}},
        {"facts": lambda dataset: {}["trends"]},
        {"check": lambda dataset: {}["trends"]},
    ):
        mutant = plugin(task=task, dataset=members(facts={}))
        with pytest.raises((suite.PluginError, KeyError)) as caught:
            load_dataset(suite.Host(mutant, discover=False), "trend", data)
        assert "of task 'trend' of plugin 'mutant'" in blamed(caught.value)


def test_data_in_memory_with_a_defect_is_the_users(data):
    from suite.runs.data import run_data

    dataset = suite.Dataset(train=[Example("a", ROW, "x"), Example("a", ROW, "x")])
    with pytest.raises(suite.UserError, match="the id 'a' to two examples"):
        run_data(suite.Host(plugin(), discover=False), configuration(""), dataset)


class Readable:
    """An input of a stranger's: it can be read, and that is all."""

    def __init__(self, content):
        self.content = content

    def read(self):
        return self.content


def test_an_input_with_read_alone_works_everywhere(data):
    def strange(dataset):
        return replace(
            dataset,
            train=[replace(one, input=Readable(json.dumps(one.input).encode())) for one in dataset.train],
        )

    host = suite.Host(plugin(dataset=strange), discover=False)
    assert inspect(host, "trend", data).numbers["examples"] == 24
    dataset = load_dataset(host, "trend", data)[0]
    assert fingerprint(dataset) == fingerprint(load_dataset(host, "trend", data)[0])
    twins = [Example("a", Readable(b"1")), Example("b", Readable(b"2")), Example("c", Readable(b"1"))]
    assert same_content(twins).tolist() == [0, 1, 0]
    assert same_content([Example("a", object()), Example("b", object())]).tolist() == [0, 1]
    assert built(plugin(dataset=strange), data).dataset.facts == dataset.facts


# --- batches ------------------------------------------------------------------------------------------------


class Maker(toy_plugin.NoisyBatches):
    calls = 0


def maker(**changed):
    """A pipeline whose batch maker has other members."""
    cls = type("Mutated", (Maker,), changed)
    return lambda pipeline: replace(
        pipeline, batch_maker=cls(pipeline.codec, pipeline.targets, pipeline.options.noise)
    )


def drifting(self, prepared, rng, progress):
    self.calls += 1
    inputs, targets = Maker.make(self, prepared, rng, progress)
    return inputs + self.calls, targets


def global_noise(self, prepared, rng, progress):
    inputs, targets = Maker.make(self, prepared, rng, progress)
    return inputs + np.random.normal(size=inputs.shape).astype("float32"), targets  # noqa: NPY002


def in_place(self, prepared, rng, progress):
    for row, _ in prepared:
        row += 1
    return Maker.make(self, prepared, rng, progress)


def random_prepare(self, example):
    return self.codec.encode(example.input) + np.random.normal(), self.targets(example.target)  # noqa: NPY002


def rows_with_noise_of_their_own(self, prepared, rng, progress, rows):
    return Maker.make_rows(self, prepared[rows], rng, progress, slice(None))


def batch(change):
    def make(self, prepared, rng, progress):
        return change(*Maker.make(self, prepared, rng, progress))

    return make


BATCHES = {
    "keeps something": (maker(make=drifting), "gives another batch for the same arguments"),
    "global random numbers": (maker(make=global_noise), "gives another batch for the same arguments"),
    "changes what was prepared": (maker(make=in_place), "changes the prepared examples"),
    "raises": (maker(make=batch(lambda inputs, targets: {}["a"])), "model builder 'dense'"),
    "nothing": (maker(make=batch(lambda inputs, targets: None)), "returns a NoneType: it returns a tuple"),
    "inputs alone": (maker(make=batch(lambda inputs, targets: inputs)), "returns a ndarray"),
    "a list": (maker(make=batch(lambda inputs, targets: [inputs, targets])), "returns a list"),
    "four values": (maker(make=batch(lambda inputs, targets: (inputs,) * 4)), "returns 4 values"),
    "no targets": (maker(make=batch(lambda inputs, targets: (inputs, None))), "None as targets"),
    "half of it": (
        maker(make=batch(lambda inputs, targets: (inputs[:1], targets))),
        r"inputs of the shape \(1, 8\)",
    ),
    "NaN": (
        maker(make=batch(lambda inputs, targets: (inputs * np.nan, targets))),
        "inputs with numbers that are",
    ),
    "texts": (
        maker(make=batch(lambda inputs, targets: (inputs.astype(str), targets))),
        "inputs of the type <U",
    ),
    "weights for nobody": (
        maker(make=batch(lambda inputs, targets: (inputs, targets, np.float32(1)))),
        "sample weights of the shape",
    ),
    "rows of another batch": (
        maker(make_rows=rows_with_noise_of_their_own),
        r"'dense' .* make_rows\(\) gives something else for the rows 2 to 3 than make\(\)",
    ),
    "a random prepare": (maker(prepare=random_prepare), r"prepare\(\) gives something else each time"),
    "a prepare of nothing": (maker(prepare=lambda self, example: None), r"prepare\(\) returns nothing"),
    "a prepare that raises": (maker(prepare=lambda self, example: {}["a"]), "model builder 'dense'"),
}


@pytest.mark.parametrize("defect", BATCHES)
def test_a_batch_maker_with_a_defect_is_the_builders_fault(data, defect):
    change, message = BATCHES[defect]
    with pytest.raises(Exception) as caught:
        built(plugin(pipeline=change), data)
    assert not isinstance(caught.value, suite.UserError)
    blame = blamed(caught.value)
    assert "model builder 'dense' of plugin 'mutant'" in blame
    assert re.search(message, blame), blame


# --- evaluators ---------------------------------------------------------------------------------------------

PAIRS = Pairs(["a", "b"] * 5, ["a"] * 10, [str(index) for index in range(10)])


def evaluation(**changes):
    given = {"score": lambda indices: {"accuracy": 0.5}} | changes
    return lambda pairs, options: Evaluation(**given)


EVALUATORS = {
    "nothing": (lambda pairs, options: None, "scores that are NoneType"),
    "a number": (lambda pairs, options: 0.5, "scores that are float"),
    "a text": (lambda pairs, options: {"accuracy": "0.5"}, "accuracy = '0.5', which is not a number"),
    "an array": (lambda pairs, options: {"accuracy": np.zeros(2)}, "which is not a number"),
    "that raises": (lambda pairs, options: {}["a"], "evaluator 'hits'"),
    "a score of nothing": (evaluation(score=lambda indices: None), "scores that are NoneType"),
    "a score that raises": (evaluation(score=lambda indices: {}["a"]), "evaluator 'hits'"),
    "a score that is none": (evaluation(score=3), "evaluator 'hits'"),
    "details of nothing": (evaluation(details=lambda: None), "details that are not tables"),
    "details without rows": (evaluation(details=lambda: {"classes": {"cat": 1.0}}), "details 'classes'"),
    "details that raise": (evaluation(details=lambda: {}["a"]), "evaluator 'hits'"),
    "notes that are a list": (evaluation(notes=["odd"]), "gave notes"),
}


@pytest.mark.parametrize("defect", EVALUATORS)
def test_an_evaluator_with_a_defect_is_named(defect):
    evaluate, message = EVALUATORS[defect]
    host = suite.Host(plugin(evaluator={"evaluate": evaluate}), discover=False)
    with pytest.raises(Exception) as caught:
        score([host.evaluator("hits", "trend")], PAIRS, intervals=True)
    blame = blamed(caught.value)
    assert "evaluator 'hits' of plugin 'mutant'" in blame
    assert re.search(message, blame), blame


FIGURES = {
    "nothing": (lambda: None, "TypeError"),
    "a text": (lambda: ["<svg/>"], "str is no figure"),
    "a table with a short row": (
        lambda: [Table(title="t", columns=["a", "b"], rows=[["x"]])],
        "has not the 2 cells",
    ),
    "no title": (lambda: [Table(title=None, columns=[], rows=[])], "the title of a Table is text"),
    "that raise": (lambda: {}["a"], "KeyError"),
}


@pytest.mark.parametrize("defect", FIGURES)
def test_a_figure_with_a_defect_is_a_note(defect):
    figures, message = FIGURES[defect]
    host = suite.Host(plugin(evaluator={"evaluate": evaluation(figures=figures)}), discover=False)
    scores = score([host.evaluator("hits", "trend")], PAIRS, intervals=True)
    shown, (note,) = scores.figures()
    assert shown == []
    assert scores.numbers == {"accuracy": 0.5}
    assert "for a defect of evaluator 'hits' of plugin 'mutant': " in note
    assert message in note


def test_an_evaluator_that_fails_on_resampled_examples_only_loses_its_intervals():
    def fussy(indices):
        return {"accuracy": 0.5} if len(set(indices.tolist())) == len(indices) else {}["repeated"]

    host = suite.Host(plugin(evaluator={"evaluate": evaluation(score=fussy)}), discover=False)
    scores = score([host.evaluator("hits", "trend")], PAIRS, intervals=True)
    assert scores.numbers == {"accuracy": 0.5}
    assert "accuracy: no interval, for a defect of evaluator 'hits' of plugin 'mutant'" in scores.notes[0]


def test_a_metric_that_no_evaluator_declares_is_refused_before_any_data_is_read(data):
    with pytest.raises(suite.PluginError, match="'rank', which no evaluator declares"):
        built(plugin(task={"metric": "rank"}), data)


# --- formats of predictions ---------------------------------------------------------------------------------


class Writer:
    def __init__(self, path, facts):
        self.path = path

    def add(self, raw, name, prediction):
        raise OSError("no luck")

    def close(self):
        return self.path


@pytest.mark.parametrize("make", [Writer, lambda path, facts: None, lambda path, facts: facts["a"]])
def test_a_writer_with_a_defect_is_named(make, tmp_path):
    with pytest.raises(Exception) as caught:
        AttributedWriter(make, "the format 'x' of task 't' of plugin 'p'", tmp_path, {}).add("a", "a", 1)
    assert "the format 'x' of task 't' of plugin 'p'" in blamed(caught.value)
    with pytest.raises(suite.PluginError, match=r"'x' gives .* from close\(\): give a list"):
        AttributedWriter(Writer, "'x'", tmp_path, {}).close()


# --- declarations -------------------------------------------------------------------------------------------


class Needing(Options, frozen=True):
    width: int


class OutOfBounds(toy_plugin.DenseOptions, frozen=True):
    width: int = 0
    dropout: suite.options.Annotated[float, suite.options.Meta(lt=1)] = 2.0


DECLARATIONS = [
    ({"task": {"name": "a b "}}, "names a task 'a b '"),
    ({"task": {"summary": None}}, "summary of its task 'trend' is None, which is not text"),
    ({"task": {"metric": ""}}, "metric of its task 'trend' is '', which is no name"),
    ({"task": {"builder": None}}, "builder of its task 'trend' is None"),
    ({"task": {"evaluators": "hits"}}, "evaluators of its task 'trend' are 'hits', not a tuple of names"),
    ({"task": {"sample": None}}, "sample of its task 'trend' is None, which cannot be called"),
    ({"task": {"baseline": 3}}, "baseline of its task 'trend' is 3"),
    ({"task": {"reference_models": [print]}}, "not a dictionary of functions by name"),
    ({"task": {"reference_models": {"SVM": "svm"}}}, "hold 'SVM': 'svm', which is not a function"),
    ({"task": {"formats": {"csv": None}}}, "formats of its task 'trend' hold 'csv': None"),
    ({"task": {"prediction_type": "Trend"}}, "is 'Trend', which is neither a class nor"),
    ({"task": {"types": toy_plugin}}, "types of its task 'trend' is <module"),
    ({"loader": {"detect": True}}, "detect of its data loader 'lines' is True"),
    (
        {"loader": {"options": dict}},
        "options of its data loader 'lines' are <class 'dict'>, no class of options",
    ),
    ({"loader": {"task": ""}}, "task of its data loader 'lines' is ''"),
    ({"builder": {"build": "toy_plugin:build"}}, "build of its model builder 'dense' is 'toy_plugin:build'"),
    ({"builder": {"options": toy_plugin.DenseOptions()}}, "no class of options"),
    ({"builder": {"options": Needing}}, "options of its model builder 'dense' have no default for 'width'"),
    ({"evaluator": {"metrics": ["accuracy"]}}, "not a dictionary of suite.Metric by name"),
    (
        {"evaluator": {"metrics": {"accuracy": "accuracy"}}},
        "hold 'accuracy': 'accuracy', which is not a suite.Metric",
    ),
    ({"evaluator": {"evaluate": None}}, "evaluate of its evaluator 'hits' is None"),
]


@pytest.mark.parametrize(("changes", "message"), DECLARATIONS)
def test_a_declaration_with_a_defect_leaves_the_plugin_out_for_a_reason(changes, message):
    (broken,) = suite.Host(plugin(**changes), discover=False).broken
    assert message in broken.error


def test_defaults_out_of_their_own_bounds_are_the_plugins_fault(data):
    with pytest.raises(
        suite.PluginError, match="options of model builder 'dense' of plugin 'mutant' have a default"
    ):
        built(plugin(builder={"options": OutOfBounds}), data)


def test_hooks_must_not_import_keras_either(monkeypatch):
    monkeypatch.setattr(suite.host, "HEAVY", ("a_heavy_framework",))
    monkeypatch.delitem(suite.host.sys.modules, "a_heavy_framework", raising=False)

    class loud:  # noqa: N801 - its name is the plugin's
        @suite.hookimpl
        def suite_tasks(self):
            monkeypatch.setitem(suite.host.sys.modules, "a_heavy_framework", threading)
            return []

    (broken,) = suite.Host(loud(), discover=False).broken
    assert (
        "it imports a_heavy_framework when it is declared: give its callables as suite.lazy" in broken.error
    )


# --- one example --------------------------------------------------------------------------------------------


class Named(str):
    """A row's text with the name of the file that it is from."""

    name = "rows.txt"


@pytest.mark.parametrize(
    ("message", "raw", "expected"),
    [
        ("this is not a row of numbers", [1], "row 7: this is not a row of numbers"),
        ("row 7: not a row", [1], "row 7: not a row"),
        ("'no row' is not a row", "no row", "'no row' is not a row"),
        ("rows.txt: broken", Readable(b""), "row 7: rows.txt: broken"),
        ("the file x.png is broken", type("File", (), {"name": "x.png"})(), "the file x.png is broken"),
    ],
)
def test_what_is_wrong_with_one_example_begins_with_its_id_unless_it_is_named(message, raw, expected):
    assert suite.errors.about(message, "row 7", raw) == expected


def test_an_example_that_cannot_be_read_is_named_in_training(data):
    pytest.importorskip("keras", reason="needs Keras")
    from suite.training.prepared import PreparedExamples

    def prepare(example):
        raise suite.UserError("this is not a row of numbers")

    several = [Example("row 7", "?", "rising")]
    with pytest.raises(suite.UserError, match="^row 7: this is not a row of numbers$"):
        PreparedExamples(several, prepare, 0)[0]
    assert PreparedExamples(several, prepare, 1 << 20).read_ahead(1) == [
        "row 7: this is not a row of numbers"
    ]
    assert Path(data).is_file()
