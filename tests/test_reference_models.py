"""Classical methods that a network is compared with, from the run to `suite evaluate`."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import suite
import suite.cli.evaluate
import suite.cli.show
import toy_plugin
from suite.cli.main import main
from suite.configuration import from_mapping
from suite.runs.chosen_examples import Request
from suite.runs.evaluate import evaluate
from suite.runs.train import train

pytest.importorskip("keras", reason="needs Keras")


def nearest(examples, others, facts):
    """The trend of the nearest row."""
    rows = np.array([examples[index].input for index in range(len(examples))])
    assert all(example.target is None for example in others)
    assert facts["trends"] == ["falling", "level", "rising"]
    found = [int(((rows - np.array(example.input)) ** 2).sum(axis=1).argmin()) for example in others]
    return [toy_plugin.Trend(trend=examples[index].target) for index in found]


def choosy(examples, others, facts):
    raise suite.UserError("three classes are too few")


class with_reference_models:  # noqa: N801 - its name is the plugin's
    """The test plugin, whose task has two classical methods, one of which has a reason not to learn."""

    suite_data_loaders = staticmethod(toy_plugin.suite_data_loaders)
    suite_evaluators = staticmethod(toy_plugin.suite_evaluators)
    suite_model_builders = staticmethod(toy_plugin.suite_model_builders)

    @suite.hookimpl
    def suite_tasks(self):
        (task,) = toy_plugin.suite_tasks()
        return [replace(task, reference_models={"the nearest row": nearest, "a choosy one": choosy})]


HOST = suite.Host(with_reference_models(), discover=False)
LEFT_OUT = "not compared with a choosy one: three classes are too few"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return toy_plugin.write(tmp_path_factory.mktemp("data") / "toy.jsonl", train=60)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    tables = {"task": "trend", "data": str(data), "training": {"epochs": 1, "learning_rate": 1e-9}}
    return train(HOST, from_mapping(tables, "the test"), out=tmp_path_factory.mktemp("runs") / "toy")


@pytest.mark.slow
def test_a_run_is_scored_beside_them_by_the_same_evaluators(run):
    assert run.metrics["reference_models"].keys() == {"the nearest row"}
    assert run.metrics["reference_models"]["the nearest row"]["accuracy"] > 0.9
    assert LEFT_OUT in run.metrics["notes"]


@pytest.mark.slow
def test_a_network_that_loses_says_so_in_the_first_line_of_its_report(run):
    page = (run.path / "report.html").read_text("utf-8")
    first = page[page.index('<div class="verdict doubt">') :]
    assert "This loses to the nearest row, which learned from the same examples" in first[:400]


@pytest.mark.slow
def test_other_evaluations_compare_too(run, data, tmp_path):
    assert (
        evaluate(HOST, Request(run=run.path)).metrics["reference_models"] == run.metrics["reference_models"]
    )
    other = toy_plugin.write(tmp_path / "other.jsonl", train=15, validation=0, test=0)
    outcome = evaluate(HOST, Request(run=run.path, data=str(other)))
    assert outcome.metrics["reference_models"]["the nearest row"]["accuracy"] > 0.9


@pytest.mark.slow
def test_where_only_predictions_are_known_it_says_why_there_is_no_comparison(run, tmp_path):
    outcome = evaluate(HOST, Request(run=run.path, predictions=run.path / "predictions.jsonl"))
    assert "reference_models" not in outcome.metrics
    assert any(note.startswith("not compared with the nearest row") for note in outcome.metrics["notes"])


@pytest.mark.slow
def test_the_command_line_shows_them(run, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(suite.cli.evaluate, "host_from", lambda arguments: HOST)
    monkeypatch.setattr(suite.cli.show, "host_from", lambda arguments: HOST)
    assert main(["evaluate", str(run.path)]) == 0
    printed = capsys.readouterr().out
    assert "This loses to the nearest row" in printed.splitlines()[0]
    assert printed.splitlines()[2].split("  ")[-1] == "the nearest row"
    main(["show", "trend"])
    assert "the nearest row, a choosy one" in capsys.readouterr().out
    main(["show", "trend", "--json"])
    assert json.loads(capsys.readouterr().out)["reference_models"] == ["the nearest row", "a choosy one"]
