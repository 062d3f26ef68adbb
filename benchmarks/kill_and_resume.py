"""Kill a short run with `kill -9` at ten random moments, resume it, and compare it with an unbroken run.

    python benchmarks/kill_and_resume.py [KILLS] [-- more flags of `suite train`]

Trains image classification on scikit-learn's handwritten digits through the command line. The moments
are random, from the appearance of the run directory to 80 % of the time of the unbroken run: some fall into
training, some into a checkpoint, the scoring or the report. Every array of the last checkpoint and of the
best weights must be equal to the last bit, and so must the scores and the predictions.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from suite.runs.directory import RunDirectory

FLAGS = ["--epochs", "24", "--set", "training.checkpoint_seconds=0.5"]


def main() -> None:
    words = sys.argv[1:]
    more = words[words.index("--") + 1 :] if "--" in words else []
    kills = int(words[0]) if words and words[0].isdigit() else 10
    random.seed(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        digits = Path(__file__).parent.parent / "examples" / "digits.py"
        subprocess.run([sys.executable, str(digits), "digits"], cwd=folder, check=True)
        flags = [*FLAGS, *more]

        def start(*command: str) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [sys.executable, "-m", "suite", *command],
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )

        whole = start("train", "image-classification", "digits", "--out", "whole", *flags)
        appeared = wait_for(folder / "whole", whole)
        _, errors = whole.communicate()
        assert whole.returncode == 0, errors.decode()
        length = time.monotonic() - appeared
        print(f"the unbroken run took {length:.1f} s after its directory appeared")
        same = 0
        for number in range(kills):
            run = folder / f"killed-{number}"
            process = start("train", "image-classification", "digits", "--out", run.name, *flags)
            appeared = wait_for(run, process)
            moment = random.uniform(0, 0.8 * length)  # one that runs faster is not over yet
            time.sleep(max(0.0, appeared + moment - time.monotonic()))
            alive = process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.communicate()
            at = newest_step(run)
            if (run / "metrics.json").is_file() and (run / "report.html").is_file():
                status = "complete before the kill"
            else:
                resumed = start("resume", run.name)
                _, errors = resumed.communicate()
                assert resumed.returncode == 0, errors.decode()
                status = "resumed"
            equal = is_same(RunDirectory(run), RunDirectory(folder / "whole"))
            same += equal
            print(
                f"kill {number + 1}: after {moment:5.1f} s, at step {at}{'' if alive else ' (too late)'},"
                f" {status}: {'equal to the last bit' if equal else 'DIFFERENT'}",
                flush=True,
            )
        print(f"{same} of {kills} runs are equal to the unbroken run")
        sys.exit(same != kills)


def wait_for(run: Path, process: subprocess.Popen[bytes]) -> float:
    while not run.exists() and process.poll() is None:
        time.sleep(0.005)
    return time.monotonic()


def newest_step(run: Path) -> int:
    steps = [int(path.stem.removeprefix("step-")) for path in (run / "checkpoints").glob("step-*.npz")]
    return max(steps, default=0)


def is_same(run: RunDirectory, other: RunDirectory) -> bool:
    (ours, state), (theirs, other_state) = run.checkpoints.newest(), other.checkpoints.newest()
    ours |= run.checkpoints.read_best(state["best_file"])
    theirs |= other.checkpoints.read_best(other_state["best_file"])
    return (
        ours.keys() == theirs.keys()
        and all(np.array_equal(ours[name], theirs[name]) for name in ours)
        and run.metrics == other.metrics
        and (run.path / "predictions.jsonl").read_bytes() == (other.path / "predictions.jsonl").read_bytes()
    )


if __name__ == "__main__":
    main()
