"""Where a YOLO data set has its images: as a `data.yaml` says, or as the folders show."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable
from pathlib import Path

from suite import UserError
from suite.data import Problem
from suite.kit import counted, some
from suite.sources import FileSource, Tree, is_archive
from suite_object_detection.places import Files, opened
from suite_object_detection.yolo_configuration import (
    SUFFIXES,
    Configuration,
    is_configuration,
    read_configuration,
    read_yaml,
)

_MOST_LOOKED_INTO = 20


def configuration_in(path: Path, tree: Tree) -> int | None:
    """The place of the `data.yaml` in a tree, the one nearest to the top.

    Raises:
        UserError: where there are several and none is called data.yaml.
    """
    found = [place for place, name in enumerate(tree.names) if name.lower().endswith(SUFFIXES)]
    found.sort(key=lambda place: tree.names[place].count("/"))
    found = [place for place in found[:_MOST_LOOKED_INTO] if is_configuration(tree.source(place))]
    nearest = [place for place in found if tree.names[place].count("/") == tree.names[found[0]].count("/")]
    if len(nearest) > 1:
        usual = [
            place for place in nearest if posixpath.basename(tree.names[place]) in ("data.yaml", "data.yml")
        ]
        if len(usual) != 1:
            listed = some([tree.names[place] for place in nearest])
            raise UserError(f"{path} has more than one description of data, {listed}: give the path of one")
        nearest = usual
    return nearest[0] if nearest else None


def opened_around(path: Path) -> tuple[Tree, str, Configuration | None]:
    """The files around a `data.yaml`, or of a folder or an archive.

    A `data.yaml` may lie elsewhere than its images; then the tree is what is around those.

    Returns:
        The tree, the folder of the `data.yaml` relative to it, and what it says, if there is one.
    """
    if path.is_file() and not is_archive(path):
        configuration = read_configuration(FileSource(path))
        home = path.parent
        top = _elsewhere(home, configuration)
        return opened(top or home), _relative(home, top), configuration
    tree = opened(path)
    place = configuration_in(path, tree)
    if place is None:
        _refuse_broken(tree)
        return tree, "", None
    configuration = read_configuration(tree.source(place))
    folder = posixpath.dirname(tree.names[place])
    top = _elsewhere(path / folder, configuration) if path.is_dir() else None
    if top is None:
        return tree, folder, configuration
    return opened(top), _relative(path / folder, top), configuration


def _refuse_broken(tree: Tree) -> None:
    """Raise where what looks like a `data.yaml` is no YAML: its parts and names would be passed over."""
    found = [place for place, name in enumerate(tree.names) if name.lower().endswith(SUFFIXES)]
    for place in found[:_MOST_LOOKED_INTO]:
        if b"names" in tree.read(place):
            read_yaml(tree.source(place))


def _elsewhere(home: Path, configuration: Configuration) -> Path | None:
    """The folder around all that a `data.yaml` in `home` names, None where that is `home` or not there."""
    home = Path(os.path.abspath(home))  # noqa: PTH100 (links stay as they are)
    found: list[Path] = []
    for entry in (entry for entries in configuration.parts.values() for entry in entries):
        tried = (home / configuration.root / entry, home / entry, home / entry.lstrip("./"))
        found += [Path(os.path.normpath(one)) for one in tried if _exists(one)][:1]
    if all(one.is_relative_to(home) for one in found):
        return None
    top = Path(os.path.commonpath([one if one.is_dir() else one.parent for one in found]))
    parts = top.parts
    if "images" in parts:  # labels lie beside it
        top = Path(*parts[: len(parts) - 1 - parts[::-1].index("images")])
    return top


def _relative(home: Path, top: Path | None) -> str:
    return "" if top is None else posixpath.relpath(os.path.abspath(home), top)  # noqa: PTH100


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


class Layout:
    """Finds the images of each part that a `data.yaml` names.

    Args:
        tree: as `opened_around` gave it.
        folder: of the `data.yaml`, relative to the tree.
        configuration: what it says.
        images: those of the tree.

    Attributes:
        lists: the places of text files that list images.
        problems: what was found elsewhere than said, or not at all.
    """

    def __init__(self, tree: Tree, folder: str, configuration: Configuration, images: Files) -> None:
        self.tree = tree
        self.folder = folder
        self.configuration = configuration
        self.images = images
        self.lists: set[int] = set()
        self.problems: list[str] = []
        self._files = {name: place for place, name in enumerate(tree.names)}
        self._folders = {""} | {above for name in tree.names for above in _above(name)}

    def parts(self) -> dict[str, list[int]]:
        """The images of each part.

        Raises:
            UserError: where what it says of the training part is nowhere.
        """
        parts: dict[str, list[int]] = {}
        for part, entries in self.configuration.parts.items():
            places: dict[int, None] = {}
            for entry in entries:
                found = self._find(entry)
                if found is None:
                    missing = f"{self.configuration.name}: the {part} part is '{entry}', but there is no such"
                    if part == "train":
                        raise UserError(f"{missing} folder or file, neither there nor beside it: correct it")
                    self.problems.append(Problem(f"{missing} folder or file: left out"))
                elif found in self._files:
                    places.update(dict.fromkeys(self._listed(found, part)))
                else:
                    inside = f"{found}/" if found else ""
                    names = self.tree.names
                    places.update(
                        dict.fromkeys(at for at in self.images.places if names[at].startswith(inside))
                    )
            if places:
                parts[part] = list(places)
        return parts

    def _find(self, entry: str) -> str | None:
        """The folder or file that an entry means, as a name of the tree."""
        root, entry = self.configuration.root.replace("\\", "/"), entry.replace("\\", "/")
        said = posixpath.join(root, entry)
        here = [posixpath.join(self.folder, said)]
        if posixpath.isabs(said):
            here.append(posixpath.relpath(said, os.path.abspath(self.tree.name)))  # noqa: PTH100
        if not root:  # Roboflow writes ../train/images for the folder train beside the file
            here.append(posixpath.join(self.folder, entry.lstrip("./")))
        words = [word for word in said.split("/") if word not in ("", ".", "..")]
        ends = ["/".join(words[start:]) for start in range(len(words))]
        elsewhere = [name for end in ends for name in (posixpath.join(self.folder, end), end)]
        for number, candidate in enumerate(map(posixpath.normpath, [*here, *elsewhere])):
            if self._has(candidate):
                if number >= len(here):
                    name = self.configuration.name
                    self.problems.append(
                        Problem(f"{name} says '{said}', which is not there: took '{candidate}'")
                    )
                return "" if candidate == "." else candidate
        return None

    def _has(self, name: str) -> bool:
        return name == "." or name in self._folders or name in self._files

    def _listed(self, name: str, part: str) -> Iterable[int]:
        """The images that a text file lists, a path a line."""
        place = self._files[name]
        self.lists.add(place)
        try:
            lines = self.tree.read(place).decode("utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise UserError(f"{self.tree.source(place).name} is no list of images in UTF-8") from None
        missing = []
        for line in filter(None, map(str.strip, lines)):
            image = self.images.named(line, posixpath.dirname(name), part)
            if image is None:
                missing.append(line)
            else:
                yield image
        if missing:
            what = f"{counted(len(missing), 'image', 'images')} of {name}"
            are = "is" if len(missing) == 1 else "are"
            self.problems.append(Problem(f"{what} {are} not there, left out", missing))


def _above(name: str) -> Iterable[str]:
    """The folders that a file lies in."""
    while name := name.rpartition("/")[0]:
        yield name
