"""Tensors of the Open Inference Protocol: in JSON, and as bytes after it (the binary tensor data extension).

With the extension a body is JSON followed by the raw bytes of tensors, in the order in which the JSON names
them, and the header `Inference-Header-Content-Length` says where the JSON ends. Numbers are little-endian, in
row-major order; elements of BYTES have their length before them, in four bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from suite.serving.problems import RequestError

NUMPY = {
    "BOOL": "bool", "UINT8": "uint8", "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64",
    "INT8": "int8", "INT16": "int16", "INT32": "int32", "INT64": "int64",
    "FP16": "float16", "FP32": "float32", "FP64": "float64",
}  # fmt: skip
"""The names of the protocol, and numpy's."""

DATATYPES = {name: datatype for datatype, name in NUMPY.items()}

_MAX_AXES = 16


class RequestTensor(msgspec.Struct, forbid_unknown_fields=True):
    """A tensor of a request.

    Attributes:
        name: of the input.
        shape: with the batch axis.
        datatype: of the protocol.
        data: flat or nested; not there if the bytes come after the JSON.
        parameters: `binary_data_size`, if they do.
    """

    name: str
    shape: list[int]
    datatype: str
    data: list[Any] | None = None
    parameters: dict[str, Any] = {}


def refused(message: str, status: int = 400) -> RequestError:
    """What is wrong with a tensor."""
    return RequestError(status, "tensor", message)


def read_tensors(tensors: Sequence[RequestTensor], binary: bytes) -> dict[str, Any]:
    """The arrays of a request by name; elements of BYTES are a list.

    Args:
        tensors: as the JSON names them.
        binary: what comes after the JSON.

    Raises:
        RequestError: if one does not hold what its shape and datatype say, or bytes are missing or left over.
    """
    arrays: dict[str, Any] = {}
    at = 0
    for tensor in tensors:
        if tensor.name in arrays:
            raise refused(f"there are two inputs '{tensor.name[:100]}'")
        count = _elements(tensor)
        size = tensor.parameters.get("binary_data_size")
        for parameter in tensor.parameters:
            if parameter.startswith("shared_memory"):
                raise refused("this server has no shared memory: send the tensors themselves")
        if size is None:
            arrays[tensor.name] = _of_json(tensor, count)
            continue
        if type(size) is not int or size < 0 or tensor.data is not None:
            raise refused(f"input '{tensor.name[:100]}' has a binary_data_size that is none, or data besides")
        if at + size > len(binary):
            raise refused(
                f"input '{tensor.name[:100]}' is said to have {size:,} bytes, and {len(binary) - at:,} came"
            )
        arrays[tensor.name] = _of_bytes(tensor, count, binary[at : at + size])
        at += size
    if at != len(binary):
        raise refused(f"{len(binary) - at:,} bytes came after the tensors that the request names")
    return arrays


def _elements(tensor: RequestTensor) -> int:
    name, shape = tensor.name[:100], tensor.shape
    if tensor.datatype != "BYTES" and tensor.datatype not in NUMPY:
        known = ", ".join([*NUMPY, "BYTES"])
        raise refused(f"input '{name}' has the datatype '{tensor.datatype[:50]}': known are {known}")
    if not 1 <= len(shape) <= _MAX_AXES or any(side < 1 for side in shape):
        raise refused(f"input '{name}' has the shape {shape[:20]}: give positive sides, the batch first")
    count = 1
    for side in shape:
        count *= side
        if count > 1 << 40:
            raise refused(f"input '{name}' has a shape of more elements than any request")
    return count


def _of_json(tensor: RequestTensor, count: int) -> Any:
    name = tensor.name[:100]
    if tensor.data is None:
        raise refused(f"input '{name}' has no data")
    flat = _flat(tensor.data)
    if len(flat) != count:
        raise refused(
            f"input '{name}' has {len(flat):,} elements, and its shape {tensor.shape} asks for {count:,}"
        )
    if tensor.datatype == "BYTES":
        if not all(isinstance(element, str) for element in flat):
            raise refused(f"input '{name}' is of BYTES, whose elements are texts in JSON")
        return [element.encode() for element in flat]
    if tensor.datatype == "FP16":
        raise refused(f"input '{name}' is of FP16, which JSON does not have: send it as binary data")
    wanted = np.dtype(NUMPY[tensor.datatype])
    allowed = (bool,) if wanted.kind == "b" else (int,) if wanted.kind in "iu" else (int, float)
    if not all(type(element) in allowed for element in flat):
        raise refused(f"input '{name}' has elements that are no {tensor.datatype}")
    try:
        array = np.array(flat, wanted)
    except (OverflowError, ValueError):
        raise refused(f"input '{name}' has numbers that do not fit into {tensor.datatype}") from None
    return array.reshape(tensor.shape)


def _flat(values: list[Any]) -> list[Any]:
    while values and isinstance(values[0], list):
        flat: list[Any] = []
        for inner in values:
            if not isinstance(inner, list):
                raise refused("an input's data are nested unevenly")
            flat.extend(inner)
        values = flat
    return values


def _of_bytes(tensor: RequestTensor, count: int, content: bytes) -> Any:
    name = tensor.name[:100]
    if tensor.datatype == "BYTES":
        return _strings(name, count, content)
    dtype = np.dtype(NUMPY[tensor.datatype]).newbyteorder("<")
    if len(content) != count * dtype.itemsize:
        raise refused(
            f"input '{name}' has {len(content):,} bytes, and its shape {tensor.shape} of {tensor.datatype}"
            f" asks for {count * dtype.itemsize:,}"
        )
    array = np.frombuffer(content, dtype).reshape(tensor.shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _strings(name: str, count: int, content: bytes) -> list[bytes]:
    elements: list[bytes] = []
    at = 0
    while at < len(content) and len(elements) <= count:
        end = at + 4
        if end <= len(content):
            end += struct.unpack_from("<I", content, at)[0]
        if end > len(content):
            raise refused(f"input '{name}' is cut off within an element of BYTES")
        elements.append(content[at + 4 : end])
        at = end
    if len(elements) != count:
        raise refused(f"input '{name}' has another number of elements than its shape asks for ({count:,})")
    return elements


def to_bytes(value: Any) -> bytes:
    """An array, or a list of elements of BYTES, as the extension has it."""
    if isinstance(value, list):
        return b"".join(struct.pack("<I", len(element)) + element for element in value)
    array = np.ascontiguousarray(value)
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    return array.tobytes()


def to_json(value: Any) -> list[Any]:
    """The elements of an array, or of BYTES, flat, as JSON has them."""
    if isinstance(value, list):
        return [element.decode("utf-8", "replace") for element in value]
    elements: list[Any] = np.asarray(value).ravel().tolist()
    return elements
