"""Rows of TSV, CSV and JSON lines, as people and programs save them, with their lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from suite.errors import UserError

SUFFIXES = (".tsv", ".csv", ".jsonl", ".ndjson", ".json")
"""What a table may end with."""

Row = Mapping[str, Any]


def rows(content: bytes, name: str) -> Iterator[tuple[int, Row | str]]:
    """The rows that are not blank, by the line in which they end.

    Cells are separated by tabs if `name` ends with .tsv, else by the one of comma, semicolon, tab and |
    that is in the first line most often. A quotation mark within a cell of a .tsv means itself, as in Common
    Voice, but those around a whole cell whose own are doubled do not. JSON is one object in each line, or a
    list of objects, whose numbers then stand for lines.

    Args:
        content: of the file: UTF-8, with or without a byte order mark, or UTF-16 with one.
        name: of the file.

    Yields:
        The line's number and the cells by column; or a sentence on what is wrong with the row.

    Raises:
        UserError: if the file is no text, or has no usable header.
    """
    text = decoded(content, name)
    if name.lower().endswith((".jsonl", ".ndjson", ".json")):
        yield from _json_rows(text, name)
        return
    lines = _tsv_lines(text) if name.lower().endswith(".tsv") else _csv_lines(text, name)
    header: list[str] = []
    for line, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = [cell.strip() for cell in cells]
            if twins := sorted({column for column in header if column and header.count(column) > 1}):
                raise UserError(f"{name} has more than one column called '{twins[0]}'")
        elif len(cells) != len(header):
            yield line, f"with another number of cells than the header's {len(header)}"
        else:
            yield line, dict(zip(header, cells, strict=True))


def decoded(content: bytes, name: str) -> str:
    """A file's bytes as text. Raises `UserError` if they are neither UTF-8 nor UTF-16 with its mark."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(f"{name}, line {line} is not UTF-8: save the file as UTF-8") from None


def _tsv_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        yield number, [_unquoted(cell) for cell in line.removesuffix("\r").split("\t")]


def _unquoted(cell: str) -> str:
    """The cell without quotation marks around it, if those within are all doubled."""
    if len(cell) < 2 or cell[0] != '"' or cell[-1] != '"':
        return cell
    inner = cell[1:-1].replace('""', "\0")
    return cell if '"' in inner else inner.replace("\0", '"')


def _csv_lines(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    head = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=max(",;\t|", key=head.count), skipinitialspace=True
    )
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise UserError(f"{name}, line {reader.line_num} cannot be read: {error}") from None


def _json_rows(text: str, name: str) -> Iterator[tuple[int, Row | str]]:
    if text.lstrip()[:1] == "[":
        try:
            entries = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise UserError(f"{name} is not JSON: {error}") from None
        for number, entry in enumerate(entries, start=1):
            yield number, entry if isinstance(entry, dict) else "other than a JSON object"
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                entry = msgspec.json.decode(line)
            except msgspec.DecodeError:
                yield number, "that cannot be read as JSON"
                continue
            yield number, entry if isinstance(entry, dict) else "other than a JSON object"
