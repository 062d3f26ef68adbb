"""Finding and reading the files of a data set: a tree that is listed once, and which file a name means."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from itertools import takewhile

from suite.sources import Source, Tree
from suite_object_detection.loaders.splits import split_of_path


def head_of(source: Source, count: int) -> bytes:
    """The first bytes of a file, without reading all of it if it is on disk."""
    return _bytes_of(source, 0, count)


def tail_of(source: Source, count: int) -> bytes:
    """The last bytes of a file."""
    return _bytes_of(source, max(0, source.size - count), count)


def _bytes_of(source: Source, start: int, count: int) -> bytes:
    with suppress(OSError, ValueError), open(source.name, "rb") as file:
        file.seek(start)
        return file.read(count)
    return source.read()[start : start + count]  # in an archive; or it says why it cannot be read


def stem(name: str) -> str:
    """The base name without its ending."""
    return name.rpartition("/")[2].rpartition(".")[0]


class FileIndex:
    """The files of one kind in a tree, found by their names.

    A file is meant by its index in `tree.names`.

    Args:
        tree: where they are.
        belongs: whether a name is that of such a file.

    Attributes:
        files: all of them, in the order of the tree.
        guessed: names of files that others have too, of which the nearest was taken.
    """

    def __init__(self, tree: Tree, belongs: Callable[[str], bool]) -> None:
        self._names = tree.names
        self._by_stem: dict[str, list[int]] = {}
        self.files = [file for file, name in enumerate(tree.names) if belongs(name)]
        self.guessed: list[str] = []
        for file in self.files:
            self._by_stem.setdefault(stem(tree.names[file]), []).append(file)

    def __len__(self) -> int:
        return len(self.files)

    def all_with_stem(self, name: str) -> Sequence[int]:
        """All whose base name without its ending is `name`."""
        return self._by_stem.get(name, ())

    def named(self, name: str, folder: str, split: str | None) -> int | None:
        """The file that a file in `folder` calls `name`, or None.

        It is looked for relative to the folder, then by the end of its path, then by its base name. If
        there are several, one in a folder of its split is taken, or else the nearest.
        """
        name = name.replace("\\", "/")
        base = name.rpartition("/")[2]
        alike = [file for file in self.all_with_stem(stem(name)) if self._base(file) == base]
        wanted = posixpath.normpath(f"{folder}/{name}" if folder else name)
        for file in alike:
            if self._names[file] == wanted:
                return file
        end = f"/{name.lstrip('./')}"
        same_end = [file for file in alike if f"/{self._names[file]}".endswith(end)]
        return self._nearest(same_end or alike, folder, split)

    def with_stem(self, name: str, folder: str, split: str | None, written: str = "") -> int | None:
        """The file whose base name without its ending is `name`, or None.

        If there are several, one that is called `written`, ending and all, is taken; then as in `named`.
        """
        alike = self.all_with_stem(name)
        same = [file for file in alike if self._base(file) == written]
        return self._nearest(same or alike, folder, split)

    def unused(self, used: Collection[int]) -> tuple[list[int], list[int]]:
        """Those that are not among `used`: in folders of which others are used, and elsewhere."""
        folders = {self._names[file].rpartition("/")[0] for file in used}
        beside: list[int] = []
        elsewhere: list[int] = []
        for file in self.files:
            if file not in used:
                near = self._names[file].rpartition("/")[0] in folders
                (beside if near else elsewhere).append(file)
        return beside, elsewhere

    def _base(self, file: int) -> str:
        return self._names[file].rpartition("/")[2]

    def _nearest(self, alike: Sequence[int], folder: str, split: str | None) -> int | None:
        if len(alike) <= 1:
            return alike[0] if alike else None
        own = [file for file in alike if split_of_path(self._names[file]) == split]
        own = own or list(alike)
        shared = [_shared(self._names[file], folder) for file in own]
        best = [file for file, depth in zip(own, shared, strict=True) if depth == max(shared)]
        if len(best) > 1:
            self.guessed.append(self._names[best[0]])
        return best[0]


def _shared(name: str, folder: str) -> int:
    """How many folders two paths have in common, from the top on and from the bottom on."""
    first, second = name.split("/")[:-1], folder.split("/")
    same = 0
    for pairs in (zip(first, second, strict=False), zip(first[::-1], second[::-1], strict=False)):
        same += sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return same
