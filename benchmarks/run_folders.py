"""Where benchmarks keep their runs."""

from __future__ import annotations

from pathlib import Path

from suite.runs.directory import run_paths

RUNS = Path(__file__).parent / "runs"


def new_run(name: str) -> Path:
    """A path for a run that has none yet: after `name`, then with numbers."""
    return next(path for path in run_paths(RUNS, name) if not path.exists())
