"""Where things lie: which part a name stands for, and which image a name means."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import takewhile
from pathlib import Path

from suite import UserError
from suite.kit import SPLITS, some
from suite.sources import Source, Tree, is_archive, open_tree

_SEPARATORS = re.compile(r"[^a-z0-9]+")
_YEAR = re.compile(r"\d+$")


def opened(path: str | Path) -> Tree:
    """List a folder or an archive, an archive only once as long as it does not change.

    All formats look into it in turn to tell whether it is theirs, and a compressed tar has to be
    decompressed for that.
    """
    if not is_archive(path) or not Path(path).is_file():
        return open_tree(path)
    found = Path(path).stat()
    return _archive(str(path), found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=1)
def _archive(path: str, modified: int, size: int) -> Tree:
    del modified, size
    return open_tree(path)


def head_of(source: Source, count: int) -> bytes:
    """The first bytes of a file, without reading all of it where it is on disk."""
    return _piece(source, 0, count)


def tail_of(source: Source, count: int) -> bytes:
    """The last bytes of a file."""
    return _piece(source, max(0, source.size - count), count)


def _piece(source: Source, start: int, count: int) -> bytes:
    with suppress(OSError, ValueError), open(source.name, "rb") as file:
        file.seek(start)
        return file.read(count)
    return source.read()[start : start + count]  # in an archive; or it says why it cannot be read


def split_of_name(name: str) -> str | None:
    """The part that a file or folder is called after ("instances_train2017.json", "valid"), if any."""
    words = _SEPARATORS.split(name.lower())
    found = {SPLITS[word] for word in (_YEAR.sub("", word) for word in words) if word in SPLITS}
    return found.pop() if len(found) == 1 else None


def part_of_path(path: str) -> str | None:
    """The part that the innermost of the folders of `path` is called after that is called after any."""
    for folder in reversed(path.split("/")[:-1]):
        if part := split_of_name(folder):
            return part
    return None


def files_of_parts(
    path: Path, tree: Tree, places: Sequence[int], kind: str
) -> tuple[dict[str, int], list[str]]:
    """Which of some files annotates which part, by their names or their folders'.

    Args:
        path: how a message calls the data.
        tree: where they are.
        places: of the files, one at least. One that is called after no part is for training, where no other
            is.
        kind: what a message calls such a file.

    Returns:
        A place for each part, and the names of files that are called after none.

    Raises:
        UserError: where there is more than one for a part.
    """
    parts: dict[str, list[int]] = {}
    rest: list[int] = []
    for place in places:
        name = tree.names[place]
        part = split_of_name(name.rpartition("/")[2]) or part_of_path(name)
        (parts.setdefault(part, []) if part else rest).append(place)
    if "train" not in parts and rest:
        parts["train"], rest = rest, []
    for part, found in parts.items():
        if len(found) > 1:
            listed = some([tree.names[place] for place in found])
            raise UserError(
                f"{path} has more than one {kind} for the {part} part: {listed}. Give the path of one"
            )
    return {part: found[0] for part, found in parts.items()}, [tree.names[place] for place in rest]


class Files:
    """The files of one kind in a tree, found by their names.

    Args:
        tree: where they are.
        belongs: whether a name is that of such a file.

    Attributes:
        places: of all of them, in the order of the tree.
        guessed: names of files that others have too, of which the nearest was taken.
    """

    def __init__(self, tree: Tree, belongs: Callable[[str], bool]) -> None:
        self._names = tree.names
        self._by_stem: dict[str, list[int]] = {}
        self.places = [place for place, name in enumerate(tree.names) if belongs(name)]
        self.guessed: list[str] = []
        for place in self.places:
            self._by_stem.setdefault(stem(tree.names[place]), []).append(place)

    def __len__(self) -> int:
        return len(self.places)

    def all_stemmed(self, name: str) -> Sequence[int]:
        """All whose base name without its ending is `name`."""
        return self._by_stem.get(name, ())

    def named(self, name: str, folder: str, part: str | None) -> int | None:
        """The one that a file in `folder` calls `name`, or None.

        It is looked for relative to the folder, then by the end of its path, then by its base name; of
        several in a folder of its part, or else the nearest.
        """
        name = name.replace("\\", "/")
        base = name.rpartition("/")[2]
        found = [place for place in self.all_stemmed(stem(name)) if self._base(place) == base]
        wanted = posixpath.normpath(f"{folder}/{name}" if folder else name)
        for place in found:
            if self._names[place] == wanted:
                return place
        end = f"/{name.lstrip('./')}"
        return self._nearest(
            [at for at in found if f"/{self._names[at]}".endswith(end)] or found, folder, part
        )

    def stemmed(self, name: str, folder: str, part: str | None, written: str = "") -> int | None:
        """The one whose base name without its ending is `name`, or None.

        Of several one is taken that is called `written`, ending and all; then as in `named`.
        """
        found = self.all_stemmed(name)
        same = [place for place in found if self._base(place) == written]
        return self._nearest(same or found, folder, part)

    def unused(self, used: Collection[int]) -> tuple[list[int], list[int]]:
        """Those that are not among `used`: in folders of which others are used, and elsewhere."""
        folders = {self._names[place].rpartition("/")[0] for place in used}
        beside: list[int] = []
        elsewhere: list[int] = []
        for place in self.places:
            if place not in used:
                near = self._names[place].rpartition("/")[0] in folders
                (beside if near else elsewhere).append(place)
        return beside, elsewhere

    def _base(self, place: int) -> str:
        return self._names[place].rpartition("/")[2]

    def _nearest(self, found: Sequence[int], folder: str, part: str | None) -> int | None:
        if len(found) <= 1:
            return found[0] if found else None
        own = [place for place in found if part_of_path(self._names[place]) == part]
        own = own or list(found)
        shared = [_shared(self._names[place], folder) for place in own]
        best = [place for place, depth in zip(own, shared, strict=True) if depth == max(shared)]
        if len(best) > 1:
            self.guessed.append(self._names[best[0]])
        return best[0]


def stem(name: str) -> str:
    """The base name without its ending."""
    return name.rpartition("/")[2].rpartition(".")[0]


def _shared(name: str, folder: str) -> int:
    """How many folders two paths have in common, from the top on and from the bottom on."""
    above, others = name.split("/")[:-1], folder.split("/")
    same = 0
    for pairs in (zip(above, others, strict=False), zip(above[::-1], others[::-1], strict=False)):
        same += sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return same
