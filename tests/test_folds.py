"""`suite train --folds`: a run for each fold, one report, and going on with what is missing."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import suite
import toy_plugin
from suite.cli.main import main
from suite.configuration import from_mapping
from suite.errors import StoppedError, UserError
from suite.report.folds import folds_verdict
from suite.runs.folds import Folds, resume_folds, summarized, train_folds
from suite.runs.train import train
from suite.training.progress import Listener

pytest.importorskip("keras", reason="needs Keras")

HOST = suite.Host(toy_plugin, discover=False)


def tables(data, folds=3, **others):
    return from_mapping(
        {"task": "trend", "data": str(data), "training": {"epochs": 1}, "split": {"folds": folds}, **others},
        "the test",
    )


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds")
    toy_plugin.write(folder / "toy.jsonl", train=60, validation=0, test=6)
    return folder


@pytest.fixture(scope="module")
def finished(work):
    words = ["train", "trend", str(work / "toy.jsonl"), "--epochs", "1", "--folds", "3"]
    assert main([*words, "--out", str(work / "whole")], HOST) == 0
    return Folds(work / "whole")


@pytest.mark.slow
def test_every_fold_is_a_complete_run_that_is_scored_on_what_it_has_not_seen(finished):
    ids = []
    for number, run in enumerate(finished.runs, start=1):
        assert run.configuration.split.fold == number
        assert (run.path / "model" / "pipeline.json").is_file()
        lines = (run.path / "predictions.jsonl").read_text("utf-8").splitlines()
        assert len(lines) == run.metrics["counts"]["test"] == 20
        ids += [json.loads(line)["id"] for line in lines]
        assert any(f"fold {number} of 3 is the test split" in note for note in run.metrics["notes"])
        assert any("of 6 examples, is in no fold" in note for note in run.metrics["notes"])
    assert sorted(ids) == sorted(f"0-{index}" for index in range(60))
    together = (finished.path / "predictions.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in together] == ids


@pytest.mark.slow
def test_means_and_spread_are_those_of_the_folds(finished):
    reached = [run.metrics["test"]["accuracy"] for run in finished.runs]
    assert finished.metrics["mean"]["test"]["accuracy"] == pytest.approx(np.mean(reached))
    assert finished.metrics["deviation"]["test"]["accuracy"] == pytest.approx(np.std(reached, ddof=1))
    assert "accuracy" in finished.metrics["mean"]["baseline"]
    page = (finished.path / "report.html").read_text("utf-8")
    assert "on average over 3 folds" in page
    assert 'href="fold-2/report.html"' in page
    assert "--folds 3" in page
    assert "is in no fold" in page


@pytest.mark.slow
def test_its_directory_is_no_run_and_says_so(finished, capsys):
    assert main(["resume", str(finished.path)], HOST) == 2
    assert "is complete" in capsys.readouterr().err
    for words in (["evaluate"], ["predict"]):
        assert main([*words, str(finished.path), "x"], HOST) == 2
        assert "holds a run for each fold: name one of them" in capsys.readouterr().err


@pytest.mark.slow
def test_a_fold_can_be_evaluated_alone_and_repeated(finished, work):
    run = finished.runs[1]
    assert main(["evaluate", str(run.path), "--out", str(work / "again")], HOST) == 0
    assert json.loads((work / "again" / "metrics.json").read_text())["test"] == run.metrics["test"]


class Counter(Listener):
    def __init__(self, steps):
        self.steps = steps
        self.folds = []

    def progress(self, progress):
        self.steps -= 1

    def fold(self, number, folds, path):
        self.folds.append(number)


@pytest.mark.slow
def test_what_was_interrupted_goes_on_and_ends_the_same(finished, work):
    data = work / "toy.jsonl"
    counter = Counter(2)
    with pytest.raises(StoppedError, match=r"stopped in fold 2 of 3; to go on: suite resume .*stopped$"):
        train_folds(
            HOST,
            tables(data),
            out=work / "stopped",
            listener=counter,
            stop=lambda: counter.folds[-1:] == [2] and counter.steps < 0,
        )
    assert counter.folds == [1, 2]
    second = Counter(0)
    folds = resume_folds(HOST, work / "stopped", listener=second)
    assert second.folds == [2, 3]
    assert folds.metrics["folds"] == finished.metrics["folds"]


@pytest.mark.slow
def test_a_missing_fold_and_a_missing_report_are_made_again(finished, work):
    copy = work / "copy"
    shutil.copytree(finished.path, copy)
    shutil.rmtree(copy / "fold-3")
    (copy / "metrics.json").unlink()
    folds = resume_folds(HOST, copy)
    assert folds.metrics["folds"] == finished.metrics["folds"]


@pytest.mark.slow
def test_other_data_is_refused(finished, work, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(finished.path, copy)
    (copy / "metrics.json").unlink()
    data = toy_plugin.write(tmp_path / "other.jsonl", train=30, validation=0, test=0)
    text = (copy / "config.toml").read_text().replace(str(work / "toy.jsonl"), str(data))
    (copy / "config.toml").write_text(text)
    with pytest.raises(UserError, match="is not what"):
        resume_folds(HOST, copy)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"folds": 1}, "at least 2 folds"),
        ({"folds": 3, "test": 0.2}, "asks for a test split, but with folds each fold is one"),
        ({"folds": 50}, "do not suffice for 50 folds"),
    ],
)
def test_what_cannot_be_folded_leaves_nothing_behind(work, tmp_path, split, message):
    data = toy_plugin.write(tmp_path / "toy.jsonl", train=20, validation=0, test=0)
    with pytest.raises(UserError, match=message):
        train_folds(HOST, tables(data, split=split), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_one_training_is_no_cross_validation(work):
    with pytest.raises(UserError, match="folds are several runs"):
        train(HOST, tables(work / "toy.jsonl"))


def scored(*pairs, rival=None):
    models = [{} if rival is None else {"svm": {"accuracy": value}} for value in rival or [0] * len(pairs)]
    return summarized(
        [
            {"test": {"accuracy": own}, "baseline": {"accuracy": other}, "reference_models": model}
            for (own, other), model in zip(pairs, models, strict=True)
        ]
    )


@pytest.mark.parametrize(
    ("metrics", "kind", "sentence"),
    [
        (scored((0.9, 0.5), (0.8, 0.5)), "better", "It is better in every fold than predicting without"),
        (
            scored((0.9, 0.5), (0.4, 0.5)),
            "doubt",
            "than predicting without learning (0.500 on average) in 1 of 2 folds only.",
        ),
        (scored((0.4, 0.5), (0.5, 0.5)), "doubt", "(0.500 on average) in no fold."),
        (
            scored((0.9, 0.5), (0.8, 0.5), rival=[0.95, 0.7]),
            "doubt",
            "It is better than svm (0.825 on average) in 1 of 2 folds only.",
        ),
    ],
)
def test_the_verdict_does_not_praise_what_loses_in_a_fold(metrics, kind, sentence):
    declared = {"accuracy": suite.Metric(label="accuracy", share=True)}
    text, judged = folds_verdict(metrics, "accuracy", declared)
    assert judged == kind
    assert sentence in text
    assert text.startswith("Accuracy is 0.")


@pytest.mark.slow
def test_other_data_without_the_groups_is_scored_all_the_same(finished, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(finished.runs[0].path, copy)
    text = (copy / "config.toml").read_text("utf-8")
    assert 'groups = ""' in text
    (copy / "config.toml").write_text(text.replace('groups = ""', 'groups = "(patient[0-9]+)_"'))
    data = toy_plugin.write(tmp_path / "other.jsonl", train=0, validation=0, test=12)
    words = ["evaluate", str(copy), str(data), "--out", str(tmp_path / "out")]
    assert main(words, HOST) == 0
    notes = json.loads((tmp_path / "out" / "metrics.json").read_text())["notes"]
    assert any("intervals take each example for itself, for groups are not known" in note for note in notes)
