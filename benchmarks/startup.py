"""How long the commands take that should feel immediate, beside what importing Keras takes.

    python benchmarks/startup.py [RUNS]

Prints the median and the least wall time of fresh processes, one of each command in turn, so that what
else the machine does falls on all alike.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 20
TARGETS = {"suite --help": 0.15, "suite plugins": 0.15, "suite train --help": 0.25}


def seconds(words: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main(runs: int) -> None:
    commands = {name: ["-m", *name.split()] for name in TARGETS}
    commands["python -c pass"] = ["-c", "pass"]
    took: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, words in commands.items():
            took[name].append(seconds(words))
    keras = min(seconds(["-c", "import keras"]) for _ in range(2))
    print(f"{'command':<20}  {'median':>7}  {'least':>7}  {'target':>7}  {'of importing keras':>18}")
    for name, times in took.items():
        target = f"{TARGETS[name]:.2f} s" if name in TARGETS else ""
        print(
            f"{name:<20}  {statistics.median(times):5.3f} s  {min(times):5.3f} s  {target:>7}"
            f"  {statistics.median(times) / keras:18.3f}"
        )
    print(f"{'import keras':<20}  {'':>7}  {keras:5.3f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)
