"""Folders as trees of files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from suite.sources.hidden import is_hidden
from suite.sources.source_types import read_file
from suite.sources.tree import Tree
from suite.stopping import check_stop


class FolderTree(Tree):
    """Files by their paths relative to a folder (or absolute ones). `open_tree` lists a whole folder."""

    def read(self, index: int) -> bytes:
        """The content of the file `names[index]`. Raises `UserError` if it cannot be read."""
        # A pathlib.Path would take as long to make as a small file takes to read.
        return read_file(os.path.join(self.name, self.names[index]))  # noqa: PTH118


def list_folder(name: str) -> FolderTree:
    """The files below a folder."""
    names: list[str] = []
    sizes: list[int] = []
    problems: list[str] = []
    empty: list[str] = []
    for relative, size in walk(name, problems, empty):
        names.append(relative)
        sizes.append(size)
    order = sorted(range(len(names)), key=names.__getitem__)
    measured = np.array(sizes, np.int64)[order] if order else np.zeros(0, np.int64)
    return FolderTree(name, [names[index] for index in order], measured, sorted(problems), sorted(empty))


def walk(
    root: str, problems: list[str], empty: list[str], below: list[str] | None = None
) -> Iterator[tuple[str, int]]:
    """Relative path and size of every file below a folder.

    Links are followed, but never into a folder above them. Of links in a folder that a link led to already,
    only the first to each folder is followed: a few that lead to each other would make paths without end.

    Args:
        root: the folder.
        problems: gets a sentence on each thing that is neither a file nor a folder, or is not followed.
        empty: gets the folders with nothing in them.
        below: gets all folders.
    """
    found = Path(root).stat()
    pending = [("", frozenset({(found.st_dev, found.st_ino)}), False)]
    entered: set[tuple[int, int]] = set()
    while pending:
        check_stop()
        folder, above, linked = pending.pop()
        is_empty = bool(folder)
        folders = []
        with os.scandir(f"{root}/{folder}" if folder else root) as entries:
            for entry in entries:
                if is_hidden(entry.name):
                    continue
                is_empty = False
                relative = f"{folder}/{entry.name}" if folder else entry.name
                if _is(entry.is_dir):
                    folders.append((relative, entry))
                elif _is(entry.is_file):
                    yield relative, entry.stat().st_size
                else:
                    problems.append(f"{relative} is {_kind_of(entry)}")
        if is_empty:
            empty.append(folder)
        for relative, entry in sorted(folders, key=lambda found: found[0], reverse=True):
            status = entry.stat()
            identity = (status.st_dev, status.st_ino)
            is_link = entry.is_symlink()
            if identity in above:
                problems.append(f"{relative} is a link to a folder above it: not followed")
            elif is_link and linked and identity in entered:
                problems.append(f"{relative} is a link to a folder that another link leads to: not followed")
            else:
                if is_link and linked:
                    entered.add(identity)
                if below is not None:
                    below.append(relative)
                pending.append((relative, above | {identity}, linked or is_link))


def _is(kind: Callable[[], bool]) -> bool:
    try:
        return kind()
    except OSError:  # a link to itself
        return False


def _kind_of(entry: os.DirEntry[str]) -> str:
    return "a broken link" if entry.is_symlink() and not _is(Path(entry.path).exists) else "no regular file"
