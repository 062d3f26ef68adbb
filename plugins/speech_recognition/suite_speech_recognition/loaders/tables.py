"""Tables beside recordings: where they lie, what they hold, and where the recordings are that they name."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from suite import UserError
from suite.kit import reason, tables
from suite.sources import FolderTree, Tree, is_archive, open_tree
from suite_speech_recognition.loaders.listing import is_recording

_PEEK = 1 << 16


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

    def find(self, name: str) -> int | None:
        """The index of a recording in `tree()`, or None if there is none."""
        if name not in self._known:
            spellings = dict.fromkeys((name, name.replace("\\", "/")))
            indices = (self._look_up(spelling) for spelling in spellings)
            self._known[name] = next((index for index in indices if index is not None), None)
        return self._known[name]

    def tree(self) -> Tree:
        """All recordings that were found."""
        if isinstance(self._root, Path):
            return FolderTree(str(self._root), self._names, np.array(self._sizes, np.int64))
        return self._root

    def _look_up(self, name: str) -> int | None:
        if not isinstance(self._root, Path):
            return self._members.get(posixpath.normpath(posixpath.join(self._inside, name)))
        try:
            status = os.stat(os.path.join(self._root, name))  # noqa: PTH116, PTH118 (twice as fast)
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
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
    """

    name: str
    path: str
    rows: Sequence[tuple[int, tables.Row | str]]

    @property
    def columns(self) -> list[str]:
        """The names that any row has."""
        return list(dict.fromkeys(name for _, row in self.rows if not isinstance(row, str) for name in row))


@dataclass(frozen=True)
class TableFolder:
    """A folder with tables, in the file system or in an archive, or a single table.

    Attributes:
        path: as messages name it.
        locations: where recordings are looked up.
        names: of the tables.
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
            with path.open("rb") as file:
                return file.read(max_bytes)
        except OSError as error:
            raise UserError(f"{path} cannot be read: {reason(error)}") from None

    def table(self, name: str) -> Table:
        """A table, read. Raises `UserError` if it cannot be."""
        path = str(self.path if self.path.is_file() and self.tree is None else self.path / name)
        return Table(name, path, list(tables.rows(self.content(name), path)))

    def names_recordings(self, name: str) -> bool:
        """Whether a cell in the first row of a table is the path of a recording."""
        head = self.content(name, _PEEK)[:_PEEK].rpartition(b"\n")[0]
        if not head or head.lstrip()[:1] == b"[":
            head = self.content(name)
        try:
            first = next((row for _, row in tables.rows(head, name) if not isinstance(row, str)), {})
        except UserError:
            return False
        return any(isinstance(cell, str) and is_recording(cell) for cell in first.values())


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
        folder = TableFolder(path, elsewhere or Locations(path), _tables(names))
    return folder if folder.names else None


def _tables(names: Iterable[str]) -> list[str]:
    """The tables that lie in no folder."""
    return sorted(name for name in names if "/" not in name and name.lower().endswith(tables.SUFFIXES))


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
