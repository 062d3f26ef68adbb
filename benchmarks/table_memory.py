"""A Parquet table of ten million texts: how long until training starts, and how much memory that takes.

    python benchmarks/table_memory.py [--rows 10000000] [--folder DIR]

The texts are six made-up words each, of one of ten classes, in row groups of 100,000. The table (350 MB) is
made in a temporary folder and deleted afterwards. Training runs in a process of its own; compare its peak
memory with that of `--rows 200000` to see what grows with the rows.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROW_GROUP = 100_000
WORDS = 5000


def make(path: Path, count: int) -> None:
    """A table of so many rows with a text and a label."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    draws = np.random.default_rng(0)
    letters = list("abcdefghijklmnopqrstuvwxyz")
    words = ["".join(draws.choice(letters, draws.integers(3, 9))) for _ in range(WORDS)]
    schema = pa.schema([("text", pa.string()), ("label", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, count, ROW_GROUP):
            rows = min(ROW_GROUP, count - start)
            drawn = draws.integers(0, WORDS, (rows, 6)).tolist()
            texts = [" ".join([words[word] for word in row]) for row in drawn]
            labels = [f"class {label}" for label in draws.integers(0, 10, rows)]
            writer.write_table(pa.table({"text": texts, "label": labels}, schema=schema))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", help="where the temporary folder is made")
    parser.add_argument("--first-step", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.first_step:
        from index_memory import first_step

        first_step(arguments.first_step, "text-classification")
        return
    folder = Path(tempfile.mkdtemp(prefix="table-memory-", dir=arguments.folder))
    try:
        make(folder / "texts.parquet", arguments.rows)
        subprocess.run([sys.executable, __file__, "--first-step", folder / "texts.parquet"], check=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
