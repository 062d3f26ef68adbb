"""CIFAR-10: seconds to a goal with the default and the fastest settings, compiled and from a cache.

Without the data the same is trained on made-up images, which says how fast it is and nothing of the goal.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import suite
from gpu_sections.measurement import Clock, Measurement, in_tables, train

TASK = "image-classification"

FASTEST: dict[str, Any] = {
    "training.steps_per_execution": 32,
    "training.validation_every": 2,
    "runtime.cache": "device",
    "runtime.precision": "mixed_bfloat16",
}
"""Settings that change how fast is learned, and not what; `--fast KEY=VALUE` adds others."""


def train_once(measurement: Measurement) -> None:
    """Train until the goal is reached; on a warm cache it is the second training of the same kind."""
    settings, cache = measurement.options["settings"], measurement.options["cache"]
    folder = measurement.folder / f"compiled-{settings}"
    if cache == "warm" and not files_in(folder):
        raise RuntimeError("the training that fills the compilation cache did not come so far")
    told = in_tables(FASTEST | dict(measurement.fast)) if settings == "fastest" else {}
    told.setdefault("runtime", {})["compilation_cache"] = str(folder)
    data: Any = measurement.data or made_up(measurement)
    if measurement.quick:
        data = made_up(measurement)
        told.setdefault("model", {})["width"] = 8
        told.setdefault("training", {}).update(epochs=2, batch_size=32)
        if settings == "fastest":
            told["training"]["steps_per_execution"] = 4
    measurement.keep(data="made up" if isinstance(data, suite.Dataset) else Path(data).name)
    clock = Learning(measurement, data, folder)
    train(measurement, TASK, data, clock, **told)
    clock.keep()


class Learning(Clock):
    """A clock that keeps what was learned, too.

    Args:
        measurement: the part.
        data: a path, or made-up examples.
        folder: for what is compiled.
    """

    def __init__(self, measurement: Measurement, data: Any, folder: Path) -> None:
        # More epochs than any training has: the clock never ends it for that.
        super().__init__(measurement, 10_000, goal=measurement.goal, metric="validation_accuracy")
        self.is_real = not isinstance(data, suite.Dataset)
        self.folder = folder
        self.files = files_in(folder)

    def keep(self) -> None:
        super().keep()
        scored = [
            (row["validation_accuracy"], at - self.started_at)
            for row, at in zip(self.rows, self.ended_at, strict=True)
            if "validation_accuracy" in row
        ]
        self.measurement.keep(
            history=[{"accuracy": accuracy, "seconds": seconds} for accuracy, seconds in scored],
            seconds_before_training=self.started_at - self.measurement.began,
            compiled_files=files_in(self.folder) - self.files,
        )
        if scored:
            best = max(scored)
            self.measurement.keep(best_accuracy=best[0], best_after_seconds=best[1])
        reached = [seconds for accuracy, seconds in scored if accuracy >= self.measurement.goal]
        if reached and self.is_real:
            before = self.started_at - self.measurement.began
            self.measurement.keep(seconds_to_goal=reached[0], seconds_to_goal_from_start=before + reached[0])


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
