"""A run as `kill -9` leaves it, without a second training that is killed, and how it is compared."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from suite.runs.directory import RunDirectory


def left_after(step: int, run: Path, copy: Path) -> Callable[[], bool]:
    """What to give as `stop` to a training, which it lets go on: it copies the run as it is after a step.

    Args:
        step: the number of the step, from 1. With `checkpoint_seconds = 0` there is a checkpoint of it.
        run: the run that is trained.
        copy: where the copy goes.
    """
    steps = iter(range(1, 1_000_000))

    def stop() -> bool:
        if next(steps) == step:
            shutil.copytree(run, copy)
        return False

    return stop


def check_same_state(run: RunDirectory, other: RunDirectory) -> None:
    """The newest checkpoints of two runs hold the same arrays, to the last bit."""
    ours, theirs = (each.checkpoints.newest()[0] for each in (run, other))
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert np.array_equal(ours[name], theirs[name]), name
