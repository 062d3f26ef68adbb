"""The texts that `suite predict` is given: words, lines and cells of files, the standard input, whole files.

A codec of texts has `accepts_text = True` and `stream_suffixes = STREAM_SUFFIXES`, calls `open_stream` in its
own `open_stream`, and `text_of` on whatever it is to encode.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec

from suite import UserError
from suite.kit import reason, tables
from suite.pipeline import Stream
from suite.sources import FileSource
from suite_language.encodings import decoded, encoding_of
from suite_text.reading.tables import TEXT_COLUMNS, as_text, known_column

STREAM_SUFFIXES = (".txt", ".csv", ".tsv", ".jsonl", ".ndjson")
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
        columns: what the column of texts may be called, in a table.
        file: None for the standard input.
        whole: whether all of it is one text.
    """

    name: str
    total: int | None
    live: bool
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
                yield Line(text_of(FileSource(self.file)), self.name)
                return
            else:
                texts = _cells(self.file, self.columns)
            for count, text in texts:
                if isinstance(text, str):
                    yield Line(text, self.name if self.whole else f"{self.name}:{count}")
                else:
                    yield UnreadableLine(f"{self.name}:{count}", text.reason)
        except OSError as error:
            after = f" after line {count:,}" if count else ""
            raise UserError(f"{self.name} cannot be read{after}: {reason(error)}") from None


def open_stream(
    source: Any, whole_files: bool = False, columns: Sequence[str] = TEXT_COLUMNS
) -> Stream | None:
    """The texts of a stream, for a codec's `open_stream`.

    Args:
        source: a `FileSource` with one of `STREAM_SUFFIXES`, or a word on the command line that is no path.
        whole_files: whether a file is one text, whatever its ending.
        columns: what the column of texts may be called, in a table, in lower case and the likeliest first.

    Returns:
        a stream; None for a word that is a text itself.
    """
    if isinstance(source, FileSource):
        return TextStream(source.name, 1 if whole_files else None, False, columns, source.path, whole_files)
    if source == "-":
        typed = sys.stdin is not None and sys.stdin.isatty()
        return TextStream(
            STANDARD_INPUT, 1 if whole_files else None, typed and not whole_files, columns, None, whole_files
        )
    return None


def text_of(raw: Any) -> str:
    """The text of whatever a codec is given, not cleaned.

    Args:
        raw: a text, a `Line` or anything else with a `text`, the bytes of a file, a path or a source.

    Raises:
        UserError: if it is no text or cannot be read.
    """
    if isinstance(raw, str):
        return raw
    if isinstance(text := getattr(raw, "text", None), str):
        return text
    name = str(getattr(raw, "name", "the given text"))
    if isinstance(raw, Path):
        raw, name = FileSource(raw), str(raw)
    content = raw.read() if hasattr(raw, "read") else raw
    if isinstance(content, bytes | bytearray):
        return decoded(bytes(content), name).text
    raise UserError(f"this is no text but {type(raw).__name__}")


def _standard_input(whole: bool) -> Iterator[tuple[int, str | UnreadableLine]]:
    if sys.stdin is None:
        raise UserError("there is no standard input: give texts or files")
    content = sys.stdin.buffer
    if whole:
        yield 1, decoded(content.read(), STANDARD_INPUT).text
        return
    for number, line in enumerate(_byte_lines(content), start=1):
        try:
            text = line.decode()
        except UnicodeDecodeError:
            text = decoded(line, STANDARD_INPUT).text
        yield number, text.removeprefix("\ufeff").rstrip("\r\n")


def _byte_lines(content: IO[bytes]) -> Iterator[bytes]:
    """Lines as they come; UTF-16, whose line breaks are two bytes, all at once."""
    first = content.readline()
    if first[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = decoded(first + content.read(), STANDARD_INPUT).text
        yield from (line.encode() for line in text.splitlines(keepends=True))
        return
    while first:
        yield first
        first = content.readline()


def _cells(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, str | UnreadableLine]]:
    """The lines of a file, or those of a table's cells that are texts, by line number."""
    with path.open("rb") as content:
        encoding = encoding_of(content.read(_HEAD), str(path))
        content.seek(0)
        with io.TextIOWrapper(content, encoding, errors="replace", newline="\n") as text:
            suffix = path.suffix.lower()
            if suffix in (".jsonl", ".ndjson"):
                yield from _json_cells(text, path, columns)
            elif suffix in (".csv", ".tsv"):
                yield from _table_cells(text, path, columns)
            else:
                for number, line in enumerate(text, start=1):
                    yield number, line.rstrip("\r\n").removeprefix("\ufeff")


def _json_cells(
    text: Iterable[str], path: Path, columns: Sequence[str]
) -> Iterator[tuple[int, str | UnreadableLine]]:
    for number, line in enumerate(text, start=1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line.removeprefix("\ufeff"))
        except msgspec.DecodeError:
            yield number, UnreadableLine("", f"line {number} of {path.name} is no JSON")
            continue
        if isinstance(row, dict):
            if not (column := known_column(list(row), columns)):
                yield number, UnreadableLine("", _no_column(path, list(row), columns, number))
                continue
            row = row[column]
        yield number, as_text(row)


def _table_cells(
    lines: Iterable[str], path: Path, columns: Sequence[str]
) -> Iterator[tuple[int, str | UnreadableLine]]:
    """The cells of the column of texts; a table with a single column needs no header."""
    rows = tables.cells(_without_mark(lines), path.name, keep_blank=True)
    _, header = next(rows, (0, []))
    column = known_column(header, columns)
    index = header.index(column) if column else 0
    if not column and len(header) > 1:
        raise UserError(_no_column(path, header, columns))
    if header and not column:
        yield 1, header[0]
    for number, cells in rows:
        if len(cells) == len(header):
            yield number, cells[index].replace("\r\n", "\n").replace("\r", " ")
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
