"""Spoken digits by speakers that training never heard: `fsdd`, leaving out each speaker in turn.

    python benchmarks/leave_one_speaker_out.py [--only SPEAKER ...] [flags of `suite train`]

Trains once for each of the six speakers, or for those that are named, and prints the word error rate of
each and the mean. The data lies in the folder that SUITE_DATA names, else in ../shared/data; the runs are
kept in benchmarks/runs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

from run_folders import new_run

from suite.runs.directory import RunDirectory

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="SPEAKER", help="those that are left out in turn")
    arguments, flags = parser.parse_known_args()
    data = Path(os.environ.get("SUITE_DATA", HERE.parent.parent / "shared" / "data")) / "fsdd"
    if not data.is_dir():
        sys.exit(f"there is no {data}: set SUITE_DATA to the folder with the data")
    speakers = sorted({path.stem.split("_")[1] for path in data.glob("*.wav")})
    errors, minutes = [], 0.0
    for speaker in arguments.only or speakers:
        out = new_run(f"without-{speaker}")
        command = [sys.executable, "-m", "suite", "train", "speech-recognition", str(data), "--out", str(out)]
        pattern = ["--set", "loader.pattern={text}_{speaker}_{take}.wav"]
        # Weights are chosen on takes of the speakers in training: the speaker who is left out is only scored.
        others = ",".join(name for name in speakers if name != speaker)
        validation = f"loader.validation=speaker={others} take=0-4"
        splits = ["--set", f"loader.test=speaker={speaker}", "--set", validation]
        subprocess.run([*command, *pattern, *splits, *flags], check=True)
        run = RunDirectory.open(out)
        errors.append((run.metrics or {})["test"]["wer"])
        minutes += run.history()[-1]["seconds"] / 60
        print(f"{speaker}: word error rate {errors[-1]:.4f}")
    print(f"mean {statistics.mean(errors):.4f}, {minutes:.1f} minutes of training in all")


if __name__ == "__main__":
    main()
