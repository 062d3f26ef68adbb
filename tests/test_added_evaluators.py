"""An evaluator beside those of the task: `--evaluator NAME`, before a training and after one."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

import suite
import toy_plugin
from suite.cli.main import main
from suite.configuration import from_mapping
from suite.runs.build import look_up
from suite.runs.evaluate import Request, evaluate
from suite.runs.evaluators import with_evaluators
from suite.runs.run import Run
from suite.runs.train import resume, train
from suite.training.progress import Listener


class LevelOptions(suite.Options, frozen=True):
    trend: str = "level"


def share(pairs, options):
    return {"share": sum(each.trend == options.trend for each in pairs.predictions) / len(pairs)}


def refusing(pairs, options):
    raise suite.UserError("grumpy scores no trends")


def failing(pairs, options):
    return {"ratio": 1 / 0}


EVALUATORS = [
    suite.Evaluator(name="grumpy", task="trend", evaluate=refusing),
    suite.Evaluator(name="clumsy", task="trend", evaluate=failing),
    suite.Evaluator(
        name="share", task="trend", evaluate=share, metrics={"share": suite.Metric(label="share of level")},
        options=LevelOptions,
    )
]  # fmt: skip
OTHER = SimpleNamespace(__name__="counting", suite_evaluators=suite.hookimpl(lambda: EVALUATORS))
BARE = suite.Host(toy_plugin, discover=False)
HOST = suite.Host(toy_plugin, OTHER, discover=False)
DOCUMENT = {"task": "trend", "data": "nowhere"}


def names(document, *added):
    configuration = with_evaluators(HOST, from_mapping(document, "the test"), added)
    return {name: dict(options) for name, options in configuration.evaluators.items()}


def test_one_is_added_to_the_tasks_own():
    assert names(DOCUMENT, "share") == {"hits": {}, "share": {}}
    assert names(DOCUMENT) == {}


def test_one_is_added_to_those_that_the_configuration_names():
    assert names({**DOCUMENT, "evaluators": {"hits": {}}}, "share") == {"hits": {}, "share": {}}


def test_a_table_with_options_of_the_added_one_chooses_no_others():
    evaluators = {"share": {"trend": "rising"}}
    assert names({**DOCUMENT, "evaluators": evaluators}, "share") == {"hits": {}, **evaluators}
    found = names({**DOCUMENT, "evaluators": evaluators}, "counting:share")
    assert found == {"hits": {}, "counting:share": {"trend": "rising"}}


def test_one_that_is_there_is_not_added_again():
    assert names(DOCUMENT, "hits", "toy_plugin:hits") == {"hits": {}}
    assert names(DOCUMENT, "share", "counting:share") == {"hits": {}, "share": {}}


def test_an_unknown_one_is_refused_with_what_there_is():
    with pytest.raises(suite.UserError, match="no evaluator 'shares' for task 'trend': did you mean 'share'"):
        names(DOCUMENT, "shares")


def test_a_wrong_option_of_an_added_one_is_refused_before_anything_is_loaded():
    configuration = from_mapping({**DOCUMENT, "evaluators": {"share": {"tend": 1}}}, "the test")
    with pytest.raises(suite.UserError, match="has no option 'tend'"):
        look_up(HOST, with_evaluators(HOST, configuration, ["counting:share"]))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("added")
    data = toy_plugin.write(folder / "toy.jsonl", train=30)
    words = ["train", "trend", str(data), "--epochs", "1", "--out", str(folder / "run")]
    assert main([*words, "--evaluator", "share", "--set", "evaluators.share.trend=rising"], HOST) == 0
    return Run(folder / "run")


@pytest.mark.slow
def test_a_training_scores_with_it_and_its_configuration_holds_it(trained):
    assert {"accuracy", "share"} <= trained.metrics["test"].keys()
    assert dict(trained.configuration.evaluators) == {"hits": {}, "share": {"trend": "rising"}}
    assert trained.configuration.plugins.keys() == {"toy_plugin", "counting"}
    assert "--evaluator share" in trained.environment["command"]
    (trained.path / "metrics.json").unlink()
    assert "share" in resume(HOST, trained.path).metrics["test"]


@pytest.mark.slow
def test_a_run_is_scored_with_one_that_was_installed_later(trained, tmp_path, capsys):
    configuration = replace(trained.configuration, evaluators={})
    run = train(BARE, configuration, out=tmp_path / "run")
    assert "share" not in run.metrics["test"]
    words = [
        "evaluate",
        str(run.path),
        "--evaluator",
        "counting:share",
        "--set",
        "evaluators.share.trend=rising",
    ]
    assert main([*words, "--json"], HOST) == 0, capsys.readouterr().err
    metrics = json.loads(capsys.readouterr().out)
    assert metrics["test"].keys() == {*run.metrics["test"], "share"}
    assert "scored with 'share' of plugin 'counting' too, which the training did without" in metrics["notes"]
    assert (
        metrics["test"]["share"]
        != evaluate(HOST, Request(run=run.path, evaluators=["share"])).metrics["test"]["share"]
    )
    report = (run.path / "evaluations").glob("*/report.html")
    assert all("which the training did without" in page.read_text("utf-8") for page in report)
    assert main(["evaluate", str(run.path), "--evaluator", "hit"], HOST) == 2
    assert "did you mean 'hits'" in capsys.readouterr().err


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    folder = tmp_path_factory.mktemp("refused")
    data = toy_plugin.write(folder / "toy.jsonl", train=30)
    document = {"task": "trend", "data": str(data), "training": {"epochs": 2}}
    listener = Notes()
    configuration = with_evaluators(HOST, from_mapping(document, "the test"), ["grumpy", "clumsy"])
    return train(HOST, configuration, out=folder / "run", listener=listener), listener.notes


class Notes(Listener):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


GRUMPY = "not scored with evaluator 'grumpy' of plugin 'counting': grumpy scores no trends"
CLUMSY = (
    "not scored with evaluator 'clumsy' of plugin 'counting': a defect of it, ZeroDivisionError in"
    " test_added_evaluators.py, line "
)


@pytest.mark.slow
def test_a_training_is_not_lost_to_an_added_evaluator_that_fails(refused):
    run, notes = refused
    assert "accuracy" in run.metrics["test"]
    assert "accuracy" in run.metrics["baseline"]
    assert notes.count(GRUMPY) == 1
    assert sum(note.startswith(CLUMSY) for note in notes) == 1
    assert f"test and validation: {GRUMPY}" in run.metrics["notes"]
    assert not any("baseline" in note for note in run.metrics["notes"])


@pytest.mark.slow
def test_a_run_goes_on_and_is_scored_without_an_added_evaluator_that_is_not_here(refused):
    run, _ = refused
    (run.path / "metrics.json").unlink()
    resumed = resume(BARE, run.path)
    gone = "not scored with 'grumpy', as the run was before: 'counting' took part in the run and is not here"
    assert any(note.startswith(gone) for note in resumed.metrics["notes"])
    scored = evaluate(BARE, Request(run=run.path))
    assert "accuracy" in scored.metrics["test"]
    assert any(note.startswith(gone) for note in scored.metrics["notes"])


@pytest.mark.slow
def test_a_defect_is_raised_when_a_run_is_scored_with_it_again(refused):
    with pytest.raises(ZeroDivisionError):
        evaluate(HOST, Request(run=refused[0].path))
