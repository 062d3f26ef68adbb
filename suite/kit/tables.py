"""Rows of TSV, CSV, JSON, spreadsheets and Arrow files, as people and programs save them, with their lines.

The standard library's `csv` is not used: it refuses a cell of more than 128 KiB, unless the limit is lifted
for the whole process. Nor is its `Sniffer`, which found 193 of the 200 delimiters of small tables of
sentences; the most frequent one in the header was right in all.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from suite.errors import UserError
from suite.kit.json_tables import flat as flat
from suite.kit.json_tables import json_rows
from suite.kit.packed_tables import ARROW as ARROW
from suite.kit.packed_tables import PACKED as PACKED
from suite.kit.packed_tables import SHEETS, arrow_rows, sheet_cells
from suite.kit.packed_tables import unpacked as unpacked
from suite.stopping import check_stop

_TEXT_SUFFIXES = (".tsv", ".csv", ".jsonl", ".ndjson", ".json")
SUFFIXES = (*_TEXT_SUFFIXES, *(f"{suffix}.gz" for suffix in _TEXT_SUFFIXES), *PACKED)
"""What a table may end with."""

JSON = (".jsonl", ".ndjson", ".json")

Row = Mapping[str, Any]

_DELIMITERS = ",;\t|"

_MAX_LINES = 8
"""A quoted cell over so many lines, each of which is a row by itself, was never meant to be one."""


def rows(content: bytes | str, name: str, *, header: bool = True) -> Iterator[tuple[int, Row | str]]:
    """The rows that are not blank, by the line in which they end.

    For CSV and TSV see `cells`, for JSON `suite.kit.json_tables`. Rows of a list, a spreadsheet or an Arrow
    file have numbers instead of lines.

    Args:
        content: of the file: text; or bytes in UTF-8, with or without a byte order mark, or in UTF-16 with
            one. Bytes may be compressed (.gz), a spreadsheet (.xlsx), or Arrow's (.parquet, .feather,
            .arrow), as the name says.
        name: of the file.
        header: whether the first row has the names of the columns; if not, they are "1", "2" and so on. JSON
            and Arrow files have names in any case.

    Yields:
        The line's number and the cells by column; or a sentence on what is wrong with the row.

    Raises:
        UserError: if the file cannot be read as what its name says, or has no usable header.
    """
    if isinstance(content, bytes):
        content, name = unpacked(content, name)
        if name.lower().endswith(ARROW):
            yield from arrow_rows(content, name)
            return
        if name.lower().endswith(SHEETS):
            yield from _named(sheet_cells(content, name), name, header)
            return
    text = content if isinstance(content, str) else decoded(content, name)
    if name.lower().removesuffix(".gz").endswith(JSON):
        yield from json_rows(text, name)
        return
    yield from _named(cells(lines(text), name), name, header)


def _named(
    numbered: Iterator[tuple[int, list[Any]]], name: str, header: bool
) -> Iterator[tuple[int, Row | str]]:
    names: list[str] = []
    for line, row in numbered:
        check_stop()
        if not names:
            names = column_names(map(str, row), name) if header else numbered_columns(len(row))
            if header:
                continue
        if len(row) == len(names):
            yield line, dict(zip(names, row, strict=True))
        else:
            first = "header" if header else "first row"
            yield line, f"with another number of cells than the {first}'s {len(names)}"


def numbered_columns(count: int) -> list[str]:
    """The names of the columns of a table without a header: their numbers, from 1."""
    return [str(number) for number in range(1, count + 1)]


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
    too; two of them mean one. Spaces before a cell are left out. A quotation mark that is never closed, or
    whose cell would swallow rows, means itself: the cell then ends with its line. In a TSV file, a cell never
    goes over a line break, and a quotation mark means itself, as in Common Voice, unless a pair of them is
    around a whole cell whose own are all doubled.

    Args:
        lines: with their line breaks; they are read one row ahead at most, unless a quotation mark is open.
        name: of the file.
        keep_blank: whether rows without anything in them are wanted, too.
    """
    numbered = enumerate(lines, start=1)
    for first in numbered:
        if not (keep_blank or first[1].strip()):
            continue
        is_tsv = name.lower().removesuffix(".gz").endswith(".tsv")
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
    numbered = _Lines(_chained(first, rest))
    width = 0
    while (begin := numbered.next()) is not None:
        number, line = begin
        if '"' not in line:
            row = _plain_cells(line, delimiter)
        else:
            row, closed = _quoted_cells(line, delimiter, numbered)
            if not closed or (numbered.taken and not _is_one_row(line, numbered.taken, delimiter, width)):
                numbered.give_back()
                row, _ = _quoted_cells(line, delimiter, None)
            if numbered.taken:
                number += len(numbered.taken)
                numbered.taken.clear()
        width = width or len(row)
        yield number, row


class _Lines:
    """Lines, some of which may be given back."""

    def __init__(self, numbered: Iterator[Numbered]) -> None:
        self._numbered = numbered
        self._again: deque[Numbered] = deque()
        self.taken: list[Numbered] = []

    def next(self) -> Numbered | None:
        """The next line; None at the end."""
        return self._again.popleft() if self._again else next(self._numbered, None)

    def take(self) -> str:
        """The next line, which may be given back; empty at the end."""
        line = self.next()
        if line is None:
            return ""
        self.taken.append(line)
        return line[1]

    def give_back(self) -> None:
        """Make the lines that were taken the next ones again."""
        self._again.extendleft(reversed(self.taken))
        self.taken.clear()


def _is_one_row(first: str, taken: Sequence[Numbered], delimiter: str, width: int) -> bool:
    """Whether lines that a quoted cell goes over were meant as one row."""
    if len(taken) + 1 < _MAX_LINES:
        return True
    return any(len(_plain_cells(line, delimiter)) != width for line in (first, *(text for _, text in taken)))


def _plain_cells(line: str, delimiter: str) -> list[str]:
    return [cell.lstrip(" ") for cell in _without_break(line).split(delimiter)]


def _quoted_cells(line: str, delimiter: str, more: _Lines | None) -> tuple[list[str], bool]:
    """The cells of a row, and whether its quotation marks make sense over the lines that it took.

    Args:
        line: the first line.
        delimiter: between cells.
        more: what a quoted cell goes on with; None: a quotation mark that is not closed in its line
            means itself.
    """
    row: list[str] = []
    position = 0
    while position <= len(line):
        while line.startswith(" ", position):
            position += 1
        if not line.startswith('"', position) or (more is None and not _closes(line, position)):
            end = line.find(delimiter, position)
            row.append(_without_break(line[position:]) if end < 0 else line[position:end])
            position = len(line) + 1 if end < 0 else end + 1
            continue
        pieces = []
        position += 1
        spans = False
        while True:
            end = line.find('"', position)
            if end < 0:  # the cell goes on in the next line
                pieces.append(line[position:])
                line = more.take() if more is not None else ""
                position, spans = 0, True
                if not line:
                    return row, False
            elif line.startswith('"', end + 1):
                pieces.append(line[position : end + 1])
                position = end + 2
            else:
                pieces.append(line[position:end])
                position = end + 1
                break
        # What follows a closing quotation mark belongs to the cell.
        end = line.find(delimiter, position)
        after = _without_break(line[position:]) if end < 0 else line[position:end]
        if spans and after.strip():
            return row, False
        row.append("".join(pieces) + after)
        position = len(line) + 1 if end < 0 else end + 1
    return row, True


def _closes(line: str, position: int) -> bool:
    """Whether the cell that a quotation mark begins ends within its line."""
    end = position + 1
    while (end := line.find('"', end)) >= 0:
        if not line.startswith('"', end + 1):
            return True
        end += 2
    return False


def _chained(first: Numbered, rest: Iterator[Numbered]) -> Iterator[Numbered]:
    yield first
    yield from rest


def _without_break(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")
