"""Damaged copies of a file, as people have them: cut off, of random bytes, with a wrong line or value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

_SEPARATORS = "\t,;|"
_JUNK = "?! this line belongs to something else"
_MAX_FIELDS = 8
"""Of a JSON document, of each of which the values are damaged."""

_WRONG: dict[str, Any] = {"null": None, "a number": 7, "a list": []}


def damages(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Damaged copies of a file's content, each with what was done to it: "a line of junk"."""
    yield "data that is cut off", content[: len(content) * 2 // 3]
    yield "files of random bytes", np.random.default_rng(0).bytes(max(64, len(content)))
    yield "empty files", b""
    yield (
        "files that end in zeros, as after a crash",
        content[: len(content) // 2] + bytes(len(content) - len(content) // 2),
    )
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return
    if "\0" in text:
        return
    lines = text.splitlines()
    middle = len(lines) // 2
    if len(lines) > 1:
        yield "a line of junk", _joined([*lines[:middle], _JUNK, *lines[middle:]])
        bare = _without_separators(lines[middle])
        if bare != lines[middle]:
            yield "a row without its separators", _joined([*lines[:middle], bare, *lines[middle + 1 :]])
    for what, damaged in _json_damages(text, lines, middle):
        yield what, damaged.encode()


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _without_separators(line: str) -> str:
    if line.lstrip()[:1] in ("{", "["):  # JSON, which has damages of its own
        return line
    return "".join(letter for letter in line if letter not in _SEPARATORS)


def _json_damages(text: str, lines: list[str], middle: int) -> Iterator[tuple[str, str]]:
    """Of a JSON document, or of one in each line: a value that is null or of another type."""
    document, before, after = _document(text), "", ""
    if document is None and len(lines) > 1:
        document = _document(lines[middle])
        before = "".join(f"{line}\n" for line in lines[:middle])
        after = "".join(f"\n{line}" for line in lines[middle + 1 :]) + "\n"
    if document is None:
        return
    for path in [*_fields(document)][:_MAX_FIELDS]:
        for what, value in _WRONG.items():
            copy = json.loads(json.dumps(document))
            _set(copy, path, value)
            yield f"{what} for {json.dumps(path[-1])}", f"{before}{json.dumps(copy)}{after}"


def _document(text: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def _fields(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the values of the keys are; of a list only its first entry counts."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield (*path, key)
            yield from _fields(value, (*path, key))
    elif isinstance(document, list) and document:
        yield from _fields(document[0], (*path, 0))


def _set(document: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value
