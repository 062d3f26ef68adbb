"""JSON of annotations, with the line of what is wrong."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec

from suite import UserError
from suite.sources import Source

Content = TypeVar("Content")


def read_json(source: Source, content: type[Content], kind: str) -> Content:
    """A file's content; numbers may be written as texts.

    Args:
        source: the file.
        content: the type to decode: a struct, say, whose other fields are skipped.
        kind: what a message calls such a file.

    Raises:
        UserError: if it is no JSON, with the line, or not of this type, with the field.
    """
    raw = source.read().removeprefix(b"\xef\xbb\xbf")
    try:
        decoded: Content = _decoder(cast(Any, content)).decode(raw)
    except msgspec.ValidationError as error:
        raise UserError(f"{source.name} is no {kind}: {_lower(error)}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{source.name}, line {_line(raw, error)} is not JSON: {_lower(error)}") from None
    return decoded


def begins_with(head: bytes, bracket: bytes) -> bool:
    """Whether a file whose first bytes are `head` begins with a bracket, of an object or a list."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(bracket)


@lru_cache
def _decoder(content: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(content, strict=False)


def _lower(error: Exception) -> str:
    text = str(error).replace("`", "'").removeprefix("JSON is malformed: ")
    return f"{text[:1].lower()}{text[1:]}"


def _line(content: bytes, error: Exception) -> int:
    """The line of a message that says "(byte 17)", else the last one: the file is cut off."""
    byte = re.search(r"byte (\d+)", str(error))
    end = int(byte.group(1)) if byte else len(content.rstrip())
    return content.count(b"\n", 0, end) + 1
