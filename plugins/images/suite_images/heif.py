"""HEIC and AVIF: their headers, and HEIC by pillow-heif, which is an extra.

Boxes as specified in ISO/IEC 23008-12 (HEIF) and 14496-12; how a rotation and a mirroring make an orientation
of Exif as libavif has it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO

import numpy as np

from suite import UserError
from suite.kit import unimportable

BRANDS = {
    b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"heim": "HEIC", b"heis": "HEIC",
    b"hevc": "HEIC", b"hevx": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC",
}  # fmt: skip
"""The kind of image by the major brand of the file."""

HOW_TO_INSTALL = 'pip install "suite-images[heic]"'

_ORIENTATIONS = {
    (0, None): 1, (2, None): 3, (3, None): 6, (1, None): 8, (0, 1): 2, (0, 0): 4, (1, 0): 5, (3, 0): 7,
    (2, 0): 2, (2, 1): 4, (1, 1): 7, (3, 1): 5,
}  # fmt: skip
"""Of Exif, by quarter turns against the clock and the axis of a mirroring after them."""


def kind_of(content: bytes) -> str:
    """The kind, "HEIC" or "AVIF", or "" for another file."""
    if content[4:8] != b"ftyp":
        return ""
    kind = BRANDS.get(content[8:12], "")
    compatible = content[16 : int.from_bytes(content[:4])]
    return "AVIF" if kind and b"avif" in compatible else kind


def layout(content: bytes) -> tuple[int, int, int, int, bool] | None:
    """Height and width as stored, orientation as Exif has it, bits per channel, and whether there is alpha.

    None if the boxes that say so are not there.
    """
    meta = next((inner for kind, inner in _boxes(content) if kind == b"meta"), None)
    if meta is None:
        return None
    inside = dict(_boxes(meta[4:]))
    properties = dict(_boxes(inside.get(b"iprp", b"")))
    listed = list(_boxes(properties.get(b"ipco", b"")))
    version = inside[b"pitm"][0]
    (primary,) = struct.unpack_from(">I" if version else ">H", inside[b"pitm"], 4)
    height = width = turns = 0
    axis: int | None = None
    bits = 8
    for index in _properties_of(primary, properties.get(b"ipma", b"")):
        kind, value = listed[index - 1]
        if kind == b"ispe":
            width, height = struct.unpack_from(">II", value, 4)
        elif kind == b"clap":
            sides = struct.unpack_from(">IIII", value)
            width, height = sides[0] // sides[1], sides[2] // sides[3]
        elif kind == b"pixi":
            bits = max(value[5 : 5 + value[4]], default=8)
        elif kind == b"irot":
            turns = value[0] & 3
        elif kind == b"imir":
            axis = value[0] & 1
    alpha = any(kind == b"auxC" and b":alpha" in value for kind, value in listed)
    return height, width, _ORIENTATIONS[turns, axis], bits, alpha


def decode(content: bytes, name: str) -> np.ndarray:
    """An upright HEIC image, uint8 (height, width, 3 or 4).

    Raises:
        UserError: if pillow-heif is not installed, with the line that installs it, or the file is damaged.
    """
    try:
        import pillow_heif
    except ImportError as error:
        missing = f"{name} is an image in HEIC, which needs pillow-heif: {HOW_TO_INSTALL}"
        raise unimportable(error, "pillow_heif", missing) from None
    try:
        opened = pillow_heif.open_heif(BytesIO(content), convert_hdr_to_8bit=True)
        image = np.asarray(opened)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever else the library raises, the file is the reason
        reason = str(error).strip().splitlines()
        raise UserError(
            f"{name} is a damaged or truncated HEIC{f' ({reason[0]})' if reason else ''}"
        ) from None
    return image if image.ndim == 3 else image[:, :, None]


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        start = position + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", content, start)
            start += 8
        end = len(content) if length == 0 else position + length
        if end < start:
            return
        yield kind, content[start:end]
        position = end


def _properties_of(item: int, associations: bytes) -> list[int]:
    """The numbers, from 1 on, of an item's properties in their order."""
    version, large = associations[0], associations[3] & 1
    (count,) = struct.unpack_from(">I", associations, 4)
    position = 8
    for _ in range(count):
        (found,) = struct.unpack_from(">I" if version else ">H", associations, position)
        position += 4 if version else 2
        number = associations[position]
        position += 1
        step = 2 if large else 1
        if found == item:
            raw = [associations[position + step * index :][:step] for index in range(number)]
            mask = 0x7FFF if large else 0x7F
            return [index for value in raw if (index := int.from_bytes(value) & mask)]
        position += step * number
    return []
