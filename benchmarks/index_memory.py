"""A folder of a million tiny images: how long until training starts, and how much memory the index takes.

    python benchmarks/index_memory.py [--count 1000000] [--folder DIR]

The images are BMP files of 8 x 8 random pixels in 1,000 class folders, made in a temporary folder (about
4 GiB of disk) and deleted afterwards. All differ and have one size, so that looking for copies has to read
all of them: the worst case. Loading and splitting run in a process of their own, whose peak memory, with the
interpreter and its libraries, is reported.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CLASSES = 1000


def make(folder: Path, count: int) -> None:
    """`count` images of 8 x 8 pixels in `CLASSES` folders."""
    header = struct.pack("<2sIIIIiiHHIIiiII", b"BM", 246, 0, 54, 40, 8, 8, 1, 24, 0, 192, 0, 0, 0, 0)
    pixels = random.Random(0)
    for label in range(CLASSES):
        inside = folder / f"class_{label:04}"
        inside.mkdir()
        for number in range(label, count, CLASSES):
            (inside / f"image_{number:07}.bmp").write_bytes(header + pixels.randbytes(192))


def measure(data: str) -> None:
    """Load, split, and print seconds and MiB as JSON."""
    import suite_image_classification
    from suite import Host
    from suite.data.loading import load_dataset
    from suite.data.splits import complete

    def memory() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    host = Host(suite_image_classification, discover=False)
    before = time.perf_counter()
    dataset, _ = load_dataset(host, "image-classification", data)
    loaded, loaded_memory = time.perf_counter(), memory()
    dataset, notes = complete(dataset)
    completed = time.perf_counter()
    print(
        json.dumps(
            {
                "splits": {name: len(split) for name, split in dataset.splits.items()},
                "notes": notes,
                "seconds to load": round(loaded - before, 1),
                "peak MiB after loading": round(loaded_memory),
                "seconds to split": round(completed - loaded, 1),
                "peak MiB": round(memory()),
            },
            indent=2,
        )
    )


def first_step(data: str, task: str = "image-classification") -> None:
    """Train with the defaults until the first step is done, and print the seconds since the start."""
    began = time.perf_counter()

    from suite import Host, RunError
    from suite.configuration import from_mapping
    from suite.runs.train import train
    from suite.training.progress import Listener

    class Clock(Listener):
        def phase(self, text: str) -> None:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            seconds, busy = time.perf_counter() - began, time.process_time()
            print(
                f"{seconds:6.1f} s, {busy:6.1f} s of a processor, peak {peak:5,.0f} MiB: {text}", flush=True
            )

        def progress(self, progress: object) -> None:
            self.phase("first step done")

    configuration = from_mapping({"task": task, "data": data}, "the benchmark")
    with tempfile.TemporaryDirectory() as folder:
        try:
            train(Host(), configuration, folder=Path(folder), listener=Clock(), stop=lambda: True)
        except RunError as error:
            print(error)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--folder", help="where the temporary folder is made")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--first-step", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure)
        return
    if arguments.first_step:
        first_step(arguments.first_step)
        return
    folder = Path(tempfile.mkdtemp(prefix="index-memory-", dir=arguments.folder))
    try:
        start = time.perf_counter()
        make(folder, arguments.count)
        print(f"made {arguments.count:,} images in {time.perf_counter() - start:.0f} s", file=sys.stderr)
        for what in ("--measure", "--first-step"):
            subprocess.run([sys.executable, __file__, what, folder], check=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
