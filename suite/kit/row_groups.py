"""Parquet files whose row groups are read when they are needed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from suite.devices import available_memory
from suite.errors import UserError
from suite.kit.hub_features import class_name, class_names, features_of
from suite.kit.packed_tables import blamed
from suite.limits import check_memory
from suite.sources.source_types import open_file

_SHARE = 0.25
"""Of the memory that is free, what decoded columns may take in all."""


class DecodedColumns:
    """Decoded columns of row groups: those used last, up to a number of bytes.

    Args:
        limit: bytes; None for a quarter of what is free.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = int(available_memory() * _SHARE) if limit is None else limit
        self.lock = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], Any] = OrderedDict()
        self._bytes = 0

    def get(self, key: tuple[object, ...]) -> Any:
        """The column, or None; call it with the lock held."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def add(self, key: tuple[object, ...], column: Any) -> None:
        """Keep a column, and let go of those that were not used for longest; with the lock held."""
        self._kept[key] = column
        self._bytes += column.nbytes
        while self._bytes > self.limit and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes


class RowGroups:
    """A Parquet file: only its footer is read before a row is asked for. Safe from several threads.

    Args:
        path: of the file.
        decoded: where decoded columns are kept, which several files may share.

    Attributes:
        path: of the file.
        names: of its columns.
        starts: int64 (row groups + 1,), the number of the first row of each, and that of all rows.

    Raises:
        UserError: if it is damaged.
        ImportError: if pyarrow is not installed.
    """

    def __init__(self, path: Path, decoded: DecodedColumns) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        self._decoded = decoded
        open_file(path).close()  # what is a pipe is refused, and what is elsewhere is fetched
        with blamed(str(path)):
            # Kept open: what is trained on is the file that was looked at, even if another takes its name.
            self._file = pq.ParquetFile(pa.OSFile(str(path)), page_checksum_verification=True)
            self._schema = self._file.schema_arrow
            metadata = self._file.metadata
            groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
        self.names: list[str] = list(self._schema.names)
        self.starts = np.cumsum([0, *(group.num_rows for group in groups)])

    def __len__(self) -> int:
        """The number of rows."""
        return int(self.starts[-1])

    def is_text(self, name: str) -> bool:
        """Whether the cells of a column are texts."""
        import pyarrow as pa

        kind = _inner(self._schema.field(name).type)
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))

    def is_plain(self, name: str) -> bool:
        """Whether the cells of a column are texts, numbers or truth values."""
        import pyarrow as pa

        kind = _inner(self._schema.field(name).type)
        numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
        return bool(numeric or self.is_text(name))

    def holds_files(self, name: str) -> bool:
        """Whether the cells of a column are whole files: bytes, or objects with a field `bytes`."""
        import pyarrow as pa

        kind = self._schema.field(name).type
        if pa.types.is_struct(kind):
            kind = self._fields(name).get("bytes")
        return kind is not None and _is_binary(kind)

    def field_names(self, name: str) -> list[str]:
        """What the fields of the objects, or of the lists of objects, in a column are called."""
        return list(self._fields(name))

    def _fields(self, name: str) -> dict[str, Any]:
        """The types of the fields of the objects in a column."""
        import pyarrow as pa

        kind = self._schema.field(name).type
        while hasattr(kind, "value_type"):
            kind = kind.value_type
        if not pa.types.is_struct(kind):
            return {}
        return {kind.field(index).name: kind.field(index).type for index in range(kind.num_fields)}

    @cached_property
    def features(self) -> Mapping[str, Any]:
        """What Hugging Face's library wrote down of the columns, by their names; empty if nothing."""
        return features_of(self._schema)

    def class_names(self, name: str) -> list[str]:
        """What the numbers in a column mean, or those in a field of its objects; empty if nothing says so."""
        return class_names(self.features, name)

    def cells(self, group: int, name: str) -> list[Any]:
        """The cells of any column in a row group, as Python has them.

        Numbers are the names of their classes if Hugging Face's library wrote these down; -1 is None.
        """
        return self._named(name, self._column(group, name, keep=False).to_pylist())

    def _named(self, name: str, cells: list[Any]) -> list[Any]:
        names = self.class_names(name)
        return [class_name(cell, names) for cell in cells] if names else cells

    def files(self, group: int, name: str) -> Any:
        """The files in a column in a row group: a `pyarrow.ChunkedArray` of bytes."""
        return self._column(group, name, "bytes" if self.field_names(name) else "")

    def file_names(self, group: int, name: str) -> list[str | None]:
        """What the files in a column were called."""
        if "path" not in self.field_names(name):
            return [None] * int(np.diff(self.starts)[group])
        paths = self._column(group, name, "path", keep=False).to_pylist()
        return [path if isinstance(path, str) else None for path in paths]

    def texts(self, group: int, name: str) -> list[str | None]:
        """The cells of a column of texts in a row group."""
        return _as_list(self._column(group, name))

    def different(self, group: int, name: str) -> tuple[list[Any], np.ndarray]:
        """The different cells of a plain column in a row group, and int64 (rows,), which of them is where.

        Numbers of classes are their names, as in `cells`.
        """
        encoded = self._column(group, name, keep=False).dictionary_encode(null_encoding="encode")
        return self._named(name, encoded.dictionary.to_pylist()), encoded.indices.to_numpy().astype(np.int64)

    def take(self, name: str, rows: np.ndarray) -> list[str | None]:
        """The cells of a column of texts in some rows."""
        import pyarrow as pa

        groups = np.searchsorted(self.starts, rows, side="right") - 1
        if not len(rows):
            return []
        if groups[0] == groups[-1] and (groups == groups[0]).all():
            column = self._column(int(groups[0]), name)
            local = rows - self.starts[groups[0]]
            first = int(local[0])
            if int(local[-1]) - first == len(local) - 1 and (np.diff(local) == 1).all():
                return _as_list(column.slice(first, len(local)))
            return _as_list(column.take(pa.array(local)))
        cells: list[str | None] = [None] * len(rows)
        for group in np.unique(groups):
            positions = np.flatnonzero(groups == group)
            for position, cell in zip(positions.tolist(), self.take(name, rows[positions]), strict=True):
                cells[position] = cell
        return cells

    def _column(self, group: int, name: str, field: str = "", *, keep: bool = True) -> Any:
        """A column of a row group, or a field of its objects, which alone is read then."""
        key = (self, group, name, field)
        with self._decoded.lock:
            column = self._decoded.get(key)
            if column is None:
                with blamed(str(self.path)):
                    size = self._file.metadata.row_group(group).total_byte_size
                    check_memory(f"row group {group} of {self.path} unpacks to {size:,} bytes", size)
                    read = f"{name}.{field}" if field else name
                    column = self._file.read_row_group(group, columns=[read]).column(name)
                    if field:
                        import pyarrow.compute as pc

                        column = pc.struct_field(column, field)
                    if not _is_binary(column.type):  # 2 GiB of bytes and more are several pieces
                        column = column.combine_chunks()
                    if hasattr(column, "dictionary_decode"):
                        column = column.dictionary_decode()
                    column.validate(full=True)  # texts that are not UTF-8, for one
                    rows = self._file.metadata.row_group(group).num_rows
                    if len(column) != rows:
                        raise UserError(
                            f"{self.path} is damaged: row group {group} should have {rows:,} rows, and the"
                            f" column '{name}' has {len(column):,}"
                        )
                if keep:
                    self._decoded.add(key, column)
            return column


def _inner(kind: Any) -> Any:
    """The type of a column's values, which may be kept as a dictionary."""
    return getattr(kind, "value_type", kind) if str(kind).startswith("dictionary") else kind


def _is_binary(kind: Any) -> bool:
    return str(kind) in ("binary", "large_binary")


def _as_list(column: Any) -> list[str | None]:
    """By way of an array of objects, which is several times as fast as `to_pylist`."""
    cells: list[str | None] = column.to_numpy(zero_copy_only=False).tolist()
    return cells


def open_row_groups(paths: Sequence[Path], limit: int | None = None) -> list[RowGroups]:
    """Several Parquet files, whose decoded columns share the memory; see `RowGroups`."""
    decoded = DecodedColumns(limit)
    return [RowGroups(path, decoded) for path in paths]
