"""How good the defaults are: real pictures, no option but the path, scores and seconds.

    python benchmarks/accuracy.py clothing|cifar10 [flags of `suite train`]

The data lies in the folder named by SUITE_DATA, else in ../shared/data. Prints what `metrics.json` and
`history.csv` of the run say, and keeps the run in benchmarks/runs.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

from suite.runs import Run, new_run_path

HERE = Path(__file__).parent
DATA = {"clothing": "clothing", "cifar10": "cifar10.tar.gz"}
GOALS = {"clothing": (0.72, 20), "cifar10": (0.88, 20)}


def main() -> None:
    name, *flags = sys.argv[1:] or ["clothing"]
    folder = Path(os.environ.get("SUITE_DATA", HERE.parent.parent / "shared" / "data"))
    data = folder / DATA[name]
    if not data.exists():
        sys.exit(f"there is no {data}: name the folder with the data in SUITE_DATA")
    out = new_run_path(HERE / "runs", name)
    command = [sys.executable, "-m", "suite", "train", "image-classification", str(data), "--out", str(out)]
    subprocess.run([*command, *flags], check=True)
    run = Run.open(out)
    history, metrics, environment = run.history(), run.metrics or {}, run.environment
    accuracy, (low, high) = metrics["test"]["accuracy"], metrics["intervals"]["test"]["accuracy"]
    goal, minutes = GOALS[name]
    print(
        f"{name}: test accuracy {accuracy:.4f} (95 % {low:.4f} to {high:.4f}; goal {goal}; baseline"
        f" {metrics['baseline']['accuracy']:.4f}), validation {metrics['validation']['accuracy']:.4f},"
        f" {history[-1]['epoch']:.0f} epochs in {history[-1]['seconds'] / 60:.1f} min of training steps"
        f" (goal {minutes}), {environment['weights']:,} weights,"
        f" {environment['device']} ({environment['cores']} cores), {environment['backend']},"
        f" {run.configuration.runtime.precision}, Python {platform.python_version()}"
    )


if __name__ == "__main__":
    main()
