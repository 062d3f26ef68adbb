"""A training on a Ray cluster ends like one on a single machine, whatever is killed."""

from __future__ import annotations

import re
import time

import pytest

import toy_plugin
from killed_runs import check_same_state
from suite.runs.directory import RunDirectory

TRAIN = ["train", "trend", "toy.jsonl", "--device", "cpu", "--epochs", "30", "--batch-size", "8"]
TRAIN += ["--set", "training.checkpoint_seconds=0.05", "--set", "training.validation_every=10"]


@pytest.fixture(scope="module", autouse=True)
def data(cluster):
    toy_plugin.write(cluster.folder / "toy.jsonl", train=60)


def wait_for_checkpoint(run, process, beyond):
    while process.poll() is None:
        steps = [int(re.sub(r"\D", "", path.name)) for path in (run / "checkpoints").glob("step-*.npz")]
        if max(steps, default=0) > beyond:
            return
        time.sleep(0.01)
    raise AssertionError(process.communicate()[0])


def test_a_killed_worker_is_replaced_and_the_run_ends_like_one_that_was_not(cluster):
    status, text = cluster.said(*TRAIN, "--devices", "2", "--out", "unbroken")
    assert status == 0, text
    process = cluster.started(*TRAIN, "--cluster", "ray", "--out", "killed")
    wait_for_checkpoint(cluster.folder / "killed", process, beyond=20)
    cluster.kill_worker()
    text, _ = process.communicate(timeout=200)
    assert process.returncode == 0, text
    assert "a Ray worker was lost, or their number changed: 2 workers go on" in text
    assert "Traceback" not in text
    runs = [RunDirectory.open(cluster.folder / name) for name in ("killed", "unbroken")]
    check_same_state(*runs)
    assert runs[0].configuration.runtime.devices == 2
    assert not list(cluster.folder.glob(".ray-*"))


def test_a_mistake_is_a_sentence_and_tried_once(cluster):
    status, text = cluster.said(*TRAIN, "--batch-size", "7", "--cluster", "ray", "--out", "wrong")
    assert status == 2
    assert "a batch of 7 examples does not divide among 2 devices: --batch-size 6 or 8 does" in text
    assert "was lost" not in text
    assert not (cluster.folder / "wrong").exists()


def test_a_cluster_that_is_not_there_is_said(cluster):
    cluster.environment = {**cluster.environment, "RAY_ADDRESS": "127.0.0.1:1"}
    status, text = cluster.said(*TRAIN, "--cluster", "ray", "--out", "nowhere")
    cluster.environment = {**cluster.environment, "RAY_ADDRESS": cluster.address}
    assert status == 2
    assert "no Ray cluster can be reached at 127.0.0.1:1" in text
    assert "ray start --head" in text
