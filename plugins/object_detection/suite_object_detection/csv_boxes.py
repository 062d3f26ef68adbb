"""Tables with a row per box: path, class and edges in columns that are found by their names."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import SPLITS, counted, decoded, some
from suite.sources import FileSource, Source, Tree, is_archive
from suite_images.listing import is_image
from suite_images.tables import rows_of_cells
from suite_object_detection.annotations import PART_NAMES, Annotations
from suite_object_detection.options import CsvOptions
from suite_object_detection.places import Files, files_of_parts, head_of, opened, split_of_name
from suite_object_detection.tables import RETINANET, Columns, find_columns, has_box_columns, has_no_header

SUFFIXES = (".csv", ".tsv")
_MOST_LOOKED_INTO = 20
_PEEK = 1 << 16


def detect(path: Path) -> bool:
    """Whether `path` is a table with boxes, or a folder or an archive with one."""
    if path.is_file() and not is_archive(path):
        return path.suffix.lower() in SUFFIXES and _has_boxes(FileSource(path))
    return bool(_tables(opened(path)))


def load(path: Path, options: CsvOptions) -> Dataset:
    """Load a table with a row per box, or a folder's tables that are called after their parts.

    A row with empty corners is an image without boxes. Corners are edges, in pixels from 0 on, or shares of
    the image's width and height.

    Args:
        path: a table, a folder or an archive.
        options: what the columns are called, and where the images are.

    Raises:
        UserError: where there is no such table, columns or all images are missing, or a row is wrong.
    """
    notes: list[str] = []
    unusable: set[str] = set()
    if path.is_file() and not is_archive(path):
        tree = opened(options.images or path.parent)
        files: dict[str, tuple[str, Source]] = {"train": (path.name, FileSource(path))}
    else:
        tree = opened(path)
        tables = _tables(tree)
        if not tables:
            raise UserError(
                f"{path} has no table (.csv, .tsv) with columns of boxes: xmin, ymin, xmax, ymax, or x, y,"
                " width, height. Give the path of the table to say what they are called"
            )
        parts, unnamed = files_of_parts(path, tree, tables, "table")
        files = {part: (tree.names[place], tree.source(place)) for part, place in parts.items()}
        if unnamed:
            count = counted(len(unnamed), "table is", "tables are")
            notes.append(Problem(f"{count} of no part, left out", unnamed))
        others = [
            name
            for place, name in enumerate(tree.names)
            if name.lower().endswith(SUFFIXES)
            and split_of_name(name.rpartition("/")[2])
            and place not in tables
        ]
        if others:
            count = counted(len(others), "table has", "tables have")
            notes.append(Problem(f"{count} no columns of boxes, left out", others))
            unusable = {part for name in others if (part := split_of_name(posixpath.basename(name)))}
        if options.images:
            tree = opened(options.images)
    reader = _Reader(path, tree, options)
    reader.found.problems += notes
    reader.found.unusable = unusable - files.keys()
    for part in PART_NAMES:
        if part in files:
            reader.add(part, *files[part])
    return reader.dataset()


def _tables(tree: Tree) -> list[int]:
    """The tables with columns of boxes."""
    found = [place for place, name in enumerate(tree.names) if name.lower().endswith(SUFFIXES)]
    found.sort(key=lambda place: tree.names[place].count("/"))
    return [place for place in found[:_MOST_LOOKED_INTO] if _has_boxes(tree.source(place))]


def _has_boxes(source: Source) -> bool:
    try:
        head = head_of(source, _PEEK)
        text = decoded(head if len(head) < _PEEK else head.rpartition(b"\n")[0], source.name)
        cells = next((cells for _, cells in rows_of_cells(text, source.name)), [])
    except UserError:
        return False
    return has_box_columns(cells) or has_no_header(cells)


class _Reader:
    def __init__(self, path: Path, tree: Tree, options: CsvOptions) -> None:
        self.path = path
        self.tree = tree
        self.options = options
        self.images = Files(tree, is_image)
        self.found = Annotations(path, tree)
        self.missing: dict[str, None] = {}
        # By the path that a table says, the place; by the place, the part and the number of the image.
        self.places: dict[tuple[str, str], int | None] = {}
        self.numbers: dict[int, tuple[str, int]] = {}

    def add(self, part: str, name: str, source: Source) -> None:
        """Add the rows of a table; those of a table with a split column belong to the part it says."""
        columns: Columns | None = None
        for line, cells in rows_of_cells(decoded(source.read(), source.name), source.name):
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
            self._add_row(part, name, line, cells, columns)
        if columns is None:
            raise UserError(f"{source.name} has no rows")

    def dataset(self) -> Dataset:
        """All that was read."""
        found = self.found
        missing = list(self.missing)
        if not len(found) and not found.refusals:
            raise UserError(
                f"{self.path}: none of its {len(missing):,} images is in {self.tree.name}:"
                f" {some(missing)}. Name their folder with --set loader.images=FOLDER"
            )
        found.problem(missing, "image is missing, left out", "images are missing, left out")
        found.problem(
            self.images.guessed,
            "image is not the only one of its name, and may be the wrong one",
            "images are not the only ones of their names, and may be the wrong ones",
        )
        beside, _ = self.images.unused(self.numbers)
        found.problem(
            [self.tree.names[place] for place in beside],
            "image is in no row, left out",
            "images are in no row, left out",
        )
        corners = found.corners
        shares = self.options.unit == "shares" or (
            self.options.unit == "auto"
            and bool(((corners >= 0) & (corners <= 1)).all() and (corners != np.floor(corners)).any())
        )
        return found.dataset(normalized=shares)

    def _add_row(self, part: str, name: str, line: int, cells: Sequence[str], columns: Columns) -> None:
        refuse = self.found.refusals.append
        where = f"{name}, line {line}"
        if columns.split is not None:
            said = cells[columns.split].strip()
            if said.lower() not in SPLITS:
                refuse(f"{where}: '{said}' is not train, validation or test")
                return
            part = SPLITS[said.lower()]
        number = self._image(part, name, line, cells, columns)
        if number is None:
            return
        written = [cells[column].strip() for column in columns.box]
        if not any(written):
            return
        try:
            x1, y1, x2, y2 = map(float, written)
        except ValueError:
            refuse(f"{where}: the box {', '.join(written)[:80]} is not of four numbers")
            return
        label = cells[columns.label].strip()
        if not label:
            refuse(f"{where} has no class")
            return
        if columns.extents:
            x2, y2 = x1 + x2, y1 + y2
        crowd = columns.crowd is not None and cells[columns.crowd].strip().lower() in ("1", "true", "yes")
        self.found.box(number, (x1, y1, x2, y2), label, line, crowd=crowd)

    def _image(self, part: str, name: str, line: int, cells: Sequence[str], columns: Columns) -> int | None:
        """The number of a row's image, None where it is missing."""
        said = cells[columns.path].strip()
        if not said:
            self.found.refusals.append(f"{name}, line {line} has no path of an image")
            return None
        key = (part, said)
        if key not in self.places:
            folder = posixpath.dirname(name)
            place = self.images.named(said, folder, part)
            self.places[key] = place if place is not None else self.images.stemmed(said, folder, part)
        place = self.places[key]
        if place is None:
            self.missing.setdefault(said)
            return None
        if place not in self.numbers:
            number = self.found.image(part, place, name, _size(cells, columns))
            self.numbers[place] = part, number
        first, number = self.numbers[place]
        if first != part:
            self.found.refusals.append(
                f"{name}, line {line}: '{said}' is in the {part} part, but an earlier row says {first}"
            )
        return number


def _size(cells: Sequence[str], columns: Columns) -> tuple[int, int] | None:
    if columns.size is None:
        return None
    try:
        height, width = (float(cells[column]) for column in columns.size)
    except ValueError:
        return None
    return (int(height), int(width)) if 0 < height < 1e9 and 0 < width < 1e9 else None
