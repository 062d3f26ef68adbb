"""Tables as columns: quickly where lines can simply be split, else by the host's tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from suite import UserError
from suite.kit import check_memory, tables
from suite_forecasting.reading.numbers import looks_numeric
from suite_forecasting.reading.problems import SeriesProblems
from suite_forecasting.reading.times import looks_like_times

_TEXT = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, eq=False)
class Columns:
    """A table.

    Attributes:
        file: its name.
        lines: the line, or the number, of each row.
        cells: of each column, by its name, in the order of the table.
    """

    file: str
    lines: Sequence[int]
    cells: dict[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(self.lines)


_BYTES_OF_CELL = 200
"""Of memory: its text, its place in a row and in a column, and what becomes of it, as measured."""

_COPIES = 4
"""Of a text that are in memory while it is taken apart."""

_COUNTED = 1024
"""Rows between two looks at how many cells there are."""


def check_cells(name: str, cells: int, size: int = 0) -> None:
    """Refuse a table of more cells than fit into the memory of one input.

    Args:
        name: of the file.
        cells: how many there are about.
        size: bytes of its text.

    Raises:
        suite.UserError: saying how many.
    """
    check_memory(f"{name} has some {cells:,} cells", _BYTES_OF_CELL * cells + _COPIES * size)


def columns_of(content: bytes, name: str, problems: SeriesProblems, *, bounded: bool = False) -> Columns:
    """The columns of a table's file. Rows of another length than the header are named and left out.

    Args:
        content: of the file.
        name: of the file, whose ending says what it is.
        problems: where to name what is left out.
        bounded: whether it is one input, which has its limit of memory, and no data to learn from.

    Raises:
        suite.UserError: if it cannot be read, or is empty.
    """
    if not content.strip():
        raise UserError(f"{name} is empty")
    if name.lower().endswith(_TEXT):
        unpacked, bare = tables.unpacked(content, name)
        if b'"' not in unpacked:
            return _plain(tables.decoded(unpacked, bare), name, problems)
    names: dict[str, None] = {}
    lines: list[int] = []
    rows: list[Any] = []
    header = not name.lower().endswith(_TEXT) or not _is_headless(_first_cells(content, name))
    if not header:
        _note_headless(problems, name)
    cells = 0
    for number, (line, row) in enumerate(tables.rows(content, name, header=header)):
        cells += len(row)
        if bounded and number % _COUNTED == 0:
            check_cells(name, cells)
        if isinstance(row, str):
            _leave_out(problems, name, line, row)
            continue
        names.update(dict.fromkeys(row))
        lines.append(line)
        rows.append(row)
    if not rows:
        raise UserError(f"{name} has no row below its header")
    return Columns(name, lines, {column: [_cell(row.get(column)) for row in rows] for column in names})


def _cell(value: Any) -> Any:
    """A cell; of one that holds several things, which is no time, name or number, its text."""
    return str(value) if isinstance(value, list | dict | tuple) else value


def _plain(text: str, name: str, problems: SeriesProblems) -> Columns:
    if "\r" in text:
        text = text.replace("\r\n", "\n") if "\n" in text else text.replace("\r", "\n")
    texts = text.split("\n")
    first = next((number for number, line in enumerate(texts) if line.strip()), -1)
    if first < 0:
        raise UserError(f"{name} is empty")
    header = texts[first]
    is_tsv = name.lower().removesuffix(".gz").endswith(".tsv")
    delimiter = "\t" if is_tsv else max(_DELIMITERS, key=header.count)
    cells = header.split(delimiter)
    if _is_headless(cells):
        _note_headless(problems, name)
        names = tables.numbered_columns(len(cells))
        first -= 1
    else:
        names = tables.column_names(cells, name)
    split = [line.split(delimiter) for line in texts[first + 1 :]]
    width = len(names)
    lines: Sequence[int] = range(first + 2, len(texts) + 1)
    if not all(len(row) == width for row in split) or width == 1:
        kept = []
        kept_lines = []
        for line, row in zip(lines, split, strict=True):
            if len(row) == width and (width > 1 or row[0].strip()):
                kept.append(row)
                kept_lines.append(line)
            elif any(cell.strip() for cell in row):
                _leave_out(problems, name, line, f"with another number of cells than the header's {width}")
        split, lines = kept, kept_lines
    if not split:
        raise UserError(f"{name} has no row below its header")
    columns = zip(*split, strict=True)
    return Columns(name, lines, dict(zip(names, columns, strict=True)))


def _first_cells(content: bytes, name: str) -> list[str]:
    unpacked, bare = tables.unpacked(content, name)
    text = tables.decoded(unpacked, bare)
    return next((cells for _, cells in tables.cells(tables.lines(text), bare)), [])


def _is_headless(cells: Sequence[str]) -> bool:
    """Whether a first row is one of times and numbers, and no header.

    Years, and numbers that follow on each other, may be names of columns; so may the 0 of pandas.
    """
    texts = [cell.strip() for cell in cells]
    if not all(texts) or not all(looks_numeric([text]) or looks_like_times([text], "") for text in texts):
        return False
    if texts == ["0"]:
        return False
    if len(texts) < 2 or not all(text.isdecimal() for text in texts):
        return len(texts) < 2 or any(looks_numeric([text]) for text in texts)
    numbers = list(map(int, texts))
    in_order = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return not in_order and not all(1500 <= number <= 2300 for number in numbers)


def _note_headless(problems: SeriesProblems, name: str) -> None:
    problems.note(f"{name} has no header: its columns are called 1, 2 and so on")


def _leave_out(problems: SeriesProblems, name: str, line: int, what: str) -> None:
    problems.add(f"row {what} is left out", f"rows {what} are left out", f"{name}, line {line}")
