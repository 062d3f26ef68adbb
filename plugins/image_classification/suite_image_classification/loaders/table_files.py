"""Which tables a path stands for, and their rows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite import UserError
from suite.kit import NotJsonError, decode_json, open_row_groups, some, split_of_name, tables
from suite.sources import FileSource
from suite_image_classification.loaders.table_columns import MULTI_HOT, has_paths_and_labels
from suite_images.listing import is_image
from suite_images.tables import text_of

PLAIN_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson")
TABLE_SUFFIXES = (*PLAIN_SUFFIXES, *(suffix for suffix in tables.SUFFIXES if suffix not in PLAIN_SUFFIXES))
"""What a table may end with. What is not in `PLAIN_SUFFIXES` is one only if it has the columns."""

_MAX_LOOKED_INTO = 1 << 28

BESIDE_IMAGES = (MULTI_HOT, "metadata", "labels")
"""What a table is called that lies in a folder with its images: Roboflow's, Hugging Face's, Kaggle's."""


@dataclass(frozen=True)
class TableFile:
    """A table of a data set.

    Attributes:
        path: of the file.
        split: that its rows belong to, unless they say another one; None: that of the image's folder.
        folder: of the images, relative to the data set; "" is the data set's own folder.
    """

    path: Path
    split: str | None
    folder: str = ""


def tables_at(path: Path) -> list[TableFile]:
    """The table at `path`, or a folder's tables; empty if there is none.

    A folder has a table for each split, called after it ("train.csv", "test_labels.csv"), or one in each
    split's folder ("train/_classes.csv", "valid/metadata.jsonl"), or one for all ("metadata.csv").

    Raises:
        UserError: if a folder has two tables for one split.
    """
    if path.is_file():
        return [TableFile(path, "train")] if _may_be_table(path) else []
    if not path.is_dir():
        return []
    try:
        with os.scandir(path) as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    names = [
        name
        for name, is_folder in found
        if not is_folder and name.lower().endswith(TABLE_SUFFIXES) and _may_be_table(path / name)
    ]
    for whole in (True, False):
        if of_splits := _of_splits(path, names, whole=whole):
            return of_splits
    folders = [name for name, is_folder in found if is_folder and split_of_name(name, whole=True)]
    beside = [
        TableFile(table, split_of_name(name), name)
        for name in folders
        for table in [_beside_images(path / name)]
        if table is not None
    ]
    if any(table.split == "train" for table in beside):
        return beside
    for_all = _beside_images(path)
    return [TableFile(for_all, None)] if for_all is not None else []


def _of_splits(path: Path, names: list[str], *, whole: bool) -> list[TableFile]:
    of_splits: dict[str, str] = {}
    for name in names:
        split = split_of_name(_stem(name), whole=whole)
        if split in of_splits:
            raise UserError(f"{path} has two tables for the {split} split: {of_splits[split]}, {name}")
        if split:
            of_splits[split] = name
    if "train" not in of_splits:
        return []
    return [TableFile(path / name, split) for split, name in of_splits.items()]


def _beside_images(folder: Path) -> Path | None:
    """The table of the images in a folder, if one is called so and its header has what is needed."""
    for stem in BESIDE_IMAGES:
        for suffix in TABLE_SUFFIXES:
            table = folder / f"{stem}{suffix}"
            if table.is_file() and _has_labels(table):
                return table
    return None


def _stem(name: str) -> str:
    """A table's name without its endings: train of train.csv.gz."""
    return Path(name.removesuffix(".gz")).stem


def _may_be_table(path: Path) -> bool:
    """Whether a file is a table by its name, and if that says little (a JSON, say), by its columns."""
    lower = path.name.lower()
    if lower.endswith(PLAIN_SUFFIXES) or not lower.endswith(TABLE_SUFFIXES):
        return lower.endswith(PLAIN_SUFFIXES)
    # A JSON of boxes may be as large as it likes, and all of it would be read.
    return (lower.endswith(".parquet") or path.stat().st_size <= _MAX_LOOKED_INTO) and _has_labels(path)


def _has_labels(table: Path) -> bool:
    try:
        if table.name.lower().endswith(".parquet"):  # of which only the end is read
            (packed,) = open_row_groups([table])
            return has_paths_and_labels(list(filter(packed.is_plain, packed.names)), table)
        first = next(iter(rows(table)), None)
    except (UserError, ImportError):
        return table.name.lower().endswith(PLAIN_SUFFIXES)  # whoever reads it says what is wrong
    return first is not None and has_paths_and_labels(list(first[1]), table)


def rows(table: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Line number and cells by column of each row that is not blank.

    A table of two columns whose first line begins with the name of an image has no header: its columns are
    "path" and "label".

    Raises:
        UserError: for what is no table, with the line.
    """
    if table.name.lower().endswith(PLAIN_SUFFIXES):
        name, text = str(table), text_of(FileSource(table))
    else:
        content, name = tables.unpacked(FileSource(table).read(), str(table))
        if not name.lower().endswith(PLAIN_SUFFIXES):
            yield from _other_rows(content, name)
            return
        text = tables.decoded(content, name)
    if name.lower().endswith((".jsonl", ".ndjson")):
        yield from _json_rows(text, table)
        return
    names: list[str] | None = None
    for line, cells in tables.cells(tables.lines(text), name):
        if names is None:
            if len(cells) == 2 and is_image(cells[0].strip()) and not is_image(cells[1].strip()):
                names = ["path", "label"]
            else:
                names = [cell.strip() for cell in cells]
                if twins := {name for name in names if name and names.count(name) > 1}:
                    raise UserError(f"{table} has more than one column {some(sorted(twins))}")
                continue
        if len(cells) != len(names):
            raise UserError(f"{table}, line {line} has {len(cells)} cells, but the header has {len(names)}")
        yield line, dict(zip(names, cells, strict=True))


def _other_rows(content: bytes, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows of a spreadsheet, of an Arrow file, or of JSON that is no lines."""
    for line, row in tables.rows(content, name):
        if isinstance(row, str):
            raise UserError(f"{name}, line {line} is a row {row}")
        yield line, {column.strip(): cell for column, cell in row.items()}


def _json_rows(text: str, table: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for line, content in enumerate(text.split("\n"), start=1):
        if content.strip():
            try:
                row = decode_json(content)
            except NotJsonError as error:
                raise UserError(f"{table}, line {line} is not JSON: {error}") from None
            if not isinstance(row, dict):
                raise UserError(f"{table}, line {line} is not a JSON object with a path and a label")
            yield line, row
