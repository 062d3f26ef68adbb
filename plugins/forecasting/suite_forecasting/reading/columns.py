"""Tables as columns: quickly where lines can simply be split, else by the host's tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from suite import UserError
from suite.kit import tables
from suite_forecasting.reading.problems import SeriesProblems

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


def columns_of(content: bytes, name: str, problems: SeriesProblems) -> Columns:
    """The columns of a table's file. Rows of another length than the header are named and left out.

    Args:
        content: of the file.
        name: of the file, whose ending says what it is.
        problems: where to name what is left out.

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
    for line, row in tables.rows(content, name):
        if isinstance(row, str):
            _leave_out(problems, name, line, row)
            continue
        names.update(dict.fromkeys(row))
        lines.append(line)
        rows.append(row)
    if not rows:
        raise UserError(f"{name} has no row below its header")
    return Columns(name, lines, {column: [row.get(column) for row in rows] for column in names})


def _plain(text: str, name: str, problems: SeriesProblems) -> Columns:
    if "\r" in text:
        text = text.replace("\r\n", "\n") if "\n" in text else text.replace("\r", "\n")
    texts = text.split("\n")
    first = next(number for number, line in enumerate(texts) if line.strip())
    header = texts[first]
    is_tsv = name.lower().removesuffix(".gz").endswith(".tsv")
    delimiter = "\t" if is_tsv else max(_DELIMITERS, key=header.count)
    names = tables.column_names(header.split(delimiter), name)
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


def _leave_out(problems: SeriesProblems, name: str, line: int, what: str) -> None:
    problems.add(f"row {what} is left out", f"rows {what} are left out", f"{name}, line {line}")
