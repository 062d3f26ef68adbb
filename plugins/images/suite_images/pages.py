"""How many pages or frames an image file has, of which only the first is read."""

from __future__ import annotations

import struct
from contextlib import suppress

from suite_images.headers import Header, png_chunks

MAX_COUNTED = 100_000
_MAX_TAGS = 30 * MAX_COUNTED
"""Directories may lie in each other, and so have more tags than the file has bytes."""


def pages(content: bytes, header: Header) -> int:
    """The number of pages of a TIFF, or of frames of a GIF, WebP or PNG; at least 1.

    Smaller copies that a TIFF has of its first page are not counted.

    Args:
        content: the file.
        header: of it.
    """
    with suppress(struct.error, IndexError, KeyError):
        if header.kind == "TIFF":
            return max(1, _tiff(content))
        if header.kind == "GIF":
            return max(1, _gif(content))
        if header.kind == "WebP":
            return max(1, _webp(content))
        if header.kind == "PNG":
            counts = [
                content[start + 8 : start + 12] for kind, start, _ in png_chunks(content) if kind == b"acTL"
            ]
            return max(1, int.from_bytes(counts[0]) if counts else 1)
    return 1


def _tiff(raw: bytes) -> int:
    order = {b"II": "<", b"MM": ">"}[raw[:2]]
    (start,) = struct.unpack_from(order + "I", raw, 4)
    seen: set[int] = set()
    count = read = 0
    while start and start not in seen and len(seen) < MAX_COUNTED and read < _MAX_TAGS:
        seen.add(start)
        (tags,) = struct.unpack_from(order + "H", raw, start)
        read += tags
        kind = 0
        for position in range(start + 2, start + 2 + 12 * tags, 12):
            (tag,) = struct.unpack_from(order + "H", raw, position)
            if tag == 254:  # what the page is: bit 0 is set for a smaller copy of another
                (kind,) = struct.unpack_from(order + "I", raw, position + 8)
        count += not kind & 1
        (start,) = struct.unpack_from(order + "I", raw, start + 2 + 12 * tags)
    return count


def _gif(raw: bytes) -> int:
    position = 13 + (3 << (raw[10] & 7) + 1 if raw[10] & 0x80 else 0)
    count = 0
    while raw[position] != 0x3B and count < MAX_COUNTED:
        if raw[position] == 0x2C:
            count += 1
            flags = raw[position + 9]
            position += 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        else:
            position += 2
        while raw[position]:
            position += 1 + raw[position]
        position += 1
    return count


def _webp(raw: bytes) -> int:
    position, count = 12, 0
    while position + 8 <= len(raw):
        kind, length = struct.unpack_from("<4sI", raw, position)
        count += kind == b"ANMF"
        position += 8 + length + length % 2
    return count
