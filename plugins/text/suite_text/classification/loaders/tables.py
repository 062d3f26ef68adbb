"""Tables with a text and one or several labels per row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from suite import UserError
from suite.data import Dataset
from suite.kit import groups_of, tables
from suite_text.classification.examples import Collector, Target
from suite_text.classification.options import TableOptions
from suite_text.reading.split_files import files_in
from suite_text.reading.tables import (
    LABEL_COLUMNS,
    SPLIT_COLUMNS,
    TEXT_COLUMNS,
    as_text,
    find_column,
    known_column,
    read_table,
    split_of_row,
)


def load_table(path: Path, options: TableOptions) -> Dataset:
    """Load a table with a text and one or several labels per row, or a folder's for train, validation, test.

    Several labels are a JSON list, in JSON lines or in a cell, or stand in a cell with a separator.

    Raises:
        UserError: if a table or a column is missing or there is nothing to learn from. Rows that cannot be
            used are left out and named in `Dataset.problems`.
    """
    files = {file.name: file for file in files_in(path, tables.SUFFIXES)}
    if not files:
        raise UserError(f"{path} is neither a table ({', '.join(tables.SUFFIXES)}) nor a folder with one")
    collector = Collector(path, options)
    groups: dict[str, str] = {}
    for split, name in collector.split_files(list(files), options).items():
        _add_table(collector, files[name], split, options, groups)
    dataset = collector.dataset()
    return replace(dataset, groups=groups_of(groups)) if options.group_column else dataset


def _add_table(
    collector: Collector, file: Path, default: str, options: TableOptions, groups: dict[str, str]
) -> None:
    table = read_table(file, options.encoding, collector.problems)
    text = find_column(table, options.text_column, TEXT_COLUMNS, "text_column", "texts")
    names = [name for name in LABEL_COLUMNS if name != text.casefold()]
    label = find_column(table, options.label_column, names, "label_column", "labels")
    split = find_column(table, options.split_column, SPLIT_COLUMNS, "split_column", "")
    group = find_column(table, options.group_column, (), "group_column", "")
    name = file.name
    for line, row in table.rows:
        if group:
            groups[f"{name}:{line}"] = as_text(row.get(group)).strip()
        collector.add(
            split_of_row(row, split, default),
            f"{name}:{line}",
            f"{name}, line {line}",
            as_text(row.get(text)),
            target_of(row.get(label), options.label_separator),
        )


def target_of(cell: Any, separator: str = "") -> Target:
    """The label in a cell, or the labels: a list, a list as JSON, or a text with a separator in it."""
    if isinstance(cell, list):
        return [as_text(item) for item in cell]
    if isinstance(cell, bool):
        return str(cell).lower()
    text = as_text(cell)
    if separator:
        return [label.strip() for label in text.split(separator) if label.strip()]
    if text.lstrip().startswith("[") and text.rstrip().endswith("]"):
        try:
            return list(map(str, msgspec.json.decode(text, type=list[str | int])))
        except msgspec.DecodeError:
            return text
    return text


def has_text_and_label(columns: Sequence[str]) -> bool:
    """Whether a table has a column of texts and another of labels, by their names."""
    text = known_column(columns, TEXT_COLUMNS)
    rest = [name for name in columns if name != text]
    return bool(text and known_column(rest, LABEL_COLUMNS))
