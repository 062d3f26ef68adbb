"""Tables with a row per box: path, class and edges in columns that are found by their names."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import SPLIT_WORDS, counted, decoded, groups_of, split_of_name, tables
from suite.sources import FileSource, Source, Tree, is_archive, open_tree
from suite_images.classes import SINGLE_CLASS
from suite_object_detection.loaders.annotation_files import (
    AnnotationFile,
    Opened,
    by_split,
    found,
    in_order,
    left_out,
    recognized,
    refuse_doubled,
)
from suite_object_detection.loaders.annotations import Annotations
from suite_object_detection.loaders.box_format import as_corners, told_format
from suite_object_detection.loaders.csv_columns import (
    RETINANET,
    Columns,
    box_in_text,
    find_columns,
    has_box_columns,
    has_box_in_text,
    has_no_header,
)
from suite_object_detection.loaders.files import head_of
from suite_object_detection.loaders.sizes import written_size
from suite_object_detection.options import CsvOptions

SUFFIXES = (".csv", ".tsv")
_PEEK = 1 << 16


def detect(path: Path) -> bool:
    """Whether `path` is a table with boxes, or a folder or an archive with one."""
    return recognized(path, SUFFIXES, _has_boxes)


def load(path: Path, options: CsvOptions) -> Dataset:
    """Load a table with a row per box, or a folder's tables that are called after their splits.

    A row with empty corners is an image without boxes. Corners are edges, in pixels from 0 on, or shares of
    the image's width and height.

    Args:
        path: a table, a folder or an archive.
        options: what the columns are called, and where the images are.

    Raises:
        UserError: if there is no such table, columns or all images are missing, or a row is wrong.
    """
    unusable: set[str] = set()
    if path.is_file() and not is_archive(path):
        tree = open_tree(options.images or path.parent)
        opened = Opened(tree, [AnnotationFile("train", path.name, FileSource(path))])
    else:
        opened, unusable = _opened(path, options)
    reader = _Reader(path, opened.tree, options)
    reader.annotations.problems += opened.notes
    reader.annotations.unusable = unusable
    for file in opened.files:
        reader.add(file.split, file.name, file.source)
    return reader.dataset()


def _opened(path: Path, options: CsvOptions) -> tuple[Opened, set[str]]:
    """The tables of each split, and the splits that only other tables are called after."""
    tree = open_tree(path)
    files = list(found(tree, SUFFIXES, _has_boxes))
    if not files:
        raise UserError(
            f"{path} has no table (.csv, .tsv) with columns of boxes: xmin, ymin, xmax, ymax, or x, y,"
            " width, height. Give the path of the table to say what they are called"
        )
    splits, unnamed = by_split(tree, files)
    notes = left_out(unnamed, "table")
    others = [
        name
        for file, name in enumerate(tree.names)
        if name.lower().endswith(SUFFIXES) and split_of_name(name.rpartition("/")[2]) and file not in files
    ]
    if others:
        count = counted(len(others), "table has", "tables have")
        notes.append(Problem(f"{count} no columns of boxes, left out", others))
    unusable = {split for name in others if (split := split_of_name(posixpath.basename(name)))}
    images = open_tree(options.images) if options.images else tree
    return Opened(images, in_order(tree, splits), notes), unusable - splits.keys()


def _has_boxes(source: Source) -> bool:
    head = head_of(source, _PEEK)
    text = decoded(head if len(head) < _PEEK else head.rpartition(b"\n")[0], source.name)
    rows = [cells for _, cells in islice(tables.cells(tables.lines(text), source.name), 2)]
    return bool(rows) and (
        has_box_columns(rows[0]) or has_no_header(rows[0]) or has_box_in_text(rows[0], rows[-1])
    )


@dataclass(frozen=True)
class _Pending:
    """A row whose box may be corners or extents, until all rows are known."""

    number: int
    size: tuple[int, int] | None
    box: tuple[float, float, float, float]
    label: str
    line: int
    crowd: bool


class _Reader:
    def __init__(self, path: Path, tree: Tree, options: CsvOptions) -> None:
        self.tree = tree
        self.options = options
        self.annotations = Annotations(path, tree)
        # By split and the path that a table has, the image file; by this, the split and the image's number.
        self.files: dict[tuple[str, str], int | None] = {}
        self.numbers: dict[int, tuple[str, int]] = {}
        self.groups: dict[str, str] = {}
        self.pending: list[_Pending] = []
        # The table that an image is in; and images that two of a split have.
        self.tables: dict[int, str] = {}
        self.doubled: dict[tuple[str, str], dict[str, None]] = {}

    def add(self, split: str, name: str, source: Source) -> None:
        """Add the rows of a table; those of a table with a split column belong to the split it says."""
        columns: Columns | None = None
        for line, cells in tables.cells(tables.lines(decoded(source.read(), source.name)), source.name):
            if columns is None:
                if not has_no_header(cells):
                    columns = find_columns(cells, self.options, source.name)
                    continue
                columns = RETINANET
            if len(cells) != columns.count:
                raise UserError(
                    f"{source.name}, line {line} has {len(cells)} cells, but the first row has"
                    f" {columns.count}"
                )
            self._add_row(split, name, line, cells, columns)
        if columns is None:
            raise UserError(f"{source.name} has no rows")

    def dataset(self) -> Dataset:
        """All that was read."""
        annotations = self.annotations
        refuse_doubled(annotations, self.doubled)
        annotations.report_missing()
        form = self._add_pending()
        beside, _ = annotations.images.unused(self.numbers)
        annotations.problem(
            [self.tree.names[file] for file in beside],
            "image is in no row, left out",
            "images are in no row, left out",
        )
        unit = self.options.unit
        if unit == "auto":
            corners = annotations.corners
            within = ((corners >= 0) & (corners <= 1)).all()
            unit = "normalized" if within and (corners != np.floor(corners)).any() else "pixels"
        dataset = annotations.dataset(
            normalized=unit == "normalized",
            options=msgspec.structs.replace(self.options, unit=unit, box_format=form),
        )
        return replace(dataset, groups=groups_of(self.groups)) if self.options.group_column else dataset

    def _add_row(self, split: str, name: str, line: int, cells: Sequence[str], columns: Columns) -> None:
        refuse = self.annotations.refusals.append
        location = f"{name}, line {line}"
        if columns.split is not None:
            written = cells[columns.split].strip()
            if written.lower() not in SPLIT_WORDS:
                refuse(f"{location}: '{written}' is not train, validation or test")
                return
            split = SPLIT_WORDS[written.lower()]
        number = self._image(split, name, line, cells, columns)
        if number is None:
            return
        numbers = [cells[column].strip() for column in columns.box]
        if not any(number.strip("[]") for number in numbers):
            return
        try:
            x1, y1, x2, y2 = (len(numbers) == 1 and box_in_text(numbers[0])) or map(float, numbers)
        except ValueError:
            refuse(f"{location}: the box {', '.join(numbers)[:80]} is not of four numbers")
            return
        label = SINGLE_CLASS if columns.label is None else cells[columns.label].strip()
        if not label:
            refuse(f"{location} has no class")
            return
        crowd = columns.crowd is not None and cells[columns.crowd].strip().lower() in ("1", "true", "yes")
        if len(columns.box) == 1:
            size = _size(cells, columns)
            self.pending.append(_Pending(number, size, (x1, y1, x2, y2), label, line, crowd))
            return
        if columns.extents:
            x2, y2 = x1 + x2, y1 + y2
        self.annotations.box(number, (x1, y1, x2, y2), label, line, crowd=crowd)

    def _add_pending(self) -> Literal["auto", "xywh", "xyxy"]:
        """Add the boxes of which one cell has all numbers, and say what they are."""
        form = self.options.box_format
        if not self.pending:
            return form
        if form == "auto":
            form = told_format(self.annotations, [(row.number, row.box, row.size) for row in self.pending])
        for row in self.pending:
            box = as_corners(row.box, form)
            self.annotations.box(row.number, box, row.label, row.line, crowd=row.crowd)
        return form

    def _image(self, split: str, name: str, line: int, cells: Sequence[str], columns: Columns) -> int | None:
        """The number of a row's image, None if it is missing."""
        annotations = self.annotations
        path = cells[columns.path].strip()
        if not path:
            annotations.refusals.append(f"{name}, line {line} has no path of an image")
            return None
        key = (split, path)
        if key not in self.files:
            folder = posixpath.dirname(name)
            file = annotations.images.named(path, folder, split)
            self.files[key] = file if file is not None else annotations.images.with_stem(path, folder, split)
        file = self.files[key]
        if file is None:
            annotations.missing(path)
            return None
        if columns.group is not None:
            self.groups.setdefault(self.tree.names[file], cells[columns.group].strip())
        table = self.tables.setdefault(file, name)
        if file not in self.numbers:
            self.numbers[file] = split, annotations.image(split, file, name, _size(cells, columns))
        first, number = self.numbers[file]
        if first != split:
            annotations.refusals.append(
                f"{name}, line {line}: '{path}' is in the {split} split, but an earlier row says {first}"
            )
        elif table != name:
            self.doubled.setdefault((table, name), {})[path] = None
        return number


def _size(cells: Sequence[str], columns: Columns) -> tuple[int, int] | None:
    return None if columns.size is None else written_size(*(cells[column] for column in columns.size))
