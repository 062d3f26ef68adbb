"""Parquet tables with images and their objects in the cells, as data sets of the Hugging Face Hub have them.

Objects are as in `metadata`: a column `objects` has them, or columns of the table itself have the boxes and
the classes. Rows are read by row groups when they are needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from suite import UserError
from suite.data import Dataset
from suite.kit import ParquetData, holds_files_of
from suite_images.packed import PACKED_IMAGES
from suite_object_detection.loaders.annotations import Annotations
from suite_object_detection.loaders.box_format import told_format
from suite_object_detection.loaders.metadata import BOXES, CLASSES, Objects, objects_of
from suite_object_detection.loaders.sizes import written_size
from suite_object_detection.options import ParquetOptions

_OBJECTS = ("objects", "object", "annotations", "annotation", "labels", "label", "faces")


def detect(path: Path) -> bool | str:
    """Whether `path` is a Parquet table with images and boxes in it, or a folder with some."""
    found = holds_files_of(path, PACKED_IMAGES)
    if found is not True:
        return found
    try:
        data = ParquetData(path)
    except UserError as error:
        return str(error)
    return bool(_objects_column(data) or data.column("", BOXES, ""))


def _objects_column(data: ParquetData) -> str:
    """The column of objects: it has boxes in it."""
    column = data.column("", _OBJECTS, "")
    return column if column and set(BOXES) & set(data.tables[0].field_names(column)) else ""


def load(path: Path, options: ParquetOptions) -> Dataset:
    """Load the images in a table, or in those of a folder, which are named after their splits.

    Args:
        path: a table or a folder.
        options: which columns are which, and what the numbers of a box are.

    Raises:
        UserError: if there is no such table, it lacks a column or is damaged, or must not be trained on.
    """
    data = ParquetData(path)
    files = data.files(PACKED_IMAGES, options.image_column)
    named = options.objects_column
    column = data.column(named, (), "objects_column") if named else _objects_column(data)
    own = [name for name in data.columns if name.casefold() in (*BOXES, *CLASSES)] if not column else []
    if not column and not any(name.casefold() in BOXES for name in own):
        data.column("", _OBJECTS[:1], "objects_column", "objects")
    names = dict(enumerate(data.tables[0].class_names(column))) if column else {}
    sizes = [name for name in ("height", "width") if name in data.columns]
    found = Annotations(path, files, counted_by="row")
    rows: list[tuple[int, int, str, tuple[int, int] | None, Objects]] = []
    empty: list[str] = []
    for row in data.rows([*([column] if column else own), *sizes]):
        cell: Any = row.cells[column] if column else {name.casefold(): row.cells[name] for name in own}
        objects = objects_of(cell, row.where)
        if files.empty[row.file]:
            empty.append(row.where)
        elif isinstance(objects, str):
            found.refusals.append(objects)
        else:
            table = row.where.rpartition(", ")[0]
            size = written_size(row.cells.get("height"), row.cells.get("width"))
            image = found.image(row.split, row.file, table, size)
            rows.append((image, row.number, row.where, size, objects))
    found.problem(empty, "row has no image, left out", "rows have no image, left out")
    form = options.box_format
    if form == "auto":
        boxes = [(image, box, size) for image, _, _, size, objects in rows for box in objects.boxes]
        form = told_format(found, boxes)
    for image, number, where, _, objects in rows:
        objects.add_to(found, image, form, names, number, where)
    return found.dataset(options=msgspec.structs.replace(options, box_format=form))
