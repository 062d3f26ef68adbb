"""The run directory: what a training leaves behind, readable at every moment whatever killed it.

runs/<name>/  config.toml environment.json history.csv metrics.json predictions.jsonl report.html
model/ (network.keras, pipeline.json: what is shipped)   checkpoints/ (what resume needs)
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from suite.configuration import Configuration
from suite.errors import UserError
from suite.files import atomic_folder, atomic_write, refuse_existing, writing
from suite.runs.run import Run
from suite.sources.addresses import is_address, name_of
from suite.training.checkpoints import CheckpointFolder
from suite.training.continuation import Continuation


class RunDirectory(Run):
    """A run directory that exists, and what is written there."""

    @classmethod
    def create(cls, path: Path, configuration: Configuration, environment: Mapping[str, Any]) -> RunDirectory:
        """Make a run directory, which appears with its configuration and environment in it.

        Raises:
            UserError: if `path` exists and is not an empty folder.
        """
        refuse_existing(path, taken_advice(path))
        with atomic_folder(path) as temporary:
            atomic_write(temporary / "config.toml", configuration.to_toml())
            atomic_write(temporary / "environment.json", to_json(environment))
        return cls(path)

    @property
    def checkpoints(self) -> CheckpointFolder:
        """Its checkpoints."""
        return CheckpointFolder(self.path / "checkpoints")

    def move_data(self, data: str) -> None:
        """Write down where the data is now."""
        moved = replace(self.configuration, data=data)
        atomic_write(self.path / "config.toml", moved.to_toml())

    def add_log(self, log: Mapping[str, Mapping[str, Any]]) -> None:
        """Write down further listeners of plugins that hear of the training, with their options."""
        before = self.configuration
        atomic_write(self.path / "config.toml", replace(before, log={**before.log, **log}).to_toml())

    @property
    def continuations(self) -> list[Continuation]:
        """The epochs that were added to the training, in their order."""
        return msgspec.convert(self.environment.get("continued", []), list[Continuation])

    def add_continuation(self, continuation: Continuation) -> None:
        """Write down that the training goes on for more epochs; its scores are then not those of its end."""
        added = [vars(each) for each in (*self.continuations, continuation)]
        self.write_json("environment.json", {**self.environment, "continued": added})
        for name in ("metrics.json", "report.html"):
            (self.path / name).unlink(missing_ok=True)

    def write_history(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Write `history.csv`: a row per epoch, a column for every number that any row has."""
        columns = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        atomic_write(self.path / "history.csv", text.getvalue())

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file of the run."""
        atomic_write(self.path / name, to_json(value))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from training in this run at the same time.

        Raises:
            UserError: if one does. The lock goes with its process, however that ends.
        """
        try:
            import fcntl
        except ImportError:
            yield
            return
        with writing(self.path / ".lock"):
            descriptor = os.open(self.path / ".lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o666)
        with open(descriptor, "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise UserError(
                    f"another process is training in {self.path}: wait for it, or stop it"
                ) from None
            yield


def taken_advice(path: Path) -> str:
    """What to do if the name of a run is taken, as the end of a sentence."""
    return f"give another name with --out, remove it, or go on with it: suite resume {path}"


def run_name(configuration: Configuration) -> str:
    """What a new run is called after: its data, or its task."""
    if configuration.data:
        return configuration.data
    task = configuration.task.rpartition(":")[2]
    return f"{task}-sample" if configuration.sample else task


def run_paths(folder: Path, data: str) -> Iterator[Path]:
    """Names for a new run: after the data, then with numbers."""
    name = name_of(data) if is_address(data) else Path(data).name or Path(data).resolve().name
    name = re.sub(r"(\.(zip|tar|tgz|gz|bz2|xz|csv|tsv|jsonl?|toml))+$", "", name, flags=re.IGNORECASE)
    name = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "run"
    yield folder / name
    for number in itertools.count(2):
        yield folder / f"{name}-{number}"


def to_json(value: Any) -> str:
    """Indented JSON of plain values, ending in a line break."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
