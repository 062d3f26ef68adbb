"""Tables with a text and its translation per row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from suite import UserError
from suite.data import Dataset
from suite.kit import SPLIT_COLUMNS, groups_of, tables
from suite_text.reading.input_files import InputFiles
from suite_text.reading.languages import is_language
from suite_text.reading.problems import Problems
from suite_text.reading.split_files import files_in, split_files
from suite_text.reading.tables import (
    TextTable,
    as_text,
    find_column,
    first_row,
    header,
    known_column,
    read_table,
    split_of_row,
    without_header,
)
from suite_text.translation.direction import direction
from suite_text.translation.examples import Collector, References
from suite_text.translation.loaders.parallel import detect_parallel
from suite_text.translation.options import TableOptions

PAIRS_OF_COLUMNS = (
    ("source", "target"), ("src", "tgt"), ("src", "trg"), ("source_text", "target_text"),
    ("source_sentence", "target_sentence"), ("input", "output"), ("text", "translation"),
    ("sentence", "translation"), ("original", "translation"), ("source", "translation"),
)  # fmt: skip
"""What the columns of texts and of their translations may be called, in lower case."""

_NESTED = "translation"
"""A column that may hold an object with a text per language, as data sets of the Hub have it."""


def detect_table(path: Path) -> bool:
    """Whether `path` is a table with pairs of texts, or a folder with some, and no parallel files."""
    if detect_parallel(path):
        return False
    headers = (header(file) for file in files_in(path, tables.SUFFIXES))
    return any(
        columns is None or _known_pair(columns) or len(_languages(columns)) > 1 or _NESTED in columns
        for columns in headers
    )


_NUMBER = re.compile(r"/\d+$")


def load_table(path: Path, options: TableOptions) -> Dataset:
    """Load a table with a text and its translation per row, or a folder's for train, validation and test.

    Args:
        path: a table or a folder.
        options: which columns are meant.

    Raises:
        UserError: if a table or a column is missing, or it is not clear which way to translate. Rows that
            cannot be used are left out and named in `Dataset.problems`.
    """
    files = {file.name: file for file in files_in(path, tables.SUFFIXES)}
    if not files:
        raise UserError(f"{path} is neither a table ({', '.join(tables.SUFFIXES)}) nor a folder with one")
    problems = Problems()
    splits, rest = split_files(path, list(files), options)
    for name in rest:
        problems.note_unused(name)
    collector: Collector | None = None
    groups: dict[str, str] = {}
    for default, name in ((split, name) for split, names in splits.items() for name in names):
        table = read_table(files[name], options, problems)
        source, target = _columns(table, options)
        if collector is None:
            collector = Collector(path, options, source, target, problems)
            named = f"{_NESTED}.{source}" if source not in table.columns else source
            columns = (named,) if named in table.columns else ()
            collector.are_files(InputFiles(columns=columns, header=options.header, encoding=options.encoding))
        split = find_column(table, options.split_column, SPLIT_COLUMNS, "split_column", "")
        group = find_column(table, options.group_column, (), "group_column", "")
        for line, row in table.rows:
            if group:
                groups[f"{name}:{line}"] = as_text(row.get(group)).strip()
            collector.add(
                split_of_row(row, split, default),
                name,
                line,
                as_text(_cell(row, source)),
                _references(_cell(row, target)),
            )
    assert collector is not None
    dataset = collector.dataset()
    if not options.group_column:
        return dataset
    # Of several translations of a text, each is an example: train.csv:12/2.
    of_row = groups_of(groups)
    return replace(dataset, groups=lambda example: of_row(replace(example, id=_NUMBER.sub("", example.id))))


def _columns(table: TextTable, options: TableOptions) -> tuple[str, str]:
    """The columns of the texts and of their translations."""
    columns = list(table.columns)
    nested = [row[_NESTED] for _, row in table.rows[:1] if isinstance(row.get(_NESTED), dict)]
    if nested:
        columns = list(nested[0])
    if not options.source and not options.target and (pair := _known_pair(columns)):
        return pair
    named = [name for name in (options.source, options.target) if name]
    offered = _languages(columns) if all(map(is_language, named)) and not nested else []
    if len(offered) < 2:
        offered = columns if named or nested or len(columns) == 2 else []
    if not offered and not table.header:
        raise UserError(
            f"{table.path} has no header, so its columns have numbers: say which ones are meant, with --set"
            f" loader.source=NUMBER --set loader.target=NUMBER. The first row is {first_row(table)}"
        )
    if not offered:
        listed = ", ".join(f"'{name}'" for name in columns[:10])
        raise UserError(
            f"{table.path} has no columns for the texts and their translations ('source' and 'target', say),"
            f" only {listed}: name them with --set loader.source=NAME --set loader.target=NAME"
            f"{without_header(table.path, 'both by their numbers')}"
        )
    return direction(table.path, offered, options.source, options.target)


def _known_pair(columns: Sequence[str]) -> tuple[str, str] | None:
    for names in PAIRS_OF_COLUMNS:
        source, target = (known_column(columns, [name]) for name in names)
        if source and target:
            return source, target
    return None


def _languages(columns: Sequence[str]) -> list[str]:
    return [name for name in columns if is_language(name) and name.lower() != "id"]


def _cell(row: Mapping[str, Any], column: str) -> Any:
    nested = row.get(_NESTED)
    return nested.get(column) if isinstance(nested, dict) else row.get(column)


def _references(cell: Any) -> References:
    """The translation in a cell, or several if it is a list."""
    return list(map(as_text, cell)) if isinstance(cell, list) else as_text(cell)
