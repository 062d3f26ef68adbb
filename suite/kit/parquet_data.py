"""Data sets of Parquet tables whose cells are files: where the tables lie, and which column is which."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from suite.errors import UserError, nearest, reason, unimportable
from suite.kit.packed_files import PackedFiles
from suite.kit.row_groups import RowGroups, open_row_groups
from suite.kit.split_names import split_of_name
from suite.sources.hidden import is_hidden
from suite.sources.opening import is_archive, open_tree
from suite.sources.source_types import open_file
from suite.stopping import check_stop
from suite.wording import some

_SUFFIX = ".parquet"
_ARROW = (".arrow", ".feather")
_SAVED = ("dataset_dict.json", "state.json")
"""What `save_to_disk` of a data set writes beside its tables, or above them."""

_MAX_FOLDERS = 200
_MAX_PEEKED = 8
_MAX_LOOKED_AT = 3
_FOOTER = 1 << 16


@dataclass(frozen=True)
class FileKind:
    """What a task needs of files in tables.

    Attributes:
        feature: what Hugging Face's library calls it: "Audio" or "Image".
        columns: what such columns are called, in lower case, the likeliest first.
        looks: whether the content of a file is of this kind.
        called: for people: "recordings".
        option: of the loader, which names the column.
    """

    feature: str
    columns: Sequence[str]
    looks: Callable[[bytes], bool]
    called: str
    option: str


@dataclass(frozen=True)
class PackedRow:
    """A row of a table.

    Attributes:
        split: of the table.
        file: the index of the row's file in `PackedFiles`.
        where: the table and the number of the row, for messages.
        number: of the row in its table, from 1 on.
        cells: by column.
    """

    split: str
    file: int
    where: str
    number: int
    cells: Mapping[str, Any]


class ParquetData:
    """The Parquet tables at a path, by their splits: only their footers are read.

    Args:
        path: a file or a folder, see `parquet_paths`.

    Attributes:
        path: as given.
        splits: the tables of each split.
        tables: all of them.

    Raises:
        UserError: if there is none, one is damaged, they differ in their columns, or the package that reads
            them is not installed.
    """

    def __init__(self, path: Path) -> None:
        paths = parquet_paths(path)
        if not paths:
            raise UserError(f"{path} is no {_SUFFIX} file, nor a folder with some")
        self.path = path
        self.splits = _opened(paths)
        self.tables = [table for tables in self.splits.values() for table in tables]
        first = self.tables[0]
        for table in self.tables:
            if set(table.names) != set(first.names):
                raise UserError(
                    f"{table.path} has the columns {some(table.names)}, but {first.path} has"
                    f" {some(first.names)}: give tables with the same columns"
                )

    @property
    def columns(self) -> list[str]:
        """The names that all tables have."""
        return self.tables[0].names

    def files(self, kind: FileKind, named: str = "") -> PackedFiles:
        """The files of a kind, one for each row.

        Args:
            kind: what they are.
            named: the column as the user gave it; empty: found by what is known of the columns.

        Raises:
            UserError: if there is no such column.
        """
        column = self._column(kind, named)
        folder = self.path.parent if self.path.is_file() else self.path
        return PackedFiles(folder, self.tables, column)

    def _column(self, kind: FileKind, named: str) -> str:
        if self.column(named, (), kind.option):
            if not all(table.holds_files(named) for table in self.tables):
                raise UserError(
                    f"{self.path}: the column '{named}' ({kind.option}) holds no files, which are bytes, or"
                    " objects with the field 'bytes'"
                )
            return named
        if column := file_column(self.tables[0], kind):
            return column
        raise UserError(
            f"{self.path} has no column of {kind.called} as bytes ('{kind.columns[0]}', say), only"
            f" {some(self.columns)}: name it with --set loader.{kind.option}=NAME"
        )

    def column(self, named: str, known: Sequence[str], option: str, content: str = "") -> str:
        """The column that the user named, or the first with a known name; empty if there is none.

        Args:
            named: what the user gave; empty: found by its name.
            known: names in lower case, the likeliest first.
            option: of the loader, for messages.
            content: what the column holds, for messages; empty if it need not be there.

        Raises:
            UserError: if it is not there.
        """
        if named and named not in self.columns:
            raise UserError(f"{self.path} has no column '{named}' ({option}): {nearest(named, self.columns)}")
        found = named or _known(self.columns, known)
        if content and not found:
            raise UserError(
                f"{self.path} has no column for the {content} ('{known[0]}', say), only {some(self.columns)}:"
                f" name it with --set loader.{option}=NAME"
            )
        return found

    def rows(self, columns: Sequence[str]) -> Iterator[PackedRow]:
        """All rows with their cells in some columns, table by table, in the order of `PackedFiles`.

        See `RowGroups.cells`.
        """
        index = 0
        for split, tables in self.splits.items():
            for table in tables:
                number = 0
                for group in range(len(table.starts) - 1):
                    check_stop()
                    cells = [table.cells(group, column) for column in columns]
                    for row in range(int(np.diff(table.starts)[group])):
                        number += 1
                        own = {name: cell[row] for name, cell in zip(columns, cells, strict=True)}
                        where = f"{table.path.name}, row {number}"
                        yield PackedRow(split, index, where, number, own)
                        index += 1


def holds_files_of(path: Path, kind: FileKind) -> bool | str:
    """Whether there are Parquet tables at `path` with files of a kind: what `DataLoader.detect` returns.

    Returns:
        A sentence if there are several data sets, a table that cannot be read, or tables in an archive or in
        Arrow's own files.
    """
    if is_archive(path):
        return _in_archive(path)
    try:
        paths = parquet_paths(path)
    except SeveralError as error:
        inner = [folder for folder in error.folders if holds_files_of(folder, kind) is True]
        return str(error) if inner else False
    except UserError as error:
        return str(error)
    if not paths:
        return _in_arrow_files(path, kind)
    first = next(iter(paths.values()))[0]
    try:
        (table,) = open_row_groups([first])
        return bool(file_column(table, kind))
    except ImportError:  # whoever loads it says which package is missing
        return _footer_says(first, "bytes", kind.columns[0])
    except UserError as error:
        return str(error)


def _in_archive(path: Path) -> bool | str:
    try:
        names = open_tree(path).names
    except UserError:
        return False
    if not any(name.lower().endswith(_SUFFIX) for name in names):
        return False
    return f"{path} has {_SUFFIX} files in it, which are read from a file or a folder: unpack it"


def _in_arrow_files(path: Path, kind: FileKind) -> bool | str:
    """A sentence if files of a kind are in Arrow's own files, as `save_to_disk` of a data set writes them."""
    files = [path]
    if path.is_dir():
        if not any((path / name).exists() for name in _SAVED):
            return False
        files, folders = _listed(path, _ARROW)
        if not files:
            below = [folder for folder in folders if _is_split(folder.name)]
            files = [file for folder in below for file in _listed(folder, _ARROW)[0]]
    if not files or not files[0].name.lower().endswith(_ARROW):
        return False
    try:
        with open_file(files[0]) as file:
            head = file.read(_FOOTER)
    except UserError:
        return False
    # The schema stands in front, with what Hugging Face's library wrote down.
    if b"bytes" not in head or f'"{kind.feature}"'.encode() not in head:
        return False
    return (
        f"{path} has {kind.called} in Arrow's own files, which are not read: write Parquet, with to_parquet()"
        " of Hugging Face's data sets"
    )


class SeveralError(UserError):
    """Parquet tables in several folders, which are as many data sets.

    Args:
        path: the folder around them.
        folders: with tables.
    """

    def __init__(self, path: Path, folders: Sequence[Path]) -> None:
        names = some([folder.name for folder in folders])
        super().__init__(f"{path} has Parquet files in several folders, {names}: give the path of one")
        self.folders = folders


def file_column(table: RowGroups, kind: FileKind) -> str:
    """The column of a table with files of a kind; empty if there is none.

    It is the one that Hugging Face's library says to be so; else the one that is called so, or the only one,
    if its first files are of that kind.
    """
    columns = [name for name in dict.fromkeys(table.names) if table.holds_files(name)]
    types = {name: _type_of(table, name) for name in columns}
    said = [name for name in columns if types[name] == kind.feature]
    if said:
        return _known(said, kind.columns) or said[0]
    rest = [name for name in columns if types[name] in ("", "Value")]
    usual = _known(rest, kind.columns)
    ordered = [usual, *(name for name in rest if name != usual)] if usual else rest
    return next((name for name in ordered if any(map(kind.looks, _first_files(table, name)))), "")


def parquet_paths(path: Path) -> dict[str, list[Path]]:
    """The Parquet files of each split; empty if there are none.

    They are one file, or lie in a folder or in those of its splits, perhaps in a folder `data`. Files of one
    split are all of it. A file that is alone is for training, and so are those of no split if none is.

    Raises:
        SeveralError: if there are several folders with Parquet files.
        UserError: if some files are called after splits and others are not.
    """
    if path.is_file():
        return {"train": [path]} if path.name.lower().endswith(_SUFFIX) else {}
    if not path.is_dir():
        return {}
    found, folders = _listed(path)
    if not found:
        below = [folder for folder in folders if folder.name == "data" or _is_split(folder.name)]
        found = [file for folder in below for file in _listed(folder)[0]]
    if not found:
        sets = [folder for folder in folders[:_MAX_FOLDERS] if _begins_with_tables(folder)]
        if len(sets) > 1:
            raise SeveralError(path, sets)
        return parquet_paths(sets[0]) if sets else {}
    return _by_split(path, found)


def _by_split(path: Path, found: Sequence[Path]) -> dict[str, list[Path]]:
    splits: dict[str, list[Path]] = {}
    for file in found:
        split = split_of_name(file.stem) or split_of_name(file.parent.name, whole=True) or ""
        splits.setdefault(split, []).append(file)
    if len(found) == 1:
        return {"train": list(found)}
    rest = splits.pop("", [])
    if rest and "train" in splits:
        names = some([file.name for file in rest])
        raise UserError(f"{path}: {names} is called after no split, and others are: name it so, or move it")
    return {**({"train": rest} if rest else {}), **splits}


def _is_split(name: str) -> bool:
    return split_of_name(name, whole=True) is not None


def _listed(folder: Path, suffixes: tuple[str, ...] = (_SUFFIX,)) -> tuple[list[Path], list[Path]]:
    """The files in a folder with one of these endings, and its folders."""
    files: list[Path] = []
    folders: list[Path] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:  # of which there may be a million that are neither
                if entry.name.lower().endswith(suffixes):
                    files.append(folder / entry.name)
                elif entry.is_dir() and not is_hidden(entry.name):
                    folders.append(folder / entry.name)
    except OSError as error:
        raise UserError(f"{folder} cannot be read: {reason(error)}") from None
    return sorted(file for file in files if not is_hidden(file.name)), sorted(folders)


def _begins_with_tables(folder: Path) -> bool:
    """Whether a Parquet file is among the first few entries of a folder, which may have a million others."""
    try:
        with os.scandir(folder) as entries:
            return any(entry.name.lower().endswith(_SUFFIX) for entry in islice(entries, _MAX_PEEKED))
    except OSError:
        return False


def _opened(splits: Mapping[str, Sequence[Path]]) -> dict[str, list[RowGroups]]:
    paths = [path for files in splits.values() for path in files]
    try:
        opened = iter(open_row_groups(paths))
    except ImportError as error:
        needed = f"{paths[0]}: reading {_SUFFIX} files needs the package pyarrow: pip install"
        raise unimportable(error, "pyarrow", f"{needed} 'keras-suite[tables]'") from None
    return {split: [next(opened) for _ in files] for split, files in splits.items()}


def _known(names: Sequence[str], known: Sequence[str]) -> str:
    """The column that is called as one of `known`, of several as the first; empty if there is none."""
    plain = {name.strip().casefold().replace(" ", "_"): name for name in reversed(names)}
    return next((plain[name] for name in known if name in plain), "")


def _type_of(table: RowGroups, name: str) -> str:
    feature = table.features.get(name)
    return str(feature.get("_type", "")) if isinstance(feature, dict) else ""


def _first_files(table: RowGroups, column: str) -> Iterator[bytes]:
    """The first files in a column of a table."""
    if len(table):
        cells = table.files(0, column)
        contents = (cells[row].as_py() for row in range(min(len(cells), 10 * _MAX_LOOKED_AT)))
        yield from islice((content for content in contents if content), _MAX_LOOKED_AT)


def _footer_says(path: Path, *words: str) -> bool:
    """Whether the end of a Parquet file, which names its columns, has all of these words."""
    try:
        with open_file(path) as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(max(0, size - _FOOTER))
            end = file.readall()
    except (UserError, OSError):
        return False
    return end.endswith(b"PAR1") and all(word.encode() in end for word in words)
