"""Parquet tables with images in their cells and a label beside each, as data sets of the Hugging Face Hub.

A cell is the bytes of a file, or an object with `bytes` and `path`, as
https://huggingface.co/docs/datasets/image_dataset describes it. Rows are read by row groups when they are
needed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import (
    SPLIT_COLUMNS,
    PackedFiles,
    PackedRow,
    ParquetData,
    counted,
    groups_of,
    holds_files_of,
)
from suite_classification.types import Target
from suite_image_classification.examples import ImageExamples, labeled_dataset
from suite_image_classification.loaders.table_columns import LABEL_COLUMNS, joined_labels, split_of, target_of
from suite_image_classification.options import ParquetOptions
from suite_images.packed import PACKED_IMAGES


def detect(path: Path) -> bool | str:
    """Whether `path` is a Parquet table with images in it, or a folder with some."""
    return holds_files_of(path, PACKED_IMAGES)


def load(path: Path, options: ParquetOptions) -> Dataset:
    """Load the images in a table, or in those of a folder, which are named after their splits.

    Numbers of classes get the names that Hugging Face's library wrote down with the table.

    Args:
        path: a table or a folder.
        options: which columns are which, and which classes are read.

    Raises:
        UserError: if there is no such table, it lacks a column or is damaged, a label is none, or no row has
            an image and a label.
    """
    data = ParquetData(path)
    label = data.column(options.label_column, LABEL_COLUMNS, "label_column", "labels")
    split = data.column(options.split_column, SPLIT_COLUMNS, "split_column")
    group = data.column(options.group_column, (), "group_column")
    reading = _Reading(data.files(PACKED_IMAGES, options.image_column))
    for row in data.rows([name for name in dict.fromkeys((label, split, group)) if name]):
        reading.add(row, label, options.label_separator, split, group)
    dataset = reading.dataset(path, options)
    return replace(dataset, groups=groups_of(reading.groups)) if group else dataset


@dataclass
class _Reading:
    """The rows of all tables.

    Attributes:
        files: the images.
        kinds: a number for each different target.
        rows: the image and the number of the target of each row that is used, by splits.
        groups: what images belong to, by their names.
        without: the rows that are left out, by what they lack.
    """

    files: PackedFiles
    kinds: dict[str | tuple[str, ...], int] = field(default_factory=dict)
    rows: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    without: dict[str, list[str]] = field(default_factory=dict)

    def add(self, row: PackedRow, label: str, separator: str, split: str, group: str) -> None:
        value = row.cells[label]
        if isinstance(value, bool):
            value = str(value).lower()
        if self.files.empty[row.file]:
            self.without.setdefault("image", []).append(row.where)
        elif value is None or value == "":
            self.without.setdefault("label", []).append(row.where)
        else:
            target = target_of(value, separator, label, row.where)
            kind = tuple(target) if isinstance(target, list) else target
            number = self.kinds.setdefault(kind, len(self.kinds))
            written = str(row.cells[split]).strip() if split and row.cells[split] is not None else ""
            own = split_of(written, split, row.where) if written else row.split
            self.rows.setdefault(own, []).append((row.file, number))
            if group and row.cells[group] is not None:
                self.groups[self.files.names[row.file]] = str(row.cells[group])

    def dataset(self, path: Path, options: ParquetOptions) -> Dataset:
        targets: list[Target] = [list(kind) if isinstance(kind, tuple) else kind for kind in self.kinds]
        multi_label = any(isinstance(target, list) for target in targets)
        problems: list[str] = [
            Problem(
                counted(len(rows), f"row has no {what}, left out", f"rows have no {what}, left out"), rows
            )
            for what, rows in self.without.items()
        ]
        if not multi_label:
            problems += joined_labels([target for target in targets if isinstance(target, str)])
        splits = {
            name: ImageExamples(
                self.files,
                np.array([file for file, _ in rows]),
                targets,
                np.array([kind for _, kind in rows]),
            )
            for name, rows in self.rows.items()
        }
        if not splits:
            raise UserError("\n  ".join([f"{path}: no row has an image and a label", *problems]))
        return labeled_dataset(path, splits, problems, multi_label=multi_label, options=options)
