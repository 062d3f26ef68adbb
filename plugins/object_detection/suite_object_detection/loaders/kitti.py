"""KITTI's labels: a text file for each image, with a line of 15 words for each object.

As the development kit of KITTI's object benchmark describes them (Geiger et al., 2012): type, truncated,
occluded, alpha, and left, upper, right and lower edge in pixels from 0 on; the rest is of three dimensions.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection
from itertools import islice
from pathlib import Path

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import counted
from suite.sources import Source, Tree, is_archive, open_tree
from suite_images.file_index import split_of_path
from suite_object_detection.loaders.files import head_of
from suite_object_detection.loaders.image_by_image import ImageByImage
from suite_object_detection.options import KittiOptions

_MAX_LOOKED_INTO = 20
_WORDS = (15, 16)
"""The last of 16 words is the score of a detection."""

_IGNORED = "DontCare"
"""The type of regions in which objects were not labeled: they count for every class."""


def detect(path: Path) -> bool:
    """Whether `path` is a folder or an archive with such labels."""
    if path.is_file() and not is_archive(path):
        return False
    tree = open_tree(path)
    files = (file for file in _files(tree) if tree.sizes[file] > 0)
    return any(_looks(tree.source(file)) for file in islice(files, _MAX_LOOKED_INTO))


def load(path: Path, options: KittiOptions) -> Dataset:
    """Load images with a label file each. Folders `training` and `testing`, if there are any, are splits.

    A label file has its image's name and lies in the folder `label_2` that corresponds to the image's folder
    `image_2`, or anywhere. Regions of the type DontCare are ignored for every class.

    Args:
        path: a folder or an archive.
        options: what becomes of images without a label file.

    Raises:
        UserError: if there are no labels, or one is broken or must not be trained on.
    """
    return _Reader(path, open_tree(path), options).read()


def _files(tree: Tree) -> list[int]:
    return [file for file, name in enumerate(tree.names) if name.lower().endswith(".txt")]


def _looks(source: Source) -> bool:
    try:
        words = head_of(source, 4096).lstrip().partition(b"\n")[0].decode().split()
    except (UserError, UnicodeDecodeError):
        return False
    return len(words) in _WORDS and not _is_number(words[0]) and all(map(_is_number, words[1:]))


def _folder(name: str) -> str:
    """What the folder of a file is called."""
    return posixpath.basename(posixpath.dirname(name))


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


class _Reader(ImageByImage):
    def __init__(self, path: Path, tree: Tree, options: KittiOptions) -> None:
        super().__init__(path, tree)
        self.options = options
        # Image, corners and line of the regions to ignore; classes become known as files are read.
        self.ignored: list[tuple[int, list[float], int]] = []
        self.classes: dict[str, None] = {}

    def read(self) -> Dataset:
        tree = self.tree
        labels = {file for file in _files(tree) if tree.sizes[file] > 0 and _looks(tree.source(file))}
        folders = {_folder(tree.names[file]) for file in labels}
        # One that is empty or broken is a label file too, if it has an image.
        files = [
            file
            for file in _files(tree)
            if file in labels
            or (_folder(tree.names[file]) in folders and self._image(tree.names[file]) is not None)
        ]
        if not labels:
            raise UserError(
                f"{self.path} has no labels of KITTI: a text file for each image, of the same name, with a"
                " line of 15 words for each object"
            )
        splits = self.splits_by_folders(files)
        used = {image for _, image in self.add_files(splits)}
        for image, corners, line in self.ignored:
            for label in self.classes:
                self.annotations.box(image, corners, label, line, crowd=True)
        images = [pair for pair in self.beside(splits, used) if self._split(pair[1]) in splits]
        self.add_unannotated(images, self.options.unlabeled)
        self._report_unlabeled_splits(splits)
        return self.annotations.dataset(options=self.options)

    def add_file(self, file: int, split: str, used: Collection[tuple[str, int]]) -> int | None:
        name = self.tree.names[file]
        image = self._image(name)
        if image is None or (split, image) in used:
            return image
        try:
            text = self.tree.read(file).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UserError(f"{name} is no text in UTF-8") from None
        number = self.annotations.image(split, image, name)
        for line, content in enumerate(text.split("\n"), start=1):
            words = content.split()
            if not words:
                continue
            if len(words) not in _WORDS or not all(map(_is_number, words[1:])):
                raise UserError(
                    f"{name}, line {line}: '{content[:60].strip()}' is no object: a type and 14 numbers"
                )
            corners = [float(word) for word in words[4:8]]
            if words[0] == _IGNORED:
                self.ignored.append((number, corners, line))
            else:
                self.classes.setdefault(words[0])
                self.annotations.box(number, corners, words[0], line)
        return image

    def _image(self, name: str) -> int | None:
        folder, _, base = name.rpartition("/")
        beside = posixpath.join(folder.replace("label", "image"), base)
        return self.images.with_stem(base.rpartition(".")[0], posixpath.dirname(beside), split_of_path(name))

    def _split(self, image: int) -> str:
        return split_of_path(self.tree.names[image]) or "train"

    def _report_unlabeled_splits(self, splits: Collection[str]) -> None:
        """KITTI's own test split comes without labels: its images show objects all the same."""
        left = [image for image in self.images.files if self._split(image) not in splits]
        if left:
            count = counted(len(left), "image is", "images are")
            names = [self.tree.names[image] for image in left]
            self.annotations.problems.append(
                Problem(f"{count} of a split without labels, left out", names, wrong=False)
            )
