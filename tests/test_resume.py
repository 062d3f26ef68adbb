"""A run that was killed and resumed ends with the weights of one that never was, to the last bit."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import suite
import toy_plugin
from suite import files
from suite.configuration import from_mapping
from suite.pipeline.trainable import Stage
from suite.runs.directory import RunDirectory
from suite.runs.train import resume, train
from suite.training.checkpoints import read_arrays
from suite.training.progress import Listener

pytestmark = pytest.mark.slow

SETTINGS = {"ema": 0.9, "early_stopping": 50, "epochs": 4, "checkpoint_seconds": 0.0}


class in_stages:  # noqa: N801 - its name is the plugin's
    """The test plugin, with a first stage in which the hidden layer is frozen."""

    suite_tasks = staticmethod(toy_plugin.suite_tasks)
    suite_data_loaders = staticmethod(toy_plugin.suite_data_loaders)
    suite_evaluators = staticmethod(toy_plugin.suite_evaluators)

    @suite.hookimpl
    def suite_model_builders(self):
        def build(dataset, options):
            stages = (Stage(share=0.5, freeze=("hidden",)), Stage(share=0.5, learning_rate_factor=0.5))
            return dataclasses.replace(toy_plugin.build(dataset, options), stages=stages)

        (builder,) = toy_plugin.suite_model_builders()
        return [dataclasses.replace(builder, build=build)]


@pytest.fixture(scope="module", params=["one stage", "two stages"])
def host(request):
    plugin = toy_plugin if request.param == "one stage" else in_stages()
    return suite.Host(plugin, discover=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return toy_plugin.write(tmp_path_factory.mktemp("data") / "toy.jsonl", train=60)


def configuration(data, **training):
    tables = {"task": "trend", "data": str(data), "training": SETTINGS | training}
    return from_mapping(tables, "the test")


@pytest.fixture(scope="module")
def unbroken(host, data, tmp_path_factory):
    return train(host, configuration(data), out=tmp_path_factory.mktemp("unbroken") / "run")


def final_arrays(run: RunDirectory):
    arrays, state = run.checkpoints.newest()
    best = run.checkpoints.read_best(state["best_file"])
    return arrays | {f"best {name}": value for name, value in best.items()}


def assert_same_run(run: RunDirectory, other: RunDirectory):
    ours, theirs = final_arrays(run), final_arrays(other)
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)
    timing = {"seconds", "items_per_second", "waiting"}
    assert [{key: row[key] for key in row.keys() - timing} for row in run.history()] == [
        {key: row[key] for key in row.keys() - timing} for row in other.history()
    ]
    assert run.metrics == other.metrics
    assert (run.path / "predictions.jsonl").read_text() == (other.path / "predictions.jsonl").read_text()


@pytest.mark.backend
@pytest.mark.parametrize("steps", [1, 4, 6, 8, 15])
def test_a_stopped_run_ends_like_an_unbroken_one(host, data, unbroken, tmp_path, steps):
    counter = iter(range(1, 1000))
    with pytest.raises(suite.RunError, match=rf"stopped after step {steps}; to go on: suite resume"):
        train(host, configuration(data), out=tmp_path / "run", stop=lambda: next(counter) == steps)
    assert_same_run(resume(host, tmp_path / "run"), unbroken)


@pytest.mark.backend
@pytest.mark.parametrize("host", ["one stage"], indirect=True)
def test_a_run_can_be_stopped_at_every_step(host, data, tmp_path):
    given = configuration(data, batch_size=30, epochs=3)
    unbroken = train(host, given, out=tmp_path / "unbroken")
    with pytest.raises(suite.RunError):
        train(host, given, out=tmp_path / "run", stop=lambda: True)
    for _ in range(5):
        try:
            resume(host, tmp_path / "run", stop=lambda: True)
        except suite.RunError:
            continue
    assert_same_run(RunDirectory.open(tmp_path / "run"), unbroken)


class Killed(BaseException):
    """What no code catches, as no code survives `kill -9`."""


def test_a_death_before_any_rename_leaves_a_run_that_ends_the_same(
    host, data, unbroken, tmp_path, monkeypatch
):
    """Every file appears by a rename: dying before each of them in turn covers all that can be half done."""
    rename = os.replace
    left = iter([1, 2, 3, 5, 8, 13, 21, 34, 3, 1, 2, 1])
    countdown = next(left)

    def dying(source, target):
        nonlocal countdown
        countdown -= 1
        if countdown == 0:
            raise Killed
        rename(source, target)

    monkeypatch.setattr(files.os, "replace", dying)
    path = tmp_path / "run"
    done = False
    while not done:
        try:
            if path.exists():
                resume(host, path)
            else:
                train(host, configuration(data), out=path)
            done = True
        except Killed:
            countdown = next(left, 10**9)
    assert_same_run(RunDirectory.open(path), unbroken)


def test_neither_kill_minus_nine_nor_ctrl_c_loses_anything(data, toy_installed, tmp_path):
    """The real thing, from the command line: killed, resumed, interrupted, resumed."""
    words = [sys.executable, "-m", "suite"]
    flags = [f"--set=training.{name}={value}" for name, value in (SETTINGS | {"epochs": 40}).items()]
    common = {"env": toy_installed, "cwd": tmp_path, "stderr": subprocess.PIPE, "text": True}
    whole = train(
        suite.Host(toy_plugin, discover=False), configuration(data, epochs=40), out=tmp_path / "whole"
    )
    steps = []
    command = [*words, "train", "trend", str(data), *flags, "--out", "killed"]
    for number, status in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)):
        process = subprocess.Popen(command, **common)
        checkpoints = tmp_path / "killed" / "checkpoints"
        before = set(checkpoints.glob("step-*"))
        deadline = time.monotonic() + 300
        while set(checkpoints.glob("step-*")) <= before and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        _, errors = process.communicate()
        assert process.returncode == status, errors
        steps.append(read_arrays(sorted(checkpoints.glob("step-*.npz"))[-1])[1]["step"])
        command = [*words, "resume", "killed"]
    assert steps == sorted(set(steps)), "the second time it had come further"
    assert "to go on: suite resume killed" in errors
    resumed = subprocess.run(command, **common, check=False)
    assert resumed.returncode == 0, resumed.stderr
    assert_same_run(RunDirectory.open(tmp_path / "killed"), whole)


def test_a_codec_that_turns_out_otherwise_is_noticed(host, tmp_path):
    """Its weights would belong to other classes, or to another vocabulary."""
    data = toy_plugin.write(tmp_path / "toy.jsonl", train=60)
    with pytest.raises(suite.RunError):
        train(host, configuration(data), out=tmp_path / "run", stop=lambda: True)
    file = tmp_path / "run" / "environment.json"
    environment = json.loads(file.read_text())
    file.write_text(json.dumps(environment | {"codec_fingerprint": "another"}))
    with pytest.raises(suite.UserError, match="learns from the data before training"):
        resume(host, tmp_path / "run")


def test_changed_data_is_noticed(host, tmp_path):
    data = toy_plugin.write(tmp_path / "toy.jsonl", train=60)
    with pytest.raises(suite.RunError):
        train(host, configuration(data), out=tmp_path / "run", stop=lambda: True)
    toy_plugin.write(data, train=57)
    with pytest.raises(suite.UserError, match="is not what .* was started with"):
        resume(host, tmp_path / "run")


def test_two_processes_cannot_train_in_one_run(host, data, tmp_path):
    with pytest.raises(suite.RunError):
        train(host, configuration(data), out=tmp_path / "run", stop=lambda: True)
    run = RunDirectory.open(tmp_path / "run")
    with run.locked(), pytest.raises(suite.UserError, match="another process"):
        resume(host, run.path)


def test_what_a_run_started_from_may_be_gone_when_it_is_resumed(host, data, unbroken, tmp_path):
    tables = {"task": "trend", "data": str(data), "training": SETTINGS, "init": str(tmp_path / "first")}
    os.symlink(unbroken.path, tmp_path / "first")
    with pytest.raises(suite.RunError):
        train(host, from_mapping(tables, "the test"), out=tmp_path / "run", stop=lambda: True)
    run = RunDirectory.open(tmp_path / "run")
    text = (run.path / "config.toml").read_text().replace(str(unbroken.path), "/gone")
    (run.path / "config.toml").write_text(text)
    assert resume(host, run.path).metrics is not None


@pytest.mark.parametrize("missing", ["config.toml", "environment.json"])
def test_half_a_run_is_said_to_be_one(host, unbroken, tmp_path, missing):
    half = tmp_path / "half"
    half.mkdir()
    for name in {"config.toml", "environment.json"} - {missing}:
        (half / name).write_text((unbroken.path / name).read_text())
    with pytest.raises(suite.UserError, match=f"it has no {missing}"):
        resume(host, half)


class Notes(Listener):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


def test_a_damaged_checkpoint_is_passed_over_and_a_run_without_a_whole_one_is_refused(
    host, data, unbroken, tmp_path
):
    steps = iter(range(1, 1000))
    with pytest.raises(suite.RunError):
        train(host, configuration(data), out=tmp_path / "run", stop=lambda: next(steps) == 6)
    shutil.copytree(tmp_path / "run", tmp_path / "other")
    before, newest = sorted((tmp_path / "run" / "checkpoints").glob("step-*.npz"))
    newest.write_bytes(newest.read_bytes()[:500])
    heard = Notes()
    assert_same_run(resume(host, tmp_path / "run", listener=heard), unbroken)
    assert any(f"{newest.name} is damaged" in note for note in heard.notes)
    environment = json.loads((tmp_path / "other" / "environment.json").read_text())
    environment["packages"]["keras"] = "1.9"
    environment["data_contents"]["sample"]["0-0"] = "what it held before"
    (tmp_path / "other" / "environment.json").write_text(json.dumps(environment))
    for name in (before.name, newest.name):
        (tmp_path / "other" / "checkpoints" / name).write_bytes(b"nothing")
    with pytest.raises(suite.UserError, match=rf"{newest.name} is damaged.*no checkpoint in .* is whole"):
        resume(host, tmp_path / "other", listener=heard)
    assert (
        "goes on with other packages than it was begun with; it was written with keras 1.9" in heard.notes[-1]
    )
    assert "holds something else than when" in heard.notes[-2]


def test_a_missing_run_names_those_there_are(host, unbroken):
    with pytest.raises(suite.UserError, match="there is no run .*there are .*run"):
        resume(host, unbroken.path.parent / "rum")


def test_a_checkpoint_carries_no_pickle(unbroken):
    newest = next(Path(unbroken.checkpoints.path).glob("step-*.npz"))
    with np.load(newest, allow_pickle=False) as archive:
        assert all(archive[name].dtype != object for name in archive.files)
