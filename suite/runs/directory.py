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
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from suite.configuration import Configuration, from_mapping, read_toml
from suite.documents import parse_json
from suite.errors import UserError, reason
from suite.files import atomic_folder, atomic_write, refuse_existing, writing
from suite.pipeline.manifest import FOLDS_FILE
from suite.training.checkpoints import CheckpointFolder
from suite.training.continuation import Continuation


@dataclass(frozen=True)
class Run:
    """A run directory that exists."""

    path: Path

    @classmethod
    def create(cls, path: Path, configuration: Configuration, environment: Mapping[str, Any]) -> Run:
        """Make a run directory, which appears with its configuration and environment in it.

        Raises:
            UserError: if `path` exists and is not an empty folder.
        """
        refuse_existing(path, taken_advice(path))
        with atomic_folder(path) as temporary:
            atomic_write(temporary / "config.toml", configuration.to_toml())
            atomic_write(temporary / "environment.json", to_json(environment))
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> Run:
        """The run in a directory.

        Raises:
            UserError: if there is none, or only a part of one.
        """
        if not path.is_dir():
            raise UserError(f"there is no run {path}: {_runs_beside(path)}")
        if (path / FOLDS_FILE).is_file():
            raise UserError(f"{path} holds a run for each fold: name one of them, like {path / 'fold-1'}")
        for name in ("config.toml", "environment.json"):
            if not (path / name).is_file():
                raise UserError(f"{path} is not a run, or only a part of one: it has no {name}")
        return cls(path)

    @property
    def configuration(self) -> Configuration:
        """What is in `config.toml`."""
        return from_mapping(read_toml(self.path / "config.toml"), str(self.path / "config.toml"))

    @property
    def environment(self) -> dict[str, Any]:
        """What is in `environment.json`."""
        return read_json(self.path / "environment.json")

    @property
    def checkpoints(self) -> CheckpointFolder:
        """Its checkpoints."""
        return CheckpointFolder(self.path / "checkpoints")

    @property
    def model(self) -> Path:
        """The folder of the trained pipeline."""
        return self.path / "model"

    @property
    def metrics(self) -> dict[str, Any] | None:
        """What is in `metrics.json`, None while the run has not been scored."""
        path = self.path / "metrics.json"
        return read_json(path) if path.is_file() else None

    def move_data(self, data: str) -> None:
        """Write down where the data is now."""
        moved = replace(self.configuration, data=data)
        atomic_write(self.path / "config.toml", moved.to_toml())

    @property
    def continuations(self) -> list[Continuation]:
        """The epochs that were added to the training, in their order."""
        return [Continuation(**values) for values in self.environment.get("continued", [])]

    def add_continuation(self, continuation: Continuation) -> None:
        """Write down that the training goes on for more epochs; its scores are then not those of its end."""
        added = [vars(each) for each in (*self.continuations, continuation)]
        self.write_json("environment.json", {**self.environment, "continued": added})
        for name in ("metrics.json", "report.html"):
            (self.path / name).unlink(missing_ok=True)

    def history(self) -> list[dict[str, float]]:
        """The rows of `history.csv`."""
        path = self.path / "history.csv"
        if not path.is_file():
            return []
        with open(path, newline="", encoding="utf-8") as file:
            return [
                {name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)
            ]

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


def run_paths(folder: Path, data: str) -> Iterator[Path]:
    """Names for a new run: after the data, then with numbers."""
    name = Path(data).name or Path(data).resolve().name
    name = re.sub(r"(\.(zip|tar|tgz|gz|bz2|xz|csv|tsv|jsonl?|toml))+$", "", name, flags=re.IGNORECASE)
    name = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "run"
    yield folder / name
    for number in itertools.count(2):
        yield folder / f"{name}-{number}"


def to_json(value: Any) -> str:
    """Indented JSON of plain values, ending in a line break."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        UserError: if it cannot be read or is no JSON object, with the line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {reason(error)}") from None
    value = parse_json(content, str(path), any_number=True)
    if not isinstance(value, dict):
        raise UserError(f"{path} holds {type(value).__name__}, not a JSON object")
    return value


def _runs_beside(path: Path) -> str:
    """What runs there are where somebody looked for one."""
    for folder in (path.parent, Path("runs")):
        with suppress(OSError):
            runs = sorted(str(found.parent) for found in folder.glob("*/config.toml"))
            if runs:
                return "there are " + ", ".join(runs[:10])
    return "suite train makes one"
