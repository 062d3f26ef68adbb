"""Hugging Face's folders of images with a `metadata.jsonl`: a line for each image, with its objects.

As https://huggingface.co/docs/datasets/image_dataset#object-detection documents it: `objects` has a list of
boxes, `bbox`, and one of classes, `categories`; or it is a list with both of each object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from suite.data import Dataset
from suite.kit import shown, tables
from suite.sources import Source, Tree
from suite_images.classes import SINGLE_CLASS
from suite_images.tables import PATH_COLUMNS
from suite_object_detection.loaders.annotation_files import AnnotationFile, opened, recognized
from suite_object_detection.loaders.annotations import Annotations
from suite_object_detection.loaders.box_format import BoxFormat, as_corners, told_format
from suite_object_detection.loaders.files import head_of
from suite_object_detection.loaders.listed_images import ListedImages
from suite_object_detection.loaders.sizes import written_size
from suite_object_detection.loaders.yolo_configuration import parsed_yaml
from suite_object_detection.options import MetadataOptions

_PEEK = 1 << 15
_SUFFIXES = (".jsonl", ".ndjson")
BOXES = ("bbox", "bboxes", "boxes", "box")
CLASSES = (
    "categories", "category", "labels", "label", "class", "classes", "class_label", "class_labels", "name",
    "names", "category_id", "categories_id",
)  # fmt: skip


@dataclass(frozen=True)
class Objects:
    """The objects of an image as they are written: four numbers and a class each, and if it is a crowd."""

    boxes: list[list[float]]
    labels: list[Any]
    crowd: list[Any]

    def add_to(
        self, found: Annotations, image: int, form: BoxFormat, names: Mapping[int, str], line: int, where: str
    ) -> None:
        """Add them to an image.

        Args:
            found: with the image.
            image: its number.
            form: what the numbers of a box are.
            names: of classes, by their numbers.
            line: where they are written.
            where: the same, for messages.
        """
        for box, label, crowd in zip(self.boxes, self.labels, self.crowd, strict=False):
            if isinstance(label, int) and not isinstance(label, bool):
                label = names.get(label, str(label))
            if not isinstance(label, str) or not label:
                found.refusals.append(
                    f"{where} has the class {shown(label)}, which is neither a text nor a number"
                )
                continue
            found.box(image, as_corners(box, form), label, line, crowd=bool(crowd))


@dataclass(frozen=True)
class _Row:
    """A line: the image, and its objects."""

    file: AnnotationFile
    line: int
    name: str
    size: tuple[int, int] | None
    objects: Objects


def detect(path: Path) -> bool:
    """Whether `path` is such a file, or a folder or an archive with one."""
    return recognized(path, _SUFFIXES, _looks)


def load(path: Path, options: MetadataOptions) -> Dataset:
    """Load the images of such files; the splits are those of the files' folders.

    Args:
        path: a file, a folder or an archive.
        options: where the images are, and what the numbers of a box are.

    Raises:
        UserError: if there is no such file, or a line is broken or must not be trained on.
    """
    what = "a metadata.jsonl with a file_name and objects in each line"
    files = opened(path, options.images, _SUFFIXES, _looks, "metadata file", what)
    found = ListedImages(path, files, counted_by="line")
    rows = [row for file in files.files for row in _rows(found, file)]
    numbers = [found.listed(row.file, row.name, row.file.name, row.size) for row in rows]
    form = options.box_format
    if form == "auto":
        boxes = [
            (number, box, row.size)
            for number, row in zip(numbers, rows, strict=True)
            if number is not None
            for box in row.objects.boxes
        ]
        form = told_format(found, boxes)
    names = _names(files.tree)
    for row, number in zip(rows, numbers, strict=True):
        if number is not None:
            row.objects.add_to(found, number, form, names, row.line, f"{row.file.name}, line {row.line}")
    return found.checked(msgspec.structs.replace(options, box_format=form))


def _looks(source: Source) -> bool:
    first = head_of(source, _PEEK).partition(b"\n")[0]
    return b'"objects"' in first and any(f'"{name}"'.encode() in first for name in BOXES)


def _rows(found: ListedImages, file: AnnotationFile) -> Iterator[_Row]:
    for line, row in tables.rows(file.source.read(), file.name):
        location = f"{file.name}, line {line}"
        if isinstance(row, str):
            found.refusals.append(f"{location} is a line {row}")
            continue
        name = next((row[key] for key in PATH_COLUMNS if isinstance(row.get(key), str)), None)
        if not name:
            found.refusals.append(f"{location} has no file_name")
            continue
        objects = objects_of(row.get("objects"), location)
        if isinstance(objects, str):
            found.refusals.append(objects)
            continue
        size = written_size(row.get("height"), row.get("width"))
        yield _Row(file, line, name, size, objects)


def objects_of(cell: Any, location: str) -> Objects | str:
    """The objects of an image, as they are written, or a sentence on what is wrong with them.

    Args:
        cell: a mapping with a list of boxes and one of classes, or a list with a mapping for each object.
        location: for the sentence.
    """
    try:
        objects = _columns(cell or {})
        boxes = [[float(value) for value in box] for box in _first(objects, BOXES) or []]
        labels = list(_first(objects, CLASSES) or [])
        crowd = list(_first(objects, ("iscrowd", "is_crowd", "crowd")) or [])
    except (TypeError, ValueError, OverflowError):
        return f"{location} has objects that are not lists of boxes and classes"
    if not labels and boxes and not any(name in objects for name in CLASSES):
        labels = [SINGLE_CLASS] * len(boxes)
    if len(labels) != len(boxes) or any(len(box) != 4 for box in boxes):
        return (
            f"{location} has {len(boxes):,} boxes and {len(labels):,} classes: there must be one for"
            " each, and four numbers in a box"
        )
    return Objects(boxes, labels, [*crowd, *[0] * (len(boxes) - len(crowd))])


def _columns(objects: Any) -> Mapping[str, Any]:
    """Objects as lists by name, if they are a list of objects."""
    if isinstance(objects, list):
        if not all(isinstance(item, dict) for item in objects):
            raise TypeError("a list of what are no objects")
        names = {name for item in objects for name in item}
        return {name: [item.get(name) for item in objects] for name in names}
    if not isinstance(objects, dict):
        raise TypeError("neither a list nor a mapping")
    return objects


def _first(objects: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((objects[name] for name in names if name in objects), None)


def _names(tree: Tree) -> dict[int, str]:
    """The names of classes that a README says in the description of its features, by their numbers."""
    for file, name in enumerate(tree.names):
        if name.rpartition("/")[2].lower() == "readme.md":
            for found in _class_labels(_front_matter(tree.source(file))):
                return found
    return {}


def _front_matter(source: Source) -> Any:
    """The YAML at the beginning of a README, if it has any that describes classes."""
    text = source.read().removeprefix(b"\xef\xbb\xbf")
    if not text.startswith(b"---") or b"class_label" not in text:
        return None
    return parsed_yaml(text[3:].partition(b"\n---")[0], source.name)


def _class_labels(value: Any) -> Iterator[dict[int, str]]:
    """What any `class_label` in a document says."""
    if isinstance(value, dict):
        names = value["class_label"].get("names") if isinstance(value.get("class_label"), dict) else None
        if isinstance(names, dict) and all(str(key).isdecimal() and len(str(key)) < 9 for key in names):
            yield {int(key): str(name) for key, name in names.items()}
        elif isinstance(names, list):
            yield dict(enumerate(map(str, names)))
        for inner in value.values():
            yield from _class_labels(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _class_labels(inner)
