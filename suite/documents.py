"""JSON and TOML as people and programs write them: whatever is wrong with it is one sentence.

The values of a hostile or damaged file may be nested a hundred thousand times, or have five thousand digits.
"""

from __future__ import annotations

import json
import math
import os
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from suite.errors import UserError

_MAX_DEPTH = 200


class NotJsonError(ValueError):
    """A text is no JSON, or not of the type that is wanted; the message is the end of a sentence."""


def decode_json(content: bytes | str, kind: Any = Any) -> Any:
    """A JSON value from data: quick, for files of any size.

    Args:
        content: the text, bytes in UTF-8.
        kind: the type that it is to be of.

    Raises:
        NotJsonError: if it is no JSON, is nested too deeply, or not of this type.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except RecursionError:
        raise NotJsonError("it is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        text = str(error).removeprefix("JSON is malformed: ").replace("`", "'")
        raise NotJsonError(f"{text[:1].lower()}{text[1:]}") from None


def parse_json(content: bytes | str, where: str, *, any_number: bool = False) -> Any:
    """A JSON document that decides something: a key that is there twice is an error, too.

    Args:
        content: the text, bytes in UTF-8.
        where: how a message calls it.
        any_number: whether NaN and Infinity are allowed, which JSON has not.

    Raises:
        UserError: what is wrong, with the line where it is known.
    """
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=float if any_number else _no_number,
            parse_float=float if any_number else _finite,
        )
        _check_depth(value)
        _check_text(value, text)
    except json.JSONDecodeError as error:
        raise UserError(f"{where} is not JSON: line {error.lineno}: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{where} is not JSON: it is not UTF-8 text (byte {error.start:,})") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where} is not JSON that can be read: {_reason(error)}") from None
    return value


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """A TOML document.

    Raises:
        UserError: what is wrong, with the line where it is known.
    """
    try:
        document = tomllib.loads(text)
        _check_depth(document)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{where} is not TOML: {error}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where} is not TOML that can be read: {_reason(error)}") from None
    return document


def toml_value(text: str) -> Any:
    """The TOML value that a text is, else the text itself.

    Raises:
        UserError: if it is one that cannot be read.
    """
    try:
        document = tomllib.loads(f"value = {text}")
        _check_depth(document)
    except tomllib.TOMLDecodeError:
        return text
    except (ValueError, RecursionError) as error:
        raise UserError(f"the value {text[:40]}... cannot be read: {_reason(error)}") from None
    return document["value"] if len(document) == 1 else text


def expanded(path: str | Path) -> Path:
    """A path with `~` replaced by a home; one of nobody's stays as it is."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - unlike pathlib's, it raises nothing


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key '{twice[:100]}' is there twice")
    return made


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:30]} is too large")
    return number


def _check_depth(value: Any) -> None:
    """Refuse what is nested so deeply that whoever goes through it would not come to an end."""
    level: list[Any] = [value]
    for _ in range(_MAX_DEPTH):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return
    raise RecursionError


def _check_text(value: Any, text: str) -> None:
    """Refuse half of a pair of surrogates, which JSON can escape and nothing can write again."""
    if "\\u" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("a text in it has half of a character (a lone surrogate)") from None


def _inner(value: Any) -> Iterable[Any]:
    within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (each for each in within if isinstance(each, dict | list))


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    text = str(error)
    return "a number in it has too many digits" if "integer string conversion" in text else text
