"""CIFAR-10: seconds to a goal with the default and the fastest settings, compiled and from a cache.

Without the data the same is trained on made-up images, which says how fast it is and nothing of the goal.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

import suite
from gpu_sections.measurement import Clock, Measurement, in_tables, train

TASK = "image-classification"

FASTEST: dict[str, Any] = {
    "training.steps_per_execution": 32,
    "training.validation_every": 2,
    "runtime.cache": "memory",
    "runtime.precision": "mixed_bfloat16",
}
"""Settings that change how fast is learned, and not what; `--fast KEY=VALUE` adds others."""


def train_once(measurement: Measurement) -> None:
    """Train until the goal is reached; on a warm cache it is the second training of the same kind."""
    settings, cache = measurement.options["settings"], measurement.options["cache"]
    folder = measurement.folder / f"compiled-{settings}"
    before = files_in(folder)
    if cache == "warm" and not before:
        raise RuntimeError("the training that fills the compilation cache did not come so far")
    told = in_tables(FASTEST | dict(measurement.fast)) if settings == "fastest" else {}
    told.setdefault("runtime", {})["compilation_cache"] = str(folder)
    data: Any = measurement.data or made_up(measurement)
    if measurement.quick:
        data = made_up(measurement)
        told.setdefault("model", {})["width"] = 8
        told.setdefault("training", {}).update(epochs=2, batch_size=64)
        if settings == "fastest":
            told["training"]["steps_per_execution"] = 4
    measurement.keep(data="made up" if isinstance(data, suite.Dataset) else Path(data).name)
    # One epoch more than any training has: the clock never ends it for that.
    clock = Clock(measurement, 10_000, measurement.goal, "validation_accuracy")
    began = time.time()
    try:
        train(measurement, TASK, data, clock, **told)
    finally:
        best = max(clock.rows, key=lambda row: row.get("validation_accuracy", -1.0), default=None)
        measurement.keep(
            **clock.speed(),
            history=[
                {name: row[name] for name in ("epoch", "seconds", "validation_accuracy") if name in row}
                for row in clock.rows
            ],
            seconds_before_training=(clock.started_at or time.time()) - began,
            compiled_files=files_in(folder) - before,
        )
        if best is not None and "validation_accuracy" in best:
            measurement.keep(
                best_accuracy=best["validation_accuracy"],
                best_after_seconds=clock.ended_at[clock.rows.index(best)] - clock.started_at,
            )
        reached = [row for row in clock.rows if row.get("validation_accuracy", 0.0) >= measurement.goal]
        if reached and not isinstance(data, suite.Dataset):
            at = clock.ended_at[clock.rows.index(reached[0])]
            measurement.keep(
                seconds_to_goal=at - clock.started_at, seconds_to_goal_from_start=at - measurement.began
            )


def files_in(folder: Path) -> int:
    return len(list(folder.glob("*"))) if folder.is_dir() else 0


def made_up(measurement: Measurement) -> suite.Dataset:
    """As many images of 32 pixels as CIFAR-10 has, each of a color that says its class."""
    generator = np.random.default_rng(0)
    count = 512 if measurement.quick else 50_000
    labels = generator.integers(0, 10, count)
    colors = generator.integers(30, 225, (10, 3))
    noise = generator.integers(-30, 31, (count, 32, 32, 3), np.int16)
    images = np.clip(colors[labels][:, None, None] + noise, 0, 255).astype(np.uint8)
    names = [f"class {label}" for label in labels]
    held = count // 20
    return suite.Dataset.of(list(images[held:]), names[held:], validation=(list(images[:held]), names[:held]))
