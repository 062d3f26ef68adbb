"""Where a YOLO data set has its images: as a `data.yaml` says, or as the folders show."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable
from pathlib import Path

from suite import UserError
from suite.data import Problem
from suite.kit import counted, shown, some, split_of_name
from suite.sources import FileSource, Tree, is_archive, open_tree
from suite_images.file_index import FileIndex
from suite_images.listing import is_image
from suite_object_detection.loaders.files import head_of
from suite_object_detection.loaders.yolo_configuration import (
    SUFFIXES,
    Configuration,
    is_configuration,
    parsed_yaml,
    read_configuration,
)

_MAX_LOOKED_INTO = 20


def configuration_in(path: Path, tree: Tree) -> int | None:
    """The index of the `data.yaml` in a tree, the one nearest to the top.

    Raises:
        UserError: if there are several and none is called data.yaml.
    """
    files = [file for file, name in enumerate(tree.names) if name.lower().endswith(SUFFIXES)]
    files.sort(key=lambda file: tree.names[file].count("/"))
    files = [file for file in files[:_MAX_LOOKED_INTO] if is_configuration(tree.source(file))]
    nearest = [file for file in files if tree.names[file].count("/") == tree.names[files[0]].count("/")]
    if len(nearest) > 1:
        usual = [
            file for file in nearest if posixpath.basename(tree.names[file]) in ("data.yaml", "data.yml")
        ]
        if len(usual) != 1:
            listed = some([tree.names[file] for file in nearest])
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
        return open_tree(top or home), _relative(home, top), configuration
    tree = open_tree(path)
    file = configuration_in(path, tree)
    if file is None:
        _refuse_broken(tree)
        return tree, "", _of_lists(tree)
    configuration = read_configuration(tree.source(file))
    folder = posixpath.dirname(tree.names[file])
    top = _elsewhere(path / folder, configuration) if path.is_dir() else None
    if top is None:
        return tree, folder, configuration
    return open_tree(top), _relative(path / folder, top), configuration


def _refuse_broken(tree: Tree) -> None:
    """Raise if what looks like a `data.yaml` is no YAML: its splits and names would be passed over."""
    files = [file for file, name in enumerate(tree.names) if name.lower().endswith(SUFFIXES)]
    for file in files[:_MAX_LOOKED_INTO]:
        if not tree.names[file].lower().endswith(".data") and b"names" in (content := tree.read(file)):
            parsed_yaml(content, tree.source(file).name)


def _of_lists(tree: Tree) -> Configuration | None:
    """What lists of images say of the splits (`train.txt`, `valid.txt`), if there is one for training."""
    lists: dict[str, list[str]] = {}
    for file, name in enumerate(tree.names):
        base = posixpath.basename(name).lower()
        if base.endswith(".txt") and (split := split_of_name(base)):
            first = head_of(tree.source(file), 4096).lstrip().partition(b"\n")[0]
            if is_image(first.decode(errors="replace").strip()):
                lists.setdefault(split, []).append(name)
    if "train" not in lists:
        return None
    return Configuration(name=tree.name, root="", splits=lists, names={}, relative=False)


def _elsewhere(home: Path, configuration: Configuration) -> Path | None:
    """The folder around all that a `data.yaml` in `home` names, None if that is `home` or not there."""
    home = Path(os.path.abspath(home))  # noqa: PTH100 (links stay as they are)
    existing: list[Path] = []
    for entry in (entry for entries in configuration.splits.values() for entry in entries):
        tried = (home / configuration.root / entry, home / entry, home / entry.lstrip("./"))
        existing += [Path(os.path.normpath(path)) for path in tried if _exists(path)][:1]
    if all(path.is_relative_to(home) for path in existing):
        return None
    top = Path(os.path.commonpath([path if path.is_dir() else path.parent for path in existing]))
    folders = top.parts
    if "images" in folders:  # labels lie beside it
        top = Path(*folders[: len(folders) - 1 - folders[::-1].index("images")])
    return top


def _relative(home: Path, top: Path | None) -> str:
    return "" if top is None else posixpath.relpath(os.path.abspath(home), top)  # noqa: PTH100


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


class Layout:
    """Finds the images of each split that a `data.yaml` names.

    Args:
        tree: as `opened_around` gave it.
        folder: of the `data.yaml`, relative to the tree.
        configuration: what it says.
        images: those of the tree.

    Attributes:
        lists: the indices of text files that list images.
        problems: what was found elsewhere than the `data.yaml` says, or not at all.
    """

    def __init__(self, tree: Tree, folder: str, configuration: Configuration, images: FileIndex) -> None:
        self.tree = tree
        self.folder = folder
        self.configuration = configuration
        self.images = images
        self.lists: set[int] = set()
        self.problems: list[str] = []
        self._files = {name: file for file, name in enumerate(tree.names)}
        self._folders = {""} | {above for name in tree.names for above in _above(name)}

    def splits(self) -> dict[str, list[int]]:
        """The images of each split.

        Raises:
            UserError: if what it says of the training split is nowhere.
        """
        splits: dict[str, list[int]] = {}
        for split, entries in self.configuration.splits.items():
            images: dict[int, None] = {}
            for entry in entries:
                name = self._find(entry)
                if name is None:
                    missing = (
                        f"{self.configuration.name}: the {split} split is {shown(entry, 500)}, but there is"
                        " no such"
                    )
                    if split == "train":
                        raise UserError(f"{missing} folder or file, neither there nor beside it: correct it")
                    self.problems.append(Problem(f"{missing} folder or file: left out"))
                elif name in self._files:
                    images.update(dict.fromkeys(self._listed(name, split)))
                else:
                    inside = f"{name}/" if name else ""
                    names = self.tree.names
                    images.update(
                        dict.fromkeys(image for image in self.images.files if names[image].startswith(inside))
                    )
            if images:
                splits[split] = list(images)
        return splits

    def _find(self, entry: str) -> str | None:
        """The folder or file that an entry means, as a name of the tree."""
        root, entry = self.configuration.root.replace("\\", "/"), entry.replace("\\", "/")
        written = posixpath.join(root, entry)
        here = [posixpath.join(self.folder, written)]
        if posixpath.isabs(written):
            here.append(posixpath.relpath(written, os.path.abspath(self.tree.name)))  # noqa: PTH100
        if not root:  # Roboflow writes ../train/images for the folder train beside the file
            here.append(posixpath.join(self.folder, entry.lstrip("./")))
        words = [word for word in written.split("/") if word not in ("", ".", "..")]
        ends = ["/".join(words[start:]) for start in range(len(words))]
        elsewhere = [name for end in ends for name in (posixpath.join(self.folder, end), end)]
        for number, candidate in enumerate(map(posixpath.normpath, [*here, *elsewhere])):
            if self._has(candidate):
                if number >= len(here) and self.configuration.relative:
                    name = self.configuration.name
                    self.problems.append(
                        Problem(f"{name} says {shown(written, 500)}, which is not there: took '{candidate}'")
                    )
                return "" if candidate == "." else candidate
        return None

    def _has(self, name: str) -> bool:
        return name == "." or name in self._folders or name in self._files

    def _listed(self, name: str, split: str) -> Iterable[int]:
        """The images that a text file lists, a path a line."""
        file = self._files[name]
        self.lists.add(file)
        try:
            lines = self.tree.read(file).decode("utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise UserError(f"{self.tree.source(file).name} is no list of images in UTF-8") from None
        missing = []
        for line in filter(None, map(str.strip, lines)):
            image = self.images.named(line, posixpath.dirname(name), split)
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
