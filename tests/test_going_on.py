"""A run that was stopped has a model that tells the truth; one that ended, or whose data moved, goes on."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest

import suite
import toy_plugin
from suite.cli.main import main
from suite.configuration import from_mapping
from suite.pipeline.manifest import read_manifest
from suite.runs.directory import RunDirectory
from suite.runs.resuming import Resumption
from suite.runs.train import resume, train

pytestmark = pytest.mark.slow

HOST = suite.Host(toy_plugin, discover=False)


def configuration(data, **training):
    training = {"ema": 0.9, "epochs": 4, "checkpoint_seconds": 0.0} | training
    return from_mapping({"task": "trend", "data": str(data), "training": training}, "the test")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return toy_plugin.write(tmp_path_factory.mktemp("data") / "toy.jsonl", train=60)


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    return train(HOST, configuration(data), out=tmp_path_factory.mktemp("runs") / "run")


def stopped(data, path, step, **training):
    counter = iter(range(1, 1000))
    with pytest.raises(suite.RunError) as stop:
        train(HOST, configuration(data, **training), out=path, stop=lambda: next(counter) == step)
    return str(stop.value)


def copied(run, path):
    shutil.copytree(run.path, path)
    return RunDirectory.open(path)


def last_weights(run):
    arrays, _ = run.checkpoints.newest()
    return {name: value for name, value in arrays.items() if name.startswith("network/")}


@pytest.mark.parametrize(
    ("step", "every", "what"),
    [
        (5, 1, r"after epoch [12] of 4, accuracy \d.\d+ on validation"),
        (5, 3, "after step 5 of 4 epochs, not scored"),
        (1, 1, "after step 1 of 4 epochs, not scored"),
    ],
)
def test_a_stopped_run_has_a_model_that_says_what_it_is(data, tmp_path, capsys, step, every, what):
    message = stopped(data, tmp_path / "run", step, validation_every=every)
    assert f"to go on: suite resume {tmp_path / 'run'}" in message
    unfinished = read_manifest(tmp_path / "run" / "model").unfinished
    assert f"({unfinished})" in message
    row = toy_plugin.write_input(tmp_path / "row.json", toy_plugin.rows(1, 9)[0])
    assert main(["predict", str(tmp_path / "run"), str(row)], HOST) == 0
    assert "a training that has not ended" in capsys.readouterr().err
    assert main(["evaluate", str(tmp_path / "run"), "--split", "validation"], HOST) == 0
    assert f"has not ended ({unfinished})" in capsys.readouterr().out
    assert re.fullmatch(what, unfinished)


@pytest.mark.backend
def test_the_model_of_a_stopped_run_is_the_best_one_so_far(data, tmp_path):
    stopped(data, tmp_path / "run", 11)
    run = RunDirectory.open(tmp_path / "run")
    _, state = run.checkpoints.newest()
    best = run.checkpoints.read_best(state["best_file"])
    shipped = suite.load(run.path, host=HOST).network.model
    for weight, value in zip(shipped.weights, best.values(), strict=True):
        np.testing.assert_array_equal(np.asarray(weight), value)


@pytest.mark.slow
def test_a_model_of_a_complete_run_says_nothing(finished):
    assert read_manifest(finished.model).unfinished == ""


@pytest.mark.slow
def test_a_run_that_ended_goes_on_from_its_last_weights(data, finished, tmp_path):
    run = copied(finished, tmp_path / "run")
    before = last_weights(run)
    done = resume(HOST, run.path, how=Resumption(epochs=2, learning_rate=1e-9))
    rows = done.history()
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    after = last_weights(done)
    for name, value in before.items():
        if value.dtype == np.float32 and value.size > 20:  # kernels, at a rate that changes nothing
            np.testing.assert_allclose(after[name], value, atol=1e-4)
    note = "trained for 2 more epochs after step 16, with a new schedule, up to a rate of 0.000000001"
    assert any(note in text for text in done.metrics["notes"])
    assert note in (done.path / "report.html").read_text()


@pytest.mark.slow
@pytest.mark.backend
@pytest.mark.parametrize("step", [1, 3])
def test_added_epochs_that_were_interrupted_end_like_unbroken_ones(data, finished, tmp_path, step):
    unbroken = resume(HOST, copied(finished, tmp_path / "one").path, how=Resumption(epochs=2))
    run = copied(finished, tmp_path / "two")
    counter = iter(range(1, 1000))
    with pytest.raises(suite.RunError, match="to go on"):
        resume(HOST, run.path, how=Resumption(epochs=2), stop=lambda: next(counter) == step)
    assert run.metrics is None, "its old scores are not those of its end"
    resumed = resume(HOST, run.path)
    ours, theirs = last_weights(resumed), last_weights(unbroken)
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)
    assert resumed.metrics == unbroken.metrics


def test_a_run_that_was_stopped_goes_on_for_another_number_of_epochs(data, tmp_path):
    stopped(data, tmp_path / "run", 5)
    done = resume(HOST, tmp_path / "run", how=Resumption(epochs=2))
    assert [row["epoch"] for row in done.history()] == [1, 2, 3]


def test_early_stopping_counts_from_where_a_run_goes_on(data, tmp_path):
    hasty = {"epochs": 20, "early_stopping": 2, "learning_rate": 10.0}
    run = train(HOST, configuration(data, **hasty), out=tmp_path / "run")
    before = len(run.history())
    assert before < 20
    done = resume(HOST, run.path, how=Resumption(epochs=3))
    assert len(done.history()) >= before + 2


def test_moved_data_is_found_again(data, tmp_path, capsys):
    here = tmp_path / "here.jsonl"
    shutil.copy(data, here)
    path = tmp_path / "run"
    stopped(here, path, 3)
    there = tmp_path / "there.jsonl"
    here.rename(there)
    assert main(["resume", str(path)], HOST) == 2
    assert f"if it has moved, suite resume {path} --data PATH" in capsys.readouterr().err
    assert main(["resume", str(path), "--data", str(there)], HOST) == 0
    assert RunDirectory.open(path).configuration.data == str(there)
    there.rename(here)
    assert main(["evaluate", str(path)], HOST) == 2
    assert f"if it has moved, suite resume {path} --data PATH" in capsys.readouterr().err
    assert main(["resume", str(path), "--data", str(here)], HOST) == 0
    assert RunDirectory.open(path).configuration.data == str(here)


@pytest.mark.slow
def test_other_data_is_not_taken_for_moved_data(finished, tmp_path):
    other = toy_plugin.write(tmp_path / "other.jsonl", train=50)
    with pytest.raises(suite.UserError, match=r"\(50 train, 30 validation, 30 test, and not 60 train, "):
        resume(HOST, copied(finished, tmp_path / "run").path, how=Resumption(data=str(other)))


@pytest.mark.slow
def test_what_cannot_go_on_says_why(finished, tmp_path, capsys):
    assert main(["resume", str(finished.path)], HOST) == 2
    assert f"suite resume {finished.path} --epochs 10" in capsys.readouterr().err
    assert main(["resume", str(finished.path), "--learning-rate", "0.1"], HOST) == 2
    assert "give --epochs too" in capsys.readouterr().err
    assert main(["resume", str(finished.path), "--epochs", "0"], HOST) == 2
    assert "epochs = 0 is not allowed" in capsys.readouterr().err


@pytest.mark.slow
def test_added_epochs_are_counted_from_all_of_them(finished, tmp_path, capsys):
    assert main(["resume", str(copied(finished, tmp_path / "run").path), "--epochs", "1"], HOST) == 0
    shown = capsys.readouterr()
    assert "epoch 5/5" in shown.out + shown.err
