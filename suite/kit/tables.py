"""Rows of TSV, CSV and JSON lines, as people and programs save them, with their lines.

The standard library's `csv` is not used: it refuses a cell of more than 128 KiB, unless the limit is lifted
for the whole process. Nor is its `Sniffer`, which found 193 of the 200 delimiters of small tables of
sentences; the most frequent one in the header was right in all.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from suite.errors import UserError

SUFFIXES = (".tsv", ".csv", ".jsonl", ".ndjson", ".json")
"""What a table may end with."""

Row = Mapping[str, Any]

_DELIMITERS = ",;\t|"


def rows(content: bytes | str, name: str) -> Iterator[tuple[int, Row | str]]:
    """The rows that are not blank, by the line in which they end.

    For CSV and TSV see `cells`. JSON is one object in each line, or a list of objects, whose numbers then
    stand for lines.

    Args:
        content: of the file: text; or bytes in UTF-8, with or without a byte order mark, or in UTF-16 with
            one.
        name: of the file.

    Yields:
        The line's number and the cells by column; or a sentence on what is wrong with the row.

    Raises:
        UserError: if the file is no text, or has no usable header.
    """
    text = content if isinstance(content, str) else decoded(content, name)
    if name.lower().endswith((".jsonl", ".ndjson", ".json")):
        yield from _json_rows(text, name)
        return
    header: list[str] = []
    for line, row in cells(lines(text), name):
        if not header:
            header = column_names(row, name)
        elif len(row) != len(header):
            yield line, f"with another number of cells than the header's {len(header)}"
        else:
            yield line, dict(zip(header, row, strict=True))


def column_names(header: Iterable[str], name: str) -> list[str]:
    """The names of a header's columns.

    Args:
        header: the cells of the first row.
        name: of the file.

    Raises:
        UserError: if two columns have the same name.
    """
    names = [cell.strip() for cell in header]
    if twins := sorted({column for column in names if column and names.count(column) > 1}):
        raise UserError(f"{name} has more than one column called '{twins[0]}'")
    return names


def decoded(content: bytes, name: str) -> str:
    """A file's bytes as text. Raises `UserError` if they are neither UTF-8 nor UTF-16 with its mark."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(f"{name}, line {line} is not UTF-8: save the file as UTF-8") from None


def lines(text: str) -> Iterable[str]:
    r"""The lines of a text, with their line breaks; `\r` alone breaks lines only if there is no `\n`."""
    return io.StringIO(text, newline="\n" if "\n" in text else "")


def cells(lines: Iterable[str], name: str, *, keep_blank: bool = False) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row of a CSV or TSV file, by the line in which the row ends.

    The delimiter is the tab if `name` ends with .tsv, else the one of comma, semicolon, tab and | that is in
    the first line that is not blank most often.

    In a CSV file, a cell that begins with a quotation mark goes on to the next single one, over line breaks,
    too; two of them mean one. Spaces before a cell are left out. In a TSV file, a cell never goes over a line
    break, and a quotation mark means itself, as in Common Voice, unless a pair of them is around a whole cell
    whose own are all doubled.

    Args:
        lines: with their line breaks; they are read one row ahead at most.
        name: of the file.
        keep_blank: whether rows without anything in them are wanted, too.
    """
    numbered = enumerate(lines, start=1)
    for first in numbered:
        if not (keep_blank or first[1].strip()):
            continue
        is_tsv = name.lower().endswith(".tsv")
        delimiter = "\t" if is_tsv else max(_DELIMITERS, key=first[1].count)
        read = _tsv_cells if is_tsv else _csv_cells
        for number, row in read(first, numbered, delimiter):
            if keep_blank or any(cell.strip() for cell in row):
                yield number, row


Numbered = tuple[int, str]


def _tsv_cells(first: Numbered, rest: Iterator[Numbered], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in _chained(first, rest):
        yield number, [_unquoted(cell) for cell in _without_break(line).split(delimiter)]


def _unquoted(cell: str) -> str:
    """The cell without quotation marks around it, if those within are all doubled."""
    if len(cell) < 2 or cell[0] != '"' or cell[-1] != '"':
        return cell
    inner = cell[1:-1].replace('""', "\0")
    return cell if '"' in inner else inner.replace("\0", '"')


def _csv_cells(first: Numbered, rest: Iterator[Numbered], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    numbered = _chained(first, rest)
    for number, line in numbered:
        if '"' not in line:
            yield number, [cell.lstrip(" ") for cell in _without_break(line).split(delimiter)]
            continue
        row: list[str] = []
        position = 0
        while position <= len(line):
            while line.startswith(" ", position):
                position += 1
            if not line.startswith('"', position):
                end = line.find(delimiter, position)
                row.append(_without_break(line[position:]) if end < 0 else line[position:end])
                position = len(line) + 1 if end < 0 else end + 1
                continue
            pieces = []
            position += 1
            while True:
                end = line.find('"', position)
                if end < 0:  # the cell goes on in the next line, or to the end of the file
                    pieces.append(line[position:])
                    number, line = next(numbered, (number, ""))
                    position = 0
                    if not line:
                        break
                elif line.startswith('"', end + 1):
                    pieces.append(line[position : end + 1])
                    position = end + 2
                else:
                    pieces.append(line[position:end])
                    position = end + 1
                    break
            # What follows a closing quotation mark belongs to the cell.
            end = line.find(delimiter, position)
            pieces.append(_without_break(line[position:]) if end < 0 else line[position:end])
            row.append("".join(pieces))
            position = len(line) + 1 if end < 0 else end + 1
        yield number, row


def _chained(first: Numbered, rest: Iterator[Numbered]) -> Iterator[Numbered]:
    yield first
    yield from rest


def _without_break(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")


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
