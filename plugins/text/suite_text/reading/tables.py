"""Tables of texts: rows with their lines, and what their columns are called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from suite import UserError
from suite.kit import nearest, open_row_groups, split_of_name, tables
from suite.sources import FileSource
from suite_language.encodings import decoded
from suite_text.reading.options import TableReading
from suite_text.reading.problems import Problems
from suite_text.reading.split_files import DataFile

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

_MAX_SHOWN = 40
_HEAD = 1 << 16
_NAMED = (*tables.JSON, *(f"{suffix}.gz" for suffix in tables.JSON), *tables.ARROW)
"""Endings of tables whose columns have names in any case."""


@dataclass(frozen=True)
class TextTable:
    """A table, read.

    Attributes:
        path: of the file, for messages.
        rows: by line, without those that cannot be used.
        columns: the names that any row has.
        header: whether its first row was read as the names of its columns.
    """

    path: str
    rows: Sequence[tuple[int, tables.Row]]
    columns: Sequence[str]
    header: bool = True


def read_table(file: DataFile, options: TableReading, problems: Problems) -> TextTable:
    """Read a table; note what is odd about its bytes, and the rows that are left out.

    Args:
        file: the table.
        options: its encoding, and whether it has a header.
        problems: where rows that cannot be used are noted.

    Raises:
        UserError: if it cannot be read, or has no rows at all.
    """
    rows: list[tuple[int, tables.Row]] = []
    before = 1
    for line, row in _rows(file, options, problems):
        if isinstance(row, str):
            begins = f", which begins in line {before + 1}: is a quotation mark left open?"
            problems.add(
                f"row {row} is left out",
                f"rows {row} are left out",
                f"{file.name}, line {line}{begins if line > before + 20 else ''}",
            )
        else:
            rows.append((line, row))
        before = line
    if not rows:
        listed = "".join(f": {sentence}" for sentence in problems.sentences()[:1])
        below = " below its header" if options.header else ""
        raise UserError(f"{file} has no row{below} that can be used{listed}")
    columns = list(dict.fromkeys(name for _, row in rows for name in row))
    return TextTable(str(file), rows, columns, options.header or file.name.lower().endswith(_NAMED))


def _rows(
    file: DataFile, options: TableReading, problems: Problems
) -> Iterator[tuple[int, tables.Row | str]]:
    content, path = tables.unpacked(file.read(), str(file))
    if path.lower().endswith(tables.PACKED):
        yield from tables.rows(content, path, header=options.header)
        return
    text = decoded(content, path, options.encoding)
    if not text.text.strip():
        raise UserError(f"{file} is empty: it has no text in it")
    problems.note_decoding(text, file.name)
    yield from tables.rows(text.text, path, header=options.header)


def header(file: DataFile) -> list[str] | None:
    """The names of a table's columns, from the beginning of the file.

    Returns:
        Empty if that is not a table's; None if it takes a package that is not installed to see them.
    """
    inner = file.name.lower().removesuffix(".gz")
    if file.name.lower().endswith(".parquet") and isinstance(file.source, FileSource):
        try:
            (rows,) = open_row_groups([file.source.path])
        except ImportError:
            return None
        except UserError:
            return []
        return rows.names if len(rows) else []
    if inner.endswith((*tables.JSON, *tables.PACKED)):
        row = first_of(file)
        return None if row is None else list(row)
    try:
        head, path = tables.unpacked(file.head(_HEAD), str(file), _HEAD)
        text = decoded(head, path).text
        line = next((line for line in text.split("\n") if line.strip()), "")
        _, cells = next(tables.cells([line], path), (0, []))
        return tables.column_names(cells, path)
    except UserError:
        return []


def first_of(file: DataFile) -> tables.Row | None:
    """The first row of a table, from the beginning of the file if that is enough.

    Returns:
        Empty if there is none; None if it takes a package that is not installed to read it.
    """
    packed = file.name.lower().endswith(tables.PACKED)
    try:
        head, path = tables.unpacked(file.read() if packed else file.head(_HEAD), str(file), _HEAD)
        if packed:
            return _first(tables.rows(head, path))
        text = decoded(head, path).text
        line = text.lstrip().split("\n", 1)[0].rstrip()
        is_lines = path.lower().endswith(tables.JSON) and line.startswith("{") and line.endswith("}")
        if is_lines and len(line) < len(text):
            return _first(tables.rows(line, f"{path}.jsonl"))
        text = decoded(tables.unpacked(file.read(), str(file))[0], path).text
        return _first(tables.rows(text, path))
    except UserError as error:
        return None if packed and isinstance(error.__context__, ImportError) else {}


def _first(rows: Iterator[tuple[int, tables.Row | str]]) -> tables.Row:
    return next((row for _, row in rows if not isinstance(row, str)), {})


def known_column(columns: Sequence[str], names: Sequence[str]) -> str:
    """The column with the first of these names, whatever its case; empty if there is none.

    A key of an object in a cell ("review.text") will do if no column is called so.
    """
    plain = {column.strip().casefold().replace(" ", "_"): column for column in reversed(columns)}
    if found := next((plain[name] for name in names if name in plain), ""):
        return found
    inner = {name.rpartition(".")[2]: column for name, column in plain.items() if "." in name}
    return next((inner[name] for name in names if name in inner), "")


def join_columns(row: tables.Row, columns: Sequence[str]) -> str:
    """The texts in some columns of a row, each in a line of its own; those that are empty are left out."""
    if len(columns) == 1:
        return as_text(row.get(columns[0]))
    return "\n".join(filter(str.strip, (as_text(row.get(column)) for column in columns)))


def columns_in(named: str) -> list[str]:
    """The columns that an option names, with commas between them."""
    return list(filter(None, map(str.strip, named.split(","))))


def find_columns(table: TextTable, named: str, names: Sequence[str], option: str, content: str) -> list[str]:
    """The columns that the user named, with commas between them, or the one with a known name.

    See `find_column`.
    """
    if "," in named and named not in table.columns:
        return [find_column(table, name, names, option, content) for name in columns_in(named)]
    column = find_column(table, named, names, option, content)
    return [column] if column else []


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
    listed = ", ".join(f"'{_shown(name)}'" for name in table.columns[:10]) + (
        " ..." if len(table.columns) > 10 else ""
    )
    if not table.header:
        raise UserError(
            f"{table.path} has no header, so columns have numbers: say which one holds the {content}, with"
            f" --set loader.{option}=NUMBER. The first row is {first_row(table)}"
        )
    raise UserError(
        f"{table.path} has no column for the {content} ('{names[0]}', say), only {listed}: name it with"
        f" --set loader.{option}=NAME{without_header(table.path)}"
    )


def first_row(table: TextTable) -> str:
    """The first row for people, with the numbers of its columns."""
    row = table.rows[0][1]
    return ", ".join(f"{name}: '{_shown(as_text(cell))}'" for name, cell in list(row.items())[:10])


def without_header(path: str, options: str = "the columns by their numbers") -> str:
    """What to do if the first row of a table is no header; nothing for tables that have one in any case."""
    if path.lower().endswith(_NAMED):
        return ""
    return f"; if its first row is data already, say --set loader.header=false and name {options}"


def _shown(name: str) -> str:
    return name if len(name) <= _MAX_SHOWN else f"{name[: _MAX_SHOWN - 1]}…"


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
