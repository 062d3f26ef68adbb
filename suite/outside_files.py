"""Refusing model files that would have a runtime open other files: nobody's file reads the machine's.

ONNX can keep tensors outside of the model ("external data") and HDF5 can
keep datasets in other files (external storage, external links, virtual datasets). A file from anywhere
could so read any file of the machine, and have its content come out of the network. Newer runtimes refuse
some of it; this refuses all of it before any of them sees the file.
"""

from __future__ import annotations

import io
import mmap
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from suite.errors import UserError, first_line
from suite.limits import check_model_bytes

_DEPTH = 100
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# The messages of onnx.proto in which a tensor can be, and their fields that lead to one.
_FIELDS = {
    "Model": {7: "Graph", 20: "Training", 25: "Function"},
    "Training": {1: "Graph", 2: "Graph"},
    "Function": {7: "Node", 11: "Attribute"},
    "Graph": {1: "Node", 5: "Tensor", 15: "Sparse"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "Sparse", 23: "Sparse"},
    "Sparse": {1: "Tensor", 2: "Tensor"},
    "Tensor": {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_OPERATOR = 4
_OPENS_FILES = {b"EPContext"}
"""Operators of ONNX Runtime that read a file which the model names."""


def check_onnx(path: Path) -> None:
    """Refuse an ONNX file with tensors in other files, by its bytes alone.

    Raises:
        UserError: if it has some, or is no ONNX file.
    """
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise UserError(f"{path} is not an ONNX file: it is empty")
        # Not closed by hand: that fails while an error still holds a part of it.
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    try:
        reason = _outside(content)
    except (ValueError, IndexError) as error:
        raise UserError(f"{path} is not an ONNX file or is damaged: {error}") from None
    if reason is not None:
        raise UserError(
            f"{path} is refused: {reason}, and a model may read no file but its own; export it with"
            " everything in one file"
        )


def check_openvino(path: Path) -> None:
    """Refuse an OpenVINO file with operators of an extension, or whose weights do not lie beside it.

    Raises:
        UserError: if it has some, or is no OpenVINO file.
    """
    weights = path.with_suffix(".bin")
    if not weights.is_file():
        raise UserError(f"{weights} is not there, which holds the weights of {path}: export the run again")
    for file_size, file_path in ((path.stat().st_size, path), (weights.stat().st_size, weights)):
        check_model_bytes(file_path, file_size, file_size, "has")
    parser = expat.ParserCreate()
    network = _OpenvinoLayers(weights.stat().st_size)
    parser.StartElementHandler = network.start
    parser.EndElementHandler = network.end
    parser.StartDoctypeDeclHandler = network.doctype
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except (expat.ExpatError, ValueError) as error:
        raise UserError(f"{path} is not an OpenVINO file or is damaged: {error}") from None
    if network.reason:
        raise UserError(f"{path} is refused: {network.reason}; export the run again")


def check_hdf5(path: Path, content: bytes | None = None) -> int:
    """Refuse an HDF5 file with data in other files, opening none of them.

    Args:
        path: the file, or what holds it.
        content: the HDF5 file, if it lies within another file.

    Returns:
        How many bytes the arrays in it say that they have: a file can claim more than it holds.

    Raises:
        UserError: if it has some, is no HDF5 file, or claims far more than it holds.
    """
    import h5py

    try:
        with h5py.File(path if content is None else io.BytesIO(content), "r") as file:
            sizes: list[int] = []
            reason = next(_outside_links(file["/"].id, sizes), None)
    except (OSError, ValueError, LookupError, ArithmeticError, RuntimeError, TypeError) as error:
        first = first_line(error)[:200]
        raise UserError(f"{path} is damaged, its weights are not an HDF5 file: {first}") from None
    if reason is not None:
        raise UserError(f"{path} is refused: {reason}, and a model may read no file but its own")
    held = path.stat().st_size if content is None else len(content)
    check_model_bytes(path, sum(sizes), held, "says that its weights have")
    return sum(sizes)


def check_keras_weights(path: Path, member: str) -> int:
    """`check_hdf5` for the weights in a `.keras` file, which were looked for already."""
    try:
        with zipfile.ZipFile(path) as archive:
            content = archive.read(member)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError, RuntimeError, ValueError) as error:
        raise UserError(
            f"{path} could not be read as a Keras model, it may be damaged or of another version: {error}"
        ) from None
    return check_hdf5(path, content)


def _outside_links(group: Any, sizes: list[int]) -> Iterator[str]:
    """What in an HDF5 file lies in another file, as the beginnings of sentences.

    The sizes of what lies in it are added to `sizes`, in bytes.

    Objects are opened by the low-level functions, which do not ask for the size of a virtual dataset: that
    would open the files that it is made of.
    """
    import h5py

    seen = set()
    waiting = [group]
    while waiting:
        each = waiting.pop()
        place = h5py.h5o.get_info(each).addr
        if place in seen:
            continue
        seen.add(place)
        for name in each:
            kind = each.links.get_info(name).type
            if kind != h5py.h5l.TYPE_HARD:
                outside = kind == h5py.h5l.TYPE_EXTERNAL
                yield f"its weights hold a link ('{_text(name)}'){' to another file' if outside else ''}"
                continue
            found = h5py.h5o.open(each, name)
            if isinstance(found, h5py.h5g.GroupID):
                waiting.append(found)
            elif isinstance(found, h5py.h5d.DatasetID):
                properties = found.get_create_plist()
                if properties.get_external_count():
                    yield f"its weights lie in another file ('{_text(properties.get_external(0)[0])}')"
                elif properties.get_layout() == h5py.h5d.VIRTUAL:
                    yield f"its weights '{_text(name)}' are made of other files (a virtual dataset)"
                else:
                    sizes.append(found.get_space().get_simple_extent_npoints() * found.get_type().get_size())


def _outside(view: memoryview) -> str | None:
    """Why an ONNX file would have another file read; None if it would not."""
    waiting = [("Model", view, 0)]
    while waiting:
        kind, message, depth = waiting.pop()
        if depth > _DEPTH:
            raise ValueError(f"it is nested more than {_DEPTH} deep")
        inner = _FIELDS[kind]
        for field, wire, value in _fields(message):
            if kind == "Tensor" and (field == _EXTERNAL_DATA or (field == _DATA_LOCATION and value != 0)):
                return "it keeps tensors in other files (external data)"
            if kind == "Node" and field == _OPERATOR and bytes(value) in _OPENS_FILES:
                return f"it has an operator that opens a file ({bytes(value).decode()})"
            if field in inner:
                if not isinstance(value, memoryview) or wire != _BYTES:
                    raise ValueError(f"field {field} of a {kind} is no message")
                waiting.append((inner[field], value, depth + 1))
    return None


class _OpenvinoLayers:
    """Looks at the layers of an OpenVINO file while it is parsed, in bodies of loops and branches too.

    Attributes:
        reason: why it is refused; "" if it is not.
    """

    _OWN = re.compile(r"opset[0-9]{1,3}")
    _OF_CONSTANTS = frozenset({"element_type", "shape", "offset", "size"})

    def __init__(self, bytes_of_weights: int) -> None:
        self.reason = ""
        self._weights = bytes_of_weights
        self._depth = 0
        self._layer = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEPTH:
            raise ValueError(f"it is nested more than {_DEPTH} deep")
        if self._depth == 1 and name != "net":
            raise ValueError("it does not begin as one")
        if name == "layer":
            self._layer = attributes.get("type", "")
            if not self._OWN.fullmatch(attributes.get("version", "")):
                self.reason = f"it has an operator ('{self._layer}') that OpenVINO itself does not have"
        elif name == "data" and self._layer == "Const":
            if not attributes.keys() <= self._OF_CONSTANTS:
                self.reason = "its weights are kept in a way that suite export does not write"
            elif int(attributes.get("offset", 0)) + int(attributes.get("size", 0)) > self._weights:
                raise ValueError("it has more weights than the file beside it")

    def end(self, _: str) -> None:
        self._depth -= 1

    def doctype(self, *_: Any) -> None:
        raise ValueError("it declares a document type")


def _fields(message: memoryview) -> Iterator[tuple[int, int, memoryview | int]]:
    """Number, wire type and value of each field of a protocol buffer; the bytes are not copied."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        wire = key & 7
        value: memoryview | int = 0
        if wire == _VARINT:
            value, at = _varint(message, at)
        else:
            if wire == _BYTES:
                size, at = _varint(message, at)
            elif wire in (_FIXED32, _FIXED64):
                size = 4 if wire == _FIXED32 else 8
            else:
                raise ValueError(f"it holds a field of the unknown kind {wire}")
            if at + size > end:
                raise ValueError("it is cut off")
            value = message[at : at + size]
            at += size
        yield key >> 3, wire, value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message):
            raise ValueError("it is cut off")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number in it is too long")


def _text(name: bytes | str) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name
