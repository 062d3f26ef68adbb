"""Tables of texts: rows with their lines, and what their columns are called."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite import UserError
from suite.kit import nearest, split_of_name, tables
from suite.sources import FileSource
from suite_text.encodings import decoded
from suite_text.problems import Problems

TEXT_COLUMNS = (
    "text", "texts", "sentence", "question", "review", "content", "document", "body", "article", "message",
    "comment", "tweet", "post", "headline", "title", "utterance", "query", "phrase", "passage", "description",
    "input", "prompt", "words",
)  # fmt: skip
"""What a column of texts may be called, in lower case, the likeliest first."""

LABEL_COLUMNS = (
    "label_name", "label_text", "class_name", "label", "labels", "class", "classes", "category", "categories",
    "target", "targets", "topic", "topics", "sentiment", "intent", "emotion", "tag", "tags", "genre",
    "polarity", "rating", "stars", "output", "answer",
)  # fmt: skip
"""What a column of labels may be called."""

SPLIT_COLUMNS = ("split", "part", "subset", "partition")
"""What a column may be called that says to which part a row belongs."""

_SHOWN = 40


@dataclass(frozen=True)
class TextTable:
    """A table, read.

    Attributes:
        path: of the file.
        rows: by line, without those that cannot be used.
        columns: the names that any row has.
    """

    path: Path
    rows: Sequence[tuple[int, tables.Row]]
    columns: Sequence[str]


def read_table(path: Path, encoding: str, problems: Problems) -> TextTable:
    """A CSV, TSV or JSON lines file. What is odd with its bytes, and rows that are left out, are noted.

    Raises:
        UserError: where it cannot be read, or has no rows at all.
    """
    found = decoded(FileSource(path).read(), str(path), encoding)
    if not found.text.strip():
        raise UserError(f"{path} is empty: it has no text in it")
    problems.note_decoding(found, path.name)
    rows: list[tuple[int, tables.Row]] = []
    before = 1
    for line, row in _rows(found.text, str(path)):
        if isinstance(row, str):
            begins = f", which begins in line {before + 1}: is a quotation mark left open?"
            problems.note(
                f"row {row} is left out",
                f"rows {row} are left out",
                f"{path.name}, line {line}{begins if line > before + 20 else ''}",
            )
        else:
            rows.append((line, row))
        before = line
    if not rows:
        listed = "".join(f": {sentence}" for sentence in problems.sentences()[:1])
        raise UserError(f"{path} has no row below its header that can be used{listed}")
    return TextTable(path, rows, list(dict.fromkeys(name for _, row in rows for name in row)))


def _rows(text: str, name: str) -> Iterator[tuple[int, tables.Row | str]]:
    limit = csv.field_size_limit(sys.maxsize)  # else a text of more than 128 KiB would be an error
    try:
        yield from tables.rows(text.encode(), name)
    finally:
        csv.field_size_limit(limit)


def header(path: Path) -> list[str]:
    """The names of a table's columns, from its beginning; empty where that is not a table's."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    try:
        text = decoded(head, str(path)).text
        if path.suffix.lower() in (".json", ".jsonl", ".ndjson"):
            if text.lstrip()[:1] == "[" or "\n" not in text:
                text = decoded(FileSource(path).read(), str(path)).text
            row = next((row for _, row in _rows(text, path.name) if not isinstance(row, str)), {})
            return list(row)
        first = next((line for line in text.split("\n") if line.strip()), "")
        ones = next(_rows(f"{first}\n{first}", path.name), (0, {}))[1]
    except UserError:
        return []
    return list(ones) if isinstance(ones, dict) else []


def known(columns: Sequence[str], names: Sequence[str]) -> str:
    """The column with the first of these names, whatever its case; empty where there is none."""
    plain = {column.strip().casefold().replace(" ", "_"): column for column in reversed(columns)}
    return next((plain[name] for name in names if name in plain), "")


def column(table: TextTable, given: str, names: Sequence[str], option: str, what: str) -> str:
    """The column that the user gave, or the one with a known name.

    Args:
        table: the table.
        given: what the user gave; empty: found by its name.
        names: those that are known, the likeliest first.
        option: of the loader, for messages.
        what: it holds, for messages; empty where the column need not be there.

    Raises:
        UserError: where it is not there.
    """
    if given:
        if given not in table.columns:
            raise UserError(
                f"{table.path} has no column '{given}' ({option}): {nearest(given, table.columns)}"
            )
        return given
    if found := known(table.columns, names):
        return found
    if not what:
        return ""
    shown = [name if len(name) <= _SHOWN else f"{name[: _SHOWN - 1]}…" for name in table.columns[:10]]
    listed = ", ".join(f"'{name}'" for name in shown) + (" ..." if len(table.columns) > 10 else "")
    raise UserError(
        f"{table.path} has no column for the {what} ('{names[0]}', say), only {listed}: name it with"
        f" --set loader.{option}=NAME"
    )


def part_of_row(row: tables.Row, split: str, part: str) -> str | None:
    """The part to which a row belongs, by its column `split` if there is one; None for no known part."""
    written = as_text(row.get(split)).strip() if split else ""
    return split_of_name(written) if written else part


def as_text(cell: Any) -> str:
    """A cell as text; what is no text or number has none."""
    if isinstance(cell, str):
        return cell
    return str(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else ""
