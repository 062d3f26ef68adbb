"""`suite evaluate`: other data, other splits, and predictions from anywhere, scored like the run itself."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace

import msgspec
import pytest

import suite
import suite.cli.evaluate
import toy_plugin
from suite import UserError
from suite.cli.main import main
from suite.configuration import from_mapping
from suite.data import Problem
from suite.pipeline.manifest import read_manifest, write_manifest
from suite.prediction.loading import model_task
from suite.runs.build import look_up
from suite.runs.chosen_examples import Request
from suite.runs.data import run_data
from suite.runs.directory import RunDirectory
from suite.runs.evaluate import evaluate
from suite.runs.export import export
from suite.runs.resuming import changed_contents
from suite.runs.train import train
from suite.training.progress import Listener

HOST = suite.Host(toy_plugin, discover=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return toy_plugin.write(tmp_path_factory.mktemp("data") / "toy.jsonl", train=60)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    configuration = from_mapping({"task": "trend", "data": str(data), "training": {"epochs": 2}}, "the test")
    return train(HOST, configuration, out=tmp_path_factory.mktemp("runs") / "toy").path


def lines_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def write_lines(path, lines):
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return path


@pytest.mark.slow
def test_the_runs_own_test_split_is_scored_again_to_the_same_numbers(run, tmp_path):
    outcome = evaluate(HOST, Request(run=run, out=tmp_path / "out"))
    again, before = outcome.metrics, json.loads((run / "metrics.json").read_text())
    assert again["test"] == before["test"]
    assert again["baseline"] == before["baseline"]
    assert again["intervals"]["test"] == before["intervals"]["test"]


@pytest.mark.slow
def test_metrics_predictions_and_a_report_are_written(run, tmp_path):
    outcome = evaluate(HOST, Request(run=run, out=tmp_path / "out"))
    assert sorted(path.name for path in outcome.folder.iterdir()) == [
        "metrics.json", "predictions.jsonl", "report.html",
    ]  # fmt: skip
    assert json.loads((outcome.folder / "metrics.json").read_text()) == outcome.metrics
    assert len(lines_of(outcome.folder / "predictions.jsonl")) == 30
    assert "on its test split" in (outcome.folder / "report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def exported(run):
    pytest.importorskip("ai_edge_litert", reason="needs keras-suite[litert]")
    pytest.importorskip("tensorflow", reason="needs keras-suite[export]")
    return export(run, host=HOST, format="litert", verify=False).folder


@pytest.mark.slow
def test_an_export_is_scored_in_its_run_and_elsewhere(run, exported, tmp_path, capsys):
    before = json.loads((run / "metrics.json").read_text())["test"]
    within = evaluate(HOST, Request(run=exported, out=tmp_path / "within"))
    assert within.scores == pytest.approx(before, abs=1e-4)
    assert f"the model of {exported}" in (within.folder / "report.html").read_text("utf-8")
    shipped = shutil.copytree(exported, tmp_path / "shipped")
    assert main(["evaluate", str(run), "--model", str(shipped), "--out", str(tmp_path / "out")], HOST) == 0
    with pytest.raises(UserError, match=r"outside of its run, .*: suite evaluate RUN --model "):
        evaluate(HOST, Request(run=shipped))
    with pytest.raises(UserError, match="TensorFlow does not run"):
        evaluate(HOST, Request(run=run, model=shipped, runtime="tensorflow"))


@pytest.mark.slow
def test_an_export_of_another_run_is_refused(run, exported, tmp_path):
    shipped = shutil.copytree(exported, tmp_path / "shipped")
    manifest = read_manifest(shipped)
    write_manifest(shipped, msgspec.structs.replace(manifest, codec={**manifest.codec, "more": 1}))
    with pytest.raises(UserError, match=r"is not an export of .*: their codecs are not the same"):
        evaluate(HOST, Request(run=run, model=shipped))


@pytest.mark.slow
def test_each_evaluation_has_a_folder_of_its_own(run, data):
    folders = [evaluate(HOST, Request(run=run, data=str(data))).folder for _ in range(2)]
    assert [folder.name for folder in folders] == ["toy", "toy-2"]
    assert folders[0].parent == run / "evaluations"


@pytest.mark.slow
def test_the_training_split_can_be_scored_and_it_says_what_that_is_worth(run, tmp_path):
    outcome = evaluate(HOST, Request(run=run, split="train", out=tmp_path / "out"))
    assert outcome.metrics["counts"] == {"train": 60}
    assert "has learned from these very examples" in outcome.metrics["notes"][0]


@pytest.mark.slow
def test_other_data_without_splits_is_scored_whole(run, tmp_path):
    other = toy_plugin.write(tmp_path / "other.jsonl", train=15, validation=0, test=0)
    outcome = evaluate(HOST, Request(run=run, data=str(other), out=tmp_path / "out"))
    assert outcome.metrics["counts"] == {"test": 15}
    assert outcome.metrics["baseline"]


@pytest.mark.slow
def test_data_that_the_run_learned_from_is_scored_by_its_splits(tmp_path):
    data = toy_plugin.write(tmp_path / "toy.jsonl", train=60, validation=0, test=0)
    configuration = from_mapping({"task": "trend", "data": str(data), "training": {"epochs": 1}}, "the test")
    path = train(HOST, configuration, out=tmp_path / "run").path
    assert evaluate(HOST, Request(run=path, data=str(data))).metrics["counts"] == {"test": 6}
    toy_plugin.write(data, train=63, validation=0, test=0)
    outcome = evaluate(HOST, Request(run=path, data=str(data)))
    assert outcome.metrics["counts"] == {"test": 63}
    assert "may have learned from some of these examples" in outcome.metrics["notes"][0]


@pytest.mark.slow
def test_of_other_data_with_splits_the_test_split_is_scored_and_it_says_so(run, tmp_path):
    other = toy_plugin.write(tmp_path / "other.jsonl")
    outcome = evaluate(HOST, Request(run=run, data=str(other), out=tmp_path / "out"))
    assert outcome.metrics["counts"] == {"test": 30}
    assert "scored the test split" in outcome.metrics["notes"][0]


@pytest.mark.slow
def test_what_matters_only_to_training_is_no_note_of_an_evaluation(run, tmp_path):
    other = toy_plugin.write(tmp_path / "other.jsonl", train=6, validation=0, test=0)
    (loader,) = HOST.loaders("trend")
    problems = [Problem("too few to learn from", of_training=True), Problem("a row is odd")]

    def load(path, options):
        return replace(loader.item.load(path, options), problems=problems)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suite.Host, "loader", lambda *_: replace(loader, item=replace(loader.item, load=load)))
        outcome = evaluate(HOST, Request(run=run, data=str(other), out=tmp_path / "out"))
    assert "a row is odd" in outcome.metrics["notes"]
    assert "too few to learn from" not in outcome.metrics["notes"]


@pytest.mark.slow
def test_examples_without_a_target_are_left_out_and_counted(run, tmp_path):
    rows = toy_plugin.rows(6, 7)
    del rows[0]["trend"]
    other = write_lines(tmp_path / "other.jsonl", rows)
    outcome = evaluate(HOST, Request(run=run, data=str(other), out=tmp_path / "out"))
    assert outcome.metrics["counts"] == {"test": 5}
    assert "1 of 6 examples have no target" in outcome.metrics["notes"][0]


@pytest.mark.slow
def test_examples_that_cannot_be_read_are_left_out_and_named(run, tmp_path):
    rows = toy_plugin.rows(6, 7)
    rows[2]["numbers"] = [1.0]
    other = write_lines(tmp_path / "other.jsonl", rows)
    outcome = evaluate(HOST, Request(run=run, data=str(other), out=tmp_path / "out"))
    assert outcome.metrics["counts"] == {"test": 5}
    assert "left out: 7-2: " in outcome.metrics["notes"][0]


@pytest.mark.slow
def test_predictions_from_anywhere_are_scored_against_the_data_by_id(run, data, tmp_path):
    rows = [row for row in lines_of(data) if row["split"] == "test"]
    lines = [{"id": row["id"], "prediction": row["trend"]} for row in reversed(rows)]
    file = write_lines(tmp_path / "mine.jsonl", lines)
    outcome = evaluate(HOST, Request(run=run, data=str(data), predictions=file, out=tmp_path / "out"))
    assert outcome.metrics["test"]["accuracy"] == 1.0
    everything = [{"id": row["id"], "prediction": row["trend"]} for row in lines_of(data)]
    file = write_lines(tmp_path / "all.jsonl", everything)
    again = evaluate(HOST, Request(run=run, data=str(data), predictions=file, out=tmp_path / "all")).metrics
    assert again["test"] == outcome.metrics["test"]
    assert (
        f"{len(everything) - len(rows)} predictions are of other splits of the data, and not scored"
        in (again["notes"])
    )


@pytest.mark.slow
def test_without_data_the_targets_in_the_file_count(run, tmp_path):
    lines = [
        {"id": "a", "prediction": "rising", "target": "rising"},
        {"id": "b", "prediction": "rising", "target": "level"},
    ]
    file = write_lines(tmp_path / "mine.jsonl", lines)
    outcome = evaluate(HOST, Request(run=run, predictions=file, out=tmp_path / "out"))
    assert outcome.metrics["test"]["accuracy"] == 0.5


@pytest.mark.slow
def test_the_written_predictions_score_as_the_model_did(run, tmp_path):
    outcome = evaluate(HOST, Request(run=run, predictions=run / "predictions.jsonl", out=tmp_path / "out"))
    assert outcome.metrics["test"] == json.loads((run / "metrics.json").read_text())["test"]


@pytest.mark.slow
def test_data_that_has_changed_since_is_refused_with_what_to_do(tmp_path):
    data = toy_plugin.write(tmp_path / "toy.jsonl", train=30)
    configuration = from_mapping({"task": "trend", "data": str(data), "training": {"epochs": 1}}, "the test")
    path = train(HOST, configuration, out=tmp_path / "run").path
    toy_plugin.write(data, train=31)
    with pytest.raises(UserError, match="is not what .* was trained with.*suite evaluate .* DATA"):
        evaluate(HOST, Request(run=path))
    data.unlink()
    other = toy_plugin.write(tmp_path / "other.jsonl")
    notes = evaluate(HOST, Request(run=path, data=str(other), out=tmp_path / "out")).metrics["notes"]
    assert any("no baseline, for the training data cannot be loaded" in note for note in notes)


@pytest.mark.slow
def test_what_is_wrong_writes_nothing(run, tmp_path):
    bad = write_lines(tmp_path / "bad.jsonl", [{"id": "a"}])
    with pytest.raises(UserError, match="line 1: the key 'prediction' is missing"):
        evaluate(HOST, Request(run=run, predictions=bad, out=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_folder_that_is_not_empty_is_not_written_to(run, tmp_path):
    (tmp_path / "mine.txt").write_text("dear")
    with pytest.raises(UserError, match="exists already"):
        evaluate(HOST, Request(run=run, out=tmp_path))


@pytest.mark.slow
def test_two_evaluations_at_once_write_two_folders(run, data, tmp_path):
    class Other(Listener):
        """Evaluates as well while another evaluation is under way."""

        outcome = None

        def phase(self, text):
            if self.outcome is None:
                self.outcome = evaluate(HOST, Request(run=run, predictions=run / "predictions.jsonl"))

    other = Other()
    outcome = evaluate(HOST, Request(run=run, predictions=run / "predictions.jsonl"), other)
    assert outcome.folder != other.outcome.folder
    assert (outcome.folder / "metrics.json").read_text() == (
        other.outcome.folder / "metrics.json"
    ).read_text()


@pytest.mark.slow
def test_data_that_was_swapped_since_the_training_is_noticed(run, data, tmp_path):
    before = data.stat()
    os.utime(data, (1, 1))
    try:
        said = evaluate(HOST, Request(run=run, out=tmp_path / "out")).metrics["notes"]
    finally:
        os.utime(data, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert any(
        f"files in {data} were changed, added or removed after {run} was started" in note for note in said
    )
    dataset = run_data(HOST, RunDirectory.open(run).configuration).dataset
    assert changed_contents(RunDirectory.open(run), str(data), dataset) == ""
    swapped = replace(dataset, train=[replace(example, input=[0.0] * 8) for example in dataset.train])
    said = changed_contents(RunDirectory.open(run), str(data), swapped)
    assert f"the data in {data} holds something else than when {run} was started" in said


class Stranger:
    """A second plugin that offers everything under the same names."""

    suite_tasks = suite.hookimpl(lambda self: toy_plugin.suite_tasks())
    suite_data_loaders = suite.hookimpl(lambda self: toy_plugin.suite_data_loaders())
    suite_model_builders = suite.hookimpl(lambda self: toy_plugin.suite_model_builders())
    suite_evaluators = suite.hookimpl(lambda self: toy_plugin.suite_evaluators())


@pytest.mark.slow
def test_a_run_goes_on_with_its_own_plugin_if_another_one_has_the_same_names(run, tmp_path):
    both = suite.Host(Stranger(), toy_plugin, discover=False)
    before = json.loads((run / "metrics.json").read_text())
    assert evaluate(both, Request(run=run, out=tmp_path / "out")).metrics["test"] == before["test"]
    manifest = read_manifest(run / "model")
    assert model_task(both, manifest).plugin == manifest.task_plugin == "toy_plugin"
    configuration = replace(RunDirectory.open(run).configuration, init=None)
    chosen = look_up(both, configuration)
    named = (chosen.task, chosen.builder, *chosen.evaluators, run_data(both, configuration).loader)
    assert {contributed.plugin for contributed in named} == {"toy_plugin"}
    with pytest.raises(UserError, match="more than one plugin offers the task 'trend'"):
        look_up(both, from_mapping({"task": "trend", "data": configuration.data}, "the test"))


@pytest.fixture
def command(monkeypatch, capsys):
    monkeypatch.setattr(suite.cli.evaluate, "host_from", lambda arguments: HOST)

    def call(*words):
        status = main(["evaluate", *map(str, words)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.mark.slow
def test_the_command_prints_verdict_numbers_and_where_the_report_is(command, run, tmp_path):
    status, out, _ = command(run, "--out", tmp_path / "out")
    assert status == 0
    first, *rest = out.splitlines()
    assert first.startswith("Accuracy is ")
    assert any(line.startswith("accuracy ") and " to " in line for line in rest)
    assert rest[-1] == f"report: {tmp_path / 'out' / 'report.html'}"


@pytest.mark.slow
def test_the_command_prints_json_for_programs(command, run, tmp_path):
    status, out, _ = command(run, "--json", "--out", tmp_path / "out")
    assert status == 0
    printed = json.loads(out)
    assert printed.pop("folder") == str(tmp_path / "out")
    assert printed == json.loads((tmp_path / "out" / "metrics.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "there is no run nowhere"),
        (["RUN", "nowhere.jsonl"], "no file or folder 'nowhere.jsonl'"),
        (["RUN", "--loader", "lines"], "--loader is for DATA"),
        (["RUN", "--set", "training.epochs=3"], "cannot be set here: known: evaluators, loader, prediction"),
        (["RUN", "--set", "target=3"], "write --set loader.target=3"),
        (["RUN", "--set", "evaluators.hits=3"], "the form is evaluators.NAME.KEY=VALUE"),
        (["RUN", "--set", "evaluators.hist.a=3"], "evaluator 'hist'.*did you mean 'hits'"),
        (["RUN", "--split", "dev"], "--split dev: did you mean 'validation'"),
        (["RUN", "--predictions", "nowhere.jsonl"], "there is no such file of predictions"),
    ],
)
def test_mistakes_are_sentences_with_status_2(command, run, words, message):
    status, out, err = command(*[str(run) if word == "RUN" else word for word in words])
    assert status == 2
    assert out == ""
    assert re.search(message, err)
    assert "Traceback" not in err
