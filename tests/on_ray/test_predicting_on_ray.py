"""Predictions on a Ray cluster are those of one process, in order, whatever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

import weather_in_a_file

PROGRAM = """
import ray, suite, sys
from suite.host import Host
from pathlib import Path
ray.init(address="auto", log_to_driver=False, logging_level="ERROR")
ray.data.DataContext.get_current().enable_progress_bars = False
ray.data.DataContext.get_current().execution_options.preserve_order = True
host = Host(Path("slow_weather.py").resolve(), discover=False)
files = ray.data.from_items([{"file": str(path.resolve())} for path in sorted(Path("in").glob("*.temps"))])
rows = files.map_batches(
    suite.Predictor,
    fn_constructor_args=[str(Path("exported").resolve())],
    fn_constructor_kwargs={"host": host},
    compute=ray.data.ActorPoolStrategy(size=2),
    batch_size=8,
).take_all()
for row in rows:
    print(Path(row["file"]).name, row["label"], row["error"])
"""


@pytest.fixture(scope="module", autouse=True)
def data(cluster):
    weather_in_a_file.write(cluster.folder)


def words(out):
    command = [sys.executable, "-m", "suite", "--plugin", "slow_weather.py", "predict", "exported", "in"]
    return [*command, "--batch-size", "2", "--out", out]


def test_an_actor_that_is_killed_is_replaced_and_nothing_is_lost(cluster):
    environment = {**cluster.environment, "SLOWLY": "0.3"}
    there = {"cwd": cluster.folder, "env": environment, "stderr": subprocess.PIPE, "text": True}
    alone = {**there, "env": cluster.environment}
    assert subprocess.run(words("alone.jsonl"), **alone, timeout=100).returncode == 1
    process = subprocess.Popen([*words("ray.jsonl"), "--cluster", "ray"], **there)
    parts = cluster.folder / "ray.jsonl.parts"
    while len(list(parts.glob("*.part"))) < 3:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    os.kill(max(cluster.processes("PartActor")), signal.SIGKILL)
    _, text = process.communicate(timeout=200)
    assert process.returncode == 1, text  # for one cannot be read
    assert "no prediction for 1 of 40 inputs" in text
    assert (cluster.folder / "ray.jsonl").read_bytes() == (cluster.folder / "alone.jsonl").read_bytes()
    assert not parts.exists()


def test_ray_data_maps_batches_with_a_predictor(cluster):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=cluster.folder,
        env=cluster.environment,
        capture_output=True,
        text=True,
        timeout=200,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 40, done.stderr
    assert lines[6:8] == [
        "06.temps cold ",
        "07.temps  it holds something that is not a number",
    ]
    assert lines[39] == "39.temps warm "
