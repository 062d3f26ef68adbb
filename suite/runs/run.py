"""A run as people and programs read it: what was chosen, how the training went, how good the model is."""

from __future__ import annotations

import csv
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import msgspec

from suite.configuration import Configuration, from_mapping, read_toml
from suite.documents import parse_json
from suite.errors import UserError, reason
from suite.pipeline.manifest import FOLDS_FILE
from suite.regular_files import read_regular
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
    """A trained run, or one that is being trained.

    Attributes:
        path: its directory; `suite.load(run.path)` predicts with its model.
    """

    path: Path

    @classmethod
    def open(cls, path: Path) -> Self:
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
    def model(self) -> Path:
        """The folder of the trained pipeline."""
        return self.path / "model"

    @property
    def metrics(self) -> dict[str, Any] | None:
        """What is in `metrics.json`, None while the run has not been scored."""
        path = self.path / "metrics.json"
        return read_json(path) if path.is_file() else None

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
