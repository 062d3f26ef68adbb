"""Reads any image, from a file, bytes or an array, as a person sees it: RGB, upright, on white."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import cv2
import numpy as np

from suite import UserError
from suite.sources import source
from suite_images.headers import SUFFIXES, Header, png_chunks, read_header

__all__ = ["SUFFIXES", "read", "read_with_size", "size"]

# Errors say what is wrong with a file; OpenCV would also write it to stderr.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

# As stored: turning it upright is done here, so that `size` and `read` cannot disagree.
_COLOR = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
_REDUCED = {
    factor: getattr(cv2, f"IMREAD_REDUCED_COLOR_{factor}") | cv2.IMREAD_IGNORE_ORIENTATION
    for factor in (8, 4, 2)
}


def read(raw: Any, at_least: int | None = None) -> np.ndarray:
    """Read an image.

    The Exif orientation is applied, transparency is laid on white, 16 bits are scaled to 8, gray, palette
    and CMYK become RGB, and of an animation the first frame is taken.

    Args:
        raw: a `suite.sources.Source`, a path, the bytes of a file, or an array (height, width) or (height,
            width, 1, 3 or 4) of uint8, uint16, bool, or floats from 0 to 1; three channels are RGB. Also a
            frame of a video, see `suite_images.video`.
        at_least: the image may come smaller, by 2, 4 or 8, as long as its shorter side keeps this many
            pixels. Large JPEG photographs are read several times faster (by scaling in the DCT domain).

    Returns:
        uint8 (height, width, 3), RGB, contiguous.

    Raises:
        UserError: if it is no image, is damaged or cut off, or has more than `headers.MAX_PIXELS`.
    """
    return read_with_size(raw, at_least)[0]


def read_with_size(raw: Any, at_least: int | None = None) -> tuple[np.ndarray, tuple[int, int]]:
    """The image as `read` gives it, and (height, width) of the file's image, which may be larger."""
    if isinstance(raw, np.ndarray):
        image = _rgb(raw, "the given array")
        return image, image.shape[:2]
    if isinstance(pixels := getattr(raw, "pixels", None), np.ndarray):
        return pixels, pixels.shape[:2]
    content, name = _content(raw)
    header = read_header(content, name)
    image = _read(content, name, header, at_least)
    return image, header.size


def _read(content: bytes, name: str, header: Header, at_least: int | None) -> np.ndarray:
    if header.kind == "TIFF":
        # OpenCV turns these upright whatever the flags, and multiplies 8-bit colors by alpha.
        decoded = _decode(content, name, header, cv2.IMREAD_UNCHANGED)
        return _rgb(_from_bgr(decoded), name, premultiplied=decoded.dtype == np.uint8)
    if header.kind == "JPEG":
        image = _read_jpeg(content, name, header, at_least)
    elif header.kind == "PNG":
        image = _read_png(content, name, header)
    elif header.kind == "GIF" or header.alpha:
        image = _rgb(_from_bgr(_decode(content, name, header, cv2.IMREAD_UNCHANGED)), name)
    else:
        image = _decode(content, name, header, _COLOR)
    return _upright(image, header.orientation)


def size(raw: Any) -> tuple[int, int]:
    """(height, width) of the image that `read` gives, from its header only.

    Raises:
        UserError: if it is no image or its header is damaged. An image cut off later passes.
    """
    pixels = raw if isinstance(raw, np.ndarray) else getattr(raw, "pixels", None)
    if isinstance(pixels, np.ndarray):
        if pixels.ndim < 2:
            raise UserError(f"an array of shape {pixels.shape} is no image")
        return pixels.shape[0], pixels.shape[1]
    return read_header(*_content(raw)).size


def _content(raw: Any) -> tuple[bytes, str]:
    if isinstance(raw, bytes | bytearray | memoryview):
        return bytes(raw), "the given image"
    try:
        image_source = source(raw)
    except TypeError:
        raise UserError(
            f"an image cannot be read from a {type(raw).__name__}: give a path, the bytes of a file or an"
            " array"
        ) from None
    return image_source.read(), image_source.name


def _read_jpeg(content: bytes, name: str, header: Header, at_least: int | None) -> np.ndarray:
    # Versions of OpenCV differ in whether they fill up with gray what is missing.
    if not content.endswith(b"\xff\xd9") and content.rfind(b"\xff\xd9", header.data) < 0:
        raise UserError(f"{name} is a truncated JPEG: its end is missing")
    shorter = min(header.height, header.width)
    for factor, flag in _REDUCED.items():
        if at_least is not None and shorter // factor >= max(at_least, 1):
            return _from_bgr(_decode(content, name, header, flag))
    return _decode(content, name, header, _COLOR)


def _read_png(content: bytes, name: str, header: Header) -> np.ndarray:
    """Without the chunks that only describe, of which libpng would complain on stderr."""
    pieces = [content[:8]]
    transparent = None
    kind = b""
    for kind, start, end in png_chunks(content):
        if end > len(content):
            break
        if kind[:1].isupper() or kind == b"tRNS":
            if zlib.crc32(content[start + 4 : end - 4]) != int.from_bytes(content[end - 4 : end]):
                raise UserError(f"{name} is a damaged PNG: a checksum is wrong")
            pieces.append(content[start:end])
        if kind == b"tRNS" and header.mode == "gray":
            (transparent,) = struct.unpack(">H", content[start + 8 : start + 10])
        if kind == b"IEND":
            break
    if kind != b"IEND":
        raise UserError(f"{name} is a truncated PNG: its end is missing")
    content = b"".join(pieces)
    if not header.alpha and header.bits <= 8:
        return _decode(content, name, header, _COLOR)
    decoded = _decode(content, name, header, cv2.IMREAD_UNCHANGED)
    image = _rgb(_from_bgr(decoded), name)
    if transparent is not None and decoded.ndim == 2:  # OpenCV keeps no transparent gray
        scale = 255 // (2**header.bits - 1) if header.bits < 8 else 1
        image[decoded == transparent * scale] = 255
    return image


def _decode(content: bytes, name: str, header: Header, flags: int) -> np.ndarray:
    try:
        decoded: np.ndarray | None = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error:
        decoded = None
    if decoded is None:
        raise UserError(f"{name} is a damaged or truncated {header.kind}")
    return decoded


def _from_bgr(decoded: np.ndarray) -> np.ndarray:
    if decoded.ndim == 2:
        return decoded
    code = cv2.COLOR_BGR2RGB if decoded.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    converted: np.ndarray = cv2.cvtColor(decoded, code)
    return converted


def _upright(image: np.ndarray, orientation: int) -> np.ndarray:
    if orientation == 1:
        return image
    if orientation >= 5:
        image = image.transpose(1, 0, 2)
    # How the stored (for 5 to 8: transposed) rows and columns run, by the orientation of Exif.
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(image[::rows, ::columns])


def _rgb(array: np.ndarray, name: str, premultiplied: bool = False) -> np.ndarray:
    """An array with one, three or four channels of any accepted type to RGB uint8 on white."""
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or not array.size:
        raise UserError(
            f"{name} has the shape {array.shape}: an image is (height, width) or (height, width, 1, 3 or 4)"
        )
    array = _eight_bits(array, name)
    if array.shape[2] == 1:
        return np.repeat(array, 3, axis=2)
    if array.shape[2] == 3:
        return np.ascontiguousarray(array)
    color, alpha = array[:, :, :3].astype(np.uint16), array[:, :, 3:].astype(np.uint16)
    if not premultiplied:
        color = (color * alpha + 127) // 255
    on_white: np.ndarray = np.minimum(color + (255 - alpha), 255).astype(np.uint8)
    return on_white


def _eight_bits(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "buif":
        raise UserError(f"{name} has values of type {array.dtype}, which are no image")
    scaled: np.ndarray
    if array.dtype == np.uint16:
        scaled = (array.astype(np.uint32) + 128) // 257
    elif array.dtype.kind == "b":
        scaled = array * np.uint8(255)
    else:
        low, high = array.min(), array.max()
        highest = 1 if array.dtype.kind == "f" else 255
        if not (low >= 0 and high <= highest):
            raise UserError(
                f"{name} has {array.dtype} values from {low:g} to {high:g}: an image's are from 0 to"
                f" {highest} (or uint16)"
            )
        scaled = np.rint(array * 255) if highest == 1 else array
    eight: np.ndarray = scaled.astype(np.uint8)
    return eight
