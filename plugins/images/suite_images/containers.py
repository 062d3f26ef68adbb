"""Whether the file of a video is whole: the sizes that its boxes or chunks declare, against its length.

After ISO/IEC 14496-12 (MP4, MOV), Microsoft's RIFF (AVI) and RFC 8794 (EBML: Matroska, WebM).
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_EBML = b"\x1a\x45\xdf\xa3"


def is_cut_off(path: Path) -> bool:
    """Whether a box or chunk declares more bytes than the file has; False also for other kinds of files."""
    end = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            length = _box
        elif head[:4] == b"RIFF":
            length = _chunk
        elif head[:4] == _EBML:
            length = _element
        else:
            return False
        position = 0
        while position < end:
            file.seek(position)
            declared = length(file)
            if declared is None:  # open ended, or a header that is cut off itself
                return length is not _element and end - position < 8
            position += declared
        return position > end


def _box(file: BinaryIO) -> int | None:
    head = file.read(16)
    length = int.from_bytes(head[:4], "big")
    if length == 1:
        length = int.from_bytes(head[8:], "big")
    return length if length >= 8 and len(head) >= 8 else None


def _chunk(file: BinaryIO) -> int | None:
    head = file.read(8)
    length = int.from_bytes(head[4:], "little")
    # A recorder that was killed leaves the size that it began with.
    return None if len(head) < 8 or length in (0, 0xFFFFFFFF) else 8 + length + length % 2


def _element(file: BinaryIO) -> int | None:
    head = file.read(12)  # an identifier of up to 4 bytes, a size of up to 8
    start = _width(head[:1])
    width = _width(head[start : start + 1])
    mask = (1 << 7 * width) - 1
    size = int.from_bytes(head[start : start + width], "big") & mask
    return None if not start or not width or size == mask else start + width + size


def _width(first: bytes) -> int:
    """Bytes of a number of variable length, by the leading zeros of its first byte."""
    return 9 - first[0].bit_length() if first and first[0] else 0
