"""Parquet files with a text and a label per row: millions of rows, of which a few bytes each are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from suite import UserError
from suite.data import ColumnExamples, NumberedIds
from suite.kit import SPLIT_COLUMNS, RowGroups, open_row_groups
from suite.sources import FileSource
from suite_text.classification.examples import Collector, Target
from suite_text.classification.loaders.cells import target_of
from suite_text.classification.options import TableOptions
from suite_text.reading.cleaning import cleaning_from
from suite_text.reading.input_files import InputFiles
from suite_text.reading.parquet import ParquetTexts, cleaned_rows
from suite_text.reading.split_files import DataFile
from suite_text.reading.tables import LABEL_COLUMNS, TEXT_COLUMNS, columns_in, known_column, split_of_row


@dataclass(frozen=True)
class LabeledTable:
    """A Parquet file, not read yet, and the columns that matter.

    Attributes:
        name: of the file.
        rows: of the file.
        text: the columns that make a text.
        label: the column of the label.
        split: the column of the split; empty if there is none.
        clean: bool (row groups,), which have one column of texts that cleaning leaves as they are.
    """

    name: str
    rows: RowGroups
    text: tuple[str, ...]
    label: str
    split: str
    clean: np.ndarray


def labeled_tables(files: Sequence[DataFile], options: TableOptions) -> list[LabeledTable] | None:
    """The files as tables of which rows are read when needed; None if any of them has to be read as a whole.

    Columns are found as in any table; what is not there, or of another type, is left to whoever reads the
    rows one by one, and can say what is wrong.
    """
    paths = [file.source.path for file in files if isinstance(file.source, FileSource)]
    if options.group_column or len(paths) < len(files) or not paths:
        return None
    if not all(path.name.lower().endswith(".parquet") for path in paths):
        return None
    try:
        opened = open_row_groups(paths)
    except (ImportError, UserError):
        return None
    found = [_labeled(file.name, rows, options) for file, rows in zip(files, opened, strict=True)]
    tables = [table for table in found if table is not None]
    return tables if len(tables) == len(files) else None


def _labeled(name: str, rows: RowGroups, options: TableOptions) -> LabeledTable | None:
    named = options.text_column
    if "," in named and named not in rows.names:
        text = columns_in(named)
    else:
        text = [named or known_column(rows.names, TEXT_COLUMNS)]
    folded = [column.casefold() for column in text]
    label_names = [column for column in LABEL_COLUMNS if column not in folded]
    label = options.label_column or known_column(rows.names, label_names)
    split = options.split_column or known_column(rows.names, SPLIT_COLUMNS)
    if len(set(rows.names)) < len(rows.names) or not len(rows):
        return None
    if not {*text, label, *([split] if split else [])} <= set(rows.names):
        return None
    if (
        not all(map(rows.is_text, text))
        or not rows.is_plain(label)
        or not (not split or rows.is_plain(split))
    ):
        return None
    return LabeledTable(name, rows, tuple(text), label, split, np.zeros(len(rows.starts) - 1, np.bool_))


def add_tables(
    collector: Collector,
    tables: Sequence[LabeledTable],
    splits: Mapping[str, Sequence[str]],
    options: TableOptions,
) -> None:
    """Give a collector all rows of tables.

    Args:
        collector: gets examples, and what is wrong with rows.
        tables: of all splits.
        splits: the names of each split's files.
        options: of the loader.
    """
    kinds = _Kinds(collector, options)
    by_name = {table.name: number for number, table in enumerate(tables)}
    taken: dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {}
    for default, names in splits.items():
        for name in names:
            table = tables[by_name[name]]
            if default == "train" or len(splits) == 1:
                collector.are_files(
                    InputFiles(columns=table.text, header=options.header, encoding=options.encoding)
                )
            for group in range(len(table.rows.starts) - 1):
                for split, rows, of_row in _usable(collector, kinds, table, group, default, options):
                    of_name = np.full(len(rows), by_name[name], np.min_scalar_type(len(tables)))
                    taken.setdefault(split, []).append((of_name, rows, of_row))
    cleaning = cleaning_from(options)
    for split, pieces in taken.items():
        of_name, rows, of_row = map(np.concatenate, zip(*pieces, strict=True))
        ids = NumberedIds([table.name for table in tables], rows, of_name)
        columns = [table.text for table in tables]
        texts = ParquetTexts(
            [table.rows for table in tables], columns, cleaning, ids, [table.clean for table in tables]
        )
        collector.add_split(split, ColumnExamples(ids, texts, kinds.targets, of_row))


def _usable(
    collector: Collector, kinds: _Kinds, table: LabeledTable, group: int, default: str, options: TableOptions
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Of a row group, for each split the numbers of the rows that can be used, and their kinds of targets."""
    cells = [table.rows.texts(group, column) for column in table.text]
    texts = cleaned_rows(cells, table.text, cleaning_from(options))
    table.clean[group] = len(cells) == 1 and texts == cells[0]
    first = int(table.rows.starts[group]) + 1
    values, which = table.rows.different(group, table.label)
    of_value = [kinds.of(value) for value in values]
    kind = np.array(of_value, np.int32)[which]
    splits: list[str | None] = [default]
    of_split = np.zeros(len(texts), np.int64)
    if table.split:
        different, of_split = table.rows.different(group, table.split)
        splits = [split_of_row({table.split: value}, table.split, default) for value in different]
    usable = np.fromiter((bool(text) and not text.isspace() for text in texts), np.bool_, len(texts))
    usable &= np.array([collector.is_target(kinds.targets[number]) for number in of_value], np.bool_)[which]
    usable &= np.array([split is not None for split in splits], np.bool_)[of_split]
    for row in np.flatnonzero(~usable).tolist():
        location = f"{table.name}, line {first + row}"
        collector.note_unusable(splits[of_split[row]], texts[row], kinds.targets[kind[row]], location)
    found = []
    for split in dict.fromkeys(splits):
        if split is not None:
            same = np.array([other == split for other in splits], np.bool_)[of_split]
            chosen = np.flatnonzero(usable & same)
            if len(chosen):
                found.append((split, (chosen + first).astype(np.uint32), kind[chosen]))
    return found


class _Kinds:
    """Numbers for different targets."""

    def __init__(self, collector: Collector, options: TableOptions) -> None:
        self.targets: list[Target] = []
        self._collector = collector
        self._separator = options.label_separator
        self._numbers: dict[str | tuple[str, ...], int] = {}

    def of(self, value: object) -> int:
        """The number of the target in a cell."""
        target = self._collector.cleaned_target(target_of(value, self._separator))
        key = target if isinstance(target, str) else tuple(target)
        if key not in self._numbers:
            self._numbers[key] = len(self.targets)
            self.targets.append(target)
        return self._numbers[key]
