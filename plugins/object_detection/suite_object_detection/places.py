"""Where things lie: which part a name stands for, and which picture a name means."""

from __future__ import annotations

import re
from collections.abc import Sequence

from suite.sources import Tree
from suite_pictures.listing import PARTS, is_picture

_SEPARATORS = re.compile(r"[^a-z0-9]+")
_YEAR = re.compile(r"\d+$")


def part_of_name(name: str) -> str | None:
    """The part that a file or folder is called after ("instances_train2017.json", "valid"), if any."""
    words = _SEPARATORS.split(name.lower())
    found = {PARTS[word] for word in (_YEAR.sub("", word) for word in words) if word in PARTS}
    return found.pop() if len(found) == 1 else None


def part_of_path(path: str) -> str | None:
    """The part that the innermost of the folders of `path` is called after that is called after any."""
    for folder in reversed(path.split("/")[:-1]):
        if part := part_of_name(folder):
            return part
    return None


class Pictures:
    """The pictures of a tree, found by their names.

    Attributes:
        guessed: names that several pictures have, of which the nearest was taken.
    """

    def __init__(self, tree: Tree) -> None:
        self._names = tree.names
        self._by_stem: dict[str, list[int]] = {}
        self.guessed: list[str] = []
        for place, name in enumerate(tree.names):
            if is_picture(name):
                self._by_stem.setdefault(_stem(name), []).append(place)

    def __len__(self) -> int:
        return sum(map(len, self._by_stem.values()))

    def named(self, name: str, folder: str, part: str | None) -> int | None:
        """The picture that a file in `folder` calls `name`, or None.

        It is looked for relative to the folder, then by the end of its path, then by its base name; of
        several in a folder of its part, or else the nearest.
        """
        name = name.replace("\\", "/")
        base = name.rpartition("/")[2]
        found = [place for place in self._by_stem.get(_stem(name), ()) if self._names[place].endswith(base)]
        wanted = f"{folder}/{name}" if folder else name
        for place in found:
            if self._names[place] == wanted:
                return place
        ending = [place for place in found if f"/{self._names[place]}".endswith(f"/{name.lstrip('./')}")]
        same = [place for place in found if self._names[place].rpartition("/")[2] == base]
        return self._nearest(ending or same, folder, part)

    def stemmed(self, stem: str, folder: str, part: str | None) -> int | None:
        """The picture whose base name without its ending is `stem`, or None."""
        return self._nearest(self._by_stem.get(stem, ()), folder, part)

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


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0]


def _shared(name: str, folder: str) -> int:
    """How many folders two paths have in common from the top on."""
    depth = 0
    for one, other in zip(name.split("/")[:-1], folder.split("/"), strict=False):
        if one != other:
            break
        depth += 1
    return depth
