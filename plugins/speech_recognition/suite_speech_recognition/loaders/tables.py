"""Tables beside recordings: where they lie, what they hold, and where the recordings are that they name."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from suite import UserError
from suite.data import Problem
from suite.kit import reason, split_of_name, tables
from suite.sources import FileSource, FolderTree, Source, Tree, is_archive, open_file, open_tree
from suite_language.encodings import decoded
from suite_speech_recognition.audio.recordings import SUFFIXES
from suite_speech_recognition.loaders.listing import is_recording

_PEEK = 1 << 16

USUAL_FOLDERS = ("clips", "wavs", "wav", "audio", "audios", "recordings", "flac", "mp3", "data", "sounds")
"""Where recordings often lie beside the table that names them."""


class Locations:
    """Where recordings lie: a folder, in which each is looked up when it is named, or an archive.

    Args:
        root: a folder, or the listing of an archive.
        inside: the folder in the archive to which names are relative.
    """

    def __init__(self, root: Path | Tree, inside: str = "") -> None:
        self._root = root
        self._inside = inside
        self._members = (
            {} if isinstance(root, Path) else {name: index for index, name in enumerate(root.names)}
        )
        self._known: dict[str, int | None] = {}
        self._names: list[str] = []
        self._sizes: list[int] = []
        self._last = ("", "")

    def find(self, name: str, beside: str = "") -> int | None:
        """The index of a recording in `tree()`, or None if there is none.

        A path is looked for as it stands, then without the folders in front, which may be those of another
        machine; and in each of `USUAL_FOLDERS`. If it has no ending of recordings, one is added.

        Args:
            name: a path.
            beside: the folder of the table that names it, which is tried first; ends with a slash.
        """
        key = beside + name
        if key not in self._known:
            self._known[key] = self._found(name, beside)
        return self._known[key]

    def _found(self, name: str, beside: str) -> int | None:
        for spelling in dict.fromkeys((name, name.replace("\\", "/"))):
            for folder in dict.fromkeys((beside, "")):
                if (index := self._look_up(folder + spelling)) is not None:
                    return index
        parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
        endings = ("",) if is_recording(name) else tuple(SUFFIXES)
        ways = [
            (folder + usual, ending)
            for folder in dict.fromkeys((beside, ""))
            for usual in ("", *(f"{usual}/" for usual in USUAL_FOLDERS))
            for ending in endings
        ]
        for count in range(len(parts), 0, -1):
            path = "/".join(parts[-count:])
            for way in dict.fromkeys((self._last, *ways)):
                if (index := self._look_up(f"{way[0]}{path}{way[1]}")) is not None:
                    self._last = way
                    return index
        return None

    def tree(self) -> Tree:
        """All recordings that were found."""
        if isinstance(self._root, Path):
            return FolderTree(str(self._root), self._names, np.array(self._sizes, np.int64))
        return self._root

    def source(self, index: int) -> Source:
        """A recording that was found."""
        if isinstance(self._root, Path):
            return FileSource(self._root / self._names[index])
        return self._root.source(index)

    def _look_up(self, name: str) -> int | None:
        if not isinstance(self._root, Path):
            return self._members.get(posixpath.normpath(posixpath.join(self._inside, name)))
        if name in self._members:
            return self._members[name]
        try:
            status = os.stat(os.path.join(self._root, name))  # noqa: PTH116, PTH118 (twice as fast)
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        self._members[name] = len(self._names)
        self._names.append(name)
        self._sizes.append(status.st_size)
        return len(self._names) - 1


@dataclass(frozen=True)
class Table:
    """A table, read.

    Attributes:
        name: the file's name, without its folder.
        path: for people.
        rows: by line; a sentence if a row cannot be used.
        header: whether its first row names the columns; else they are called 1, 2, 3 ...
        notes: sentences on how it was read.
    """

    name: str
    path: str
    rows: Sequence[tuple[int, tables.Row | str]]
    header: bool = True
    notes: Sequence[str] = ()

    @cached_property
    def columns(self) -> list[str]:
        """The names that any row has."""
        return list(dict.fromkeys(name for _, row in self.rows if not isinstance(row, str) for name in row))


@dataclass(frozen=True)
class TableFolder:
    """A folder with tables, in the file system or in an archive, or a single table.

    Attributes:
        path: as messages name it.
        locations: where recordings are looked up.
        names: of the tables; those in a folder that is called after a split, with that folder.
        tree: the archive, if it is one.
        inside: the folder in the archive.
    """

    path: Path
    locations: Locations
    names: Sequence[str]
    tree: Tree | None = None
    inside: str = ""

    def content(self, name: str, max_bytes: int = -1) -> bytes:
        """The bytes of a table, or at least the first `max_bytes`."""
        if self.tree is not None:
            return self.tree.source(self.tree.names.index(posixpath.join(self.inside, name))).read()
        path = self.path if self.path.is_file() else self.path / name
        try:
            with open_file(path) as file:
                return file.readall() if max_bytes < 0 else file.read(max_bytes)
        except OSError as error:
            raise UserError(f"{path} cannot be read: {reason(error)}") from None

    def table(self, name: str, encoding: str = "auto", header: bool | str = "auto") -> Table:
        """A table, read.

        Args:
            name: one of `names`.
            encoding: as Python calls it, or "auto".
            header: whether the first row names the columns; "auto": unless it names a recording.

        Raises:
            UserError: if it cannot be read.
        """
        path = str(self.path if self.path.is_file() and self.tree is None else self.path / name)
        content, notes = self._content(name, path, encoding)
        if header == "auto":
            header = not any(map(is_recording, _first_cells(content, path)))
        rows = list(tables.rows(content, path, header=bool(header)))
        return Table(name, path, rows, bool(header), notes)

    def _content(self, name: str, path: str, encoding: str) -> tuple[bytes | str, list[str]]:
        """What a table holds, as text unless it is packed, and what is odd about it."""
        content, unpacked_name = tables.unpacked(self.content(name), path)
        if unpacked_name.lower().endswith(tables.PACKED):
            return content, []
        return text_of(content, path, encoding)

    def names_recordings(self, name: str) -> bool:
        """Whether a cell in the first row of a table is the path of a recording."""
        try:
            content = self._beginning(name)
            if any(map(is_recording, _first_cells(content, name))):
                return True
            first = next((row for _, row in tables.rows(content, name) if not isinstance(row, str)), {})
        except UserError:
            return False
        return any(isinstance(cell, str) and is_recording(cell) for cell in first.values())

    def _beginning(self, name: str) -> bytes | str:
        """The first lines of a table, or all of one that cannot be cut after a line."""
        if not name.lower().endswith((".gz", *tables.PACKED)):
            head = self.content(name, _PEEK)[:_PEEK].rpartition(b"\n")[0]
            if head.lstrip()[:1] not in (b"", b"["):
                return text_of(head, name)[0]
        return self._content(name, name, "auto")[0]


def text_of(content: bytes, name: str, encoding: str = "auto") -> tuple[str, list[str]]:
    """The text of a file, and what is odd about it, a sentence each.

    Raises:
        UserError: if it is no text, or there is no such encoding.
    """
    content_as_text = decoded(content, name, encoding)
    notes: list[str] = []
    if content_as_text.unusual:
        note = (
            f"{name} is not UTF-8: it was read as {content_as_text.encoding}, as its bytes look like;"
            " loader.encoding names another"
        )
        notes.append(Problem(note, wrong=False))
    if content_as_text.broken:
        notes.append(
            Problem(
                f"{name} has bytes that are no characters in {content_as_text.encoding}",
                [f"line {line}" for line in content_as_text.broken],
            )
        )
    return content_as_text.text, notes


def _first_cells(content: bytes | str, name: str) -> list[str]:
    """The cells of the first row of a CSV or TSV file or of a spreadsheet, which may name the columns."""
    if name.lower().removesuffix(".gz").endswith((*tables.JSON, *tables.ARROW)):
        return []
    first = next((row for _, row in tables.rows(content, name, header=False)), {})
    return [] if isinstance(first, str) else [str(cell) for cell in first.values()]


def tables_at(path: Path, recordings: str = "") -> TableFolder | None:
    """The tables at `path`, or None if there are none.

    Args:
        path: a table, a folder or an archive with tables. A folder that holds nothing but a folder is passed
            through.
        recordings: the folder to which the paths of recordings are relative; empty for that of the table.
    """
    elsewhere = Locations(Path(recordings)) if recordings else None
    if path.is_file() and not is_archive(path):
        if not path.name.lower().endswith(tables.SUFFIXES):
            return None
        return TableFolder(path, elsewhere or Locations(path.parent), [path.name])
    if path.is_file():
        tree = open_tree(path)
        inside = _wrapper(tree.names)
        names = [posixpath.relpath(name, inside or ".") for name in tree.names]
        folder = TableFolder(path, elsewhere or Locations(tree, inside), _tables(names), tree, inside)
    else:
        path, names = _listed(path)
        if not _tables(names):
            names += _in_folders_of_splits(path)
        folder = TableFolder(path, elsewhere or Locations(path), _tables(names))
    return folder if folder.names else None


def _tables(names: Iterable[str]) -> list[str]:
    """The tables that lie in no folder, or if there are none, in those of splits."""
    found = sorted(name for name in names if name.lower().endswith(tables.SUFFIXES))
    top = [name for name in found if "/" not in name]
    return top or [name for name in found if name.count("/") == 1 and _is_split(name.split("/")[0])]


def _is_split(folder: str) -> bool:
    return split_of_name(folder, whole=True) is not None


def _in_folders_of_splits(path: Path) -> list[str]:
    """The files in folders called train, validation or test."""
    return [
        f"{folder.name}/{file.name}"
        for folder in sorted(path.iterdir())
        if _is_split(folder.name) and folder.is_dir()
        for file in folder.iterdir()
        if file.name.lower().endswith(tables.SUFFIXES)
    ]


def _wrapper(names: Sequence[str]) -> str:
    """The folder that is around everything else."""
    return posixpath.commonpath([posixpath.dirname(name) for name in names]) if names else ""


def _listed(path: Path) -> tuple[Path, list[str]]:
    """The files in a folder, or in the one that is all it holds."""
    while True:
        try:
            with os.scandir(path) as entries:
                visible = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            raise UserError(f"{path} cannot be read: {reason(error)}") from None
        if len(visible) != 1 or not visible[0].is_dir():
            return path, [entry.name for entry in visible if entry.is_file()]
        path = path / visible[0].name
