"""Texts in Parquet files, read when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from suite.data import NumberedIds
from suite.kit import RowGroups
from suite_text.reading.cleaning import Cleaning, clean
from suite_text.reading.tables import join_columns


class ParquetTexts:
    """The texts of rows, cleaned: a column as `suite.data.Column` says.

    Args:
        files: the tables.
        columns: for each table those that make a text.
        cleaning: what is done to the texts.
        ids: of the examples: the numbers of files and rows, from 1 on.
        clean: for each table which row groups hold clean texts, as they are most often: bool (row groups,).
    """

    def __init__(
        self,
        files: Sequence[RowGroups],
        columns: Sequence[Sequence[str]],
        cleaning: Cleaning,
        ids: NumberedIds,
        clean: Sequence[np.ndarray],
    ) -> None:
        self._files = files
        self._columns = columns
        self._cleaning = cleaning
        self._ids = ids
        self._clean = clean

    def __len__(self) -> int:
        return len(self._ids)

    def take(self, rows: np.ndarray) -> list[str]:
        """The texts of some rows."""
        numbers = self._ids.numbers[rows].astype(np.int64) - 1
        if self._ids.of_name is None:
            return self._read(0, numbers)
        of_file = self._ids.of_name[rows]
        texts = [""] * len(rows)
        for file in np.unique(of_file).tolist():
            positions = np.flatnonzero(of_file == file)
            for position, text in zip(positions.tolist(), self._read(file, numbers[positions]), strict=True):
                texts[position] = text
        return texts

    def _read(self, file: int, rows: np.ndarray) -> list[str]:
        cells = [self._files[file].take(column, rows) for column in self._columns[file]]
        if len(cells) == 1 and self._clean[file].any():
            groups = np.searchsorted(self._files[file].starts, rows, side="right") - 1
            is_clean = self._clean[file][groups]
            if is_clean.all():
                return cast("list[str]", cells[0])
            return [
                cell if cell is not None and skip else clean(cell or "", self._cleaning)
                for cell, skip in zip(cells[0], is_clean.tolist(), strict=True)
            ]
        return cleaned_rows(cells, self._columns[file], self._cleaning)


def cleaned_rows(
    cells: Sequence[Sequence[str | None]], columns: Sequence[str], cleaning: Cleaning
) -> list[str]:
    """The text of each row, cleaned.

    Args:
        cells: for each column those of all rows.
        columns: their names.
        cleaning: what is done to the texts.
    """
    if len(columns) == 1:
        return [clean(cell or "", cleaning) for cell in cells[0]]
    joined = (join_columns(dict(zip(columns, row, strict=True)), columns) for row in zip(*cells, strict=True))
    return [clean(text, cleaning) for text in joined]
