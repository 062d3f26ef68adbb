"""The tests that are marked `backend`, on the device: several processes, a time limit for each test.

What a test did is written when it is done, so that nothing is lost to a crash, and a test that hangs ends
its own process only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from gpu_sections.measurement import Measurement
from suite.devices import cores

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("tests/test_keras_files.py", "tests/test_normalization.py", "tests/test_training_networks.py")


def run(measurement: Measurement) -> None:
    """Run the tests, and count what became of them."""
    files = list(QUICK) if measurement.quick else marked_files()
    shards = min(2 if measurement.quick else 8, max(1, cores() // 2), len(files))
    environment = {
        **os.environ,
        "KERAS_BACKEND": measurement.backend,
        # All processes share one device.
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "GPU_TEST_SECONDS": "60",
    }
    results = [measurement.folder / f"tests-{measurement.backend}-{shard}.jsonl" for shard in range(shards)]
    running = []
    for shard, result in enumerate(results):
        result.unlink(missing_ok=True)
        words = ["-m", "pytest", "-q", "-x" if measurement.quick else "--maxfail=20", "-m", "backend"]
        words += ["-p", "gpu_sections.limited_tests", "-p", "no:cacheprovider", *files[shard::shards]]
        running.append(
            subprocess.Popen(
                [sys.executable, *words], cwd=ROOT, env={**environment, "GPU_TEST_RESULTS": str(result)}
            )
        )
    try:
        while any(process.poll() is None for process in running) and measurement.seconds_left > 0:
            time.sleep(1)
            measurement.keep(**counted(results))
    finally:
        unfinished = sum(process.poll() is None for process in running)
        for process in running:
            process.kill()
            process.wait()
        crashed = sum(process.returncode not in (0, 1, 5) for process in running) - unfinished
        measurement.keep(**counted(results), processes=shards, unfinished=unfinished, crashed=max(0, crashed))


def marked_files() -> list[str]:
    """Files with such tests, the largest first, so that they are spread over the processes."""
    found = [*ROOT.glob("tests/test_*.py"), *ROOT.glob("plugins/*/tests/test_*.py")]
    marked = [path for path in found if "mark.backend" in path.read_text(encoding="utf-8")]
    marked.sort(key=lambda path: (-path.stat().st_size, path))
    return [str(path.relative_to(ROOT)) for path in marked]


def counted(results: list[Path]) -> dict[str, Any]:
    """How many tests passed, failed and were left out, and which failed."""
    lines = [json.loads(line) for path in results if path.exists() for line in path.read_text().splitlines()]
    began = [line["began"] for line in lines if "began" in line]
    done = [line for line in lines if "outcome" in line]
    names = {line["test"] for line in done}
    counts = Counter(line["outcome"] for line in done)
    slowest = sorted(done, key=lambda line: -line["seconds"])[:5]
    return {
        "passed": counts["passed"],
        "failed": counts["failed"],
        "skipped": counts["skipped"],
        "failures": [line["test"] + ": " + line["message"] for line in done if line["outcome"] == "failed"][
            :40
        ],
        "not_ended": [test for test in began if test not in names],
        "slowest": {line["test"]: line["seconds"] for line in slowest},
    }
