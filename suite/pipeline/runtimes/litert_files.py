"""Refusing LiteRT files that would read other files, run code of others, or end the process.

LiteRT looks whether a file holds together, not whether it is complete: one without a graph ends the process.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

from suite.errors import UserError
from suite.limits import check_model_bytes

_IDENTIFIER = b"TFL3"
_MIN_BYTES = 8  # the offset of the first table, and the identifier

# The numbers of fields in LiteRT's schema.
_MODEL_OPERATOR_CODES, _MODEL_SUBGRAPHS, _MODEL_BUFFERS, _MODEL_SIGNATURES = 1, 2, 4, 7
_MODEL_EXTERNAL = (8, 9)
_CODE_CUSTOM, _CODE_BUILTIN, _CUSTOM = 1, 3, 32  # and the operator that says "custom"
_GRAPH_OPERATORS = 3
_GRAPH_NEEDS = {0: "tensors", 1: "inputs", 2: "outputs", 3: "operators"}
_OPERATOR_NEEDS = {1: "inputs", 2: "outputs"}
_SIGNATURE_NEEDS = {0: "inputs", 1: "outputs", 2: "name"}
_NAMED = 0


def check_litert(path: Path) -> None:
    """Refuse a LiteRT file with buffers in other files, with operators of others, or without what it needs.

    Raises:
        UserError: if it has some, or is no LiteRT file.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        if size < _MIN_BYTES:
            raise UserError(f"{path} is not a LiteRT file: it has {size} bytes")
        check_model_bytes(path, size, size, "has")
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    try:
        reason = _reason(content)
    except (ValueError, struct.error) as error:
        raise UserError(f"{path} is not a LiteRT file or is damaged: {error}") from None
    if reason is not None:
        raise UserError(f"{path} is refused: {reason}; export the run again")


def _reason(view: memoryview) -> str | None:
    """Why a file is refused; None if it is not. Raises `ValueError` if it is damaged."""
    if bytes(view[4:8]) != _IDENTIFIER:
        raise ValueError("it does not begin as one")
    (model,) = struct.unpack_from("<I", view, 0)
    if any(_tables(view, model, field) for field in _MODEL_EXTERNAL):
        return "it keeps buffers in other files, and a model may read no file but its own"
    for code in _tables(view, model, _MODEL_OPERATOR_CODES):
        at = _field(view, code, _CODE_BUILTIN)
        if _field(view, code, _CODE_CUSTOM) or (at and struct.unpack_from("<i", view, at)[0] == _CUSTOM):
            return "it has an operator that LiteRT itself does not have"
    _check_complete(view, model)
    return None


def _check_complete(view: memoryview, model: int) -> None:
    graphs, signatures = _tables(view, model, _MODEL_SUBGRAPHS), _tables(view, model, _MODEL_SIGNATURES)
    if not graphs or not signatures or not _tables(view, model, _MODEL_BUFFERS):
        raise ValueError("it has no graph, no signature or no buffers")
    for graph in graphs:
        _need(view, graph, _GRAPH_NEEDS, "graph")
        for operator in _tables(view, graph, _GRAPH_OPERATORS):
            _need(view, operator, _OPERATOR_NEEDS, "operator")
    for signature in signatures:
        _need(view, signature, _SIGNATURE_NEEDS, "signature")
        for named in (*_tables(view, signature, 0), *_tables(view, signature, 1)):
            _need(view, named, {_NAMED: "name"}, "input or output")


def _need(view: memoryview, table: int, fields: dict[int, str], what: str) -> None:
    for field, name in fields.items():
        if not _field(view, table, field):
            raise ValueError(f"it has {'an' if what[0] in 'aio' else 'a'} {what} without {name}")


def _tables(view: memoryview, table: int, field: int) -> list[int]:
    """Where the tables are that a field of a table lists; empty if it lists none."""
    at = _field(view, table, field)
    if not at:
        return []
    begin = at + struct.unpack_from("<I", view, at)[0]
    (count,) = struct.unpack_from("<I", view, begin)
    if begin + 4 + 4 * count > len(view):
        raise ValueError("it is cut off")
    offsets = struct.unpack_from(f"<{count}I", view, begin + 4)
    return [begin + 4 + 4 * index + offset for index, offset in enumerate(offsets)]


def _field(view: memoryview, table: int, field: int) -> int:
    """Where a field of a table lies; 0 if the table does not have it."""
    layout = table - struct.unpack_from("<i", view, table)[0]
    if layout < 0:
        raise ValueError("it is cut off")
    (size,) = struct.unpack_from("<H", view, layout)
    if 4 + 2 * field >= size:
        return 0
    (offset,) = struct.unpack_from("<H", view, layout + 4 + 2 * field)
    return table + offset if offset else 0
