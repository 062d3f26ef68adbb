"""Connected digits: sequences of 3 to 7 digits of one speaker, joined from the recordings of `fsdd`.

    python benchmarks/connected_digits.py [OUT]

Between two digits lies a pause of 0 to 200 ms. Takes 0 to 4 make the test split, as `fsdd` has it, takes
5 to 7 the validation split and the others the training split, so that no recording is in two splits. Writes
WAV files and train.tsv, validation.tsv and test.tsv to OUT, by default benchmarks/runs/connected_digits. The
data lies in the folder that SUITE_DATA names, else in ../shared/data.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import soundfile

HERE = Path(__file__).parent
RATE = 8000
SPLITS = {"train": (range(8, 50), 3000), "validation": (range(5, 8), 300), "test": (range(5), 600)}


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "runs" / "connected_digits"
    print(f"{write(out):,} sequences in {out}")


def write(out: Path) -> int:
    """Write the three splits; the number of sequences."""
    folder = Path(os.environ.get("SUITE_DATA", HERE.parent.parent / "shared" / "data")) / "fsdd"
    if not folder.is_dir():
        sys.exit(f"there is no {folder}: set SUITE_DATA to the folder with the data")
    recordings = {}
    for path in sorted(folder.glob("*.wav")):
        digit, speaker, take = path.stem.split("_")
        recordings[speaker, digit, int(take)] = soundfile.read(path, dtype="int16")[0]
    speakers = sorted({speaker for speaker, _, _ in recordings})
    (out / "clips").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for split, (takes, count) in SPLITS.items():
        lines = ["path\ttext\tspeaker"]
        for number in range(count):
            speaker = speakers[number % len(speakers)]
            digits = [str(digit) for digit in rng.integers(0, 10, rng.integers(3, 8))]
            pieces = []
            for digit in digits:
                pieces.append(recordings[speaker, digit, int(rng.choice(takes))])
                pieces.append(np.zeros(rng.integers(0, RATE // 5 + 1), np.int16))
            name = f"clips/{split}_{number:04d}.wav"
            soundfile.write(out / name, np.concatenate(pieces[:-1]), RATE)
            lines.append(f"{name}\t{' '.join(digits)}\t{speaker}")
        (out / f"{split}.tsv").write_text("\n".join(lines) + "\n")
    return sum(count for _, count in SPLITS.values())


if __name__ == "__main__":
    main()
