"""Where raw bytes come from: files, and the members of folders and archives, read on demand.

`open_tree` sees a folder, a zip and a tar (compressed or not) the same way: a sorted list of names, their
sizes, and a `Source` for each. Nothing is ever unpacked under a name that an archive gives.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import stat
import struct
import tarfile
import tempfile
import weakref
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from suite.errors import UserError, reason

ARCHIVE_SUFFIXES = (
    ".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz"
)  # fmt: skip

# What the readers of the standard library raise where an archive is not what it should be.
_DAMAGED = (
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


class Source(Protocol):
    """Bytes with a name. Reading is safe from several threads at once."""

    @property
    def name(self) -> str:
        """For people: a path, or `archive.zip/member.jpg`."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    def read(self) -> bytes:
        """The whole content. Raises `UserError` where it cannot be read."""


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file on disk."""

    path: Path

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    @property
    def size(self) -> int:
        """The number of bytes now."""
        try:
            return self.path.stat().st_size
        except OSError as error:
            raise UserError(f"{self.path} cannot be read: {reason(error)}") from None

    def read(self) -> bytes:
        """The whole content. Raises `UserError` where it cannot be read."""
        return _read_file(self.path)


@dataclass(frozen=True, slots=True)
class BytesSource:
    """Bytes in memory."""

    content: bytes
    name: str = "the bytes"

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.content)

    def read(self) -> bytes:
        """The whole content."""
        return self.content


def source(raw: str | Path | bytes | Source) -> Source:
    """The source of a raw input: a path becomes a file, bytes become bytes in memory.

    Raises:
        TypeError: for anything else.
    """
    if isinstance(raw, str | Path):
        return FileSource(Path(raw).expanduser())
    if isinstance(raw, bytes | bytearray | memoryview):
        return BytesSource(bytes(raw))
    if callable(getattr(raw, "read", None)):
        return raw
    raise TypeError(f"a path, bytes or a source is needed, not {type(raw).__name__}")


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a tree."""

    tree: Tree
    index: int

    @property
    def name(self) -> str:
        """The tree's path and the member's."""
        return str(Path(self.tree.name, self.tree.names[self.index]))

    @property
    def size(self) -> int:
        """The number of bytes when the tree was listed."""
        return int(self.tree.sizes[self.index])

    def read(self) -> bytes:
        """The whole content. Raises `UserError` where it cannot be read."""
        return self.tree.read(self.index)


class Tree(ABC):
    """The files below a folder or in an archive, without hidden ones and what macOS and Windows leave.

    Compact: a million files take about 150 MB.

    Attributes:
        name: the path as given.
        names: relative paths with `/`, sorted.
        sizes: int64 (files,), the number of bytes of each.
        problems: a sentence for each thing that is neither a file nor a folder (a broken link, say).
    """

    def __init__(self, name: str, names: list[str], sizes: np.ndarray, problems: Sequence[str] = ()) -> None:
        self.name = name
        self.names = names
        self.sizes = sizes
        self.problems = list(problems)

    def __len__(self) -> int:
        return len(self.names)

    def source(self, index: int) -> Source:
        """The file `names[index]`."""
        return Member(self, index)

    @abstractmethod
    def read(self, index: int) -> bytes:
        """The content of the file `names[index]`. Raises `UserError` where it cannot be read."""


def is_archive(path: str | Path) -> bool:
    """Whether `path` is called like an archive that `open_tree` reads."""
    return str(path).lower().endswith(ARCHIVE_SUFFIXES)


def open_tree(path: str | Path) -> Tree:
    """List the files below a folder, or in a .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz.

    A compressed tar has no random access, so it is decompressed once into a temporary file without a name.

    Raises:
        UserError: where there is nothing at `path`, it may not be read, it is no archive, or the archive is
            damaged, encrypted, or has a member that is a link or lies outside of it.
    """
    name = os.fspath(path)
    try:
        if Path(name).is_dir():
            return _list_folder(name)
        with Path(name).open("rb") as file:
            head = file.read(6)
    except OSError as error:
        raise UserError(f"{name} cannot be read: {reason(error)}") from None
    if not is_archive(name):
        known = ", ".join(ARCHIVE_SUFFIXES)
        raise UserError(f"{name} is neither a folder nor an archive: known endings are {known}")
    try:
        if head.startswith(b"PK"):
            return _ZipTree(name)
        return _TarTree(name, head)
    except _DAMAGED as error:
        raise UserError(f"{name} is damaged, or no archive at all: {reason(error)}") from None
    except OSError as error:
        raise UserError(f"{name} cannot be unpacked: {reason(error)}") from None


class FolderTree(Tree):
    """Files by their paths relative to a folder (or absolute ones). `open_tree` lists a whole folder."""

    def read(self, index: int) -> bytes:
        """The content of the file `names[index]`. Raises `UserError` where it cannot be read."""
        # A pathlib.Path would take as long to make as a small file takes to read.
        return _read_file(os.path.join(self.name, self.names[index]))  # noqa: PTH118


def _list_folder(name: str) -> FolderTree:
    names: list[str] = []
    sizes: list[int] = []
    problems: list[str] = []
    for relative, size in _walk(name, problems):
        names.append(relative)
        sizes.append(size)
    order = sorted(range(len(names)), key=names.__getitem__)
    measured = np.array(sizes, np.int64)[order] if order else np.zeros(0, np.int64)
    return FolderTree(name, [names[index] for index in order], measured, sorted(problems))


def _walk(root: str, problems: list[str]) -> Iterator[tuple[str, int]]:
    """Relative path and size of every file. Links are followed, but never into a folder above them."""
    found = Path(root).stat()
    pending = [("", frozenset({(found.st_dev, found.st_ino)}))]
    while pending:
        folder, above = pending.pop()
        with os.scandir(f"{root}/{folder}" if folder else root) as entries:
            for entry in entries:
                if _is_hidden(entry.name):
                    continue
                relative = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir():
                    found = entry.stat()
                    identity = (found.st_dev, found.st_ino)
                    if identity in above:
                        problems.append(f"{relative} is a link to a folder above it: not followed")
                    else:
                        pending.append((relative, above | {identity}))
                elif entry.is_file():
                    yield relative, entry.stat().st_size
                else:
                    kind = "a broken link" if entry.is_symlink() else "neither a file nor a folder"
                    problems.append(f"{relative} is {kind}")


class _ArchiveTree(Tree):
    """Reads by offset from one open file, which needs no lock."""

    def __init__(self, name: str, file: IO[bytes], names: list[str], *columns: list[int]) -> None:
        order = sorted(range(len(names)), key=names.__getitem__)
        # Of two members with one name the later one counts, as it does where an archive is unpacked.
        last = [
            index
            for index, after in zip(order, [*order[1:], None], strict=True)
            if after is None or names[after] != names[index]
        ]
        self._file = file
        self._end = os.fstat(file.fileno()).st_size
        self._columns = [np.array(column, np.int64)[last] for column in columns] if last else []
        sizes = self._columns[0] if last else np.zeros(0, np.int64)
        super().__init__(name, [names[index] for index in last], sizes)
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


class _ZipTree(_ArchiveTree):
    _METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

    def __init__(self, name: str) -> None:
        names: list[str] = []
        # A ZipInfo takes half a kilobyte, and ZipFile's own reading shares a counter between threads.
        sizes: list[int] = []
        columns: tuple[list[int], ...] = ([], [], [], [])
        with zipfile.ZipFile(name) as archive:
            for info in archive.infolist():
                member = _zip_name(info)
                where = _checked_name(name, member)
                if info.is_dir() or where is None:
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
        file = Path(name).open("rb", buffering=0)  # noqa: SIM115 (closed with the tree)
        super().__init__(name, file, names, sizes, *columns)

    def read(self, index: int) -> bytes:
        size, offset, packed, method, checksum = (int(column[index]) for column in self._columns)
        name_length, extra_length = struct.unpack("<26x2H", self._read_at(offset, 30))
        content = self._read_at(offset + 30 + name_length + extra_length, packed)
        if method == zipfile.ZIP_DEFLATED:
            try:
                # Never more than the directory says, whatever the stream would give.
                content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, size + 1)
            except zlib.error:
                content = b""
        if len(content) != size or zlib.crc32(content) != checksum:
            raise UserError(f"{self.name}/{self.names[index]} is damaged in the archive")
        return content


class _TarTree(_ArchiveTree):
    def __init__(self, name: str, head: bytes) -> None:
        file = _decompressed(name, head)
        try:
            names, sizes, offsets = _list_tar(name, file)
        except BaseException:
            file.close()
            raise
        super().__init__(name, file, names, sizes, offsets)

    def read(self, index: int) -> bytes:
        size, offset = (int(column[index]) for column in self._columns)
        return self._read_at(offset, size)


def _list_tar(name: str, file: IO[bytes]) -> tuple[list[str], list[int], list[int]]:
    names: list[str] = []
    sizes: list[int] = []
    offsets: list[int] = []
    end = os.fstat(file.fileno()).st_size
    with tarfile.open(fileobj=file, mode="r:") as archive:
        while (member := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # a TarInfo takes a kilobyte
            where = _checked_name(name, member.name)
            if member.issym() or member.islnk():
                raise _link(name, member.name)
            if where is None or member.isdir():
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
    return names, sizes, offsets


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
                with opener(name) as packed:
                    shutil.copyfileobj(packed, file, 1 << 20)
                file.flush()
                file.seek(0)
            except BaseException:
                file.close()
                raise
            return file
    return Path(name).open("rb")


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
        UserError: where it points outside of the archive.
    """
    parts = [part for part in member.split("/") if part not in ("", ".")]
    if member.startswith("/") or ".." in parts or member[1:3] == ":/":
        raise UserError(
            f"{archive} has a member that lies outside of it: '{member}': do not trust this archive"
        )
    return None if not parts or any(map(_is_hidden, parts)) else "/".join(parts)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def _link(archive: str, member: str) -> UserError:
    return UserError(f"{archive} has a member that is a link: '{member}': pack the file itself")


def _read_file(path: str | Path) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {reason(error)}") from None
