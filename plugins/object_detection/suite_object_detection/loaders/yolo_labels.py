"""YOLO's label files: which is of which image, and a line per object in each.

A line is `class x y width height`, as shares of the image.
"""

from __future__ import annotations

import math
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from suite import UserError
from suite.kit import counted
from suite.sources import Source, Tree
from suite_images.file_index import FileIndex, name_key, split_of_path, stem, without_upload_prefix
from suite_object_detection.loaders.shapes import around
from suite_object_detection.types import Box

NAMES_FILES = ("classes.txt", "obj.names", "_darknet.labels", "predefined_classes.txt")
"""Text files with a name of a class in each line; others end with `.names`."""

PIXELS_FROM = 2.0
"""A share may be somewhat above 1 if a box reaches out of its image; from here on it must be pixels."""


def _is_label(name: str) -> bool:
    base = posixpath.basename(name).lower()
    return base.endswith(".txt") and base not in NAMES_FILES and not base.startswith("readme")


class Labels:
    """Which label file belongs to which image; both are meant by their indices in their trees.

    Args:
        tree: of the label files.
        images: the index of the images.
        images_tree: of the images; it may be the same.
    """

    def __init__(self, tree: Tree, images: FileIndex, images_tree: Tree) -> None:
        self.tree = tree
        self.images = images
        self.index = FileIndex(tree, _is_label)
        self._image_names = images_tree.names
        self._by_name = {tree.names[file]: file for file in self.index.files}
        # Label Studio puts a random prefix before the names of labels.
        self._without_prefix: dict[str, list[int]] = {}
        for file in self.index.files:
            written = stem(tree.names[file])
            if (plain := without_upload_prefix(written)) != written:
                self._without_prefix.setdefault(name_key(plain), []).append(file)

    def of(self, image: int) -> int | None:
        """The label file of an image, or None."""
        name = self._image_names[image]
        own = f"{name.rpartition('.')[0]}.txt"
        above, images, below = f"/{own}".rpartition("/images/")
        mirrored = f"{above}/labels/{below}"[1:] if images else own
        for candidate in (mirrored, own):
            if candidate in self._by_name:
                return self._by_name[candidate]
        # In any other folder, if both names are the only ones of their split.
        written = stem(name)
        alike = self.index.all_with_stem(written) or self._without_prefix.get(name_key(written), ())
        if not alike:
            return None
        split = split_of_path(name)
        labels = [file for file in alike if self._is_of(self.tree.names[file], split)]
        rivals = [
            file for file in self.images.all_with_stem(written) if self._is_of(self._image_names[file], split)
        ]
        return labels[0] if len(labels) == 1 and len(rivals) == 1 else None

    @staticmethod
    def _is_of(name: str, split: str | None) -> bool:
        own = split_of_path(name)
        return own is None or split is None or own == split


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a label file: its number, the number of the class, and x1, y1, x2, y2 as shares."""

    number: int
    label: int
    corners: Box


def read_lines(source: Source, name: str, keypoints: bool = False) -> Iterator[Line]:
    """Read a label file. The outline of a polygon, or of a turned box, becomes the box around it.

    Args:
        source: the file.
        name: how a message calls it.
        keypoints: whether coordinates of points follow each box.

    Raises:
        UserError: for what is no text, and for the first line that is no box, or in pixels.
    """
    content = source.read()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UserError(
            f"{name} is no text: a label file has a line 'class x y width height' for each object"
        )
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        if words:
            yield _line(words, number, name, keypoints)


def _line(words: list[str], number: int, name: str, keypoints: bool) -> Line:
    try:
        label, *values = map(float, words)
    except ValueError:
        raise UserError(f"{name}, line {number}: '{' '.join(words)[:60]}' is not of numbers") from None
    if not label.is_integer() or label < 0:
        raise UserError(f"{name}, line {number}: {words[0][:20]} is no number of a class")
    if len(values) > 4 and keypoints:
        values = values[:4]
    if len(values) < 4 or (len(values) > 4 and (len(values) % 2 or len(values) < 6)):
        raise UserError(
            f"{name}, line {number} has {counted(len(words), 'number', 'numbers')}: a box is class, x, y,"
            " width and height (and no score), an outline the class and pairs of x and y"
        )
    if not all(map(math.isfinite, values)):
        raise UserError(f"{name}, line {number}: '{' '.join(words)[:60]}' is not of finite numbers")
    if any(abs(value) >= PIXELS_FROM for value in values):
        raise UserError(
            f"{name}, line {number}: {max(values, key=abs):g} looks like pixels, but coordinates here are"
            " shares of the image's width and height: divide them by its size"
        )
    if len(values) == 4:
        x, y, width, height = values
        corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    else:
        corners = around(values[::2], values[1::2])
    return Line(number, int(label), corners)
