"""Tables of texts: rows with their lines, and what their columns are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite import UserError
from suite.kit import nearest, split_of_name, tables
from suite.sources import FileSource
from suite_language.encodings import decoded
from suite_text.reading.problems import Problems

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
"""What a column may be called that names the split of each row."""

_MAX_SHOWN = 40


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
    """Read a CSV, TSV or JSON lines file; note what is odd about its bytes, and the rows that are left out.

    Raises:
        UserError: if it cannot be read, or has no rows at all.
    """
    content = decoded(FileSource(path).read(), str(path), encoding)
    if not content.text.strip():
        raise UserError(f"{path} is empty: it has no text in it")
    problems.note_decoding(content, path.name)
    rows: list[tuple[int, tables.Row]] = []
    before = 1
    for line, row in tables.rows(content.text, str(path)):
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


def header(path: Path) -> list[str]:
    """The names of a table's columns, from the beginning of the file; empty if that is not a table's."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    try:
        text = decoded(head, str(path)).text
        if path.suffix.lower() in (".json", ".jsonl", ".ndjson"):
            if text.lstrip()[:1] == "[" or "\n" not in text:
                text = decoded(FileSource(path).read(), str(path)).text
            objects = (row for _, row in tables.rows(text, path.name) if not isinstance(row, str))
            return list(next(objects, {}))
        first = next((line for line in text.split("\n") if line.strip()), "")
        _, cells = next(tables.cells([first], path.name), (0, []))
        return tables.column_names(cells, path.name)
    except UserError:
        return []


def known_column(columns: Sequence[str], names: Sequence[str]) -> str:
    """The column with the first of these names, whatever its case; empty if there is none."""
    plain = {column.strip().casefold().replace(" ", "_"): column for column in reversed(columns)}
    return next((plain[name] for name in names if name in plain), "")


def find_column(table: TextTable, named: str, names: Sequence[str], option: str, content: str) -> str:
    """The column that the user named, or the one with a known name.

    Args:
        table: the table.
        named: what the user gave; empty: found by its name.
        names: those that are known, the likeliest first.
        option: of the loader, for messages.
        content: what the column holds, for messages; empty if it need not be there.

    Raises:
        UserError: if it is not there.
    """
    if named:
        if named not in table.columns:
            raise UserError(
                f"{table.path} has no column '{named}' ({option}): {nearest(named, table.columns)}"
            )
        return named
    if column := known_column(table.columns, names):
        return column
    if not content:
        return ""
    shown = [name if len(name) <= _MAX_SHOWN else f"{name[: _MAX_SHOWN - 1]}…" for name in table.columns[:10]]
    listed = ", ".join(f"'{name}'" for name in shown) + (" ..." if len(table.columns) > 10 else "")
    raise UserError(
        f"{table.path} has no column for the {content} ('{names[0]}', say), only {listed}: name it with"
        f" --set loader.{option}=NAME"
    )


def split_of_row(row: tables.Row, column: str, default: str) -> str | None:
    """The split of a row.

    Args:
        row: of a table.
        column: that names the splits; empty if there is none.
        default: the split of a row that names none.

    Returns:
        "train", "validation" or "test"; None if the row names another.
    """
    written = as_text(row.get(column)).strip() if column else ""
    return split_of_name(written) if written else default


def as_text(cell: Any) -> str:
    """A cell as text; empty if it is neither text nor a number."""
    if isinstance(cell, str):
        return cell
    return str(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else ""
