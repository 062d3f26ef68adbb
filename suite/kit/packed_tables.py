"""Tables that are no text: compressed ones, spreadsheets and Arrow's files."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from suite.errors import UserError, reason, unimportable
from suite.kit.hub_features import class_name, class_names, features_of
from suite.limits import ByteCount, check_memory
from suite.sources.unpacking import gunzipped

ARROW = (".parquet", ".feather", ".arrow")
SHEETS = (".xlsx",)
PACKED = (*SHEETS, *ARROW)
"""Endings of tables that need a package to be read."""

_MAX_ROWS = 1 << 20
"""Of a sheet, as Excel has it: a damaged one may number its rows as it likes."""

_MAX_SHEETS = 1000
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s")


def unpacked(content: bytes, name: str, max_bytes: int = -1) -> tuple[bytes, str]:
    """What is in a .gz file, and its name without the ending; any other content as it is.

    Args:
        content: of the file, or its beginning if `max_bytes` is given.
        name: of the file.
        max_bytes: how much of it is wanted, about; -1: all.

    Raises:
        UserError: if it is damaged, or more than one input may be.
    """
    if not name.lower().endswith(".gz"):
        return content, name
    return gunzipped(content, name, max_bytes), name[: -len(".gz")]


def arrow_rows(content: bytes, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows of a Parquet, Feather or Arrow file, by their numbers.

    Numbers of classes are their names, see `RowGroups.cells`.

    Raises:
        UserError: if it is damaged, or the package that reads it is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise _missing(error, name, "pyarrow") from None
    number = 0
    with blamed(name):
        count = ByteCount(f"{name} unpacks to")
        for batch in _batches(pa.BufferReader(content), name):
            count.add(batch.nbytes)
            features = features_of(batch.schema)
            named = {column: names for column in features if (names := class_names(features, column))}
            for row in batch.to_pylist():
                number += 1
                row.update(
                    {column: class_name(row[column], named[column]) for column in named if column in row}
                )
                yield number, row


def sheet_cells(content: bytes, name: str) -> Iterator[tuple[int, list[Any]]]:
    """The cells of each row of a spreadsheet's first sheet that has any, by the row's number.

    Cells are texts or numbers; rows without anything in them are left out, and shorter ones filled up to the
    length of the first one.

    Raises:
        UserError: if it is damaged, or the package that reads it is not installed.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise _missing(error, name, "openpyxl") from None
    width = 0
    with blamed(name):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            size = sum(member.file_size for member in packed.infolist())
            check_memory(f"{name} unpacks to {size:,} bytes", size)
            _check_sheets(packed, name)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # a sheet may say that it is as large as it likes
            for number, values in enumerate(sheet.iter_rows(max_row=_MAX_ROWS, values_only=True), start=1):
                row = list(map(_cell, values))
                while row and row[-1] == "":
                    row.pop()
                if row:
                    width = width or len(row)
                    yield number, row + [""] * (width - len(row))
            if width:
                return


def _check_sheets(packed: zipfile.ZipFile, name: str) -> None:
    """Refuse a workbook of very many sheets: openpyxl looks into all of them, and one is read."""
    sheets = sum(
        len(_SHEET.findall(packed.read(member)))
        for member in packed.infolist()
        if member.filename.lower().endswith("workbook.xml")
    )
    if sheets > _MAX_SHEETS:
        most = f"{_MAX_SHEETS:,}"
        raise UserError(f"{name} has {sheets:,} sheets, more than {most}: give one with the table alone")


@contextmanager
def blamed(name: str) -> Iterator[None]:
    """Say of a library's error which file it is about."""
    try:
        yield
    except (GeneratorExit, UserError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - a library's own kinds
        raise UserError(f"{name} is damaged, or no {name.rpartition('.')[2]} file: {reason(error)}") from None


def _missing(error: ImportError, name: str, package: str) -> UserError:
    missing = (
        f"{name}: reading .{name.rpartition('.')[2]} files needs the package {package}: pip install"
        " 'keras-suite[tables]'"
    )
    return unimportable(error, package, missing)


def _batches(file: Any, name: str) -> Iterator[Any]:
    if name.lower().endswith(".parquet"):
        import pyarrow.parquet

        parquet = pyarrow.parquet.ParquetFile(file)
        groups = [parquet.metadata.row_group(index) for index in range(parquet.metadata.num_row_groups)]
        size = sum(group.total_byte_size for group in groups)
        check_memory(f"{name} unpacks to {size:,} bytes", size)
        yield from parquet.iter_batches(batch_size=4096)
        return
    import pyarrow as pa

    try:
        reader = pa.ipc.open_file(file)
        yield from (reader.get_batch(index) for index in range(reader.num_record_batches))
    except pa.ArrowInvalid:  # what the data sets of the Hub keep is a stream
        file.seek(0)
        yield from pa.ipc.open_stream(file)


def _cell(value: Any) -> Any:
    """A cell as JSON would have it: text, or a number; an empty one is an empty text."""
    if value is None:
        return ""
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return value
