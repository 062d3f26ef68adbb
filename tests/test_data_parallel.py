"""The same run on one process or many, killed or not: its weights are the same to the last bit."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar, NamedTuple

import pytest

import suite
import toy_plugin
from killed_runs import check_same_state
from suite.cli.main import main
from suite.data_parallel import activate_together, devices_here, shared_batch
from suite.process_group import join, process_group
from suite.runs.directory import RunDirectory
from suite.runs.workers import MAX_SKIPPED, Workers, telling
from suite.training_options import RuntimeOptions

ROOT = Path(__file__).parent.parent

TRAIN = ["train", "trend", "toy.jsonl", "--device", "cpu", "--epochs", "12", "--batch-size", "10"]
TRAIN += ["--set", "training.checkpoint_seconds=0.05", "--set", "training.validation_every=4"]


def started(words, folder, **environment):
    """The command `suite`, in a process of its own, with the toy plugin."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    # What one process compiled, the next one finds.
    compiled = {"JAX_COMPILATION_CACHE_DIR": str(folder / "compiled")}
    compiled |= {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    environment = {**os.environ, "PYTHONPATH": paths, **compiled, **environment}
    environment.pop("KERAS_BACKEND", None)
    command = [sys.executable, "-m", "suite", "--plugin", str(ROOT / "tests" / "toy_plugin.py"), *words]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def said(process):
    """What a process said, and that it ended in time."""
    text, _ = process.communicate(timeout=240)
    return text


def followers(process):
    """The processes that a process started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(child) for child in children]


def job_with_a_free_port():
    """The number of a Slurm job whose port, which JAX takes from the number, nobody has."""
    for job in range(os.getpid(), os.getpid() + 4096):
        with socket.socket() as tried, contextlib.suppress(OSError):
            tried.bind(("", job % 4096 + 65536 - 4096))
            return str(job)
    raise AssertionError("no port is free")


def wait_for_checkpoint(run, process, beyond=4):
    """Wait until a training has a checkpoint after more steps than some; the number of its step."""
    for _ in range(12_000):
        steps = [int(re.sub(r"\D", "", path.name)) for path in (run / "checkpoints").glob("step-*.npz")]
        if max(steps, default=0) > beyond:
            return max(steps)
        assert process.poll() is None, said(process)
        time.sleep(0.01)
    raise AssertionError("no checkpoint came")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("together")
    toy_plugin.write(folder / "toy.jsonl", train=60)
    return folder


@pytest.fixture(scope="module")
def in_a_cluster(folder):
    """A run of two processes that Slurm started, whose devices hold the examples, and what they said."""
    slurm = {
        "SLURM_JOB_ID": job_with_a_free_port(),
        "SLURM_NTASKS": "2",
        "SLURM_STEP_NUM_TASKS": "2",
        "SLURM_STEP_NODELIST": "localhost",
    }
    words = [*TRAIN, "--cluster", "auto", "--out", "cluster", "--set", "runtime.cache=device"]
    processes = [
        started(words, folder, **slurm, SLURM_PROCID=rank, SLURM_LOCALID=rank) for rank in ("0", "1")
    ]
    texts = [said(process) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], texts
    return RunDirectory.open(folder / "cluster"), texts


@pytest.mark.slow
def test_processes_that_a_cluster_starts_train_together(in_a_cluster):
    run, (first, second) = in_a_cluster
    assert "cluster/report.html" in first
    assert second == ""
    assert run.configuration.runtime.devices == 2
    assert run.metrics["test"]["accuracy"] > 0.5


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for child processes in /proc")
def test_processes_that_are_killed_and_resumed_end_like_one_that_was_not(in_a_cluster, folder):
    run = folder / "killed"
    process = started([*TRAIN, "--workers", "2", "--out", "killed"], folder)
    step = wait_for_checkpoint(run, process)
    (follower,) = followers(process)
    os.kill(follower, signal.SIGKILL)
    text = said(process)
    assert process.returncode == 1
    assert "process 2 of 2 that train together was lost: it was killed by SIGKILL" in text
    assert "to go on: suite resume killed" in text
    assert "Traceback" not in text

    process = started(["resume", "killed"], folder)
    wait_for_checkpoint(run, process, beyond=step + 10)
    (follower,) = followers(process)
    process.kill()
    said(process)
    for _ in range(500):
        if not Path(f"/proc/{follower}/cmdline").exists():
            break
        time.sleep(0.01)
    else:
        raise AssertionError("the other process goes on without the first")

    # One process with two devices ends what two processes with one each began.
    process = started(["resume", "killed", "--workers", "1"], folder)
    text = said(process)
    assert process.returncode == 0, text
    assert "but for rounding" not in text
    check_same_state(RunDirectory.open(run), in_a_cluster[0])


@pytest.mark.parametrize(
    ("options", "here"),
    [({"devices": 2}, 2), ({"devices": 8, "workers": 2}, 4), ({"workers": 3}, 1), ({"devices": "all"}, 0)],
)
def test_devices_are_divided_among_processes(options, here):
    assert devices_here(RuntimeOptions(**options)) == here


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"devices": 3, "workers": 2}, "3 devices do not divide among 2 processes: --devices 4 does"),
        ({"devices": "all", "workers": 2}, "say how many, as --devices 8"),
    ],
)
def test_devices_that_do_not_divide_are_refused(options, sentence):
    with pytest.raises(suite.UserError, match=re.escape(sentence)):
        devices_here(RuntimeOptions(**options))


def test_a_chosen_batch_that_does_not_divide_is_refused():
    with pytest.raises(suite.UserError, match="--batch-size 6 or 9 does"):
        shared_batch(8, 3, is_chosen=True)
    with pytest.raises(suite.UserError, match="--batch-size 3 does"):
        shared_batch(2, 3, is_chosen=True)


def test_a_batch_that_nobody_chose_is_rounded_up():
    assert shared_batch(32, 3, is_chosen=False) == 33
    assert shared_batch(32, 4, is_chosen=True) == 32


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_other_backends_say_that_they_train_on_one_device(backend, monkeypatch):
    monkeypatch.setattr("suite.data_parallel.choose_backend", lambda wanted: wanted)
    options = RuntimeOptions(backend=backend, devices=2)
    with pytest.raises(suite.UserError, match=f"{backend} trains on one device here: --backend jax"):
        activate_together(options, process_group)


def test_a_cluster_that_is_not_there_is_said(monkeypatch):
    jax = pytest.importorskip("jax")

    def initialize(*arguments, **options):
        raise ValueError("coordinator_address should be defined.")

    monkeypatch.setattr(jax.distributed, "initialize", initialize)
    with pytest.raises(suite.UserError, match="no cluster is found here .* or say --workers N"):
        join()


def test_what_kubeflow_says_is_heard(monkeypatch):
    jax = pytest.importorskip("jax")
    asked = []
    monkeypatch.setattr(jax.distributed, "initialize", lambda *arguments, **options: asked.append(arguments))
    monkeypatch.setenv("JAX_NUM_PROCESSES", "4")
    monkeypatch.setenv("JAX_PROCESS_ID", "3")
    join()
    join("127.0.0.1:1", 2, 1)
    assert asked == [(None, 4, 3), ("127.0.0.1:1", 2, 1)]


def test_other_processes_name_what_they_left_out_but_no_more_than_a_thousand():
    class Group(NamedTuple):
        rank: int = 1
        said: ClassVar[dict] = {}

        def tell(self, topic, message):
            self.said[topic] = message

        def told(self, topic):
            return [self.said[name] for name in sorted(self.said) if name.startswith(f"{topic}/")]

    workers = Workers(suite.Host(toy_plugin, discover=False))
    assert workers.skipped() == []
    workers._group = Group()
    tell = telling(Group())
    for number in range(MAX_SKIPPED + 5):
        tell(f"{number} is broken")
    skipped = workers.skipped()
    assert skipped[:2] == ["0 is broken", "1 is broken"]
    assert skipped[MAX_SKIPPED:] == ["process 2 could not read more than 1,000 examples"]


def test_objects_of_a_program_cannot_go_to_another_process():
    class mine:  # noqa: N801 - its name is the plugin's
        """A plugin without anything."""

    with pytest.raises(suite.UserError, match="mine is an object of this program"):
        Workers(suite.Host(mine(), discover=False))._join(RuntimeOptions(workers=2))


def test_what_one_process_has_to_do_alone_refuses_others():
    host = suite.Host(toy_plugin, discover=False)
    with pytest.raises(suite.UserError, match="nothing of data in memory: leave out --workers"):
        suite.train("trend", toy_plugin.sample(), runtime={"workers": 2}, host=host)
    with pytest.raises(suite.UserError, match="fold of a cross-validation is trained by one process"):
        suite.cross_validate("trend", "toy.jsonl", folds=2, runtime={"workers": 2}, host=host)


@pytest.mark.parametrize("command", [[*TRAIN[:2], "--sample"], ["resume", "run"]])
def test_processes_beside_those_of_a_cluster_are_refused(command, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "environment.json").write_text("{}")
    (tmp_path / "run" / "config.toml").write_text('task = "trend"\nsample = true\n')
    host = suite.Host(toy_plugin, discover=False)
    assert main([*command, "--cluster", "auto", "--workers", "2"], host) == 2
    assert "a cluster has started its own: leave it out" in capsys.readouterr().err


def test_the_options_of_the_page_are_there(capsys):
    helps = ""
    for command in ("train", "resume"):
        assert main([command, "--help"]) == 0
        helps += capsys.readouterr().out
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    named = set(re.findall(r"suite (?:train|resume)[^`\n]*?(--[a-z-]+)", page)) | {"--devices", "--workers"}
    assert [option for option in sorted(named) if option not in helps] == []
