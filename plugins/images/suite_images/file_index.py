"""Which file an annotation means by a name: one matcher for every loader of images."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from itertools import takewhile
from urllib.parse import unquote

from suite.kit import split_of_name
from suite.sources import Tree

_UPLOAD_PREFIX = re.compile(r"[0-9a-f]{4,}[-_](?=.)")


def stem(name: str) -> str:
    """The base name without its ending."""
    base = name.rpartition("/")[2]
    return base.rpartition(".")[0] or base


def name_key(name: str) -> str:
    """What names have in common that mean the same file on some machine.

    Windows and macOS take `0.jpg` for `0.JPG`; macOS writes an accent as a letter of its own (NFD), others
    do not (NFC).
    """
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


def split_of_path(path: str) -> str | None:
    """The split that the innermost folder of `path` is called after, of those that are called after any."""
    return _split_of_folders(path.rpartition("/")[0])


@lru_cache(maxsize=4096)
def _split_of_folders(folders: str) -> str | None:
    return next((split for folder in reversed(folders.split("/")) if (split := split_of_name(folder))), None)


def without_upload_prefix(name: str) -> str:
    """A base name without the random prefix that Label Studio gives to uploaded files (`3f2a91c0-a.jpg`)."""
    return _UPLOAD_PREFIX.sub("", name, count=1) if _UPLOAD_PREFIX.match(name) else name


class FileIndex:
    """The files of one kind in a tree, found by their names.

    A file is meant by its index in `tree.names`. What is written exactly so wins over what differs by case or
    by the form of accents, and this over what differs by the ending.

    Args:
        tree: where they are.
        belongs: whether a name is that of such a file.

    Attributes:
        files: all of them, in the order of the tree.
        guessed: names of files that others have too, of which the nearest was taken.
        respelled: what was written of each file that is called otherwise, by case, accents or ending.
    """

    def __init__(self, tree: Tree, belongs: Callable[[str], bool]) -> None:
        self._names = tree.names
        self._by_stem: dict[str, list[int]] = {}
        self.files = [file for file, name in enumerate(tree.names) if belongs(name)]
        self.guessed: list[str] = []
        self.respelled: dict[str, str] = {}
        for file in self.files:
            self._by_stem.setdefault(name_key(stem(tree.names[file])), []).append(file)

    def __len__(self) -> int:
        return len(self.files)

    def all_with_stem(self, name: str) -> Sequence[int]:
        """All whose base name without its ending is `name`, or, if there is none, is so but for the case."""
        alike = self._by_stem.get(name_key(name), ())
        return [file for file in alike if stem(self._names[file]) == name] or alike

    def named(self, name: str, folder: str, split: str | None) -> int | None:
        """The file that a file in `folder` calls `name`, or None.

        It is looked for relative to the folder, then by the end of its path, then by its base name. If
        there are several, one in a folder of its split is taken, or else the nearest. `name` may be a path
        of Windows or of another machine, or an address.
        """
        written = name
        name = name.replace("\\", "/")
        if "://" in name:
            name = name.partition("?")[0].partition("#")[0]
        base = name.rpartition("/")[2]
        alike = self._alike(base)
        if not alike and "%" in name:
            name = unquote(name)
            base = name.rpartition("/")[2]
            alike = self._alike(base)
        if not alike:
            return None
        wanted = name_key(posixpath.normpath(f"{folder}/{name}" if folder else name))
        for file in alike:
            if name_key(self._names[file]) == wanted:
                return self._found(file, base, written)
        end = name_key(f"/{name.lstrip('./')}")
        same_end = [file for file in alike if name_key(f"/{self._names[file]}").endswith(end)]
        return self._found(self._nearest(same_end or alike, folder, split), base, written)

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

    def _alike(self, base: str) -> list[int]:
        """The files that a base name may mean, of the best kind that there is."""
        same_stem = self._by_stem.get(name_key(stem(base)), ())
        exact = [file for file in same_stem if self._base(file) == base]
        if exact:
            return exact
        key = name_key(base)
        alike = [file for file in same_stem if name_key(self._base(file)) == key]
        # A name without its ending may have a point in it: "video.0001" for "video.0001.jpg".
        return alike or list(self._by_stem.get(key, ())) or list(same_stem)

    def _found(self, file: int | None, base: str, written: str) -> int | None:
        if file is not None and base not in (self._base(file), stem(self._names[file])):
            self.respelled.setdefault(self._names[file], written)
        return file

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
