"""Texts of any size as passages that are read when they are asked for.

Memory holds eight bytes a passage: the offset at which it ends in its file.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from suite import UserError
from suite.data import Example
from suite_text.generation.storage import Spool, Storage

BLOCK = 1 << 23
"""Bytes that are read at once while a file is indexed."""


@dataclass(frozen=True, slots=True, eq=False)
class TextFile:
    """A file of passages.

    Attributes:
        name: for people, and in the ids of examples.
        storage: of its text.
        bounds: int64 (passages + 1,), the bytes at which passages begin and end.
        broken: numbers of the lines that are not all UTF-8.
        nul: numbers of the lines with NUL bytes.
        ends: int64 (texts,), the bytes at which texts end, rising; None: the file is a single text.
    """

    name: str
    storage: Storage
    bounds: np.ndarray = field(repr=False)
    broken: Sequence[int] = field(default=(), repr=False)
    nul: Sequence[int] = field(default=(), repr=False)
    ends: np.ndarray | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a file, read when it is asked for; a `suite.sources.Source`.

    Attributes:
        file: that it is a piece of.
        start: its first byte, in UTF-8.
        size: the number of its bytes.
    """

    file: TextFile
    start: int
    size: int

    @property
    def ends_text(self) -> bool:
        """Whether the text that it is a piece of ends with it."""
        end, ends = self.start + self.size, self.file.ends
        if ends is None:
            return bool(end == self.file.bounds[-1])
        return bool(ends[min(int(np.searchsorted(ends, end)), len(ends) - 1)] == end)

    @property
    def name(self) -> str:
        """The file, and the byte at which it begins."""
        return f"{self.file.name}@{self.start}"

    def read(self) -> bytes:
        """Its bytes. Raises `UserError` if they cannot be read."""
        content = self.file.storage.read_at(self.start, self.size)
        if len(content) != self.size:
            raise UserError(f"{self.file.name} has become shorter since it was indexed")
        return content

    @property
    def text(self) -> str:
        """Its text; U+FFFD stands for bytes that are no UTF-8."""
        return self.read().decode("utf-8", "replace")


class Passages:
    """The passages of files as examples, whose target is their number of bytes in UTF-8.

    Args:
        files: indexed by `indexed`.
    """

    def __init__(self, files: Sequence[TextFile]) -> None:
        self._files = files
        self._ends = list(accumulate(len(file.bounds) - 1 for file in files))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: int, /) -> Example:
        index = int(index)
        if not 0 <= index < len(self):
            raise IndexError(index)
        number = bisect_right(self._ends, index)
        file = self._files[number]
        index -= self._ends[number - 1] if number else 0
        start = int(file.bounds[index])
        size = int(file.bounds[index + 1]) - start
        return Example(f"{file.name}@{start}", Passage(file, start, size), size)

    def sizes(self) -> np.ndarray:
        """int64 (passages,), the number of bytes of each."""
        return np.concatenate([np.diff(file.bounds) for file in self._files])


def passages_of(texts: Iterable[str], name: str, max_bytes: int = 2048) -> Passages:
    """Texts as passages; they are copied into a temporary file.

    Args:
        texts: each begins a passage of its own.
        name: for people, and in the ids of examples.
        max_bytes: of a passage; longer texts are cut.

    Raises:
        UserError: if there is no room for them.
    """
    spool = Spool()
    files = [
        indexed(f"{name}:{number}", spool.write([text]), max_bytes)
        for number, text in enumerate(texts, start=1)
    ]
    return Passages([file for file in files if len(file.bounds) > 1])


def indexed_texts(name: str, spool: Spool, texts: Iterable[str], max_bytes: int) -> TextFile:
    """Texts, each cut into passages for itself; they are copied to a spool.

    Raises:
        UserError: if there is no room for them.
    """
    bounds = [np.zeros(1, np.int64)]
    ends = []
    size = 0

    def measured() -> Iterator[str]:
        nonlocal size
        for text in texts:
            content = text.encode("utf-8", "replace")
            if content:
                bounds.append(np.array(list(_cuts(content, max_bytes, last=True)), np.int64) + size)
                size += len(content)
                ends.append(size)
            yield text

    storage = spool.write(measured())
    return TextFile(name, storage, np.concatenate(bounds), ends=np.array(ends, np.int64))


def no_labels(example: Example) -> tuple[str, ...]:
    """`Dataset.labels` of passages: they are of no class."""
    del example
    return ()


def indexed(name: str, storage: Storage, max_bytes: int) -> TextFile:
    """A file cut into passages, which together are the file again.

    A passage ends after the last line break that leaves it at least half full, else after the last space,
    else after any line break, any space, or between two characters. Only one block is in memory.

    Args:
        name: of the file.
        storage: its bytes, in UTF-8.
        max_bytes: of a passage.

    Raises:
        UserError: if it cannot be read.
    """
    bounds = [np.zeros(1, np.int64)]
    broken: list[int] = []
    nul: list[int] = []
    offset = lines = 0  # of what is already cut
    rest = b""
    while True:
        block = storage.read_at(offset + len(rest), BLOCK)
        content = rest + block
        ends = list(_cuts(content, max_bytes, last=not block))
        done = ends[-1] if ends else 0
        bounds.append(np.array(ends, np.int64) + offset)
        cut = content[:done]
        if not _is_utf8(cut):
            broken += _lines_where(cut, lines, lambda line: not _is_utf8(line))
        if b"\0" in cut:
            nul += _lines_where(cut, lines, lambda line: b"\0" in line)
        lines += cut.count(b"\n")
        offset += done
        rest = content[done:]
        if not block:
            return TextFile(name, storage, np.concatenate(bounds), broken, nul)


def _cuts(content: bytes, max_bytes: int, last: bool) -> Iterator[int]:
    """The ends of passages; the rest is the last passage only if nothing follows."""
    start, total = 0, len(content)
    find = content.rfind
    while total - start > max_bytes:
        limit = start + max_bytes
        half = start + max_bytes // 2
        end = (
            find(b"\n", half, limit) + 1
            or find(b" ", half, limit) + 1
            or find(b"\n", start, limit) + 1
            or find(b" ", start, limit) + 1
            or _between_characters(content, start, limit)
        )
        yield end
        start = end
    if last and start < total:
        yield total


def _between_characters(content: bytes, start: int, limit: int) -> int:
    """The last byte up to `limit` at which a character of UTF-8 begins; `limit` if there is none."""
    for end in range(limit, max(start, limit - 4), -1):
        if content[end] & 0xC0 != 0x80:
            return end
    return limit


def _is_utf8(content: bytes) -> bool:
    if content.isascii():
        return True
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _lines_where(content: bytes, before: int, holds: Callable[[bytes], bool]) -> list[int]:
    lines = content.split(b"\n")
    return [number for number, line in enumerate(lines, start=before + 1) if holds(line)]
