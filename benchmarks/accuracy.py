"""Train with the default options on real data, and print scores and minutes.

    python benchmarks/accuracy.py CASE [flags of `suite train`]

CASE is clothing, cifar10, bccd, facemask, fsdd, connected_digits, mandarin_words, sentences, trec, sst2,
thucnews_titles, multi30k or m4_hourly; clothing is the default. The data is in the folder that SUITE_DATA
names (default: ../shared/data); connected_digits is made from fsdd. The numbers printed are those of
`metrics.json` and `history.csv` of the run, which is kept in benchmarks/runs.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import connected_digits
from run_folders import new_run

from suite.runs.directory import RunDirectory

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """A data set and its goals.

    Attributes:
        task: the task.
        data: a path in the folder of data; empty for connected_digits.
        goals: the goal of each metric on the split `part`; 0 for a metric without a goal.
        part: the split that the goals are for.
        minutes: the goal for the minutes of training.
        table: a table of `details` in `metrics.json` to print as well.
        flags: flags of `suite train` for what it cannot find in the data.
    """

    task: str
    data: str
    goals: Mapping[str, float]
    part: str
    minutes: int
    table: str = ""
    flags: tuple[str, ...] = ()


DETECTION = {"map50": 0.0, "map": 0.0}
DIGITS = (
    "--set=loader.pattern={text}_{speaker}_{take}.wav",
    "--set=loader.test=take=0-4",
    "--set=loader.validation=take=5-7",
)
GERMAN = ("--set=loader.source=en", "--set=loader.target=de")
CASES = {
    "clothing": Case("image-classification", "clothing", {"accuracy": 0.72}, "test", 20),
    "cifar10": Case("image-classification", "cifar10.tar.gz", {"accuracy": 0.88}, "test", 20),
    "bccd": Case("object-detection", "bccd", {"map50": 0.87, "map": 0.56}, "validation", 25, "classes"),
    "facemask": Case("object-detection", "facemask", DETECTION, "validation", 30, "classes"),
    "fsdd": Case("speech-recognition", "fsdd", {"wer": 0.01}, "test", 25, "speakers", DIGITS),
    "connected_digits": Case("speech-recognition", "", {"wer": 0.02, "cer": 0.0}, "test", 25, "speakers"),
    "mandarin_words": Case("speech-recognition", "mandarin_words", {"cer": 0.05}, "test", 25, "speakers"),
    "sentences": Case("speech-recognition", "sentences", {"cer": 0.4, "wer": 0.0}, "test", 25),
    "trec": Case("text-classification", "trec", {"accuracy": 0.9}, "test", 5),
    "sst2": Case("text-classification", "sst2", {"accuracy": 0.825}, "test", 5),
    "thucnews_titles": Case("text-classification", "thucnews_titles", {"accuracy": 0.91}, "test", 5),
    "multi30k": Case("translation", "multi30k", {"bleu": 33.0, "chrf": 0.0}, "test", 75, "lengths", GERMAN),
    "m4_hourly": Case("forecasting", "m4_hourly", {"mase": 1.0, "smape": 11.5, "coverage": 0.0}, "test", 5),
}


def main() -> None:
    name, *flags = sys.argv[1:] or ["clothing"]
    case = CASES[name]
    folder = Path(os.environ.get("SUITE_DATA", HERE.parent.parent / "shared" / "data"))
    data = folder / case.data
    if not case.data:
        data = HERE / "runs" / "connected_digits"
        connected_digits.write(data)
    if not data.exists():
        sys.exit(f"{data} does not exist: set SUITE_DATA to the folder with the data")
    out = new_run(name)
    command = [sys.executable, "-m", "suite", "train", case.task, str(data), "--out", str(out)]
    subprocess.run([*command, *case.flags, *flags], check=True)
    run = RunDirectory.open(out)
    history, metrics, environment = run.history(), run.metrics or {}, run.environment
    print(
        f"{name}: {history[-1]['epoch']:.0f} epochs in {history[-1]['seconds'] / 60:.1f} min"
        f" (goal {case.minutes}), {environment['weights']:,} weights,"
        f" {environment['device']} ({environment['cores']} cores), {environment['backend']},"
        f" {run.configuration.runtime.precision}, Python {platform.python_version()}"
    )
    for part in ("test", "validation"):
        for number, goal in case.goals.items():
            if part in metrics:
                hoped = f"; goal {goal}" if goal and part == case.part else ""
                print(f"  {part} {number} {score(metrics, part, number)}{hoped}")
        for row, values in metrics.get("details", {}).get(part, {}).get(case.table, {}).items():
            shown = ", ".join(f"{name} {value:.3f}" for name, value in values.items())
            print(f"    {row}: {shown}")
    if case.task == "speech-recognition":  # a score on clean recordings says little of a room
        subprocess.run([sys.executable, HERE / "silence.py", str(out), "--limit", "150"], check=True)


def score(metrics: Mapping[str, Any], part: str, number: str) -> str:
    text = f"{metrics[part][number]:.4f}"
    interval = metrics["intervals"].get(part, {}).get(number)
    first = next(name for name in ("test", "validation") if name in metrics)
    others = (
        {"baseline": metrics.get("baseline", {}), **metrics.get("reference_models", {})}
        if part == first
        else {}
    )
    if interval is not None:
        text += f" (95 % {interval[0]:.4f} to {interval[1]:.4f})"
    for name, numbers in others.items():
        if number in numbers:
            text += f", {name} {numbers[number]:.4f}"
    return text


if __name__ == "__main__":
    main()
