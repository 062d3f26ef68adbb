"""From a file of text to passages: its encoding, and text that has to be copied as UTF-8."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from suite import UserError
from suite.kit import reason
from suite_language.encodings import REPLACEMENT, encoding_of, label_of
from suite_text.generation.examples import TextFile, indexed
from suite_text.generation.options import TextOptions
from suite_text.generation.storage import FileStorage, Spool, Storage
from suite_text.reading.problems import Problems
from suite_text.reading.tables import TEXT_COLUMNS, as_text, known_column

JSON_LINES = (".jsonl", ".ndjson")
_HEAD = 1 << 20
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
    encoding = encoding_of(_sample(path), str(path), options.encoding)
    storage: Storage
    if name.lower().endswith(JSON_LINES):
        storage = spool.write(_texts(path, name, encoding, options, problems))
    elif encoding in ("utf-8", "utf-8-sig"):
        with path.open("rb") as file:
            storage = FileStorage(path, 3 if file.read(3) == b"\xef\xbb\xbf" else 0)
    else:
        if options.encoding == "auto" and not encoding.startswith("utf"):
            problems.note_guess(label_of(encoding), name)
        storage = spool.write(_blocks(path, name, encoding, problems))
    file_of_passages = indexed(name, storage, options.passage_bytes)
    if name.lower().endswith(JSON_LINES):
        return file_of_passages  # its lines are not those of the file
    for line in file_of_passages.broken:
        problems.note_broken("UTF-8", f"{name}, line {line}")
    for line in file_of_passages.nul:
        problems.note_nul(f"{name}, line {line}")
    return file_of_passages


def _sample(path: Path) -> bytes:
    """The beginning of a file, and whole lines from all over it."""
    try:
        with path.open("rb") as file:
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


def _blocks(path: Path, name: str, encoding: str, problems: Problems) -> Iterator[str]:
    """The text of a file; lines that are not all of the encoding are noted."""
    with path.open("rb") as file, io.TextIOWrapper(file, encoding, errors="replace", newline="") as text:
        before = 0
        noted = 0
        while block := text.read(_HEAD):
            if REPLACEMENT in block:
                for number, line in enumerate(block.split("\n"), start=before + 1):
                    if REPLACEMENT in line and number > noted:
                        noted = number
                        problems.note_broken(label_of(encoding), f"{name}, line {number}")
            yield block if before else block.removeprefix("\ufeff")
            before += block.count("\n")


def _texts(path: Path, name: str, encoding: str, options: TextOptions, problems: Problems) -> Iterator[str]:
    """The texts of JSON lines, each with a line break after it."""
    with path.open("rb") as file, io.TextIOWrapper(file, encoding, errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = msgspec.json.decode(line.removeprefix("\ufeff"))
            except msgspec.DecodeError:
                row = None
            if isinstance(row, dict):
                row = row.get(options.text_column or known_column(list(row), TEXT_COLUMNS))
            if text := as_text(row):
                yield f"{text}\n"
            else:
                missing = f" called '{options.text_column}'" if options.text_column else ""
                problems.note(
                    f"line has no JSON with a text{missing} and is left out",
                    f"lines have no JSON with a text{missing} and are left out",
                    f"{name}, line {number}",
                )
