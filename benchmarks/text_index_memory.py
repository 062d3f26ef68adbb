"""A text file of 5 GB for generation: how long until it is indexed and split, and how much memory that takes.

    python benchmarks/text_index_memory.py [--gigabytes 5] [--folder DIR] [--index-only]

The text is made up: lines of words of letters drawn at random, with an umlaut here and there and a line of a
megabyte now and then. It is made in a temporary folder and deleted afterwards. Loading, splitting and the
fingerprint run in a process of their own, whose peak memory, with the interpreter and its libraries, is
reported.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def make(path: Path, size: int) -> None:
    """Lines of made-up words, `size` bytes in all."""
    draws = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyzäöü"
    words = ["".join(draws.choices(letters, k=draws.randint(2, 10))) for _ in range(20_000)]
    written = 0
    with path.open("wb") as file:
        while written < size:
            lines = []
            for _ in range(1000):
                lines.append(" ".join(draws.choices(words, k=draws.randint(3, 40))))
            lines.append(" ".join(draws.choices(words, k=1 << 17)) if draws.random() < 0.05 else "")
            # Each piece differs from the next by its order alone, which is fast to make.
            while written < size and len(lines) > 900:
                draws.shuffle(lines)
                piece = "\n".join(lines).encode()
                written += file.write(piece[: size - written])
                lines.pop()


def measure(data: str, index_only: bool) -> None:
    """Load, split, name, and print seconds and MiB as JSON."""
    from suite.data.dataset import fingerprint
    from suite.data.splits import complete
    from suite_text.generation.loaders.text import load_text
    from suite_text.generation.options import TextOptions

    result: dict[str, object] = {}
    start, processor = time.perf_counter(), time.process_time()

    def done(what: str) -> None:
        nonlocal start, processor
        now, busy = time.perf_counter(), time.process_time()
        result[what] = {
            "seconds": round(now - start, 1),
            "of a processor": round(busy - processor, 1),
            "peak MiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }
        start, processor = now, busy

    dataset = load_text(Path(data), TextOptions())
    done("indexing")
    if index_only:
        print(json.dumps(result | {"passages": len(dataset.train)}, indent=2))
        return
    dataset, notes = complete(dataset)
    done("splitting")
    fingerprint(dataset)
    done("fingerprint")
    result |= {"passages": {name: len(examples) for name, examples in dataset.splits.items()}, "notes": notes}
    result["problems"] = [str(problem) for problem in dataset.problems]
    print(json.dumps(result, indent=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--folder", help="where the temporary folder is made")
    parser.add_argument(
        "--index-only", action="store_true", help="neither split nor name, which take longest"
    )
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.index_only)
        return
    folder = Path(tempfile.mkdtemp(prefix="text-index-memory-", dir=arguments.folder))
    try:
        start = time.perf_counter()
        make(folder / "text.txt", round(arguments.gigabytes * 1e9))
        print(f"made the text in {time.perf_counter() - start:.0f} s", file=sys.stderr)
        command = [sys.executable, __file__, "--measure", folder / "text.txt"]
        subprocess.run([*command, *["--index-only"] * arguments.index_only], check=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
