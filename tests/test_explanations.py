"""Figures that a task makes by asking the model, in the report of a run and of an evaluation."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import suite
import toy_plugin
from suite.cli.main import main
from suite.configuration import from_mapping
from suite.figures import Highlight, Highlights
from suite.runs.chosen_examples import Request
from suite.runs.evaluate import evaluate
from suite.runs.train import train

pytest.importorskip("keras", reason="needs Keras")


def explain(pairs, predict):
    """How sure the answer to the first row is when one of its numbers is left out."""
    row, answer = pairs.examples[0].input, pairs.predictions[0]
    without = predict([[*row[:index], 0.0, *row[index + 1 :]] for index in range(len(row))])
    assert all(isinstance(prediction, toy_plugin.Trend) for prediction in without)
    lost = [answer.probability - left.probability * (left.trend == answer.trend) for left in without]
    numbers = [f"{number:g} " for number in row]
    item = Highlight(caption=answer.trend, segments=list(zip(numbers, lost, strict=True)))
    return [Highlights(title="What tipped the scales", items=[item])]


def explaining(function):
    class with_explanations:  # noqa: N801 - its name is the plugin's
        suite_data_loaders = staticmethod(toy_plugin.suite_data_loaders)
        suite_evaluators = staticmethod(toy_plugin.suite_evaluators)
        suite_model_builders = staticmethod(toy_plugin.suite_model_builders)

        @suite.hookimpl
        def suite_tasks(self):
            (task,) = toy_plugin.suite_tasks()
            return [replace(task, explain=function)]

    return suite.Host(with_explanations(), discover=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    data = toy_plugin.write(folder / "toy.jsonl", train=60)
    tables = {"task": "trend", "data": str(data), "training": {"epochs": 2}}
    return train(explaining(explain), from_mapping(tables, "the test"), out=folder / "toy")


@pytest.mark.slow
def test_the_report_of_a_run_shows_them(run):
    page = (run.path / "report.html").read_text("utf-8")
    assert "What tipped the scales" in page
    assert "<mark " in page
    assert "Examples as read" in page
    assert "train: 8 of 60 examples" in page


@pytest.mark.slow
def test_the_report_of_an_evaluation_shows_them(run, tmp_path):
    folder = evaluate(explaining(explain), Request(run=run.path, out=tmp_path / "out")).folder
    assert "What tipped the scales" in (folder / "report.html").read_text("utf-8")


@pytest.mark.slow
def test_where_there_is_no_model_nothing_is_explained(run, tmp_path):
    request = Request(run=run.path, predictions=run.path / "predictions.jsonl", out=tmp_path / "out")
    outcome = evaluate(explaining(explain), request)
    assert "What tipped the scales" not in (outcome.folder / "report.html").read_text("utf-8")
    assert not any("explained" in note for note in outcome.metrics["notes"])


def defective(pairs, predict):
    raise ZeroDivisionError("nothing to divide by")


def helpless(pairs, predict):
    return predict(["no row"])


@pytest.mark.slow
def test_a_defect_is_noted_with_the_plugin_and_loses_nothing(run, tmp_path):
    outcome = evaluate(explaining(defective), Request(run=run.path, out=tmp_path / "out"))
    expected = (
        "the predictions are not explained, for a defect of task 'trend' of plugin 'with_explanations':"
        " ZeroDivisionError: nothing to divide by"
    )
    assert expected in outcome.metrics["notes"]
    assert expected in json.loads((outcome.folder / "metrics.json").read_text())["notes"]
    assert outcome.metrics["test"] == run.metrics["test"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "note"),
    [
        (lambda pairs, predict: ["a figure"], "TypeError: str is no figure of suite.figures"),
        (helpless, "the predictions are not explained: no row"),
    ],
)
def test_what_else_can_be_wrong_is_a_note(run, tmp_path, function, note):
    outcome = evaluate(explaining(function), Request(run=run.path, out=tmp_path / "out"))
    assert any(note in sentence for sentence in outcome.metrics["notes"])


def explain_all(pairs, predict):
    """How each row is answered, of which nobody knows the target."""
    assert set(pairs.targets) == {None}
    assert len(predict([example.input for example in pairs.examples])) == len(pairs)
    captions = [f"{name}: {found.trend}" for name, found in zip(pairs.ids, pairs.predictions, strict=True)]
    return [Highlights(title="Why", items=[Highlight(caption=caption, segments=[]) for caption in captions])]


@pytest.mark.slow
def test_predictions_are_explained_on_a_page_of_their_own(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for index in range(14):
        (tmp_path / f"{index:02}.row").write_text(json.dumps([index * number for number in range(8)]))
    (tmp_path / "03.row").write_text("?")
    words = ["predict", str(run.path), "*.row", "--explain", "why.html"]
    assert main(words, explaining(explain_all)) == 1
    errors = capsys.readouterr().err.splitlines()
    assert "suite: explained the first 12 of 13 predictions" in errors
    assert errors[-1] == "suite: wrote why.html"
    page = (tmp_path / "why.html").read_text()
    assert page.count(".row: ") == 12
    assert "03.row" not in page
    assert main(words, explaining(explain_all)) == 1  # an earlier page is overwritten
    (tmp_path / "mine.html").write_text("mine")
    capsys.readouterr()
    for host, name, message in (
        (explaining(explain_all), "mine.html", "mine.html exists already and is no page of suite"),
        (explaining(None), "new.html", "the task 'trend' does not explain its predictions"),
    ):
        assert main([*words[:-1], name], host) == 2
        assert message in capsys.readouterr().err
