"""The texts that `suite predict` is given: words, lines and cells of files, the standard input, whole files.

A codec of texts has `accepts_text = True` and `STREAM_SUFFIXES` among its `stream_suffixes`, calls
`open_stream` in its own `open_stream`, and `text_of` on whatever it is to encode.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from suite import UserError
from suite.kit import NotJsonError, check_memory, decode_json, reason, tables
from suite.pipeline import Stream
from suite.sources import FileSource, open_file, open_lines, read_file, read_stream, stream_lines
from suite_language.encodings import decoded, encoding_of
from suite_text.reading.chat import messages_of, question
from suite_text.reading.input_files import InputFiles
from suite_text.reading.tables import TEXT_COLUMNS, as_text, join_columns, known_column

LINES = (".txt", ".text")
STREAM_SUFFIXES = (*LINES, *(suffix for suffix in tables.SUFFIXES if suffix.count(".") == 1), ".gz")
"""Files that hold a text per line or row."""

STANDARD_INPUT = "standard input"
_HEAD = 1 << 20


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file or of the standard input, or a cell of a table.

    Attributes:
        text: without its line break.
        name: its location, "reviews.txt:3" say.
    """

    text: str
    name: str


@dataclass(frozen=True, slots=True)
class UnreadableLine:
    """Stands in a stream for a row that has no text.

    Attributes:
        name: its location.
        reason: why it has none.
    """

    name: str
    reason: str

    def read(self) -> bytes:
        """Raise `UserError` with the reason."""
        raise UserError(self.reason)


@dataclass(frozen=True)
class TextStream:
    """Texts of a file or of the standard input, read when they are asked for, empty ones too.

    Attributes:
        name: for messages.
        total: how many there are; None if that shows at the end.
        live: whether somebody types them: each is then answered before the next one is read.
        files: how files hold their texts.
        columns: what else the column of texts may be called, in a table.
        file: None for the standard input.
        whole: whether all of it is one text.
    """

    name: str
    total: int | None
    live: bool
    files: InputFiles
    columns: Sequence[str]
    file: Path | None
    whole: bool

    def __iter__(self) -> Iterator[Line | UnreadableLine]:
        """The texts in their order; for a row that cannot be read, why.

        Raises:
            UserError: if it cannot be opened or breaks off, or a table has no column of texts.
        """
        count = 0
        try:
            if self.file is None:
                texts = _standard_input(self.whole)
            elif self.whole:
                content, name = tables.unpacked(FileSource(self.file).read(), self.name)
                yield Line(decoded(content, name, self.files.encoding).text, self.name)
                return
            else:
                texts = file_texts(self.file, self.files, self.columns)
            for count, text in texts:
                if isinstance(text, str):
                    yield Line(text, self.name if self.whole else f"{self.name}:{count}")
                else:
                    yield UnreadableLine(f"{self.name}:{count}", text.reason)
        except OSError as error:
            after = f" after line {count:,}" if count else ""
            raise UserError(f"{self.name} cannot be read{after}: {reason(error)}") from None


def open_stream(
    source: Any,
    files: InputFiles | None = None,
    columns: Sequence[str] = TEXT_COLUMNS,
    whole_files: bool | None = None,
) -> Stream | None:
    """The texts of a stream, for a codec's `open_stream`.

    Args:
        source: a `FileSource` with one of the codec's `stream_suffixes`, or a word on the command line that
            is no path.
        files: how files hold their texts.
        columns: what the column of texts may be called, in a table, in lower case and the likeliest first, if
            the columns of `files` are not there.
        whole_files: whether a file is one text, whatever its ending; None: as `files` says, but a row of a
            table is a text in any case.

    Returns:
        a stream; None for a word that is a text itself.
    """
    files = files or InputFiles()
    if isinstance(source, FileSource):
        is_table = source.name.lower().endswith(tables.SUFFIXES)
        whole = (files.whole and not is_table) if whole_files is None else whole_files
        return TextStream(source.name, 1 if whole else None, False, files, columns, source.path, whole)
    if source == "-":
        typed = sys.stdin is not None and sys.stdin.isatty()
        whole = (files.whole and not typed) if whole_files is None else whole_files
        total = 1 if whole else None
        return TextStream(STANDARD_INPUT, total, typed and not whole, files, columns, None, whole)
    return None


_LONG = 100_000
_BYTES_OF_CHARACTER = 500
"""That a long text takes while it is made tokens."""

_BYTES_OF_VALUE = 100
"""That a value of JSON takes besides its text, and its place in a list or an object."""

_COPIES = 4
"""Of a text of JSON that are in memory while it is taken apart."""


def text_of(raw: Any) -> str:
    """The text of whatever a codec is given, not cleaned.

    Args:
        raw: a text, a `Line` or anything else with a `text`, the bytes of a file, a path or a source.

    Raises:
        UserError: if it is no text, cannot be read, or would take more memory than one input may.
    """
    name = str(getattr(raw, "name", "the given text"))
    text = raw if isinstance(raw, str) else getattr(raw, "text", None)
    if not isinstance(text, str):
        if isinstance(raw, Path):
            raw, name = FileSource(raw), str(raw)
        content = raw.read() if hasattr(raw, "read") else raw
        if not isinstance(content, bytes | bytearray):
            raise UserError(f"this is no text but {type(raw).__name__}")
        text = decoded(bytes(content), name).text
    if len(text) > _LONG:
        check_memory(f"{name} has {len(text):,} characters", _BYTES_OF_CHARACTER * len(text))
    return text


def _standard_input(whole: bool) -> Iterator[tuple[int, str | UnreadableLine]]:
    if sys.stdin is None:
        raise UserError("there is no standard input: give texts or files")
    content = sys.stdin.buffer
    if whole:
        yield 1, decoded(read_stream(content, STANDARD_INPUT), STANDARD_INPUT).text
        return
    for number, line in enumerate(_byte_lines(content), start=1):
        try:
            text = line.decode()
        except UnicodeDecodeError:
            text = decoded(line, STANDARD_INPUT).text
        yield number, text.removeprefix("\ufeff").rstrip("\r\n")


def _byte_lines(content: IO[bytes]) -> Iterator[bytes]:
    """Lines as they come; UTF-16, whose line breaks are two bytes, all at once."""
    lines = stream_lines(content, STANDARD_INPUT)
    first = next(lines, b"")
    if first[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = decoded(first + read_stream(content, STANDARD_INPUT), STANDARD_INPUT).text
        yield from (line.encode() for line in text.splitlines(keepends=True))
        return
    if first:
        yield first
    yield from lines


def file_texts(
    path: Path, files: InputFiles, columns: Sequence[str] = TEXT_COLUMNS
) -> Iterator[tuple[int, str | UnreadableLine]]:
    """The lines of a file, or those of a table's cells that are texts, by line number.

    Args:
        path: of the file.
        files: how it holds its texts.
        columns: what the column of texts may be called if those of `files` are not there.

    Raises:
        UserError: if it cannot be read, or a table has no column of texts.
    """
    name = path.name.lower()
    if name.endswith((*tables.PACKED, ".json", ".json.gz")):
        content, inner = tables.unpacked(read_file(path), path.name)
        if not inner.lower().endswith(tables.PACKED):
            text = decoded(content, str(path), files.encoding).text
            values = sum(map(text.count, ",[{"))
            needed = _BYTES_OF_VALUE * values + _COPIES * len(text)
            check_memory(f"{path.name} has some {values:,} values in its JSON", needed)
            yield from _row_texts(tables.rows(text, inner), path, files, columns)
        else:
            yield from _row_texts(tables.rows(content, inner, header=files.header), path, files, columns)
        return
    with ExitStack() as stack:
        with open_file(path) as file:
            head = tables.unpacked(file.read(_HEAD), path.name, _HEAD)[0]
        encoding = encoding_of(head, str(path), files.encoding)
        plain = stack.enter_context(open_lines(path))
        text_lines = stack.enter_context(io.TextIOWrapper(plain, encoding, errors="replace", newline="\n"))
        inner = name.removesuffix(".gz")
        if inner.endswith((".jsonl", ".ndjson")):
            yield from _json_texts(text_lines, path, files, columns)
        elif inner.endswith((".csv", ".tsv")):
            yield from _table_texts(text_lines, path, files, columns)
        else:
            for number, line in enumerate(text_lines, start=1):
                yield number, line.rstrip("\r\n").removeprefix("\ufeff")


def _chosen(names: Sequence[str], files: InputFiles, columns: Sequence[str]) -> list[str]:
    """The columns that make a text, by what the model learned from, or by their names; empty: none."""
    if files.columns and set(files.columns) <= set(names):
        return list(files.columns)
    return [column] if (column := known_column(names, columns)) else []


def _joined(row: tables.Row, chosen: Sequence[str]) -> str:
    return join_columns(row, chosen).replace("\r\n", "\n").replace("\r", " ")


def _row_texts(
    rows: Iterable[tuple[int, tables.Row | str]], path: Path, files: InputFiles, columns: Sequence[str]
) -> Iterator[tuple[int, str | UnreadableLine]]:
    for number, row in rows:
        if isinstance(row, str):
            yield number, UnreadableLine("", f"row {row}")
        elif files.chat and (messages := messages_of(row)):
            yield number, question(messages)
        elif chosen := _chosen(list(row), files, columns):
            yield number, _joined(row, chosen)
        else:
            yield number, UnreadableLine("", _no_column(path, list(row), columns, number))


def _json_texts(
    lines: Iterable[str], path: Path, files: InputFiles, columns: Sequence[str]
) -> Iterator[tuple[int, str | UnreadableLine]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = decode_json(line.removeprefix("\ufeff"))
        except NotJsonError:
            yield number, UnreadableLine("", f"line {number} of {path.name} is no JSON")
            continue
        if isinstance(row, dict):
            yield from _row_texts([(number, tables.flat(row))], path, files, columns)
        else:
            yield number, as_text(row)


def _table_texts(
    lines: Iterable[str], path: Path, files: InputFiles, columns: Sequence[str]
) -> Iterator[tuple[int, str | UnreadableLine]]:
    """The texts of a table; one with a single column needs no header."""
    rows = tables.cells(_without_mark(lines), path.name.removesuffix(".gz"), keep_blank=True)
    number, first = next(rows, (0, []))
    header = tables.column_names(first, path.name) if files.header else tables.numbered_columns(len(first))
    chosen = _chosen(header, files, columns) or (header if len(header) == 1 else [])
    if not chosen and header:
        raise UserError(_no_column(path, header, columns))
    if first and (not files.header or (len(header) == 1 and not _chosen(header, files, columns))):
        yield number, _joined(dict(zip(header, first, strict=True)), chosen)
    for number, cells in rows:
        if len(cells) == len(header):
            yield number, _joined(dict(zip(header, cells, strict=True)), chosen)
        elif any(cell.strip() for cell in cells):
            sentence = f"row has {len(cells)} cells, but the header has {len(header)}"
            yield number, UnreadableLine("", sentence)


def _without_mark(lines: Iterable[str]) -> Iterator[str]:
    """The lines without the byte order mark before the first one."""
    for number, line in enumerate(lines):
        yield line if number else line.removeprefix("\ufeff")


def _no_column(path: Path, names: Sequence[str], columns: Sequence[str], line: int = 1) -> str:
    listed = ", ".join(f"'{name}'" for name in names[:10])
    known_names = ", ".join(f"'{name}'" for name in columns[:5])
    return (
        f"{path}, line {line} has no column of texts, which may be called {known_names} and more, only"
        f" {listed}: rename one"
    )
