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

import msgspec

from suite.configuration import Configuration, from_mapping, read_toml
from suite.documents import parse_json
from suite.errors import UserError, reason
from suite.files import atomic_folder, atomic_write, refuse_existing, writing
from suite.pipeline.manifest import FOLDS_FILE
from suite.regular_files import read_regular
from suite.training.checkpoints import CheckpointFolder
from suite.training.continuation import Continuation
from suite.versions import PACKAGE, installed, other_versions, said_with

FORMAT = 1
"""The version of the layout of a run, in its `environment.json`."""


class _Environment(msgspec.Struct):
    """What is read of `environment.json`, with its types; there is more in it."""

    format: int = FORMAT
    notes: list[str] = []
    counts: dict[str, int] = {}
    facts: dict[str, Any] = {}
    packages: dict[str, str] = {}
    continued: list[Continuation] = []
    plugin_files: dict[str, str] = {}


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
        file = self.path / "config.toml"
        with said_with(self.other_versions):
            return from_mapping(read_toml(file), str(file))

    @property
    def environment(self) -> dict[str, Any]:
        """What is in `environment.json`.

        Raises:
            UserError: if it is damaged, or of another format.
        """
        file = self.path / "environment.json"
        values = read_json(file)
        try:
            known = msgspec.convert(values, _Environment)
        except msgspec.ValidationError as error:
            raise UserError(f"{file} is damaged: {error}") from None
        if known.format != FORMAT:
            newer = known.format > FORMAT
            advice = f"pip install --upgrade {PACKAGE}" if newer else "train anew"
            packages = other_versions(known.packages, installed(known.packages))
            raise UserError(
                f"{self.path} was made by {'a newer' if newer else 'an older'} version (format"
                f" {known.format}, this one reads {FORMAT}){packages}: {advice}"
            )
        return values

    @property
    def plugin_files(self) -> dict[str, str]:
        """Where the files of plugins of one file were, by the names of the plugins."""
        return dict(self.environment.get("plugin_files", {}))

    def other_versions(self) -> str:
        """The end of a sentence on packages that were of another version when the run was made; or ""."""
        try:
            packages = self.environment.get("packages", {})
        except UserError:
            return ""
        return other_versions(packages, installed(packages))

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
        return msgspec.convert(self.environment.get("continued", []), list[Continuation])

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
        try:
            with open(path, newline="", encoding="utf-8") as file:
                return [
                    {name: float(value) for name, value in row.items() if value}
                    for row in csv.DictReader(file)
                ]
        except (ValueError, TypeError, csv.Error) as error:
            raise UserError(f"{path} is damaged: {reason(error)}") from None

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
        content = read_regular(path)
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
