"""Create ML's JSON: a list of images with the centers and extents of boxes, in pixels.

As Apple documents it for `MLObjectDetector.DataSource`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from suite.data import Dataset
from suite.sources import Source
from suite_object_detection.loaders.annotation_files import AnnotationFile, opened, recognized
from suite_object_detection.loaders.files import head_of
from suite_object_detection.loaders.json import begins_with, read_json
from suite_object_detection.loaders.listed_images import ListedImages
from suite_object_detection.options import FileOptions

_PEEK = 1 << 14


class Coordinates(msgspec.Struct):
    """A box: its center, width and height."""

    x: float
    y: float
    width: float
    height: float


class Annotation(msgspec.Struct):
    """An object as Create ML writes it."""

    coordinates: Coordinates
    label: str | None = None


class Entry(msgspec.Struct):
    """An image as Create ML writes it; both names of either field are in use."""

    image: str | None = None
    imagefilename: str | None = None
    annotations: list[Annotation] | None = None
    annotation: list[Annotation] | None = None


def detect(path: Path) -> bool:
    """Whether `path` is such a file, or a folder or an archive with one."""
    return recognized(path, (".json",), _looks)


def load(path: Path, options: FileOptions) -> Dataset:
    """Load the images of such files; the splits are those of the files' names or folders.

    Args:
        path: a file, a folder or an archive.
        options: where the images are.

    Raises:
        UserError: if there is no such file, or one is broken or must not be trained on.
    """
    what = "a list of images, each with annotations of a label and coordinates"
    files = opened(path, options.images, (".json",), _looks, "Create ML file", what, _may_be)
    found = ListedImages(path, files, counted_by="annotation")
    for file in files.files:
        for row, entry in enumerate(read_json(file.source, list[Entry], "file of Create ML"), start=1):
            _add(found, file, row, entry)
    return found.checked(options)


def _looks(source: Source) -> bool:
    return b'"coordinates"' in _head_of_list(source)


def _may_be(source: Source) -> bool:
    """Whether a file is a list of images; those of a split may all be without objects."""
    return bool(_head_of_list(source))


def _head_of_list(source: Source) -> bytes:
    """The beginning of a list of images; empty for any other file."""
    head = head_of(source, _PEEK)
    return head if begins_with(head, b"[") and b'"image' in head and b'"annotation' in head else b""


def _add(found: ListedImages, file: AnnotationFile, row: int, entry: Entry) -> None:
    name = entry.image or entry.imagefilename
    if not name:
        found.refusals.append(f"{file.name}, image {row} has no name")
        return
    source = f"{file.name}, '{name}'"
    number = found.listed(file, name, source)
    if number is None:
        return
    for index, annotation in enumerate(entry.annotations or entry.annotation or [], start=1):
        if not annotation.label:
            found.refusals.append(f"{source}, annotation {index} has no label")
            continue
        center = annotation.coordinates
        half_x, half_y = center.width / 2, center.height / 2
        box = (center.x - half_x, center.y - half_y, center.x + half_x, center.y + half_y)
        found.box(number, box, annotation.label, index)
