"""Folders as trees of files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from suite.sources.source_types import read_file
from suite.sources.tree import Tree, is_hidden


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
    for relative, size in _walk(name, problems, empty):
        names.append(relative)
        sizes.append(size)
    order = sorted(range(len(names)), key=names.__getitem__)
    measured = np.array(sizes, np.int64)[order] if order else np.zeros(0, np.int64)
    return FolderTree(name, [names[index] for index in order], measured, sorted(problems), sorted(empty))


def _walk(root: str, problems: list[str], empty: list[str]) -> Iterator[tuple[str, int]]:
    """Relative path and size of every file. Links are followed, but never into a folder above them."""
    found = Path(root).stat()
    pending = [("", frozenset({(found.st_dev, found.st_ino)}))]
    while pending:
        folder, above = pending.pop()
        is_empty = bool(folder)
        with os.scandir(f"{root}/{folder}" if folder else root) as entries:
            for entry in entries:
                if is_hidden(entry.name):
                    continue
                is_empty = False
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
        if is_empty:
            empty.append(folder)
