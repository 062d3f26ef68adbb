"""From a configuration to a run directory, through a plugin that the host knows nothing of."""

from __future__ import annotations

import json
import math
from pathlib import Path

import keras
import numpy as np
import pytest

import suite
import toy_plugin
from suite.configuration import from_mapping
from suite.pipeline.trainable import Stage
from suite.runs.train import resume, train
from suite.training import loop
from suite.training.progress import Listener
from suite.training.stages import stage_steps

pytestmark = [pytest.mark.backend, pytest.mark.slow]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return toy_plugin.write(tmp_path_factory.mktemp("data") / "toy.jsonl")


@pytest.fixture(scope="module")
def host():
    return suite.Host(toy_plugin, discover=False)


def configuration(data: Path, **tables):
    return from_mapping({"task": "trend", "data": str(data), **tables}, "the test")


class Recorder(Listener):
    def __init__(self):
        self.notes, self.rows, self.best, self.steps, self.facts = [], [], [], [], {}

    def note(self, text):
        self.notes.append(text)

    def started(self, facts):
        self.facts = facts

    def progress(self, progress):
        self.steps.append(progress)

    def epoch(self, row, is_best):
        self.rows.append(row)
        self.best.append(is_best)


@pytest.fixture(scope="module")
def finished(host, data, tmp_path_factory):
    recorder = Recorder()
    folder = tmp_path_factory.mktemp("runs")
    run = train(host, configuration(data), folder=folder, command="suite train ...", listener=recorder)
    return run, recorder


def test_a_run_directory_holds_what_the_design_says(finished):
    run, _ = finished
    names = {str(path.relative_to(run.path)) for path in run.path.rglob("*")}
    assert names >= {
        "config.toml",
        "environment.json",
        "history.csv",
        "metrics.json",
        "predictions.jsonl",
        "report.html",
        "model/network.keras",
        "model/pipeline.json",
        "checkpoints",
    }


def test_the_test_split_is_scored_beside_a_baseline_with_an_interval(finished):
    metrics = json.loads((finished[0].path / "metrics.json").read_text())
    low, high = metrics["intervals"]["test"]["accuracy"]
    assert low <= metrics["test"]["accuracy"] <= high
    assert metrics["baseline"]["accuracy"] < metrics["test"]["accuracy"]
    assert metrics["counts"] == {"test": 30, "validation": 30}


def test_history_has_a_row_per_epoch(finished):
    run, recorder = finished
    assert [row["epoch"] for row in run.history()] == [1, 2, 3, 4, 5]
    assert [row["loss"] for row in run.history()] == [row["loss"] for row in recorder.rows]


def test_every_prediction_of_the_test_split_is_written(finished):
    lines = [json.loads(line) for line in (finished[0].path / "predictions.jsonl").open()]
    assert len(lines) == 30
    assert set(lines[0]) == {"id", "target", "prediction"}


def test_the_model_that_is_kept_is_the_best_on_validation(finished):
    run, recorder = finished
    best = max(row["validation_accuracy"] for row in recorder.rows)
    assert run.metrics["validation"]["accuracy"] == pytest.approx(best)


def test_the_shipped_model_predicts(finished, host):
    prediction = suite.load(finished[0].path, host=host).predict(np.linspace(-1, 1, 8))
    assert prediction.trend == "rising"


def test_the_configuration_has_every_value(finished):
    written = finished[0].configuration
    assert written.loader_name == "lines"
    assert written.model_name == "dense"
    assert written.model["width"] == 16
    assert "auto" not in [getattr(written.training, name) for name in written.training.__struct_fields__]


def test_progress_is_told_for_every_step(finished):
    steps = finished[1].steps
    assert len(steps) == 5 * 8
    assert [steps[0].step, steps[-1].step] == [1, 8]
    assert all(0 <= progress.waiting <= 1 for progress in steps)


def test_the_written_configuration_repeats_the_run(finished, host, tmp_path):
    run, _ = finished
    again = train(host, run.configuration, out=tmp_path / "again")
    assert again.metrics == run.metrics
    assert (again.path / "predictions.jsonl").read_text() == (run.path / "predictions.jsonl").read_text()


def test_another_seed_is_another_run(finished, host, data, tmp_path):
    other = train(host, configuration(data, training={"seed": 1}), out=tmp_path / "other")
    assert [row["loss"] for row in other.history()] != [row["loss"] for row in finished[0].history()]


def test_a_loss_that_is_not_finite_names_step_and_learning_rate(host, data, tmp_path):
    wild = configuration(data, training={"optimizer": "sgd", "learning_rate": 1e30})
    with pytest.raises(suite.RunError, match=r"the loss became \w+ at step \d+ .* learning rate was 1e\+30"):
        train(host, wild, out=tmp_path / "wild")
    resumable = suite.runs.directory.RunDirectory.open(tmp_path / "wild")
    assert resumable.checkpoints.exist


def test_training_stops_early_when_validation_does_not_improve(host, data, tmp_path):
    recorder = Recorder()
    hasty = configuration(data, training={"epochs": 20, "early_stopping": 2, "learning_rate": 10.0})
    run = train(host, hasty, out=tmp_path / "hasty", listener=recorder)
    assert len(run.history()) < 20
    assert any("stopped early" in note for note in recorder.notes)


@pytest.mark.parametrize(
    "training",
    [
        {"ema": 0.9},
        {"clip_norm": 0.1, "weight_decay": 0.01, "optimizer": "sgd", "learning_rate": 0.1},
        {"steps_per_execution": 3},
        {"batch_size": 500},
    ],
    ids=str,
)
def test_options_train_to_a_good_model(host, data, tmp_path, training):
    if "steps_per_execution" in training and keras.config.backend() == "torch":
        pytest.skip("Keras runs one step at a time on torch")
    run = train(host, configuration(data, training={"epochs": 8, **training}), out=tmp_path / "run")
    assert run.metrics["test"]["accuracy"] > 0.5
    assert all(math.isfinite(row["loss"]) for row in run.history())


def test_losses_are_read_together_and_every_step_is_heard_of(host, data, tmp_path, monkeypatch):
    readings = []
    numbers = loop._numbers
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_NUMBERS", 1e9)
    monkeypatch.setattr(loop, "_numbers", lambda losses: readings.append(len(losses)) or numbers(losses))
    recorder = Recorder()
    training = {"epochs": 2, "batch_size": 10}
    train(host, configuration(data, training=training), out=tmp_path / "run", listener=recorder)
    assert readings == [1, 11, 12]  # the first step, and then the rest of each epoch at its end
    assert [(one.epoch, one.step) for one in recorder.steps] == [
        (epoch, step) for epoch in (1, 2) for step in range(1, 13)
    ]
    assert recorder.steps[11].loss == recorder.rows[0]["loss"]


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_what_is_shipped_computes_in_float32(host, data, tmp_path, precision):
    run = train(host, configuration(data, runtime={"precision": precision}), out=tmp_path / "run")
    network = suite.load(run.path, host=host).network.model
    assert {layer.compute_dtype for layer in network.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


def test_another_run_gives_its_weights(finished, host, data, tmp_path):
    recorder = Recorder()
    frozen = configuration(data, init=str(finished[0].path), training={"epochs": 1, "learning_rate": 1e-12})
    run = train(host, frozen, out=tmp_path / "next", listener=recorder)
    assert any(note.startswith("took all") for note in recorder.notes)
    networks = [suite.load(path, host=host).network.model for path in (run.path, finished[0].path)]
    kernels = [network.get_layer("hidden").get_weights()[0] for network in networks]
    np.testing.assert_allclose(*kernels, atol=1e-6)


def test_weights_that_do_not_fit_start_anew_and_are_named(finished, host, data, tmp_path):
    two_classes = tmp_path / "two.jsonl"
    lines = [line for line in data.read_text().splitlines() if '"level"' not in line]
    two_classes.write_text("\n".join(lines))
    recorder = Recorder()
    train(
        host,
        configuration(two_classes, init=str(finished[0].path), training={"epochs": 1}),
        out=tmp_path / "two",
        listener=recorder,
    )
    (note,) = [note for note in recorder.notes if note.startswith("took")]
    assert "trend/kernel" in note
    assert "hidden/kernel" not in note


def test_data_without_splits_gets_them(host, tmp_path):
    recorder = Recorder()
    data = toy_plugin.write(tmp_path / "all.jsonl", train=100, validation=0, test=0)
    train(host, configuration(data, training={"epochs": 1}), out=tmp_path / "run", listener=recorder)
    assert recorder.facts.counts["train"] == 80
    assert recorder.facts.counts["validation"] == recorder.facts.counts["test"] == 10


def test_without_any_validation_the_last_weights_are_kept(host, tmp_path):
    data = toy_plugin.write(tmp_path / "all.jsonl", train=60, validation=0, test=20)
    run = train(host, configuration(data, split={"validation": 0.0}), out=tmp_path / "run")
    assert set(run.metrics["counts"]) == {"test"}


def test_a_folder_that_is_in_use_is_left_alone(host, data, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(suite.UserError, match="exists already"):
        train(host, configuration(data), out=tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_runs_are_named_after_their_data(host, data, tmp_path):
    quick = configuration(data, training={"epochs": 1})
    names = [train(host, quick, folder=tmp_path / "runs").path.name for _ in range(2)]
    assert names == ["toy", "toy-2"]


def test_a_complete_run_has_nothing_to_go_on_with(finished, host):
    with pytest.raises(suite.UserError, match="is complete"):
        resume(host, finished[0].path)


def test_an_unreadable_example_is_named_before_training(host, data, tmp_path):
    broken = tmp_path / "broken.jsonl"
    lines = data.read_text().splitlines()
    lines.insert(3, '{"id": "odd", "numbers": [1, 2], "trend": "level", "split": "train"}')
    broken.write_text("\n".join(lines))
    with pytest.raises(suite.UserError, match=r"1 training example cannot be read:\n.*8 numbers"):
        train(host, configuration(broken), out=tmp_path / "stop")
    assert not (tmp_path / "stop").exists()
    recorder = Recorder()
    skipping = configuration(broken, training={"unreadable": "skip", "epochs": 1})
    train(host, skipping, out=tmp_path / "skip", listener=recorder)
    assert any("left out" in note for note in recorder.notes)


def test_an_unreadable_validation_example_is_not_paired_with_another_ones_prediction(host, tmp_path):
    data = toy_plugin.write(tmp_path / "toy.jsonl")
    train_split = [line for line in data.read_text().splitlines() if '"split":"train"' in line]
    odd = '{"id": "odd", "numbers": [1], "trend": "falling", "split": "validation"}'
    even = '{"id": "even", "numbers": [-1,-1,-1,0,0,1,1,1], "trend": "rising", "split": "validation"}'
    data.write_text("\n".join([*train_split, odd, even]))
    run = train(host, configuration(data, training={"unreadable": "skip"}), out=tmp_path / "run")
    assert run.history()[-1]["validation_accuracy"] == 1.0


def test_stages_share_the_epochs():
    stages = (Stage(share=0.2, freeze=("a",)), Stage(share=0.8))
    assert [(first, last) for _, first, last in stage_steps(stages, 10, 7)] == [(0, 14), (14, 70)]
    assert [(first, last) for _, first, last in stage_steps(stages, 2, 7)] == [(0, 7), (7, 14)]
    assert [last for _, _, last in stage_steps(stages, 1, 7)][-1] == 7
