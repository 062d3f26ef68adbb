"""Two processes against one with two devices: the weights, the speed, what communication takes; and kills.

    python benchmarks/workers.py [--part weights|communication|kills]... [--kills 10] [--epochs 3] [TASK...]

weights: for each task, its sample is trained on JAX in three ways: on one device, on two devices of one
process, and in two processes. Every array of the last checkpoints of the latter two must be equal to the last
bit. Speed is examples per second after the first epoch.

communication: a step of two processes that share a batch, against a step of two processes that train alone at
the same time, each with half of the batch: both compute the same. What the former takes longer is its share
of communication, waiting for each other included; and, if the task's batch maker cannot make rows, of making
the other half of the batch. Medians of rounds.

kills: runs in two processes are killed after random steps, now the first process, now the second, and resumed
until they end.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from suite.runs.directory import RunDirectory

TASKS = (
    "image-classification",
    "object-detection",
    "speech-recognition",
    "text-classification",
    "text-generation",
    "translation",
    "forecasting",
)
WAYS = {"one device": [], "two devices": ["--devices", "2"], "two processes": ["--workers", "2"]}
BATCH = 8
COMMON = ["--backend", "jax", "--device", "cpu", "--batch-size", str(BATCH)]
PARTS = ("weights", "communication", "kills")


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=TASKS)
    parser.add_argument("--part", action="append", choices=PARTS, help="all, if none is said")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3, help="of communication")
    parser.add_argument("--epochs", default="3")
    chosen = parser.parse_args()
    parts = chosen.part or PARTS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "weights" in parts:
            print(
                "| task | steps | two processes equal two devices | " + " | ".join(WAYS) + " (examples/s) |"
            )
            print("|---|---|---|---|---|---|")
            for task in chosen.tasks:
                _compare(folder, task, chosen.epochs)
        if "communication" in parts:
            print("| task | a step together | alone with half of the batch | share of communication |")
            print("|---|---|---|---|")
            for task in chosen.tasks:
                _communication(folder, task, chosen.epochs, chosen.rounds)
        if "kills" in parts:
            _kill(folder, chosen.kills)


def _compare(folder: Path, task: str, epochs: str) -> None:
    runs = {}
    for way, words in WAYS.items():
        run = folder / f"{task}-{way.replace(' ', '-')}"
        options = [*COMMON, "--epochs", epochs, "--out", run.name, *words]
        process = start(folder, "train", task, "--sample", *options)
        text, _ = process.communicate()
        assert process.returncode == 0, text
        runs[way] = run
    same = is_same(runs["two devices"], runs["two processes"])
    speeds = [f"{speed(run):,.1f}" for run in runs.values()]
    steps = newest(runs["two devices"])
    print(f"| {task} | {steps} | {'to the bit' if same else 'NO'} | {' | '.join(speeds)} |", flush=True)


def _communication(folder: Path, task: str, epochs: str, rounds: int) -> None:
    together, alone, shares = [], [], []
    for number in range(rounds):
        name = f"{task}-{number}"
        words = ["train", task, "--sample", *COMMON, "--epochs", epochs]
        step = 1000 * BATCH / finished(folder, {f"{name}-both": [*words, "--workers", "2"]})[0]
        half = [*words, "--batch-size", str(BATCH // 2)]
        speeds = finished(folder, {f"{name}-first": half, f"{name}-second": half})
        step_alone = 1000 * (BATCH // 2) / statistics.mean(speeds)
        together.append(step)
        alone.append(step_alone)
        shares.append(1 - step_alone / step)
    cells = [f"{statistics.median(times):,.1f} ms" for times in (together, alone)]
    spread = f"{min(shares):.2f} to {max(shares):.2f}"
    print(f"| {task} | {cells[0]} | {cells[1]} | {statistics.median(shares):.2f} ({spread}) |", flush=True)


def finished(folder: Path, commands: dict[str, list[str]]) -> list[float]:
    """Trainings at the same time, by the names of their runs: examples per second of each."""
    processes = {name: start(folder, *words, "--out", name) for name, words in commands.items()}
    for process in processes.values():
        text, _ = process.communicate()
        assert process.returncode == 0, text
    return [speed(folder / name) for name in processes]


def _kill(folder: Path, kills: int) -> None:
    words = ["train", "text-classification", "--sample", *COMMON, "--epochs", "60"]
    words += ["--set", "training.checkpoint_seconds=0.5", "--set", "training.validation_every=20"]
    whole = start(folder, *words, "--devices", "2", "--out", "whole")
    text, _ = whole.communicate()
    assert whole.returncode == 0, text
    equal = 0
    random.seed(0)
    for number in range(kills):
        run = folder / f"killed-{number}"
        process = start(folder, *words, "--workers", "2", "--out", run.name)
        from_step = random.randrange(1, 450)  # of 540, whatever the speed of this machine
        while process.poll() is None and newest(run) < from_step:
            time.sleep(0.01)
        time.sleep(random.uniform(0.0, 0.5))
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        victim = int(children[0]) if number % 2 and children else process.pid
        at = newest(run)
        os.kill(victim, signal.SIGKILL)
        process.communicate()
        resumed = start(folder, "resume", run.name, "--workers", "1" if number % 3 == 0 else "2")
        text, _ = resumed.communicate()
        assert resumed.returncode == 0, text
        same = is_same(run, folder / "whole")
        equal += same
        who = "the first" if victim == process.pid else "the second"
        print(f"{who} process killed at step {at}: {'equal to the bit' if same else 'DIFFERENT'}", flush=True)
    print(f"{equal} of {kills} killed and resumed runs are equal to the unbroken one")


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    """The command `suite`, in a process of its own."""
    command = [sys.executable, "-m", "suite", *words]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def newest(run: Path) -> int:
    """The step of the newest checkpoint."""
    return max((int(path.stem[5:]) for path in (run / "checkpoints").glob("step-*.npz")), default=0)


def is_same(run: Path, other: Path) -> bool:
    """Whether the newest checkpoints of two runs hold the same arrays."""
    checkpoints = [RunDirectory(each).checkpoints.newest() for each in (run, other)]
    ours, theirs = (found[0] if found else {} for found in checkpoints)
    return ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)


def speed(run: Path) -> float:
    """Examples per second, the median of the epochs after the first."""
    with open(run / "history.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return statistics.median(float(row["items_per_second"]) for row in rows[1:] or rows)


if __name__ == "__main__":
    main()
