"""How many workers of a Ray cluster train together, and what each of them has of the machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from suite.errors import UserError
from suite.wording import counted


@dataclass(frozen=True)
class RayWorkers:
    """How many Ray workers train together.

    Attributes:
        least: with how many the training goes on; None for the most.
        most: how many there are if the cluster has room; None for one on each machine.
    """

    least: int | None = None
    most: int | None = None

    @classmethod
    def parse(cls, text: str | None) -> RayWorkers:
        """What `--workers` says: a number, or two as in "2-4"; None for one on each machine.

        Raises:
            UserError: if it says something else.
        """
        if text is None:
            return cls()
        least, dash, most = text.partition("-")
        numbers = [int(word) for word in (least, most) if word.isascii() and word.isdigit()]
        if len(numbers) != 1 + len(dash) or not 1 <= numbers[0] <= numbers[-1]:
            raise UserError(
                f"--workers is a number of Ray workers, or from which to which, as in 2-4; not '{text}'"
            )
        return cls(numbers[0], numbers[-1])

    def check_batch(self, batch_size: int | None, devices: int) -> None:
        """Refuse a batch that does not divide among every number of workers that there may be.

        Args:
            batch_size: that is wanted; None if the suite chooses.
            devices: of each worker.
        """
        if self.least == self.most:
            return
        assert self.least is not None
        assert self.most is not None
        numbers = [count * devices for count in range(self.least, self.most + 1)]
        if batch_size is None:
            raise UserError(
                f"--workers {self.least}-{self.most} may change how many there are, and a batch has to divide"
                " among all of them: say --batch-size"
            )
        wrong = [number for number in numbers if batch_size % number]
        if wrong:
            raise UserError(
                f"a batch of {batch_size} examples does not divide among"
                f" {counted(wrong[0], 'device', 'devices')}, which {wrong[0] // devices} of {self.least} to"
                f" {self.most} Ray workers have: take a batch size that divides by"
                f" {' and '.join(map(str, numbers))}"
            )


@dataclass(frozen=True)
class RayPlaces:
    """How many workers there are, and what each of them has.

    Attributes:
        workers: both numbers known.
        gpus: of each worker; 0 if they compute on processors.
        cores: of each worker.
    """

    workers: RayWorkers
    gpus: int
    cores: int

    @classmethod
    def of(cls, nodes: list[Mapping[str, Any]], workers: RayWorkers, device: str) -> RayPlaces:
        """Divide the machines of a cluster."""
        machines = [node["Resources"] for node in nodes if node["Alive"]]
        gpus = [] if device == "cpu" else [int(each["GPU"]) for each in machines if each.get("GPU")]
        cores = [int(each["CPU"]) for each in machines if each.get("CPU", 0) >= 1]
        if not gpus and device.startswith("gpu"):
            raise UserError(f"device '{device}' is asked for, but the Ray cluster has no GPU")
        if not gpus and not cores:
            raise UserError("the Ray cluster has no machine with a processor that is free for work")
        there = gpus or cores
        most = workers.most or len(there)
        # Several workers on a machine divide what it has.
        each = min(there) if most <= len(there) else max(1, min(there) * len(there) // most)
        counted_workers = RayWorkers(workers.least or most, most)
        return cls(counted_workers, each, 1) if gpus else cls(counted_workers, 0, each)
