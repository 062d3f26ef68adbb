"""The machines of a Ray cluster: reached, and divided among workers."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from suite.errors import UserError, first_line, unimportable
from suite.wording import counted

_CONNECT_SECONDS = 10.0


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


def _ray(library: str) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # which is a person's to allow
    try:
        import ray

        import_module(library)
    except ImportError as error:
        raise unimportable(
            error, "ray", '--cluster ray needs Ray: pip install "keras-suite[ray]", on all machines'
        ) from None
    return ray


@contextmanager
def connected(library: str) -> Iterator[Any]:
    """Ray, connected to the cluster that `RAY_ADDRESS` names, or to the one of this machine.

    Args:
        library: the module of Ray that is needed, which may need packages of its own.

    Raises:
        UserError: if Ray is not installed, or no cluster can be reached.
    """
    ray = _ray(library)
    if ray.is_initialized():
        yield ray
        return
    address = os.environ.get("RAY_ADDRESS") or "auto"
    # Ray's own lines would be among ours, and are in its log files; a cluster of this process needs no page.
    options: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    try:
        look_at(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except (OSError, RuntimeError, ValueError) as error:
        where = "here" if address == "auto" else f"at {address}"
        raise UserError(
            f"no Ray cluster can be reached {where} ({first_line(error)[:200]}): submit this command with"
            " 'ray job submit', begin a cluster with 'ray start --head', or name one in RAY_ADDRESS"
        ) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def look_at(address: str) -> None:
    """Look whether somebody is at an address, which Ray would try for minutes.

    Raises:
        OSError: if not.
    """
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
