"""Reads any image, from a file, bytes or an array, as a person sees it: RGB, upright, on white."""

from __future__ import annotations

import struct
import zlib
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import cv2
import numpy as np

from suite import UserError
from suite.kit import memory_for
from suite.sources import source
from suite_images import heif
from suite_images.conversion import DEPTHS, OWN, Conversion, as_rgb, many_channels, widen_bits
from suite_images.headers import SUFFIXES, Header, decoded_bytes, png_chunks, read_header, refuse_bomb
from suite_images.native_warnings import can_watch, watched

__all__ = [
    "DEPTHS",
    "OWN",
    "SUFFIXES",
    "Storage",
    "lacks_end",
    "read",
    "read_with_size",
    "size",
    "storage",
    "view",
]

# Errors say what is wrong with a file; OpenCV would also write it to stderr.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

_END = b"\xff\xd9"

_CORRUPT = (
    "remature end",
    "bad Huffman code",
    "bad arithmetic code",
    "found marker",
    "Inconsistent progression",
)
"""What libjpeg says if pixels are not what they were. It says harmless things, too."""

# As stored: turning it upright is done here, so that `size` and `read` cannot disagree.
_COLOR = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
_REDUCED = {
    factor: getattr(cv2, f"IMREAD_REDUCED_COLOR_{factor}") | cv2.IMREAD_IGNORE_ORIENTATION
    for factor in (8, 4, 2)
}


def read(raw: Any, at_least: int | None = None, *, bits: int = 16, channels: int = 3) -> np.ndarray:
    """Read an image.

    The Exif orientation is applied, transparency is laid on white, 16 bits are scaled to 8, gray, palette
    and CMYK become RGB, and of an animation the first frame is taken.

    Args:
        raw: a `suite.sources.Source`, a path, the bytes of a file, or an array (height, width) or (height,
            width, 1, 3 or 4) of uint8, uint16, bool, or floats from 0 to 1; three channels are RGB. Also a
            frame of a video, see `suite_images.video`.
        at_least: the image may come smaller, by 2, 4 or 8, as long as its shorter side keeps this many
            pixels. Large JPEG photographs are read several times faster (by scaling in the DCT domain).
        bits: how many of the 16 bits of a value are used: white is 2 ** bits - 1. `OWN`: as many as the image
            itself needs. Files that say how many they have (PNG, AVIF, JPEG 2000) are scaled by that first.
        channels: of the result. 3 is RGB, and 1 gray; with others, the image must have as many, which are
            given as they are stored (but blue, green and red as red, green and blue).

    Returns:
        uint8 (height, width, channels), contiguous.

    Raises:
        UserError: if it is no image, is damaged or cut off, has other channels, or would take more memory
            than one input may.
    """
    return read_with_size(raw, at_least, bits=bits, channels=channels)[0]


def read_with_size(
    raw: Any, at_least: int | None = None, *, bits: int = 16, channels: int = 3
) -> tuple[np.ndarray, tuple[int, int]]:
    """The image as `read` gives it, and (height, width) of the file's image, which may be larger."""
    how = Conversion(bits, channels)
    if isinstance(raw, np.ndarray):
        image = how.apply(raw, "the given array")
        return image, image.shape[:2]
    if isinstance(pixels := getattr(raw, "pixels", None), np.ndarray):
        return (pixels if channels == 3 else how.apply(pixels, "the frame")), pixels.shape[:2]
    content, name = _content(raw)
    header = read_header(content, name)
    with _memory_for(header, content, name):
        return _read(content, name, header, at_least, how), header.size


def _memory_for(header: Header, content: bytes, name: str) -> AbstractContextManager[None]:
    """What decodes an image within it waits for memory, and is refused if the image takes too much."""
    refuse_bomb(header, content, name)
    return memory_for(f"{name} has {header.width:,} x {header.height:,} pixels", decoded_bytes(header))


def _read(content: bytes, name: str, header: Header, at_least: int | None, how: Conversion) -> np.ndarray:
    if header.kind == "TIFF":
        if _needs_tifffile(header):
            return _upright(how.apply(many_channels(content, name), name), header.orientation)
        # OpenCV turns these upright whatever the flags, and multiplies 8-bit colors by alpha.
        decoded = _decode(content, name, header, cv2.IMREAD_UNCHANGED)
        premultiplied = decoded.dtype == np.uint8 and not header.channels
        return how.apply(_from_bgr(decoded), name, premultiplied=premultiplied, alpha=not header.channels)
    if header.kind == "JPEG":
        image = how.from_rgb(_read_jpeg(content, name, header, at_least), name)
    elif header.kind == "PNG":
        image = _read_png(content, name, header, how)
    elif header.kind == "HEIC":
        return how.apply(heif.decode(content, name), name)
    elif header.kind in ("GIF", "AVIF", "JPEG 2000") or header.alpha:
        decoded = _decode(content, name, header, cv2.IMREAD_UNCHANGED)
        if decoded.dtype == np.uint16 and 8 < header.bits < 16:
            widen_bits(decoded, header.bits)
        image = how.apply(_from_bgr(decoded), name)
    else:
        image = how.from_rgb(_decode(content, name, header, _COLOR), name)
    return _upright(image, header.orientation)


def _needs_tifffile(header: Header) -> bool:
    """Whether it is a TIFF of more channels than OpenCV reads, or of two."""
    return header.kind == "TIFF" and (header.channels == 2 or header.channels > 4)


def view(raw: Any, at_least: int | None = None) -> np.ndarray:
    """An image for people to look at: RGB, uint8, as bright as its own largest value allows.

    Of an image of two or more than four channels the first three are taken, or the first as gray.

    Raises:
        UserError: as `read`.
    """
    channels = storage(raw).channels or 3
    return as_rgb(read(raw, at_least, bits=OWN, channels=channels))


class Storage(NamedTuple):
    """How an image is stored.

    Attributes:
        channels: 0 for gray, palette, CMYK, RGB and RGB with transparency; else how many.
        highest: the largest value, if values have 16 bits and none says how many of them are used; else 0.
        endless: whether it is a JPEG without an end marker, so that pixels may be missing.
    """

    channels: int
    highest: int
    endless: bool = False


def storage(raw: Any, *, look: bool = False) -> Storage:
    """How an image is stored.

    Args:
        raw: as for `read`.
        look: whether to decode an image of 16 bits for its largest value.

    Raises:
        UserError: as `read`.
    """
    pixels = raw if isinstance(raw, np.ndarray) else getattr(raw, "pixels", None)
    if isinstance(pixels, np.ndarray):
        given = pixels.shape[2] if pixels.ndim == 3 else 1
        return Storage(
            0 if given in (1, 3, 4) else given,
            int(pixels.max()) if look and pixels.dtype == np.uint16 and pixels.size else 0,
        )
    content, name = _content(raw)
    header = read_header(content, name)
    highest = 0
    if look and header.bits == 16:
        with _memory_for(header, content, name):
            if _needs_tifffile(header):
                decoded = many_channels(content, name)
            else:
                decoded = _decode(content, name, header, cv2.IMREAD_UNCHANGED)
            if decoded.dtype == np.uint16 and decoded.size:
                has_alpha = header.alpha and decoded.ndim == 3 and decoded.shape[2] == 4
                highest = int((decoded[:, :, :3] if has_alpha else decoded).max())
    return Storage(header.channels, highest, header.kind == "JPEG" and lacks_end(content, header))


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
    cut = lacks_end(content, header)
    if cut:
        if not can_watch():
            raise UserError(f"{name} is a truncated JPEG: its end is missing")
        content += _END
    shorter = min(header.height, header.width)
    for factor, flag in _REDUCED.items():
        if at_least is not None and shorter // factor >= max(at_least, 1):
            return _from_bgr(_decode_jpeg(content, name, header, flag, cut))
    return _decode_jpeg(content, name, header, _COLOR, cut)


def lacks_end(content: bytes, header: Header) -> bool:
    """Whether a JPEG has no end marker. If only that is missing, it is read all the same."""
    return not content.endswith(_END) and content.rfind(_END, header.data) < 0


def _decode_jpeg(content: bytes, name: str, header: Header, flags: int, cut: bool) -> np.ndarray:
    decoded, said = watched(lambda: _decode(content, name, header, flags))
    if any(words in said for words in _CORRUPT):
        # Where the data ends too early, the decoder would go on in gray.
        what = "truncated JPEG: its end is missing" if cut else "damaged JPEG: its data are corrupt within"
        raise UserError(f"{name} is a {what}")
    return decoded


def _read_png(content: bytes, name: str, header: Header, how: Conversion) -> np.ndarray:
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
        return how.from_rgb(_decode(content, name, header, _COLOR), name)
    decoded = _decode(content, name, header, cv2.IMREAD_UNCHANGED)
    image = how.apply(_from_bgr(decoded), name)
    if transparent is not None and decoded.ndim == 2:  # OpenCV keeps no transparent gray
        scale = 255 // (2**header.bits - 1) if header.bits < 8 else 1
        image[decoded == transparent * scale] = 255
    return image


def _decode(content: bytes, name: str, header: Header, flags: int) -> np.ndarray:
    try:
        decoded: np.ndarray | None = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError(f"there is not enough memory to decode {name}") from None
        decoded = None
    if decoded is None:
        if header.kind == "AVIF" and not cv2.haveImageWriter(".avif"):
            raise UserError(
                f"{name} is an image in AVIF, which this build of OpenCV does not read: take a newer one"
            )
        raise UserError(f"{name} is a damaged or truncated {header.kind}")
    return decoded


def _from_bgr(decoded: np.ndarray) -> np.ndarray:
    if decoded.ndim == 2:
        return decoded
    if decoded.dtype not in (np.uint8, np.uint16, np.float32):  # which OpenCV reads, and does not convert
        return np.ascontiguousarray(decoded[:, :, [2, 1, 0, *range(3, decoded.shape[2])]])
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
