"""From a file of text to passages: its encoding, and text that has to be copied as UTF-8."""

from __future__ import annotations

import io
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from suite import UserError
from suite.kit import NotJsonError, decode_json, reason, tables
from suite.sources import FileSource, open_file, open_lines, read_stream
from suite_language.encodings import REPLACEMENT, encoding_of, label_of
from suite_text.generation.examples import TextFile, indexed, indexed_texts
from suite_text.generation.options import TextOptions
from suite_text.generation.storage import FileStorage, Spool, Storage
from suite_text.reading.chat import conversation, messages_of
from suite_text.reading.cleaning import Cleaning, clean, cleaning_from
from suite_text.reading.problems import Problems
from suite_text.reading.split_files import DataFile
from suite_text.reading.tables import TEXT_COLUMNS, columns_in, first_of, join_columns, known_column

JSON_LINES = (".jsonl", ".ndjson")
_HEAD = 1 << 20
_BROKEN = re.compile("[\udc80-\udcff]")
_PIECES, _PIECE = 16, 1 << 16


def index_file(path: Path, name: str, options: TextOptions, spool: Spool, problems: Problems) -> TextFile:
    """Cut a file into passages; text that is not UTF-8, and that of JSON lines, is copied to the spool.

    Args:
        path: of the file.
        name: of the file, for people and in the ids of examples.
        options: how long passages are, and how the file is read.
        spool: where text is copied to.
        problems: where lines that cannot be used are noted.

    Raises:
        UserError: if the file cannot be read.
    """
    is_packed = name.lower().endswith(tables.PACKED)
    sample = b"" if is_packed else _sample(path)
    encoding = "utf-8" if is_packed else encoding_of(sample, str(path), options.encoding)
    if is_table(name):
        texts = _texts(path, name, encoding, options, problems)
        return indexed_texts(name, spool, texts, options.passage_bytes)
    storage: Storage
    packed = name.lower().endswith(".gz")
    if not packed and encoding in ("utf-8", "utf-8-sig") and not _is_to_be_changed(sample, options):
        with open_file(path) as file:
            storage = FileStorage(path, 3 if file.read(3) == b"\xef\xbb\xbf" else 0)
    else:
        if options.encoding == "auto" and not encoding.startswith("utf"):
            problems.note_guess(label_of(encoding), name)
        storage = spool.write(_blocks(path, name, encoding, cleaning_from(options), problems))
    file_of_passages = indexed(name, storage, options.passage_bytes)
    for line in file_of_passages.broken:
        problems.note_broken("UTF-8", f"{name}, line {line}")
    for line in file_of_passages.nul:
        problems.note_nul(f"{name}, line {line}")
    return file_of_passages


def _is_to_be_changed(sample: bytes, options: TextOptions) -> bool:
    """Whether UTF-8 has to be copied: with other line ends, or in another normal form."""
    if options.markup == "removed" or (options.control_characters == "removed" and b"\r" in sample):
        return True
    if options.unicode == "none" or sample.isascii():
        return False
    return not unicodedata.is_normalized(options.unicode, sample.decode("utf-8", "replace"))


def is_table(name: str) -> bool:
    """Whether a file is a table by its name."""
    return name.lower().endswith(tables.SUFFIXES)


def is_chat(path: Path, options: TextOptions) -> bool:
    """Whether the first row of a table is a conversation."""
    if options.text_column or not is_table(path.name):
        return False
    row = first_of(DataFile(path.name, FileSource(path)))
    return bool(row and messages_of(row))


def _sample(path: Path) -> bytes:
    """The beginning of a file, and whole lines from all over it; of a compressed one, the beginning."""
    try:
        if path.name.lower().endswith(".gz"):
            with open_lines(path) as packed:
                head = packed.read(_HEAD)
            return head[: head.rfind(b"\n") + 1] or head

        with io.BufferedReader(open_file(path)) as file:
            pieces = [file.read(_HEAD)]
            size = os.fstat(file.fileno()).st_size
            for number in range(1, _PIECES + 1) if size > _HEAD else ():
                file.seek((size - _PIECE) * number // _PIECES)
                piece = file.read(_PIECE)
                pieces.append(piece[piece.find(b"\n") + 1 : piece.rfind(b"\n") + 1])
    except OSError as error:
        raise UserError(f"{path} cannot be read: {reason(error)}") from None
    head = pieces[0]
    if size > _HEAD:
        pieces[0] = head[: head.rfind(b"\n") + 1] or head
    return b"".join(pieces)


def _blocks(path: Path, name: str, encoding: str, cleaning: Cleaning, problems: Problems) -> Iterator[str]:
    """The text of a file, line by line, cleaned; lines that are not all of the encoding are noted."""
    kept = msgspec.structs.replace(cleaning, white_space="kept")  # a line keeps its end
    end = None if cleaning.control_characters == "removed" else "\n"
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    with open_lines(path) as file, io.TextIOWrapper(file, encoding, errors=errors, newline=end) as text:
        for number, line in enumerate(text, start=1):
            if _BROKEN.search(line) if errors == "surrogateescape" else REPLACEMENT in line:
                problems.note_broken(label_of(encoding), f"{name}, line {number}")
            yield clean(line, kept)


def _texts(path: Path, name: str, encoding: str, options: TextOptions, problems: Problems) -> Iterator[str]:
    """The texts of JSON lines: of the column of text, or conversations, cleaned."""
    cleaning = cleaning_from(options)
    with open_lines(path) as file:
        if name.lower().removesuffix(".gz").endswith(JSON_LINES):
            with io.TextIOWrapper(file, encoding, errors="replace", newline="\n") as lines:
                yield from _texts_of(json_lines(lines), name, cleaning, options, problems)
            return
        content = read_stream(file, name)
    inner = path.name.removesuffix(".gz")
    packed = inner.lower().endswith(tables.PACKED)
    read = content if packed else content.decode(encoding, "replace").removeprefix("\ufeff")
    yield from _texts_of(tables.rows(read, inner, header=options.header), name, cleaning, options, problems)


def json_lines(lines: Iterable[str]) -> Iterator[tuple[int, tables.Row | str]]:
    """The rows of JSON lines, one at a time; a line that is a text itself is the row's only cell, "text"."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = decode_json(line.removeprefix("\ufeff"))
        except NotJsonError:
            yield number, "that cannot be read as JSON"
            continue
        yield number, tables.flat(entry) if isinstance(entry, dict) else {TEXT_COLUMNS[0]: entry}


def _texts_of(
    rows: Iterable[tuple[int, tables.Row | str]],
    name: str,
    cleaning: Cleaning,
    options: TextOptions,
    problems: Problems,
) -> Iterator[str]:
    named = columns_in(options.text_column)
    missing = f" in '{options.text_column}'" if options.text_column else ""
    for number, row in rows:
        text = ""
        if not isinstance(row, str):
            if not options.text_column and (messages := messages_of(row)):
                text = conversation(messages)
            else:
                text = join_columns(row, named or [known_column(list(row), TEXT_COLUMNS)])
        if cleaned := clean(text, cleaning):
            yield cleaned
        else:
            problems.add(
                f"row has no text{missing} and is left out",
                f"rows have no text{missing} and are left out",
                f"{name}, line {number}",
            )
