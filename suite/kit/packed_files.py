"""Files that are cells of Parquet tables, as data sets of the Hugging Face Hub keep recordings and images."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from suite.errors import UserError
from suite.kit.row_groups import RowGroups
from suite.sources.tree import Tree


class PackedFiles(Tree):
    """The cells of a column of several tables: a file for each row, in the order of the rows.

    A file's name is that of its table and its own, or the number of its row, from 1 on, if it has none that
    no other has. Files are read by row groups, of which those used last are kept.

    Args:
        folder: to which the tables' names are relative.
        tables: with the column.
        column: that holds the files, see `RowGroups.holds_files`.

    Attributes:
        tables: as given.
        starts: int64 (tables + 1,), the index of the first file of each table, and the number of all files.
        empty: bool (files,), those without content.
    """

    def __init__(self, folder: Path, tables: Sequence[RowGroups], column: str) -> None:
        names: list[str] = []
        sizes: list[np.ndarray] = [np.zeros(0, np.int64)]
        self.tables = tables
        self._column = column
        self.starts = np.cumsum([0, *map(len, tables)])
        for table in tables:
            relative = os.path.relpath(table.path, folder).replace(os.sep, "/")
            groups = range(len(table.starts) - 1)
            own = [_base(name) for group in groups for name in table.file_names(group, column)]
            known = Counter(own)
            names += [
                f"{relative}/{name}" if name and known[name] == 1 else f"{relative}/row {row}"
                for row, name in enumerate(own, start=1)
            ]
            sizes += [_lengths(table, group, column) for group in groups]
        measured = np.concatenate(sizes)
        self.empty = measured <= 0
        super().__init__(str(folder), names, np.maximum(measured, 0))

    def read(self, index: int) -> bytes:
        """The content of the file `names[index]`. Raises `UserError` if it cannot be read."""
        number = int(np.searchsorted(self.starts, index, side="right")) - 1
        table = self.tables[number]
        row = index - int(self.starts[number])
        group = int(np.searchsorted(table.starts, row, side="right")) - 1
        content = table.files(group, self._column)[row - int(table.starts[group])].as_py()
        if not isinstance(content, bytes):
            raise UserError(f"{Path(self.name, self.names[index])} has no content")
        return content


def _base(path: str | None) -> str:
    """The name of a file without its folders, which may be those of another machine."""
    name = (path or "").replace("\\", "/").rpartition("/")[2]
    return name if name.isprintable() and name not in (".", "..") else ""


def _lengths(table: RowGroups, group: int, column: str) -> np.ndarray:
    """The number of bytes of each file of a row group; -1 if there is none."""
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.binary_length(table.files(group, column)), -1)
    return np.asarray(lengths.to_numpy(), np.int64)
