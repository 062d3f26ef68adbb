"""The header of an image file: its kind, size, orientation and mode, without decoding.

Formats as specified in ITU-T T.81 (JPEG), the W3C's PNG, GIF89a, RFC 9649 (WebP), Windows BMP, TIFF 6.0,
Netpbm, ISO/IEC 15444-1 (JPEG 2000), and Exif 2.32 for the orientation; AVIF and HEIC see `heif`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from suite import UserError
from suite_images import heif

MAX_PIXELS, MAX_SIDE = 1 << 30, 1 << 20
"""OpenCV decodes no image with more. What may be decoded is limited by the memory that it takes."""

_MAX_SCANS = 500
"""Of a JPEG: each goes over all of its pixels, and takes a few bytes. Encoders make ten or so."""

KNOWN = "JPEG, PNG, GIF, WebP, BMP, TIFF, PNM, AVIF, JPEG 2000, HEIC"

SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".dib", ".tif", ".tiff",
    ".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".jp2", ".j2k", ".jpf", ".j2c", ".jpc", ".heic", ".heif", ".hif",
)  # fmt: skip
"""The endings of image files, lower case."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """The header of an image file.

    Attributes:
        kind: "JPEG", "PNG", ...
        height: as stored, before `orientation` is applied.
        width: as stored, before `orientation` is applied.
        orientation: 1 to 8 as in Exif; 1 is upright.
        mode: "color", "gray", "palette" or "CMYK".
        alpha: whether it may be transparent.
        bits: per channel.
        channels: values per pixel, where that is not what `mode` and `alpha` say; else 0.
        data: where the compressed data begins (JPEG), else 0.
    """

    kind: str
    height: int
    width: int
    orientation: int = 1
    mode: str = "color"
    alpha: bool = False
    bits: int = 8
    channels: int = 0
    data: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) as a person sees it."""
        upright = self.orientation <= 4
        return (self.height, self.width) if upright else (self.width, self.height)


def read_header(content: bytes, name: str) -> Header:
    """Read the header of an encoded image.

    Args:
        content: the file.
        name: how a message calls it.

    Raises:
        UserError: if it is no image of a known kind (the message says what it is), its header is damaged,
            or it has more than `MAX_PIXELS`, or a side of more than `MAX_SIDE`.
    """
    kind, reader = next(
        ((kind, reader) for magic, kind, reader in _READERS if content.startswith(magic)), ("", None)
    )
    if heif_kind := heif.kind_of(content):
        kind, reader = heif_kind, _heif
    if reader is None or (kind == "WebP" and content[8:12] != b"WEBP"):
        raise UserError(f"{name} {_what(content)}")
    try:
        header = reader(content)
    except (struct.error, IndexError, ValueError, KeyError, ZeroDivisionError):
        header = None
    if header is None or header.height <= 0 or header.width <= 0:
        raise UserError(f"{name} is a damaged {kind}: its header cannot be read")
    if header.height * header.width > MAX_PIXELS or max(header.height, header.width) > MAX_SIDE:
        raise UserError(
            f"{name} has {header.width:,} x {header.height:,} pixels, more than the {MAX_PIXELS:,}, or the"
            f" {MAX_SIDE:,} on a side, that are read: make it smaller"
        )
    return header


def refuse_bomb(header: Header, content: bytes, name: str) -> None:
    """Refuse a JPEG of so many scans that decoding it would take minutes. Raises `UserError`."""
    if header.kind == "JPEG" and header.height * header.width > 1 << 20:
        scans = content.count(b"\xff\xda", header.data)
        if scans > _MAX_SCANS:
            raise UserError(f"{name} has {scans:,} scans, which no encoder writes: it is damaged or a trap")


def decoded_bytes(header: Header) -> int:
    """The memory that decoding an image takes at its peak, and making it uint8: an estimate from above."""
    channels = header.channels or ({"gray": 1}.get(header.mode, 3) + header.alpha)
    value = max(1, -(-header.bits // 8))
    if header.kind == "JPEG":  # coefficients of a progressive one, and the image twice to turn it
        each = 3 * 2 + 3 + 3
    elif header.kind in ("BMP", "PNM", "PNG", "WebP") and not header.alpha and header.bits <= 8:
        each = 3 + 3
    else:  # as stored and with its channels exchanged, then as uint8, then RGB
        each = channels * (2 * value + 1) + 3
    if header.kind in ("JPEG 2000", "HEIC", "AVIF"):  # their decoders have planes of their own
        each += 4 * channels
    return header.height * header.width * each


def _jpeg(raw: bytes) -> Header | None:
    orientation, frame = 1, None
    position = 2
    while (position := raw.find(b"\xff", position)) >= 0:
        marker = raw[position + 1]
        if marker == 0xFF:  # padding
            position += 1
        elif marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD8:  # they have no length
            position += 2
        elif marker == 0xD9:
            return None
        else:
            (length,) = struct.unpack_from(">H", raw, position + 2)
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                frame = struct.unpack_from(">BHHB", raw, position + 4)
            elif marker == 0xE1 and raw[position + 4 : position + 10] == b"Exif\0\0":
                orientation = _orientation(raw[position + 10 : position + 2 + length])
            elif marker == 0xDA:
                break
            position += 2 + length
    if position < 0 or frame is None:
        return None
    bits, height, width, channels = frame
    mode = {1: "gray", 4: "CMYK"}.get(channels, "color")
    return Header(
        kind="JPEG", height=height, width=width, orientation=orientation, mode=mode, bits=bits, data=position
    )


def png_chunks(raw: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The chunks of a PNG: type, start and end; a chunk that is cut off ends behind the file's end."""
    position = 8
    while position + 8 <= len(raw):
        (length,) = struct.unpack_from(">I", raw, position)
        yield raw[position + 4 : position + 8], position, position + 12 + length
        position += 12 + length


def _png(raw: bytes) -> Header | None:
    width, height, bits, color = struct.unpack_from(">IIBB", raw, 16)
    orientation, alpha = 1, bool(color & 4)
    for kind, start, end in png_chunks(raw):
        if kind == b"eXIf":
            orientation = _orientation(raw[start + 8 : end - 4])
        elif kind == b"tRNS":
            alpha = True
    mode = {0: "gray", 3: "palette", 4: "gray"}.get(color, "color")
    return Header(
        kind="PNG", height=height, width=width, orientation=orientation, mode=mode, alpha=alpha, bits=bits
    )


def _gif(raw: bytes) -> Header | None:
    width, height = struct.unpack_from("<HH", raw, 6)
    return Header(kind="GIF", height=height, width=width, mode="palette")


def _webp(raw: bytes) -> Header | None:
    form = raw[12:16]
    if form == b"VP8X":
        width, height = (int.from_bytes(raw[at : at + 3], "little") + 1 for at in (24, 27))
        orientation, position = 1, 12
        while raw[20] & 0x08 and position + 8 <= len(raw):
            (length,) = struct.unpack_from("<I", raw, position + 4)
            if raw[position : position + 4] == b"EXIF":
                exif = raw[position + 8 : position + 8 + length]
                orientation = _orientation(exif.removeprefix(b"Exif\0\0"))
            position += 8 + length + length % 2
        return Header(
            kind="WebP", height=height, width=width, orientation=orientation, alpha=bool(raw[20] & 0x10)
        )
    if form == b"VP8L" and raw[20] == 0x2F:
        (packed,) = struct.unpack_from("<I", raw, 21)
        height, width = (packed >> 14 & 0x3FFF) + 1, (packed & 0x3FFF) + 1
        return Header(kind="WebP", height=height, width=width, alpha=bool(packed >> 28 & 1))
    if form == b"VP8 " and raw[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", raw, 26)
        return Header(kind="WebP", height=height & 0x3FFF, width=width & 0x3FFF)
    return None


def _bmp(raw: bytes) -> Header | None:
    (length,) = struct.unpack_from("<I", raw, 14)
    width, height = struct.unpack_from("<HH" if length == 12 else "<ii", raw, 18)
    return Header(kind="BMP", height=abs(height), width=width)


def _tiff(raw: bytes) -> Header | None:
    tags = _tags(raw)
    if 256 not in tags or 257 not in tags:
        return None
    mode = {0: "gray", 1: "gray", 3: "palette", 5: "CMYK"}.get(tags.get(262, 2), "color")
    return Header(
        kind="TIFF", height=tags[257], width=tags[256], orientation=_orientation(raw),
        mode=mode, alpha=tags.get(338, 0) > 0, bits=tags.get(258, 1), channels=_channels(tags),
    )  # fmt: skip


def _channels(tags: dict[int, int]) -> int:
    """Values per pixel of a TIFF whose further ones are no alpha, such as infrared."""
    count = tags.get(277, 1)
    usual = {2: 3, 5: 4}.get(tags.get(262, 2), 1)
    # What one more is for, a tag says; without it, as OpenCV writes them, it is alpha.
    return 0 if count == usual or (count == usual + 1 and tags.get(338, 1)) else count


def _pnm(raw: bytes) -> Header | None:
    words: list[bytes] = []
    for line in raw[2:1024].split(b"\n"):
        words += line.partition(b"#")[0].split()
        if len(words) >= 2:
            break
    width, height = int(words[0]), int(words[1])
    return Header(kind="PNM", height=height, width=width, mode="color" if raw[1:2] in b"36" else "gray")


def _heif(raw: bytes) -> Header | None:
    found = heif.layout(raw)
    if found is None:
        return None
    height, width, orientation, bits, alpha = found
    return Header(
        kind=heif.kind_of(raw), height=height, width=width, orientation=orientation, bits=bits, alpha=alpha
    )


def _jpeg_2000(raw: bytes) -> Header | None:
    start = raw.find(b"\xff\x4f\xff\x51")
    if start < 0:
        return None
    right, bottom, left, top = struct.unpack_from(">4I", raw, start + 8)
    channels, depth = struct.unpack_from(">HB", raw, start + 40)
    return Header(
        kind="JPEG 2000", height=bottom - top, width=right - left, bits=(depth & 0x7F) + 1,
        mode="gray" if channels <= 2 else "color", alpha=channels in (2, 4),
        channels=0 if channels <= 4 else channels,
    )  # fmt: skip


def _tags(raw: bytes) -> dict[int, int]:
    """The first value of each tag of short or long integers in a TIFF's first directory."""
    order = {b"II": "<", b"MM": ">"}.get(raw[:2])
    if order is None:
        return {}
    tags: dict[int, int] = {}
    try:
        (start,) = struct.unpack_from(order + "I", raw, 4)
        (count,) = struct.unpack_from(order + "H", raw, start)
        for position in range(start + 2, start + 2 + 12 * count, 12):
            tag, form, length = struct.unpack_from(order + "HHI", raw, position)
            letter = {3: "H", 4: "I"}.get(form)
            if letter and length:
                at = position + 8
                if length * struct.calcsize(letter) > 4:
                    (at,) = struct.unpack_from(order + "I", raw, at)
                (value,) = struct.unpack_from(order + letter, raw, at)
                tags.setdefault(tag, value)  # as libtiff has it: of a tag that is there twice, the first
    except struct.error:
        pass
    return tags


def _orientation(exif: bytes) -> int:
    orientation = _tags(exif).get(274, 1)
    return orientation if 1 <= orientation <= 8 else 1


def _what(content: bytes) -> str:
    """What a file that is no image is, as the end of a sentence."""
    if not content:
        return "is empty"
    start = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "is an HTML page, not an image"
    if b"<svg" in start:
        return "is an SVG drawing, which is not read: convert it to PNG"
    if content.startswith(b"PAR1"):
        return (
            "is a Parquet table: suite train, inspect and evaluate read the images in it; to predict them,"
            " write them to files"
        )
    if content[4:8] == b"ftyp":
        return "is a video, not an image"
    if kind := _unread_kind(content):
        return f"is an image in {kind}, which is not read: convert it to PNG"
    for magic, what in _OTHERS.items():
        if content.startswith(magic):
            return f"is {what}, not an image"
    if not content[:1024].strip(b"\0"):
        return "holds zeros, not an image"
    try:
        text = content[:1024].decode("utf-8")
    except UnicodeDecodeError as error:
        text = content[: error.start].decode("utf-8") if error.start > 1000 else "\0"
    if all(letter.isprintable() or letter.isspace() for letter in text):
        return "is text, not an image"
    return f"is no image of a kind that is read ({KNOWN})"


def _unread_kind(content: bytes) -> str:
    """What a file is that is an image, though of a kind that is not read; empty if it is none known."""
    for magic, kind in _UNREAD.items():
        if content.startswith(magic):
            return kind
    if content[128:132] == b"DICM":
        return "DICOM"
    # TGA has no magic number: a map of colors or none, a type, depths and sides that there are.
    fields = content[:18]
    if len(fields) == 18 and fields[1] <= 1 and fields[2] in (1, 2, 3, 9, 10, 11):
        width, height = struct.unpack("<HH", fields[12:16])
        if width and height and fields[16] in (8, 15, 16, 24, 32) and not fields[17] & 0xC0:
            return "TGA"
    return ""


_UNREAD = {
    b"\0\0\1\0": "ICO",
    b"8BPS": "PSD (Photoshop)",
    b"\x76\x2f\x31\x01": "OpenEXR",
    b"#?RADIANCE": "Radiance HDR",
    b"SIMPLE  =": "FITS",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL",
    b"II+\0": "BigTIFF",
    b"MM\0+": "BigTIFF",
    b"DDS ": "DDS",
}
"""By how a file begins: images of kinds that are not read."""


_READERS = (
    (b"\xff\xd8\xff", "JPEG", _jpeg),
    (b"\x89PNG\r\n\x1a\n", "PNG", _png),
    (b"GIF87a", "GIF", _gif),
    (b"GIF89a", "GIF", _gif),
    (b"RIFF", "WebP", _webp),
    (b"BM", "BMP", _bmp),
    (b"II*\0", "TIFF", _tiff),
    (b"MM\0*", "TIFF", _tiff),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000", _jpeg_2000),
    (b"\xff\x4f\xff\x51", "JPEG 2000", _jpeg_2000),
    *(
        (b"P%d" % number + blank, "PNM", _pnm)
        for number in range(1, 7)
        for blank in (b"\n", b" ", b"\r", b"\t")
    ),
)

_OTHERS = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"\x93NUMPY": "a NumPy array",
    b"OggS": "sound or video",
    b"ID3": "sound",
}
