"""Tables of images and labels: CSV, TSV and JSON lines, with lines in every message."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from suite import UserError
from suite.data import Dataset
from suite.kit import SPLITS, counted, nearest, some
from suite.sources import FileSource, FolderTree
from suite_image_classification.examples import ImageExamples, assemble
from suite_image_classification.options import TableOptions
from suite_images.tables import PATH_COLUMNS, SPLIT_COLUMNS, rows_of_cells, text_of

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson")

LABEL_COLUMNS = (
    "label", "labels", "class", "classes", "class_name", "category", "categories", "target", "targets", "tag",
    "tags",
)  # fmt: skip
_SEPARATORS = ("|", ";")

Target = str | list[str]


def tables_at(path: Path) -> dict[str, Path]:
    """The table at `path`, or a folder's tables by part; empty where there is none.

    Raises:
        UserError: where a folder has two tables for one part.
    """
    if path.is_file():
        return {"train": path} if path.suffix.lower() in TABLE_SUFFIXES else {}
    tables: dict[str, Path] = {}
    if path.is_dir():
        try:
            entries = sorted(entry.name for entry in os.scandir(path) if entry.is_file())
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error.strerror}") from None
        for name in entries:
            part = SPLITS.get(Path(name).stem.lower())
            if part and name.lower().endswith(TABLE_SUFFIXES):
                if part in tables:
                    raise UserError(f"{path} has two tables for the {part} part: {tables[part].name}, {name}")
                tables[part] = path / name
    return tables if "train" in tables else {}


def read_tables(path: Path, options: TableOptions) -> Dataset:
    """Read the table at `path`, or the tables of a folder, into a data set.

    Raises:
        UserError: as documented at `loaders.load_table`.
    """
    tables = tables_at(path)
    if not tables:
        raise UserError(
            f"{path} is neither a table ({', '.join(TABLE_SUFFIXES)}) nor a folder with one called train"
        )
    listing = _Listing(path if path.is_dir() else path.parent, options)
    for part, table in tables.items():
        listing.add(table, part)
    return listing.dataset(path)


class _Listing:
    """The images of all tables: each file once, each different target once."""

    def __init__(self, folder: Path, options: TableOptions) -> None:
        self.folder = folder
        self.options = options
        self.names: list[str] = []
        self.sizes: list[int] = []
        self.places: dict[str, int] = {}
        self.missing: list[str] = []
        self.kinds: dict[str | tuple[str, ...], int] = {}
        # For each part the place of each file with the number of its target and the line it stands in.
        self.parts: dict[str, dict[int, tuple[int, int]]] = {}
        self.problems: list[str] = []

    def add(self, table: Path, part: str) -> None:
        """List the rows of a table; those of a table with a split column belong to the part it says."""
        columns: _Columns | None = None
        repeated = 0
        for line, row in _rows(table):
            where = f"{table}, line {line}"
            columns = columns or _Columns.find(table, list(row), self.options)
            name = row.get(columns.path)
            if not isinstance(name, str) or not name.strip():
                raise UserError(f"{where} has no path in column '{columns.path}'")
            target = _target(row.get(columns.label), self.options.label_separator, columns.label, where)
            kind = self.kinds.setdefault(
                tuple(target) if isinstance(target, list) else target, len(self.kinds)
            )
            place = self._place(name.strip(), where)
            if place is None:
                continue
            chosen = _part_of(row, columns.split, where) if columns.split else part
            first_kind, first_line = self.parts.setdefault(chosen, {}).setdefault(place, (kind, line))
            if first_kind != kind:
                raise UserError(
                    f"{where}: '{name.strip()}' has another label in line {first_line}. An image is one row;"
                    " several labels stand in one cell, with the option label_separator"
                )
            repeated += first_line != line
        if columns is None:
            raise UserError(f"{table} has no rows")
        if repeated:
            rows = counted(repeated, "row repeats", "rows repeat")
            self.problems.append(f"{table.name}: {rows} an earlier one, left out")

    def dataset(self, path: Path) -> Dataset:
        """All that was listed. Raises `UserError` where files are missing."""
        if self.missing:
            rest = len(self.missing) - 1
            more = f" ({counted(rest, 'more is', 'more are')} missing)" if rest else ""
            raise UserError(f"{self.missing[0]}{more}: paths are relative to the table")
        targets: list[Target] = [list(kind) if isinstance(kind, tuple) else kind for kind in self.kinds]
        single = [target for target in targets if isinstance(target, str)]
        if single and len(single) < len(targets):
            raise UserError(f"{path}: some labels are lists and some are not: give all as lists")
        tree = FolderTree(str(self.folder), self.names, np.array(self.sizes, np.int64))
        parts = {
            name: ImageExamples(
                tree, np.array(list(listed)), targets, np.array([kind for kind, _ in listed.values()])
            )
            for name, listed in self.parts.items()
        }
        problems = [*self.problems, *_joined_labels(single)]
        return assemble(path, parts, problems, multi_label=not single)

    def _place(self, name: str, where: str) -> int | None:
        """The number of the file, or None where there is none (which goes to `missing`)."""
        known = self.places.get(name)
        if known is not None:
            return known
        if "://" in name:
            raise UserError(f"{where}: '{name}' is an address, not a file: download the images first")
        for spelling in (name, name.replace("\\", "/")):
            try:
                found = Path(self.folder, spelling).stat()
            except (OSError, ValueError):
                continue
            if stat.S_ISREG(found.st_mode):
                self.names.append(spelling)
                self.sizes.append(found.st_size)
                return self.places.setdefault(name, len(self.places))
        self.missing.append(f"{where}: there is no file '{Path(self.folder, name)}'")
        return None


def _part_of(row: Mapping[str, Any], column: str, where: str) -> str:
    written = str(row.get(column) or "").strip()
    if written.lower() not in SPLITS:
        raise UserError(f"{where}: '{written}' in column '{column}' is not train, validation or test")
    return SPLITS[written.lower()]


@dataclass(frozen=True)
class _Columns:
    path: str
    label: str
    split: str

    @classmethod
    def find(cls, table: Path, names: list[str], options: TableOptions) -> _Columns:
        def pick(option: str, known: Sequence[str], what: str) -> str:
            given = getattr(options, option)
            if given:
                if given not in names:
                    raise UserError(f"{table} has no column '{given}' ({option}): {nearest(given, names)}")
                return str(given)
            by_plain_name = {name.strip().casefold().replace(" ", "_"): name for name in reversed(names)}
            for name in known:
                if name in by_plain_name:
                    return by_plain_name[name]
            if not what:
                return ""
            listed = ", ".join(f"'{name}'" for name in names)
            raise UserError(
                f"{table} has no column for the {what} ('{known[0]}', say), only {listed}: name it with"
                f" --set loader.{option}=NAME"
            )

        return cls(
            pick("path_column", PATH_COLUMNS, "paths of the images"),
            pick("label_column", LABEL_COLUMNS, "labels"),
            pick("split_column", SPLIT_COLUMNS, ""),
        )


def _target(value: Any, separator: str, column: str, where: str) -> Target:
    if isinstance(value, list):
        if not all(isinstance(item, str | int) for item in value):
            raise UserError(f"{where}: the labels in '{column}' are not all texts")
        return list(dict.fromkeys(str(item) for item in value))
    if isinstance(value, bool | float | dict):
        raise UserError(f"{where}: the label {value!r} in '{column}' is no text")
    text = "" if value is None else str(value)
    if separator:
        pieces = (piece.strip() for piece in text.split(separator))
        return list(dict.fromkeys(piece for piece in pieces if piece))
    if not text.strip():
        raise UserError(f"{where} has no label in column '{column}'")
    return text


def _joined_labels(labels: Sequence[str]) -> list[str]:
    """A sentence where labels look as if several stood in one cell."""
    for separator in _SEPARATORS:
        if joined := [label for label in labels if separator in label.strip(separator)]:
            sentence = (
                f"labels like {some(joined[:1])} are taken as one class each: if they are several labels, say"
                f" --set loader.label_separator='{separator}'"
            )
            return [sentence]
    return []


def _rows(table: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Line number and cells by column of each row that is not blank."""
    text = text_of(FileSource(table))
    if table.suffix.lower() in (".jsonl", ".ndjson"):
        for line, content in enumerate(text.split("\n"), start=1):
            if content.strip():
                try:
                    row = msgspec.json.decode(content)
                except msgspec.DecodeError as error:
                    raise UserError(f"{table}, line {line} is not JSON: {error}") from None
                if not isinstance(row, dict):
                    raise UserError(f"{table}, line {line} is not a JSON object with a path and a label")
                yield line, row
        return
    names: list[str] | None = None
    for line, cells in rows_of_cells(text, str(table)):
        if names is None:
            names = [cell.strip() for cell in cells]
            if twins := {name for name in names if name and names.count(name) > 1}:
                raise UserError(f"{table} has more than one column {some(sorted(twins))}")
        elif len(cells) != len(names):
            raise UserError(f"{table}, line {line} has {len(cells)} cells, but the header has {len(names)}")
        else:
            yield line, dict(zip(names, cells, strict=True))
