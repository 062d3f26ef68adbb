"""Rows of JSON files in the forms that programs write: lines, lists, and objects of lists."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from suite.documents import NotJsonError, decode_json
from suite.errors import UserError
from suite.kit.split_names import SPLIT_WORDS
from suite.wording import some

Row = Mapping[str, Any]

SPLIT_KEY = "split"
"""The column that says which key of a file's object a row was under, if the keys are splits."""

_MAX_DEPTH = 3


def json_rows(text: str, name: str) -> Iterator[tuple[int, Row | str]]:
    """The rows of a JSON file, by the line in which they end, or by their number.

    An object in each line; objects one after the other over several lines; a list of objects; or an object
    of one of the forms that pandas and the Hub write:

    - lists of objects by split (`{"train": [...], "test": [...]}`), whose rows get the column "split";
    - a list of objects beside other things (`{"data": [...], "version": 1}`);
    - a list of cells, or an object of cells, for each column; an object of cells for each row;
    - `{"columns": [...], "data": [[...], ...]}`.

    The cells of an object in a cell are cells too, called "cell.key".

    Raises:
        UserError: if it is not JSON, or none of these.
    """
    begin = text.lstrip()[:1]
    if begin == "[":
        yield from _rows_of(_decoded(text, name), name)
        return
    by_line = name.lower().removesuffix(".gz").endswith((".jsonl", ".ndjson"))
    if (begin == "{" and not by_line) or not _is_json(next(filter(str.strip, text.split("\n", 2)), "")):
        objects, rest = _one_after_the_other(text)
        if len(objects) == 1 and not rest:
            yield from _rows_of(objects[0][1], name)
            return
        if len(objects) > 1 and not rest:
            # If lines have several, each has its number instead: no two rows may be called alike.
            apart = len({end for end, _ in objects}) == len(objects)
            for number, (end, entry) in enumerate(objects, start=1):
                yield end if apart else number, _row(entry)
            return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                entry = decode_json(line)
            except NotJsonError:
                yield number, "that cannot be read as JSON"
                continue
            yield number, _row(entry)


def _is_json(line: str) -> bool:
    try:
        decode_json(line)
    except NotJsonError:
        return False
    return True


def _decoded(text: str, name: str) -> Any:
    try:
        return decode_json(text)
    except NotJsonError as error:
        raise UserError(f"{name} is not JSON: {error}") from None


def _one_after_the_other(text: str) -> tuple[list[tuple[int, Any]], str]:
    """The values that a text is made of, by the line in which each ends, and what is left that is none."""
    decoder = json.JSONDecoder()
    values: list[tuple[int, Any]] = []
    position, line = 0, 1
    while True:
        begin = position
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        if position == len(text):
            return values, ""
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            return values, text[position:]
        line += text.count("\n", begin, end)
        values.append((line, value))
        position = end


def _row(entry: Any) -> Row | str:
    return flat(entry) if isinstance(entry, dict) else "other than a JSON object"


def flat(row: Row) -> Row:
    """A row with the cells of objects in its cells beside them, called "cell.key"."""
    if not any(isinstance(cell, dict) for cell in row.values()):
        return row
    flat = dict(row)
    pending = [(name, cell, 1) for name, cell in row.items() if isinstance(cell, dict)]
    while pending:
        name, cell, depth = pending.pop(0)
        for key, inner in cell.items():
            flat.setdefault(f"{name}.{key}", inner)
            if isinstance(inner, dict) and depth < _MAX_DEPTH:
                pending.append((f"{name}.{key}", inner, depth + 1))
    return flat


def _rows_of(value: Any, name: str) -> Iterator[tuple[int, Row | str]]:
    """The rows of a whole file, by their number."""
    for number, row in enumerate(_entries(value, name), start=1):
        yield number, _row(row)


def _entries(value: Any, name: str, depth: int = 0) -> Sequence[Any]:
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise UserError(f"{name} holds {type(value).__name__}, no rows: a list of objects is needed")
    lists = {key: entries for key, entries in value.items() if _holds_objects(entries)}
    if lists and all(key.lower() in SPLIT_WORDS for key in lists):
        return [{SPLIT_KEY: key, **entry} for key, entries in lists.items() for entry in entries]
    if len(lists) == 1:
        return next(iter(lists.values()))
    if len(lists) > 1 and len(lists) == len(value):
        raise UserError(
            f"{name} has rows under {some(list(lists))}: keep one of them, or call them train and test"
        )
    columns, data = value.get("columns"), value.get("data")
    if isinstance(columns, list) and isinstance(data, list) and all(isinstance(row, list) for row in data):
        return [dict(zip(map(str, columns), row, strict=False)) for row in data]
    cells = list(value.values())
    if cells and all(isinstance(cell, list) for cell in cells) and len({len(cell) for cell in cells}) == 1:
        if len(cells[0]) > 1:
            return [dict(zip(value, row, strict=True)) for row in zip(*cells, strict=True)]
    if len(cells) > 1 and all(isinstance(cell, dict) and cell for cell in cells):
        return _entries_of_objects(value)
    if len(cells) == 1 and isinstance(cells[0], dict) and depth < _MAX_DEPTH:
        return _entries(cells[0], name, depth + 1)
    return [value]


def _holds_objects(entries: Any) -> bool:
    return isinstance(entries, list) and bool(entries) and all(isinstance(entry, dict) for entry in entries)


def _entries_of_objects(value: Mapping[str, Mapping[str, Any]]) -> Sequence[Any]:
    """The rows of an object of objects: by row, or by column as pandas writes it by default."""
    inner = list(value.values())
    if all(key.isdigit() for key in inner[0]) and all(cells.keys() == inner[0].keys() for cells in inner):
        return [{column: cells[key] for column, cells in value.items()} for key in inner[0]]
    if all(not isinstance(cell, list | dict) for cells in inner for cell in cells.values()):
        return inner
    return [value]
