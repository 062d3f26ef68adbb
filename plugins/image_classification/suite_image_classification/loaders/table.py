"""The loader `table`: CSV, TSV and JSON lines with a path and one or several labels per image."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from suite import UserError
from suite.data import Dataset
from suite.kit import SPLITS, counted, groups_of, nearest, some, tables
from suite.sources import FileSource
from suite_classification.types import Target
from suite_image_classification.examples import Listing
from suite_image_classification.options import TableOptions
from suite_images.tables import PATH_COLUMNS, SPLIT_COLUMNS, text_of

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson")

LABEL_COLUMNS = (
    "label", "labels", "class", "classes", "class_name", "category", "categories", "target", "targets", "tag",
    "tags",
)  # fmt: skip
_SEPARATORS = ("|", ";")


def detect(path: Path) -> bool:
    """Whether `path` is a table (.csv, .tsv, .jsonl), or a folder with one called train."""
    return bool(tables_at(path))


def tables_at(path: Path) -> dict[str, Path]:
    """The table at `path`, or a folder's tables by split; empty if there is none.

    Raises:
        UserError: if a folder has two tables for one split.
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
            split = SPLITS.get(Path(name).stem.lower())
            if split and name.lower().endswith(TABLE_SUFFIXES):
                if split in tables:
                    raise UserError(
                        f"{path} has two tables for the {split} split: {tables[split].name}, {name}"
                    )
                tables[split] = path / name
    return tables if "train" in tables else {}


def load(path: Path, options: TableOptions) -> Dataset:
    """Load the images that a table lists, or a folder's tables called train, validation and test.

    Raises:
        UserError: if a column is missing, a row has no label or no file, or the table cannot be read; the
            message has the line.
    """
    tables = tables_at(path)
    if not tables:
        raise UserError(
            f"{path} is neither a table ({', '.join(TABLE_SUFFIXES)}) nor a folder with one called train"
        )
    listing = Listing(
        path if path.is_dir() else path.parent,
        unit="line",
        hint="; several labels stand in one cell, with the option label_separator",
    )
    problems: list[str] = []
    groups: dict[str, str] = {}
    for split, table in tables.items():
        problems += _read(listing, table, split, options, groups)
    labels = [kind for kind in listing.kinds if isinstance(kind, str)]
    dataset = listing.dataset(path, [*problems, *_joined_labels(labels)])
    if not options.group_column:
        return dataset
    by_id = {listing.names[index]: groups.get(name, "") for name, index in listing.file_indices.items()}
    return replace(dataset, groups=groups_of(by_id))


def _read(
    listing: Listing, table: Path, split: str, options: TableOptions, groups: dict[str, str]
) -> list[str]:
    """List the rows of a table, and return its problems. A split column wins over `split`.

    The group of each image goes to `groups`, if there is a column for it.
    """
    columns: _Columns | None = None
    repeated = 0
    for line, row in _rows(table):
        location = f"{table}, line {line}"
        columns = columns or _Columns.find(table, list(row), options)
        name = row.get(columns.path)
        if not isinstance(name, str) or not name.strip():
            raise UserError(f"{location} has no path in column '{columns.path}'")
        target = _target(row.get(columns.label), options.label_separator, columns.label, location)
        if columns.group:
            groups.setdefault(name.strip(), str(row.get(columns.group) or "").strip())
        row_split = _split_of(row, columns.split, location) if columns.split else split
        repeated += not listing.add(name.strip(), target, split=row_split, origin=str(table), row=line)
    if columns is None:
        raise UserError(f"{table} has no rows")
    if not repeated:
        return []
    return [f"{table.name}: {counted(repeated, 'row repeats', 'rows repeat')} an earlier one, left out"]


def _split_of(row: Mapping[str, Any], column: str, location: str) -> str:
    written = str(row.get(column) or "").strip()
    if written.lower() not in SPLITS:
        raise UserError(f"{location}: '{written}' in column '{column}' is not train, validation or test")
    return SPLITS[written.lower()]


@dataclass(frozen=True)
class _Columns:
    path: str
    label: str
    split: str
    group: str

    @classmethod
    def find(cls, table: Path, names: list[str], options: TableOptions) -> _Columns:
        def pick(option: str, known: Sequence[str], what: str) -> str:
            wanted = str(getattr(options, option))
            if wanted:
                if wanted not in names:
                    raise UserError(f"{table} has no column '{wanted}' ({option}): {nearest(wanted, names)}")
                return wanted
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
            pick("group_column", (), ""),
        )


def _target(value: Any, separator: str, column: str, location: str) -> Target:
    if isinstance(value, list):
        if not all(isinstance(item, str | int) for item in value):
            raise UserError(f"{location}: the labels in '{column}' are not all texts")
        return list(dict.fromkeys(str(item) for item in value))
    if isinstance(value, bool | float | dict):
        raise UserError(f"{location}: the label {value!r} in '{column}' is no text")
    text = "" if value is None else str(value)
    if separator:
        pieces = (piece.strip() for piece in text.split(separator))
        return list(dict.fromkeys(piece for piece in pieces if piece))
    if not text.strip():
        raise UserError(f"{location} has no label in column '{column}'")
    return text


def _joined_labels(labels: Sequence[str]) -> list[str]:
    """A sentence if labels look as if several stood in one cell."""
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
    for line, cells in tables.cells(tables.lines(text), str(table)):
        if names is None:
            names = [cell.strip() for cell in cells]
            if twins := {name for name in names if name and names.count(name) > 1}:
                raise UserError(f"{table} has more than one column {some(sorted(twins))}")
        elif len(cells) != len(names):
            raise UserError(f"{table}, line {line} has {len(cells)} cells, but the header has {len(names)}")
        else:
            yield line, dict(zip(names, cells, strict=True))
