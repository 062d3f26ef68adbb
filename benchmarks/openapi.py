"""A server under requests that schemathesis makes up from its OpenAPI: whether one gets a 5xx.

    pip install schemathesis
    python benchmarks/openapi.py [RUN|EXPORT ...] [--examples 20] [--phases coverage,fuzzing] [--seed 0]

The models are those that are kept for the tests if none is named. The output is that of schemathesis, and
the memory of the server before and after. Requests come from one thread: in several, CPython 3.11 sometimes
cannot parse the source of Hypothesis ("AST constructor recursion depth mismatch"), and schemathesis counts
that as an error of the operation.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from serving import memory, served

KEPT = Path(__file__).parent.parent / "tests" / "data" / "kept" / "0.1.0"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", help="runs or exports; none: those kept for the tests")
    parser.add_argument("--examples", type=int, default=20, help="of each operation, in the phase of fuzzing")
    parser.add_argument("--phases", default="coverage,fuzzing")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if find_spec("schemathesis") is None:
        print("schemathesis is not installed, nothing was measured: pip install schemathesis")
        return 0
    kept = [f"{folder.parent.name}={folder}" for folder in sorted(KEPT.glob("*/export"))]
    with served(*(arguments.models or kept)) as (process, port):
        before = memory(process.pid)
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")),
                "run", f"http://127.0.0.1:{port}/openapi.json",
                "--phases", arguments.phases, "--checks", "not_a_server_error",
                "--max-examples", str(arguments.examples), "--seed", str(arguments.seed), "--workers", "1",
            ],
            check=False,
        )  # fmt: skip
        lives = process.poll() is None
        print(f"the server lives: {lives}, memory {before:.0f} to {memory(process.pid):.0f} MB")
    return done.returncode if lives else 1


if __name__ == "__main__":
    sys.exit(main())
