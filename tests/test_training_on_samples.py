"""`suite train TASK --sample`: a run on the made-up examples of a task is a run like any other."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest

import suite
import toy_plugin
from suite.cli.main import main
from suite.configuration import from_mapping
from suite.runs.data import run_data
from suite.runs.directory import run_name
from suite.runs.evaluate import Request, evaluate
from suite.runs.export import export
from suite.runs.resuming import Resumption
from suite.runs.run import Run
from suite.runs.train import resume

HOST = suite.Host(toy_plugin, discover=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("samples") / "run"
    assert main(["train", "trend", "--sample", "--epochs", "1", "--out", str(out)], HOST) == 0
    return Run(out)


@pytest.mark.slow
def test_its_configuration_says_so(run):
    document = tomllib.loads((run.path / "config.toml").read_text())
    assert (document["sample"], document["data"]) == (True, "")
    assert from_mapping(document, "the test") == run.configuration
    assert run.environment["command"].startswith("suite train trend --epochs 1 --sample")
    assert run.environment["counts"] == {"train": 30, "validation": 9, "test": 9}
    assert "the sample of the task &#x27;trend&#x27;" in (run.path / "report.html").read_text("utf-8")


@pytest.mark.slow
def test_it_is_evaluated_exported_and_goes_on(run, tmp_path):
    metrics = evaluate(HOST, Request(run=run.path, out=tmp_path / "scores")).metrics
    assert metrics["test"] == run.metrics["test"]
    assert "the test split of the sample of the task 'trend'" in export(run.path, host=HOST).source
    resumed = resume(HOST, run.path, how=Resumption(epochs=1))
    assert [row["epoch"] for row in resumed.history()] == [1, 2]
    with pytest.raises(suite.UserError, match="was trained on the sample of the task 'trend', which"):
        resume(HOST, run.path, how=Resumption(data="elsewhere"))


def test_its_folds_are_of_the_sample():
    document = {"task": "trend", "sample": True, "split": {"folds": 3, "fold": 1}}
    configuration = from_mapping(document, "the test")
    data = run_data(HOST, configuration)
    assert {name: len(split) for name, split in data.dataset.splits.items()}.keys() >= {"train", "test"}
    assert (data.path, data.loader) == ("", None)


def test_a_run_is_called_after_the_task():
    assert run_name(from_mapping({"task": "toy:trend", "sample": True}, "the test")) == "trend-sample"
    assert run_name(from_mapping({"task": "trend", "data": ""}, "the test")) == "trend"
    assert run_name(from_mapping({"task": "trend", "data": "a/b"}, "the test")) == "a/b"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            {"task": "trend", "sample": True, "data": "photos"},
            "the data is the task's sample: leave",
        ),
        ({"task": "trend", "sample": "yes"}, "'sample' is true or false, not 'yes'"),
        ({"task": "trend"}, "'data' is missing"),
    ],
)
def test_a_configuration_that_contradicts_itself_is_refused(document, message):
    with pytest.raises(suite.UserError, match=message):
        from_mapping(document, "the test")


def test_data_in_memory_beside_a_sample_is_refused():
    configuration = from_mapping({"task": "trend", "sample": True}, "the test")
    with pytest.raises(suite.UserError, match="give it, or other data"):
        run_data(HOST, configuration, toy_plugin.sample())


def test_a_sample_that_is_none_is_its_plugins_defect():
    broken = replace(HOST.task("trend"), sample=list)

    class Plugin:
        suite_tasks = staticmethod(suite.hookimpl(lambda: [broken]))

    host = suite.Host(Plugin, discover=False)
    with pytest.raises(suite.PluginError, match="the sample of task 'trend' .* gave list"):
        run_data(host, from_mapping({"task": "trend", "sample": True}, "the test"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["train", "trend", "photos", "--sample"],
            "takes the place of the data: leave out 'photos'",
        ),
        (["train", "trend"], "suite train trend DATA, or --sample for made-up examples"),
        (["inspect", "trend"], "give the data, or --sample"),
        (["inspect", "trend", "photos", "--sample"], "give the data, or --sample"),
        (["inspect", "trend", "--sample", "--loader", "lines"], "--sample has no loader"),
    ],
)
def test_mistakes_are_sentences(words, message, capsys):
    assert main(words, HOST) == 2
    assert message in capsys.readouterr().err


def test_a_sample_is_inspected(capsys):
    assert main(["inspect", "trend", "--sample"], HOST) == 0
    assert capsys.readouterr().out.startswith("the sample of the task 'trend'\nloader none, examples 48")
