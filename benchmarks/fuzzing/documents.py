"""Mutations of texts that keep most of what they mean: JSON, TOML, XML and tables."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from random import Random
from typing import Any

import tomli_w

NUMBERS = (
    "0", "-1", "1", "-0.0", "0.1", "1e308", "-1e308", "1e-320", "1e999", "nan", "NaN", "inf", "-Infinity",
    "2147483647", "2147483648", "-2147483649", "4294967296", "9223372036854775808", "1" * 400, "9" * 5000,
    "1_000", "0x10", "1,5", "\uff11\uff12", "\u0663", "\u00b2", "\u00bd",
)  # fmt: skip
TEXTS = (
    "", " ", "\t", "\0", "a\nb", "a\r\nb", '"', '"a', "'", "\\", ",", ";", "|", "%s{}", "{0.__class__}", "[",
    "<", "&amp;", "../../x", "/etc/passwd", "/dev/zero", "~nobody/x", "C:\\x", "file:///etc/passwd", "a/b/c",
    ".", "..", "-", "none", "null", "true", "x" * 5000, "\ufeff", "\u202e", "\u0301", "\x1b[1m",
    "\u00df", "\u0130", "\ud800", "\u2028", "(a+)+$", "[" * 200, "*", "?" * 50, "__label__", "train", "test",
)  # fmt: skip
DEPTHS = (10, 400, 5_000, 30_000)
_DEEP = "\ue000deep\ue000"
"""Stands in a document for what cannot be written otherwise: a nesting of thousands."""


def odd_text(random: Random) -> bytes:
    """A text or a number that few expect."""
    return random.choice((*TEXTS, *NUMBERS)).encode("utf-8", "surrogatepass")


def _value(random: Random) -> Any:
    plain = (
        None,
        True,
        0,
        -1,
        1.5,
        1 << 31,
        1 << 64,
        1e308,
        float("nan"),
        float("-inf"),
        [],
        {},
        [[]],
        {"a": 1},
    )
    return random.choice((random.choice(plain), random.choice(TEXTS), random.choice(NUMBERS), _DEEP))


def edited_json(content: bytes, random: Random) -> bytes:
    """JSON with one value changed, removed, repeated, renamed or nested."""
    document = _edited(json.loads(content), random)
    text = json.dumps(document, ensure_ascii=random.random() < 0.85)
    depth = random.choice(DEPTHS)
    opened, closed = random.choice((("[", "]"), ('{"a":', "}"), ('[{"a":', "}]"), ("[", "")))
    deep = opened * depth + "1" + closed * depth
    text = text.replace(json.dumps(_DEEP), random.choice((deep, "9" * 5000, "1e999", "-0"))).replace(
        _DEEP, "x"
    )
    return text.encode("utf-8", "surrogatepass")


def edited_json_line(content: bytes, random: Random) -> bytes:
    """JSON lines with a line changed, or with fewer, more or other lines."""
    lines = content.splitlines(keepends=True)
    at = random.randrange(len(lines))
    if random.random() < 0.1:
        return b"".join(random.sample(lines, random.randrange(len(lines) + 1)) + lines[at:] * 2)
    return b"".join([*lines[:at], edited_json(lines[at], random), b"\n", *lines[at + 1 :]])


def edited_toml(content: bytes, random: Random) -> bytes:
    """TOML with one value changed, as `edited_json`; or with a value in a line that may be none."""
    document = _edited(tomllib.loads(content.decode()), random)
    try:
        text = tomli_w.dumps(document)
    except (TypeError, AttributeError):  # it has no null, and is always a table
        lines = content.splitlines()
        at = random.randrange(len(lines))
        lines[at] = lines[at].partition(b"=")[0] + b"=" + odd_text(random)
        return b"\n".join(lines)
    return text.replace(f'"{_DEEP}"', "[" * random.choice(DEPTHS)).encode("utf-8", "surrogatepass")


def _edited(document: Any, random: Random) -> Any:
    """A document of lists and dicts with one of its values changed."""
    slots = list(_slots(document))
    if not slots or random.random() < 0.02:
        return _value(random)
    parent, key = random.choice(slots)
    match random.randrange(8):
        case 0:
            del parent[key]
        case 1:
            other, place = random.choice(slots)
            parent[key] = json.loads(json.dumps(other[place]))
        case 2:
            parent[key] = random.choice(
                ([parent[key]], {"a": parent[key]}, str(parent[key]), [parent[key]] * 2)
            )
        case 3 if isinstance(parent, dict):
            parent[random.choice(("", key.upper(), f"{key} ", "id", "__class__", random.choice(TEXTS)))] = (
                parent.pop(key)
            )
        case 3 | 4 if isinstance(parent, list):
            parent.insert(key, parent[key])
        case _:
            parent[key] = _value(random)
    return document


def _slots(document: Any) -> Iterator[tuple[Any, Any]]:
    """Each list or dict within a document, with each of its keys."""
    if not isinstance(document, dict | list):
        return
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        yield document, key
        yield from _slots(value)


_TAG = re.compile(rb"<[^<>]*>")
_ENTITIES = b"".join(
    b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10 if letter > 97 else b"x" * 100)
    for letter in range(97, 107)
)


def edited_xml(content: bytes, random: Random) -> bytes:
    """XML with tags removed, repeated, swapped or nested, odd texts and attributes, and document types."""
    tags = list(_TAG.finditer(content))
    match, other = random.choice(tags), random.choice(tags)
    first, last = sorted((match, other), key=lambda tag: tag.start())
    before, after = content[: match.start()], content[match.end() :]
    match random.randrange(9):
        case 0:
            return before + after
        case 1:
            return before + match.group() * random.choice((2, 3, 10_000)) + after
        case 2:
            return before + other.group() + after
        case 3:
            return content[: first.start()] + content[last.end() :]
        case 4:
            return content[: last.end()] + content[first.start() :]
        case 5:
            return before + match.group() + odd_text(random) + after
        case 6:
            return (
                before
                + re.sub(rb'"[^"]*"', lambda _: b'"' + odd_text(random) + b'"', match.group(), count=1)
                + after
            )
        case 7:
            entity = random.choice((b'<!ENTITY j SYSTEM "file:///etc/passwd">', _ENTITIES))
            root = re.search(rb"<\w+", content)
            at = root.start() if root else 0
            return content[:at] + b"<!DOCTYPE a [" + entity + b"]>" + content[at:].replace(b">", b">&j;", 3)
        case _:
            depth = random.choice(DEPTHS)
            return before + b"<a>" * depth + match.group() + b"</a>" * depth + after


def edited_table(content: bytes, random: Random) -> bytes:
    """A table with cells, rows or columns removed, repeated, swapped, quoted or made odd."""
    lines = content.splitlines()
    at = random.randrange(len(lines))
    header = lines[0]
    delimiter = max((b",", b"\t", b";", b"|", b" "), key=header.count)
    rows = [line.split(delimiter) for line in lines]
    row, other = rows[at], random.choice(rows)
    cell = random.randrange(len(row))
    match random.randrange(10):
        case 0:
            del row[cell]
        case 1:
            row.insert(cell, row[cell])
        case 2:
            row[cell] = other[random.randrange(len(other))]
        case 3:
            rows = [[value for number, value in enumerate(each) if number != cell] for each in rows]
        case 4:
            rows.insert(random.randrange(len(rows) + 1), row)
        case 5:
            del rows[at]
        case 6:
            row[cell] = (
                random.choice((b'"%s', b'"%s"', b'%s"', b'"""%s', b"'%s'", b"[%s]", b"['%s'")) % row[cell]
            )
        case 7:
            rows[0] = [
                random.choice((value, value, b"", b"path", b"text", b"label", odd_text(random)))
                for value in rows[0]
            ]
        case _:
            row[cell] = odd_text(random)
    return b"\n".join(delimiter.join(each) for each in rows) + b"\n"
