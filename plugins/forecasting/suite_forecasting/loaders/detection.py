"""Whether data is of a format, without reading much of it."""

from __future__ import annotations

from pathlib import Path

from suite import UserError
from suite.kit import NotJsonError, decode_json, tables
from suite.sources import FileSource, open_file
from suite_forecasting.reading.columns import columns_of
from suite_forecasting.reading.files import DataFile, files_in
from suite_forecasting.reading.layout import is_series_table
from suite_forecasting.reading.problems import SeriesProblems
from suite_forecasting.reading.shapes import reshaped

_HEAD = 1 << 16
_MAX_WHOLE = 1 << 26


def detect_table(path: Path) -> bool:
    """Whether the first table of a file, a folder or an archive has times and numbers."""
    files = files_in(path)
    if not files or detect_gluonts(path):
        return False
    try:
        table = reshaped(columns_of(_head(files[0]), files[0].name, SeriesProblems()))
        return is_series_table(table)
    except UserError:
        return False


def detect_gluonts(path: Path) -> bool:
    """Whether the first line of a file is a series with its start and its values."""
    files = files_in(path, tables.JSON + tuple(f"{suffix}.gz" for suffix in tables.JSON))
    if not files:
        return False
    try:
        content, _ = tables.unpacked(_head(files[0], whole_lines=False), files[0].name, _HEAD)
    except UserError:
        return False
    head = content.lstrip()[:_HEAD]
    if head[:1] != b"{" or b'"target"' not in head:
        return False
    try:
        row = decode_json(head.split(b"\n", 1)[0])
    except NotJsonError:
        return b'"start"' in head  # a series that is longer than what is looked at
    return isinstance(row, dict) and isinstance(row.get("target"), list)


def _head(file: DataFile, *, whole_lines: bool = True) -> bytes:
    """The beginning of a text, whole lines of it; all of what is packed."""
    packed = file.name.lower().endswith((*tables.PACKED, ".gz", ".json"))
    if packed or not isinstance(file.source, FileSource):
        return file.source.read() if file.source.size <= _MAX_WHOLE else b""
    with open_file(file.source.path) as opened:
        head = opened.read(_HEAD) or b""
    if len(head) < _HEAD or not whole_lines:
        return head
    return head[: head.rfind(b"\n") + 1]
