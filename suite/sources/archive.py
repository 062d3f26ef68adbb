"""Archives as trees of files. Nothing is ever unpacked under a name that an archive gives."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import tempfile
import weakref
import zipfile
import zlib
from bisect import bisect_left
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from suite.errors import UserError
from suite.limits import LARGE, ByteCount, check_file_size, check_unpacked
from suite.regular_files import open_regular
from suite.sources.hidden import is_hidden
from suite.sources.tree import Tree
from suite.sources.unpacking import counted_blocks

_PIECE = 1 << 16  # unpacks to 64 MB at most
_MAX_HEADER = 1 << 24

# What the readers of the standard library raise if an archive is not what it should be.
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    ArithmeticError,
    LookupError,
    NotImplementedError,
    ValueError,
    struct.error,
)


class ArchiveTree(Tree):
    """Files in an archive. Reads by offset from one open file, which needs no lock."""

    def __init__(
        self,
        name: str,
        file: IO[bytes] | io.FileIO,
        names: list[str],
        folders: list[str],
        *columns: list[int],
    ) -> None:
        order = sorted(range(len(names)), key=names.__getitem__)
        # Of two members with one name the later one counts, as it does if an archive is unpacked.
        last = [
            index
            for index, after in zip(order, [*order[1:], None], strict=True)
            if after is None or names[after] != names[index]
        ]
        self._file = file
        self._end = os.fstat(file.fileno()).st_size
        self._columns = [np.array(column, np.int64)[last] for column in columns] if last else []
        sizes = self._columns[0] if last else np.zeros(0, np.int64)
        listed = [names[index] for index in last]
        super().__init__(name, listed, sizes, empty_folders=_empty(folders, listed))
        weakref.finalize(self, file.close)

    def _read_at(self, offset: int, size: int) -> bytes:
        pieces = []
        while size > 0:
            inside = offset >= 0 and offset + size <= self._end
            piece = os.pread(self._file.fileno(), size, offset) if inside else b""
            if not piece:
                raise UserError(f"{self.name} is damaged or cut off, or was changed while it was in use")
            pieces.append(piece)
            offset += len(piece)
            size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class ZipTree(ArchiveTree):
    """The files in a .zip."""

    _METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

    def __init__(self, name: str) -> None:
        names: list[str] = []
        # A ZipInfo takes half a kilobyte, and ZipFile's own reading shares a counter between threads.
        sizes: list[int] = []
        folders: list[str] = []
        columns: tuple[list[int], ...] = ([], [], [], [])
        with zipfile.ZipFile(name) as archive:
            for info in archive.infolist():
                member = _zip_name(info)
                where = _checked_name(name, member)
                if where is None:
                    continue
                if info.is_dir():
                    folders.append(where)
                    continue
                if stat.S_ISLNK(info.external_attr >> 16):
                    raise _link(name, member)
                if info.flag_bits & 0x1:
                    raise UserError(f"{name} is encrypted ({member}): unpack it and give the folder")
                if info.compress_type not in self._METHODS:
                    raise UserError(
                        f"{name} is compressed by a method that is not supported (number"
                        f" {info.compress_type}, {member}): unpack it and give the folder"
                    )
                names.append(where)
                sizes.append(info.file_size)
                values = (info.header_offset, info.compress_size, info.compress_type, info.CRC)
                for column, value in zip(columns, values, strict=True):
                    column.append(value)
        check_unpacked(name, sum(sizes), Path(name).stat().st_size)
        super().__init__(name, open_regular(name), names, folders, sizes, *columns)

    def read(self, index: int) -> bytes:
        size, offset, packed, method, checksum = (int(column[index]) for column in self._columns)
        check_file_size(f"{self.name}/{self.names[index]}", size)
        name_length, extra_length = struct.unpack("<26x2H", self._read_at(offset, 30))
        content = self._read_at(offset + 30 + name_length + extra_length, packed)
        if method == zipfile.ZIP_DEFLATED:
            try:
                content = _inflated(content, size)
            except zlib.error:
                content = b""
        if len(content) != size or zlib.crc32(content) != checksum:
            raise UserError(f"{self.name}/{self.names[index]} is damaged in the archive")
        return content


class TarTree(ArchiveTree):
    """The files in a .tar, which is decompressed once if it is compressed."""

    def __init__(self, name: str, head: bytes) -> None:
        file = _decompressed(name, head)
        try:
            names, folders, sizes, offsets = _list_tar(name, file)
        except BaseException:
            file.close()
            raise
        super().__init__(name, file, names, folders, sizes, offsets)

    def read(self, index: int) -> bytes:
        size, offset = (int(column[index]) for column in self._columns)
        check_file_size(f"{self.name}/{self.names[index]}", size)
        return self._read_at(offset, size)


def _inflated(packed: bytes, size: int) -> bytes:
    """What was deflated, but never much more than the directory says, whatever the stream would give."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    if size <= LARGE:
        return unpacker.decompress(packed, size + 1)
    content = io.BytesIO()
    for start in range(0, len(packed), _PIECE):
        content.write(unpacker.decompress(packed[start : start + _PIECE], size + 1 - content.tell()))
        if content.tell() > size:
            break
    return content.getvalue()


def _list_tar(name: str, file: IO[bytes]) -> tuple[list[str], list[str], list[int], list[int]]:
    names: list[str] = []
    folders: list[str] = []
    sizes: list[int] = []
    offsets: list[int] = []
    end = os.fstat(file.fileno()).st_size
    with tarfile.open(fileobj=cast("IO[bytes]", _Headers(file)), mode="r:") as archive:
        while (member := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # a TarInfo takes a kilobyte
            where = _checked_name(name, member.name)
            if member.issym() or member.islnk():
                raise _link(name, member.name)
            if where is None:
                continue
            if member.isdir():
                folders.append(where)
                continue
            if not member.isreg() or member.issparse():
                raise UserError(f"{name} has a member that is not a plain file: {member.name}")
            if not 0 <= member.size <= end - member.offset_data:
                raise UserError(f"{name} is cut off within {member.name}")
            names.append(where)
            sizes.append(member.size)
            offsets.append(member.offset_data)
        # To tarfile a header that it cannot read is the end of the archive, and so is the end of the file.
        mark = os.pread(file.fileno(), tarfile.BLOCKSIZE, archive.offset)
        if not mark or mark.strip(b"\0"):
            raise UserError(
                f"{name} is {'damaged' if mark else 'cut off'} after its member"
                f" {names[-1] if names else 'number 0'}"
            )
    return names, folders, sizes, offsets


def _decompressed(name: str, head: bytes) -> IO[bytes]:
    openers: list[tuple[bytes, Callable[[str], Any]]] = [
        (b"\x1f\x8b", gzip.open),
        (b"BZh", bz2.open),
        (b"\xfd7zXZ\x00", lzma.open),
    ]
    for magic, opener in openers:
        if head.startswith(magic):
            file = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the tree)
            try:
                count = ByteCount(f"{name} unpacks to", to=tempfile.gettempdir())
                with opener(name) as packed:
                    file.writelines(counted_blocks(packed, count))
                file.flush()
                file.seek(0)
            except BaseException:
                file.close()
                raise
            return file
    return io.BufferedReader(open_regular(name))


class _Headers:
    """An archive from which headers are read: none of them is long, whatever it says."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        if size > _MAX_HEADER:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        return self._file.read(size)


def _empty(folders: list[str], names: list[str]) -> list[str]:
    """The folders without any file or folder in them, sorted; `names` are sorted."""
    above = {folder.rpartition("/")[0] for folder in folders}
    empty = []
    for folder in sorted(set(folders) - above):
        first = bisect_left(names, f"{folder}/")
        if first == len(names) or not names[first].startswith(f"{folder}/"):
            empty.append(folder)
    return empty


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The member's name. Many programs write UTF-8 without saying so, and old ones a backslash for `/`."""
    name = info.filename
    if not info.flag_bits & 0x800 and not name.isascii():
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _checked_name(archive: str, member: str) -> str | None:
    """The path inside the archive in its simplest form, None for what is hidden.

    Raises:
        UserError: if it points outside of the archive.
    """
    parts = [part for part in member.split("/") if part not in ("", ".")]
    if member.startswith("/") or ".." in parts or member[1:3] == ":/":
        raise UserError(
            f"{archive} has a member that lies outside of it: '{member}': do not trust this archive"
        )
    return None if not parts or any(map(is_hidden, parts)) else "/".join(parts)


def _link(archive: str, member: str) -> UserError:
    return UserError(f"{archive} has a member that is a link: '{member}': pack the file itself")
