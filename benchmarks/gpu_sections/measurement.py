"""One part's process: what it is told, what it keeps, and trainings that end when enough was measured."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import statistics
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import suite
from suite.training.progress import Listener

PLUGINS = {
    "image-classification": "suite_image_classification",
    "object-detection": "suite_object_detection",
    "speech-recognition": "suite_speech_recognition",
    "text-generation": "suite_text",
}
"""Taken by their modules, so that a checkout measures although nothing of it is installed."""


@dataclass
class Measurement:
    """What a part is told, and what it has measured so far.

    Attributes:
        quick: whether this is a rehearsal on a processor, with everything small.
        ends: when to be done, as `time.time()`; a little later the process is killed.
        began: when the process was started, likewise.
        work: a folder for files, which all parts share.
        report: the file for what is measured.
        data: the archive of CIFAR-10; "" if it was not found.
        goal: the accuracy to reach on CIFAR-10.
        fast: further settings for the fastest training, as `{"training.batch_size": 512}`.
        options: of the part.
        values: what was measured, as JSON.
    """

    quick: bool
    ends: float
    began: float
    work: str
    report: str
    data: str
    goal: float
    fast: Mapping[str, Any]
    options: Mapping[str, Any]
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """For files."""
        return Path(self.work)

    @property
    def backend(self) -> str:
        """On which the suite is to run."""
        return str(self.options.get("backend", "jax"))

    @property
    def seconds_left(self) -> float:
        """Until it should be done."""
        return self.ends - time.time()

    def keep(self, **values: Any) -> None:
        """Write at once what was measured: the process may be killed at any moment."""
        self.values |= values
        path = Path(self.report)
        written = path.with_suffix(".part")
        written.write_text(json.dumps(self.values, default=float))
        os.replace(written, path)

    def to_json(self) -> str:
        """For the command line of the part's process."""
        return json.dumps(asdict(self))


def run_part(function: str, told: str) -> int:
    """Run a part in this process; its exit status."""
    measurement = Measurement(**json.loads(told))
    module, _, name = function.partition(":")
    try:
        getattr(importlib.import_module(f"gpu_sections.{module}"), name)(measurement)
    except Exception as error:
        traceback.print_exc()
        first_line = (str(error).strip() or "no message").splitlines()[0]
        measurement.keep(error=f"{type(error).__name__}: {first_line}"[:300])
        return 1
    finally:
        measurement.keep(memory=peak_memory())
    return 0


def peak_memory() -> dict[str, float]:
    """The most memory that this process or one of its own had: bytes of the host, and of the device."""
    # Kilobytes on Linux, bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = {"host": float(max(resource.getrusage(who).ru_maxrss for who in whose) * unit)}
    if "jax" in sys.modules:
        statistics = sys.modules["jax"].local_devices()[0].memory_stats() or {}
        if "peak_bytes_in_use" in statistics:
            peak["device"] = float(statistics["peak_bytes_in_use"])
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        peak["device"] = max(peak.get("device", 0.0), float(torch.cuda.max_memory_allocated()))
    return peak


class Enough(Exception):  # noqa: N818 - not an error
    """Ends a training of which enough was measured."""


class Clock(Listener):
    """Takes the times of a training, and ends it.

    Losses are read a few steps at a time, and only then is it certain that the steps before were computed. So
    what counts are the times at which a listener hears of steps, and not what lies between two steps.

    Args:
        measurement: the part, whose end is the training's too.
        epochs: how many are wanted at most.
        seconds: ends the training as soon as so many were measured; None if it is to go on.
        goal: ends the training as soon as `metric` on validation has reached it.
        metric: a column of `history.csv`.
        name: under which its speed is kept; "" keeps the numbers themselves.
    """

    def __init__(
        self,
        measurement: Measurement,
        epochs: int,
        *,
        seconds: float | None = None,
        goal: float | None = None,
        metric: str = "",
        name: str = "",
    ) -> None:
        self.measurement = measurement
        self.epochs = epochs
        self.seconds = seconds
        self.goal = goal
        self.metric = metric
        self.name = name
        self.started_at = 0.0
        self.first_step_at = 0.0
        self.rows: list[dict[str, float]] = []
        self.ended_at: list[float] = []
        self.batch_size = 0
        self.skipped = 0
        self.intervals: list[tuple[int, float]] = []
        self.waiting: list[float] = []
        self.heard: tuple[int, int, float] = (0, 0, 0.0)
        self.counts = False
        self.facts: dict[str, Any] = {}

    def started(self, facts: Any) -> None:
        self.started_at = time.time()
        runtime, training = facts.configuration["runtime"], facts.configuration["training"]
        told = ("epochs", "batch_size", "optimizer", "learning_rate", "steps_per_execution")
        self.facts = {
            "device": facts.device,
            "weights": facts.weights,
            "examples": facts.counts["train"],
            "runtime": {name: runtime[name] for name in ("backend", "precision", "threads")},
            "training": {name: training[name] for name in told},
        }
        self.batch_size = int(training["batch_size"])
        # So many batches may have been made ready while nothing was trained.
        self.skipped = 2 * int(runtime["threads"]) + 2

    def progress(self, progress: Any) -> None:
        now = time.time()
        if not self.first_step_at:
            self.first_step_at = now
            self.keep()
        epoch, step, at = self.heard
        if epoch == progress.epoch and now - at < 0.002:  # another step of those that were read together
            self.heard = (epoch, progress.step, at)
            if self.counts:
                steps, seconds = self.intervals[-1]
                self.intervals[-1] = (steps + progress.step - step, seconds)
            return
        # Looked at before another interval, whose steps are not all known yet.
        measured = sum(seconds for _, seconds in self.intervals)
        enough = self.seconds is not None and measured >= self.seconds
        if self.measurement.seconds_left < 0 or enough:
            self.keep()
            raise Enough
        self.counts = epoch == progress.epoch and step > min(self.skipped, progress.steps // 3)
        if self.counts:
            self.intervals.append((progress.step - step, now - at))
            self.waiting.append(progress.waiting)
        self.heard = (progress.epoch, progress.step, now)

    def epoch(self, row: Mapping[str, float], is_best: bool) -> None:
        self.rows.append(dict(row))
        self.ended_at.append(time.time())
        self.keep()
        reached = self.goal is not None and row.get(self.metric, 0.0) >= self.goal
        if len(self.rows) >= self.epochs or reached:
            raise Enough

    def keep(self) -> None:
        """Write what is known by now: the process may be killed while it compiles."""
        speed = self.speed()
        self.measurement.keep(**({self.name: speed} if self.name else speed))

    def speed(self) -> dict[str, Any]:
        """What was measured.

        `items_per_second` is of all steps but the first of each epoch, without validation and checkpoints,
        and `typical_items_per_second` the median, in which a compilation does not show.
        `wall_items_per_second` is of the epochs after the first, and holds everything.
        """
        spoken: dict[str, Any] = {**self.facts, "epochs_done": len(self.rows)}
        if self.first_step_at:
            spoken["seconds_to_first_step"] = self.first_step_at - self.measurement.began
            spoken["seconds_of_first_step"] = self.first_step_at - self.started_at
        if self.intervals:
            steps, seconds = (sum(each) for each in zip(*self.intervals, strict=True))
            middle = statistics.median(seconds / steps for steps, seconds in self.intervals)
            spoken |= {
                "seconds_measured": seconds,
                "items_per_second": self.batch_size * steps / seconds,
                "typical_items_per_second": self.batch_size / middle,
                "waiting": statistics.fmean(self.waiting),
            }
        if len(self.rows) > 1:
            examples = (self.rows[-1]["step"] - self.rows[0]["step"]) * self.batch_size
            spoken["wall_items_per_second"] = examples / (self.ended_at[-1] - self.ended_at[0])
        return spoken


def train(measurement: Measurement, task: str, data: Any, clock: Clock, **arguments: Any) -> None:
    """Train as `suite train` does, until the clock has had enough."""
    host = suite.Host(importlib.import_module(PLUGINS[task]), discover=False)
    runtime = {"backend": measurement.backend} | dict(arguments.pop("runtime", {}))
    training = {"checkpoint_seconds": 1e9} | dict(arguments.pop("training", {}))
    if measurement.backend == "torch":
        training.pop("steps_per_execution", None)
    with contextlib.suppress(Enough):
        suite.train(
            task,
            data,
            host=host,
            listener=clock,
            out=new_folder(measurement.folder / "runs"),
            runtime=runtime,
            training=training,
            **arguments,
        )


def new_folder(parent: Path) -> Path:
    """A path in a folder that nobody has taken yet."""
    return parent / f"{os.getpid()}-{time.monotonic_ns()}"


def in_tables(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """`{"training.batch_size": 8}` as `{"training": {"batch_size": 8}}`."""
    tables: dict[str, dict[str, Any]] = {}
    for key, value in settings.items():
        table, _, name = key.partition(".")
        tables.setdefault(table, {})[name] = value
    return tables


def repeated(examples: Sequence[Any], count: int) -> list[Any]:
    """So many examples, each under a name of its own."""
    return [
        suite.Example(
            f"{number}", examples[number % len(examples)].input, examples[number % len(examples)].target
        )
        for number in range(count)
    ]
