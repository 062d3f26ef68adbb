"""The loader `table`: CSV, TSV and JSON lines with a path and one or several labels per image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import counted, expanded, groups_of
from suite_image_classification.examples import Listing
from suite_image_classification.loaders.image_finder import ImageFinder
from suite_image_classification.loaders.table_columns import (
    MULTI_HOT,
    Columns,
    NoLabelsError,
    find_columns,
    joined_labels,
    list_in_text,
    split_of,
)
from suite_image_classification.loaders.table_files import (
    TABLE_SUFFIXES,
    TableFile,
    rows,
    tables_at,
)
from suite_image_classification.options import TableOptions
from suite_images.file_index import split_of_path


def detect(path: Path) -> bool:
    """Whether `path` is a table of images, or a folder with tables for splits or beside images."""
    return bool(tables_at(path))


def load(path: Path, options: TableOptions) -> Dataset:
    """Load the images that a table lists, or a folder's tables, see `table_files.tables_at`.

    Raises:
        UserError: if a column is missing, a row has no label or no file, or the table cannot be read; the
            message has the line.
    """
    tables = sorted(tables_at(path), key=lambda table: table.split not in (None, "train"))
    if not tables:
        raise UserError(
            f"{path} is neither a table ({', '.join(TABLE_SUFFIXES)}) nor a folder with one called train"
        )
    folder = _images_folder(path if path.is_dir() else path.parent, options)
    finder = ImageFinder(folder)
    hint = "; several labels stand in one cell, with the option label_separator"
    reading = _Reading(Listing(folder, unit="line", hint=hint, find=finder.find), options)
    for table in tables:
        reading.read(table)
    reading.settle(tables)
    if finder.elsewhere:
        what = counted(len(finder.elsewhere), "image lies", "images lie")
        reading.problems.append(
            Problem(
                f"{what} in another folder than the table says, found by the file's name", finder.elsewhere
            )
        )
    dataset = reading.listing.dataset(path, reading.problems, options)
    if not options.group_column:
        return dataset
    return replace(dataset, groups=groups_of(reading.listing.groups))


def _images_folder(folder: Path, options: TableOptions) -> Path:
    if not options.images:
        return folder
    given = expanded(options.images)
    for images in (folder / given, given):
        if images.is_dir():
            return images
    raise UserError(f"there is no folder '{given}' (loader.images), neither here nor in {folder}")


@dataclass
class _Reading:
    """The rows of all tables of a data set.

    Attributes:
        listing: what was read so far.
        options: of the loader.
        columns: of the first table.
        problems: what is odd.
    """

    listing: Listing
    options: TableOptions
    columns: Columns | None = None
    problems: list[str] = field(default_factory=list)

    def read(self, table: TableFile) -> None:
        """List the rows of a table. A split column wins over the split of the table."""
        columns: Columns | None = None
        repeated = 0
        for line, row in rows(table.path):
            location = f"{table.path}, line {line}"
            if columns is None:
                try:
                    columns = self._columns(table, row)
                except NoLabelsError:
                    if self.columns is None:
                        raise
                    self.problems.append(f"{table.path.name} has no labels, left out")
                    return
            name = row.get(columns.path)
            if not isinstance(name, str) or not name.strip():
                raise UserError(f"{location} has no path in column '{columns.path}'")
            name = f"{table.folder}/{name.strip()}" if table.folder else name.strip()
            repeated += not self.listing.add(
                name,
                columns.target(row, self.options.label_separator, location),
                split=_split_of(row, columns.split, location) if columns.split else _own_split(table, name),
                origin=str(table.path),
                row=line,
                group=str(row.get(columns.group) or "").strip() if columns.group else "",
            )
        if columns is None:
            raise UserError(f"{table.path} has no rows")
        self.columns = self.columns or columns
        if repeated:
            what = counted(repeated, "row repeats", "rows repeat")
            self.problems.append(f"{table.path.name}: {what} an earlier one, left out")

    def _columns(self, table: TableFile, first: Mapping[str, Any]) -> Columns:
        def all_rows() -> Any:
            return (row for _, row in rows(table.path))

        return find_columns(table.path, first, all_rows, self.options, self.columns)

    def settle(self, tables: list[TableFile]) -> None:
        """Decide what labels are, now that all are known: one or several, and say what may be meant."""
        kinds = list(self.listing.kinds)
        texts = [kind for kind in kinds if isinstance(kind, str)]
        assert self.columns is not None
        if self.columns.hot:
            used = {label for kind in kinds for label in kind}
            columns = [name for name in self.columns.labels if name in used]
            if not self.options.label_column:
                what = counted(len(columns), "column of 0 and 1 is a class", "columns of 0 and 1 are classes")
                self.problems.append(Problem(what, columns, wrong=False))
            if empty := [name for name in self.columns.labels if name not in used]:
                what = counted(len(empty), "column has", "columns have")
                self.problems.append(Problem(f"{what} no 1, so there is no class of its name", empty))
            if all(len(kind) == 1 for kind in kinds) and all(
                table.path.stem != MULTI_HOT for table in tables
            ):
                self.listing.relabel(lambda kind: kind[0])
            return
        if self.options.label_separator:
            return
        lists: dict[str | tuple[str, ...], list[str]] = {
            text: labels for text in texts if (labels := list_in_text(text)) is not None
        }
        if lists and len(lists) == len(kinds):
            self.problems.append(
                Problem("labels are written as lists, and read as several labels", texts, wrong=False)
            )
            self.listing.relabel(lambda kind: tuple(lists[kind]))
            return
        self.problems += joined_labels(texts)


def _split_of(row: Mapping[str, Any], column: str, location: str) -> str:
    return split_of(str(row.get(column) or "").strip(), column, location)


def _own_split(table: TableFile, name: str) -> str:
    """The split of the table, else of the folders of the image, from the innermost on."""
    return table.split or split_of_path(name.replace("\\", "/")) or "train"
