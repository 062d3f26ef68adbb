"""Mutations of files: of bytes, of folders, and of what the bytes mean."""

from __future__ import annotations

import gzip
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import PurePosixPath
from random import Random

from fuzzing.documents import (
    NUMBERS,
    edited_json,
    edited_json_line,
    edited_table,
    edited_toml,
    edited_xml,
    odd_text,
)

Files = dict[str, bytes]
"""The content of files by their paths in a folder."""

ENCODINGS = (
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "cp1252",
    "gb18030",
    "utf-8-sig",
    "shift_jis",
    "utf-7",
)
MAX_SIZE = 200_000
"""Bytes of a mutated file: inputs are to stay small, so that what takes long is at fault."""
_NUMBER = re.compile(rb"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def mutated(files: Files, random: Random) -> Files:
    """The files with one to four mutations."""
    files = dict(files)
    for _ in range(random.choice((1, 1, 1, 1, 2, 3))):
        if random.random() < 0.1:
            _change_tree(files, random)
        if files:
            name = _chosen(list(files), random)
            files[name] = mutated_content(files[name], name, random)[:MAX_SIZE]
    return files


def _chosen(names: list[str], random: Random) -> str:
    """A file: each ending as often as any other, since there are few annotations and many images."""
    ending = random.choice(sorted({PurePosixPath(name).suffix for name in names}))
    return random.choice([name for name in names if PurePosixPath(name).suffix == ending])


def _change_tree(files: Files, random: Random) -> None:
    name, other = random.choice(list(files)), random.choice(list(files))
    content = files[name]
    match random.randrange(5):
        case 0 if len(files) > 1:
            del files[name]
        case 1:
            files[name], files[other] = files[other], content
        case 2:
            folder, slash, last = name.rpartition("/")
            odd = random.choice(("é", "é", "\udcff", "\x1b[1m", " ", "x" * 200, "..", "{}", "test", "%00"))
            files[f"{folder}{slash}{odd}{last}"] = files.pop(name)
        case 3:
            files[f"{name}{random.choice(('~', '.bak', '.txt', '.json', '.csv', '.xml'))}"] = content
        case _ if len(files) > 1:  # what was a file is a folder with a file
            files[f"{name}/{other.rpartition('/')[2]}"] = files.pop(name)


def mutated_content(content: bytes, name: str, random: Random) -> bytes:
    """A mutation of a file's content: as a rule one that knows its format."""
    if random.random() < 0.8:
        try:
            return format_of(content, name.lower())(content, random)
        except (ValueError, ArithmeticError, LookupError, TypeError, RecursionError, OSError, EOFError):
            pass  # an earlier mutation has left nothing of the format
        except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError):
            pass
    return random.choice(_ANY)(content, random)


def format_of(content: bytes, name: str) -> Callable[[bytes, Random], bytes]:
    """The mutation that knows the format of a content."""
    if content.startswith(b"PK"):
        return _zip
    if content.startswith(b"\x1f\x8b"):
        return _gzip
    if content.startswith(b"\x89PNG"):
        return _png
    if content.lstrip()[:1] in (b"{", b"["):
        return edited_json if name.endswith(".json") else edited_json_line
    if content.lstrip()[:1] == b"<":
        return edited_xml
    if name.endswith(".toml"):
        return edited_toml
    try:
        content.decode()
    except UnicodeDecodeError:
        return _header
    return edited_table


# Any bytes


def _flip(content: bytes, random: Random) -> bytes:
    flipped = bytearray(content)
    for _ in range(random.choice((1, 1, 4, 32)) if content else 0):
        flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
    return bytes(flipped)


def _truncate(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content) + 1)]


def _insert(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content) + 1)
    new = random.choice((random.randbytes(random.choice((1, 4, 40))), b"\0" * 64, odd_text(random)))
    return content[:at] + new + content[at:]


def _delete(content: bytes, random: Random) -> bytes:
    first, last = _range(content, random)
    return content[:first] + content[last:]


def _duplicate(content: bytes, random: Random) -> bytes:
    first, last = _range(content, random)
    return content[:last] + content[first:last] * random.choice((1, 1, 1, 50)) + content[last:]


def _swap(content: bytes, random: Random) -> bytes:
    first, last = _range(content, random)
    at = random.randrange(len(content) + 1)
    rest = content[:first] + content[last:]
    return rest[:at] + content[first:last] + rest[at:]


def _range(content: bytes, random: Random) -> tuple[int, int]:
    first = random.randrange(len(content) + 1)
    return first, min(len(content), first + random.choice((1, 2, 4, 16, 100, 1000)))


def _header(content: bytes, random: Random) -> bytes:
    """An integer of one to eight bytes, near the beginning as a rule, becomes an extreme one."""
    size = random.choice((1, 2, 4, 4, 8))
    end = len(content) - size if random.random() < 0.3 else min(len(content) - size, 128)
    if end < 0:
        return content
    at = random.randrange(end + 1)
    top = 1 << (8 * size)
    value = random.choice((0, 1, 2, top - 1, top - 2, top // 2, top // 2 - 1, random.randrange(top)))
    return content[:at] + value.to_bytes(size, random.choice(("big", "little"))) + content[at + size :]


def _extreme(content: bytes, random: Random) -> bytes:
    found = list(_NUMBER.finditer(content))
    if not found:
        return _header(content, random)
    match = random.choice(found)
    return content[: match.start()] + random.choice(NUMBERS).encode() + content[match.end() :]


def _encoding(content: bytes, random: Random) -> bytes:
    match random.randrange(6):
        case 0:
            return content.decode("utf-8", "replace").encode(random.choice(ENCODINGS), "replace")
        case 1:
            return content.replace(b"\n", random.choice((b"\r\n", b"\r", b"\n\n", b"\x0b", b"\xe2\x80\xa8")))
        case 2:
            return random.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0")) + content
        case 3:
            return random.choice((b"", b"\n", b"\0" * 100, b" ", content.rstrip(), content[:1]))
        case 4:
            return gzip.compress(content)
        case _:
            return _insert(content, random)


_ANY = (_flip, _flip, _truncate, _insert, _delete, _duplicate, _swap, _header, _extreme, _extreme, _encoding)


# Containers


def _png(content: bytes, random: Random) -> bytes:
    """Chunks changed, dropped, repeated and swapped, with the checksums that they then have."""
    chunks, at = [], 8
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        chunks.append((kind, content[at + 8 : at + 8 + size]))
        at += 12 + size
    one, two = random.randrange(len(chunks)), random.randrange(len(chunks))
    kind, body = chunks[one]
    match random.randrange(6):
        case 0:
            del chunks[one]
        case 1:
            chunks[one], chunks[two] = chunks[two], chunks[one]
        case 2:
            chunks.insert(two, (kind, body))
        case 3:
            new = random.choice(
                (b"tRNS", b"PLTE", b"iCCP", b"eXIf", b"gAMA", b"acTL", b"zTXt", b"tEXt", b"sBIT")
            )
            chunks.insert(two, (new, random.randbytes(random.choice((0, 1, 4, 300)))))
        case 4:
            chunks[0] = (b"IHDR", _header(chunks[0][1], random))
        case _:
            chunks[one] = (kind, random.choice(_ANY)(body, random))
    written = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    ]
    return content[:8] + b"".join(written)


def _gzip(content: bytes, random: Random) -> bytes:
    return gzip.compress(mutated_content(gzip.decompress(content), "", random), mtime=0)


def _zip(content: bytes, random: Random) -> bytes:
    """Members mutated as files are, swapped, repeated, renamed; sometimes with a method that few read."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    one, two = random.randrange(len(members)), random.randrange(len(members))
    name, body = members[one]
    match random.randrange(8):
        case 0:
            del members[one]
        case 1:
            members[one], members[two] = (name, members[two][1]), (members[two][0], body)
        case 2:
            members.append((name, mutated_content(body, name, random)))
        case 3:
            odd = random.choice(("../x", "/x", "a\\b", "", "x/", "é", "a" * 300, f"{name}/x", name.upper()))
            members[one] = (odd, body)
        case _:
            members[one] = (name, mutated_content(body, name, random))
    written = io.BytesIO()
    method = random.choice(
        (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
    )
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, body in members:
            archive.writestr(zipfile.ZipInfo(name), body, method)
    return written.getvalue()
