"""Tables with a text and one or several labels per row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from suite import UserError
from suite.data import Dataset
from suite.kit import SPLIT_COLUMNS, groups_of, some, tables
from suite_text.classification.examples import Collector, Target
from suite_text.classification.loaders.cells import target_of
from suite_text.classification.loaders.parquet import add_tables, labeled_tables
from suite_text.classification.options import TableOptions
from suite_text.reading.input_files import InputFiles
from suite_text.reading.split_files import DataFile, files_in
from suite_text.reading.tables import (
    LABEL_COLUMNS,
    TEXT_COLUMNS,
    TextTable,
    as_text,
    find_column,
    find_columns,
    join_columns,
    known_column,
    read_table,
    split_of_row,
)

_NO_MARK = frozenset(("", "0", "false", "no", "n", "-", "nan", "none"))


def load_table(path: Path, options: TableOptions) -> Dataset:
    """Load a table with a text and one or several labels per row, or a folder's for train, validation, test.

    Several labels are a list in JSON lines; a list in a cell, as JSON or Python write it; a cell with a
    separator; or a column for each label, with 0 and 1.

    Raises:
        UserError: if a table or a column is missing or there is nothing to learn from. Rows that cannot be
            used are left out and named in `Dataset.problems`.
    """
    files = {file.name: file for file in files_in(path, tables.SUFFIXES)}
    if not files:
        raise UserError(f"{path} is neither a table ({', '.join(tables.SUFFIXES)}) nor a folder with one")
    collector = Collector(path, options)
    groups: dict[str, str] = {}
    splits = collector.split_files(list(files), options)
    used = [files[name] for names in splits.values() for name in names]
    if (parquet := labeled_tables(used, options)) is not None:
        add_tables(collector, parquet, splits, options)
        return collector.dataset()
    for split, names in splits.items():
        for name in names:
            _add_table(collector, files[name], split, options, groups, alone=list(splits) == [split])
    dataset = collector.dataset()
    return replace(dataset, groups=groups_of(groups)) if options.group_column else dataset


def _add_table(
    collector: Collector,
    file: DataFile,
    default: str,
    options: TableOptions,
    groups: dict[str, str],
    *,
    alone: bool,
) -> None:
    table = read_table(file, options, collector.problems)
    text = find_columns(table, options.text_column, TEXT_COLUMNS, "text_column", "texts")
    labels = _label_columns(table, options, text, required=alone or default == "train")
    if not labels:
        collector.problems.say(
            f"{file.name} has no column for the labels: it is to be predicted, not learned from (suite"
            f" predict RUN {file}), and left out here",
            wrong=False,
        )
        return
    if default == "train" or alone:
        files = InputFiles(columns=tuple(text), header=options.header, encoding=options.encoding)
        collector.are_files(files)
    one_hot = len(labels) > 1
    if one_hot and not options.label_column:
        listed = some(labels)
        collector.problems.say(
            f"{file.name} is taken to have a column for each label, with 0 and 1: {listed}", wrong=False
        )
    exactly_one = one_hot and all(len(_marked(row, labels)) == 1 for _, row in table.rows)
    split = find_column(table, options.split_column, SPLIT_COLUMNS, "split_column", "")
    group = find_column(table, options.group_column, (), "group_column", "")
    name = file.name
    for line, row in table.rows:
        if group:
            groups[f"{name}:{line}"] = as_text(row.get(group)).strip()
        target: Target
        if one_hot:
            marked = _marked(row, labels)
            target = marked[0] if exactly_one else marked
        else:
            target = target_of(row.get(labels[0]), options.label_separator)
        collector.add(
            split_of_row(row, split, default),
            f"{name}:{line}",
            f"{name}, line {line}",
            join_columns(row, text),
            target,
        )


def _label_columns(
    table: TextTable, options: TableOptions, text: Sequence[str], *, required: bool
) -> list[str]:
    """The column of the labels, or one for each label; empty if there is none and it is not required."""
    names = [name for name in LABEL_COLUMNS if name not in [column.casefold() for column in text]]
    if not options.label_column and not known_column(table.columns, names):
        if len(columns := _columns_of_marks(table, text)) > 1:
            return columns
    content = "labels" if required or options.label_column else ""
    if not required and options.label_column and options.label_column not in table.columns:
        return []
    return find_columns(table, options.label_column, names, "label_column", content)


def _columns_of_marks(table: TextTable, text: Sequence[str]) -> list[str]:
    """The columns that have nothing but 0 and 1, each at least once."""
    rows = [row for _, row in table.rows]
    return [
        column
        for column in table.columns
        if column not in text and {_plain(row.get(column)) for row in rows} == {"0", "1"}
    ]


def _marked(row: tables.Row, labels: Sequence[str]) -> list[str]:
    """The labels whose columns have a mark in a row."""
    return [label for label in labels if _plain(row.get(label)) not in _NO_MARK]


def _plain(cell: Any) -> str:
    text = str(cell).strip().lower() if cell is not None else ""
    return text.removesuffix(".0")


def has_text_and_label(columns: Sequence[str]) -> bool:
    """Whether a table has a column of texts and another of labels, by their names."""
    text = known_column(columns, TEXT_COLUMNS)
    rest = [name for name in columns if name != text]
    return bool(text and known_column(rest, LABEL_COLUMNS))
