"""LabelMe's JSON: a file for each image, with shapes in pixels."""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from suite import UserError
from suite.data import Dataset
from suite.sources import Source, Tree, is_archive, open_tree
from suite_object_detection.loaders.annotation_files import looks_right, recognized
from suite_object_detection.loaders.files import ends_of
from suite_object_detection.loaders.image_by_image import ImageByImage
from suite_object_detection.loaders.json import read_json
from suite_object_detection.loaders.shapes import around
from suite_object_detection.loaders.sizes import written_size
from suite_object_detection.options import LabelmeOptions
from suite_object_detection.types import Box

_PEEK = 1 << 14
_KEYS = (b'"imagePath"', b'"imageHeight"', b'"imageData"')


class Shape(msgspec.Struct):
    """An object as LabelMe writes it."""

    label: str | None = None
    points: list[list[float]] = []
    shape_type: str | None = "polygon"
    difficult: bool | None = False


class LabelmeFile(msgspec.Struct):
    """A whole file; the image that may be in it is skipped."""

    shapes: list[Shape]
    imagePath: str | None = None  # noqa: N815 (as it is written)
    imageHeight: Any = None  # noqa: N815
    imageWidth: Any = None  # noqa: N815


def detect(path: Path) -> bool:
    """Whether `path` is a folder or an archive with such files, or one of them."""
    return recognized(path, (".json",), _looks)


def load(path: Path, options: LabelmeOptions) -> Dataset:
    """Load images with a JSON each. The splits are folders called after them, else there is one.

    Args:
        path: a folder or an archive.
        options: what becomes of images without a JSON.

    Raises:
        UserError: if there is no such file, or one is broken or must not be trained on.
    """
    if path.is_file() and not is_archive(path):
        raise UserError(f"{path} is of one image: give the folder, {path.parent}")
    return _Reader(path, open_tree(path), options).read()


def _looks(source: Source) -> bool:
    ends = ends_of(source, _PEEK)
    return b'"shapes"' in ends and any(key in ends for key in _KEYS)


class _Reader(ImageByImage):
    def __init__(self, path: Path, tree: Tree, options: LabelmeOptions) -> None:
        super().__init__(path, tree, counted_by="shape")
        self.options = options
        self.without_box: list[str] = []

    def read(self) -> Dataset:
        files = [file for file, name in enumerate(self.tree.names) if name.lower().endswith(".json")]
        files = [file for file in files if looks_right(self.tree.source(file), _looks)]
        if not files:
            raise UserError(
                f"{self.path} has no annotations of LabelMe: a JSON with shapes for each image, of the same"
                " name, beside it"
            )
        splits = self.splits_by_folders(files)
        used = {image for _, image in self.add_files(splits)}
        self.annotations.problem(
            self.without_box,
            "shape is a point or a line, which has no box, left out",
            "shapes are points or lines, which have no box, left out",
        )
        self.add_unannotated(self.beside(splits, used), self.options.unlabeled)
        return self.annotations.dataset(options=self.options)

    def add_file(self, file: int, split: str, used: Collection[tuple[str, int]]) -> int | None:
        name = self.tree.names[file]
        content = read_json(self.tree.source(file), LabelmeFile, "file of LabelMe")
        folder, _, base = name.rpartition("/")
        written = (content.imagePath or "").replace("\\", "/").rpartition("/")[2]
        image = self.images.with_stem(base.rpartition(".")[0], folder, split, written)
        if image is None and content.imagePath:
            image = self.images.named(content.imagePath, folder, split)
        if image is None or (split, image) in used:
            return image
        size = written_size(content.imageHeight, content.imageWidth)
        number = self.annotations.image(split, image, name, size)
        for row, shape in enumerate(content.shapes, start=1):
            box = _box(shape)
            if box is None:
                self.without_box.append(f"{name}, shape {row}")
            elif not shape.label or not shape.label.strip():
                self.annotations.refusals.append(f"{name}, shape {row} has no label")
            else:
                self.annotations.box(number, box, shape.label.strip(), row, crowd=bool(shape.difficult))
        return image


def _box(shape: Shape) -> Box | None:
    """The box around a shape; None if it is a point or a line, or not of pairs of numbers."""
    kind, points = shape.shape_type or "polygon", shape.points
    if any(len(point) != 2 for point in points) or kind in ("point", "points", "line", "linestrip"):
        return None
    if kind == "circle" and len(points) == 2:
        (x, y), edge = points
        radius = math.dist((x, y), edge)
        return x - radius, y - radius, x + radius, y + radius
    if len(points) < 2:
        return None
    return around([x for x, _ in points], [y for _, y in points])
