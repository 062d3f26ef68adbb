"""COCO's JSON: a file per split that lists images, categories and annotations.

The format is described at https://cocodataset.org/#format-data: a box is `x, y, width, height` in pixels,
where 0 is the left (upper) edge of the first pixel.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

import msgspec
import numpy as np

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import counted, decode_json, needing, shown, some, split_of_name
from suite.sources import Source, Tree, is_archive, open_tree
from suite_images.classes import SINGLE_CLASS
from suite_images.file_index import split_of_path
from suite_object_detection.extras import TRAIN
from suite_object_detection.loaders.annotation_files import (
    AnnotationFile,
    Opened,
    by_split,
    found,
    in_order,
    left_out,
    one_file,
    recognized,
    refuse_doubled,
)
from suite_object_detection.loaders.annotations import Annotations
from suite_object_detection.loaders.files import ends_of
from suite_object_detection.loaders.json import begins_with, read_json
from suite_object_detection.loaders.sizes import written_size
from suite_object_detection.loaders.unread import unread_format
from suite_object_detection.options import CocoOptions

_OTHER_KINDS = ("captions", "panoptic", "stuff", "person_keypoints", "image_info")
_PEEK = 1 << 16

AnyId = TypeVar("AnyId", int, str, int | str, int | str | None)


class CocoImage(msgspec.Struct):
    """An image as COCO writes it."""

    id: int | str
    file_name: str
    height: float | None = None
    width: float | None = None


class Category(msgspec.Struct):
    """A class as COCO writes it."""

    id: int | str
    name: str
    supercategory: str | None = None


class Annotation(msgspec.Struct):
    """An object as COCO writes it; what is not needed of it is skipped while decoding."""

    image_id: int | str
    category_id: int | str | None = None
    id: int | str | None = None
    bbox: list[float] | None = None
    area: float | None = None
    iscrowd: int | bool | None = 0
    segmentation: msgspec.Raw = msgspec.Raw()


class CocoFile(msgspec.Struct):
    """A whole file. One of images only (`image_info_test2017.json`) has no list of annotations."""

    images: list[CocoImage]
    annotations: list[Annotation] | None = None
    categories: list[Category] | None = None


def detect(path: Path) -> bool | str:
    """Whether `path` is a COCO file, or a folder or an archive that has one; or what else it is.

    For all loaders of boxes it says what formats of boxes are called that none of them reads.
    """
    return recognized(path, (".json",), _looks_like_coco) or unread_format(path)


def load(path: Path, options: CocoOptions) -> Dataset:
    """Load the images of a COCO file, or of a folder's files that are called after their splits.

    Several files of a split are one data set, if each has images of its own.

    Args:
        path: a file (all of it is the training split), a folder or an archive.
        options: where the images are, and what becomes of crowds.

    Raises:
        UserError: if there is no COCO file, one is broken, images of all are missing, or annotations
            must not be trained on.
    """
    if path.is_file() and not is_archive(path):
        files, unusable = one_file(path, options.images), set[str]()
    else:
        files, unusable = _opened(path, options)
    reader = _Reader(path, files.tree, options)
    reader.annotations.problems += files.notes
    reader.annotations.unusable = unusable
    return reader.read(files.files)


def _looks_like_coco(source: Source) -> bool:
    """Whether the beginning and the end of a file have what only a COCO file has."""
    ends = ends_of(source, _PEEK)
    words = (b'"images"', b'"annotations"', b'"categories"')
    return begins_with(ends, b"{") and sum(word in ends for word in words) >= 2


def _opened(path: Path, options: CocoOptions) -> tuple[Opened, set[str]]:
    """The files of each split, and the splits that only files that are no COCO are called after."""
    tree = open_tree(path)
    files = list(found(tree, (".json",), _looks_like_coco))
    plain = [
        file for file in files if not posixpath.basename(tree.names[file]).lower().startswith(_OTHER_KINDS)
    ]
    files = plain or files
    if not files:
        raise UserError(
            f"{path} has no COCO file: a JSON with images, annotations and categories, called after its split"
            " (annotations/instances_train2017.json, train/_annotations.coco.json)"
        )
    splits, unnamed = by_split(tree, files)
    names = {posixpath.basename(tree.names[file]) for file in files}
    others: dict[str, str] = {}
    for file, name in enumerate(tree.names):
        base = posixpath.basename(name)
        split = split_of_name(base) or (split_of_path(name) if base in names else None)
        if (
            split
            and file not in files
            and base.lower().endswith(".json")
            and not base.lower().startswith(_OTHER_KINDS)
        ):
            others[name] = split
    notes = left_out(unnamed, "COCO file")
    if others:
        count = counted(len(others), "file is no COCO file", "files are no COCO files")
        notes.append(Problem(f"{count} by the look of it, left out", list(others)))
    images = open_tree(options.images) if options.images else tree
    return Opened(images, in_order(tree, splits), notes), set(others.values()) - splits.keys()


class _Reader:
    """Puts the files of all splits together. Categories of one name are one class."""

    def __init__(self, path: Path, tree: Tree, options: CocoOptions) -> None:
        self.annotations = Annotations(path, tree, counted_by="annotation", areas=True)
        self.options = options
        self.categories: dict[str, int | str] = {}
        # Of each image of a split, the file that annotates it; and images that two of them do.
        self.files: dict[tuple[str, int], str] = {}
        self.doubled: dict[tuple[str, str], list[str]] = {}

    def read(self, files: Sequence[AnnotationFile]) -> Dataset:
        """The data set of all files."""
        read = [(file, read_json(file.source, CocoFile, "COCO file")) for file in files]
        roots = _roots([content for _, content in read])
        for file, content in read:
            self._add(file.split, file.name, content, roots)
        refuse_doubled(self.annotations, self.doubled)
        self.annotations.report_missing()
        return self.annotations.dataset(
            classes=list(self.categories),
            facts={"category_ids": list(self.categories.values())},
            options=self.options,
        )

    def _add(self, split: str, name: str, content: CocoFile, roots: Collection[str]) -> None:
        if content.annotations is None:
            self.annotations.problems.append(
                f"{name} has no list of annotations: its {len(content.images):,} images are left out"
            )
            return
        if content.annotations and not any(map(_is_object, content.annotations)):
            raise UserError(
                f"{name} has annotations of another kind than objects (captions, say, or panoptic segments):"
                " none has a category, a bbox or a segmentation. Give the file with the instances"
            )
        names = self._categories(name, content, roots)
        images = self._images(split, name, content.images)
        homeless: list[str] = []
        for row, annotation in enumerate(content.annotations):
            line = annotation.id if _is_short(annotation.id) else row + 1
            location = f"{name}, annotation {line}"
            number = _id(annotation.image_id)
            if number not in images:
                homeless.append(location)
                continue
            image = images[number]
            if image is not None:  # else it is missing
                self._add_box(image, annotation, names, location, line)
        if homeless and len(homeless) == len(content.annotations):
            first = content.annotations[0].image_id
            ids = some([str(image.id) for image in content.images])
            raise UserError(
                f"{name}: no annotation is of one of its images: image_id is {shown(first)}, say, but the"
                f" images have {ids}: number both alike"
            )
        self.annotations.problem(
            homeless,
            "annotation is of an image that the file does not list, left out",
            "annotations are of images that the file does not list, left out",
        )

    def _add_box(
        self,
        image: int,
        annotation: Annotation,
        names: Mapping[int | str | None, str],
        location: str,
        line: int,
    ) -> None:
        refuse = self.annotations.refusals.append
        label = names.get(_id(annotation.category_id))
        if label is None:
            known = some([str(number) for number in names])
            refuse(f"{location} has the category {annotation.category_id}, which is not among {known}")
            return
        box = annotation.bbox or _surrounding(annotation.segmentation)
        if box is None or len(box) != 4:
            refuse(f"{location} has no bbox of four numbers")
            return
        x, y, width, height = box
        self.annotations.box(
            image,
            (x, y, x + width, y + height),
            label,
            line,
            crowd=bool(annotation.iscrowd),
            area=annotation.area,
        )

    def _categories(
        self, name: str, content: CocoFile, roots: Collection[str]
    ) -> dict[int | str | None, str]:
        """The class of each category id of a file. Ids are kept as facts if all files agree."""
        if not content.categories:
            return self._numbered(name, content.annotations or [])
        names: dict[int | str | None, str] = {}
        for category in content.categories:
            if category.name in roots:
                continue
            number = _id(category.id)
            if number in names and names[number] != category.name:
                self.annotations.refusals.append(
                    f"{name}: the category {category.id} is both '{names[number]}' and '{category.name}'"
                )
            elif category.name in names.values():
                self.annotations.problems.append(
                    f"{name}: more than one category is called '{category.name}', taken as one"
                )
            names[number] = category.name
            self.categories.setdefault(category.name, category.id)
        return names

    def _numbered(self, name: str, annotations: Sequence[Annotation]) -> dict[int | str | None, str]:
        """The classes of a file without categories: their numbers, or one class if it has none at all."""
        numbers = {_id(annotation.category_id) for annotation in annotations}
        given = [number for number in numbers if number is not None]
        ordered = sorted(given, key=lambda number: (isinstance(number, str), number))
        names: dict[int | str | None, str] = {number: str(number) for number in ordered}
        if None in numbers:
            names[None] = SINGLE_CLASS
        how = "by number" if ordered else f"'{SINGLE_CLASS}'"
        which = "classes are" if len(names) > 1 else "class is"
        self.annotations.problems.append(
            Problem(f"{name} has no list of categories: its {which} called {how}")
        )
        for number, label in names.items():
            self.categories.setdefault(label, len(self.categories) if number is None else number)
        return names

    def _images(self, split: str, name: str, listed: Sequence[CocoImage]) -> dict[int | str, int | None]:
        """The number of each image id's image, None if it is missing."""
        folder = name.rpartition("/")[0]
        numbers: dict[int | str, int | None] = {}
        by_file: dict[int, int] = {}
        repeated: list[str] = []
        for image in listed:
            if _id(image.id) in numbers:
                self.annotations.refusals.append(
                    f"{name}: two images have the id {image.id}, the second is '{image.file_name}'"
                )
                continue
            file = self.annotations.images.named(image.file_name, folder, split)
            if file is None:
                self.annotations.missing(image.file_name)
                numbers[_id(image.id)] = None
                continue
            first = self.files.setdefault((split, file), name)
            if first != name:
                self.doubled.setdefault((first, name), []).append(image.file_name)
                numbers[_id(image.id)] = None
                continue
            if file in by_file:
                repeated.append(image.file_name)
            else:
                size = written_size(image.height, image.width)
                by_file[file] = self.annotations.image(split, file, name, size)
            numbers[_id(image.id)] = by_file[file]
        self.annotations.problem(
            repeated,
            f"image is listed more than once in {name}: its annotations are put together",
            f"images are listed more than once in {name}: their annotations are put together",
        )
        return numbers


def _is_object(annotation: Annotation) -> bool:
    """Whether an annotation has anything of an object."""
    return annotation.category_id is not None or bool(annotation.bbox) or bool(annotation.segmentation)


def _id(number: AnyId) -> AnyId:
    """An id as it is compared: "7" is 7, for some tools write the numbers of one list as texts."""
    if isinstance(number, str) and len(number) < 19 and number.isdecimal() and str(int(number)) == number:
        return int(number)  # type: ignore[return-value]
    return number


def _roots(files: Sequence[CocoFile]) -> set[str]:
    """Categories that are no classes: nothing is of them, but other categories are below them.

    Roboflow writes the name of the project as such a category, with the number 0.
    """
    above: set[str] = set()
    tops: set[str] = set()
    used: set[str] = set()
    for content in files:
        numbers = {_id(annotation.category_id) for annotation in content.annotations or []}
        for category in content.categories or []:
            if category.supercategory in (None, "", "none"):
                tops.add(category.name)
            elif category.supercategory != category.name:
                above.add(category.supercategory or "")
            if _id(category.id) in numbers:
                used.add(category.name)
    return (above & tops) - used


def _is_short(number: int | str | None) -> TypeGuard[int]:
    """Whether an id is a number that arrays can hold."""
    return isinstance(number, int) and abs(number) < 2**62


def _surrounding(segmentation: msgspec.Raw) -> list[float] | None:
    """x, y, width and height around polygons or a run-length encoded mask, if there is no bbox."""
    try:
        value: Any = decode_json(bytes(segmentation)) if segmentation else None
        if isinstance(value, dict):
            return _around_mask(value)
        points = np.array([number for polygon in value for number in polygon], np.float64).reshape(-1, 2)
        low, high = points.min(axis=0), points.max(axis=0)
    except (ValueError, TypeError, LookupError, OverflowError):
        return None
    return [*low.tolist(), *(high - low).tolist()]


def _around_mask(encoded: dict[str, Any]) -> list[float] | None:
    """The box around a mask whose run lengths are numbers or their text form; None if it is damaged."""
    with needing(TRAIN):
        from faster_coco_eval import mask

    try:
        if not isinstance(encoded["counts"], str):
            encoded = mask.frPyObjects(encoded, *encoded["size"])
        box: list[float] = mask.toBbox(encoded).tolist()
    except (RuntimeError, ValueError, TypeError, LookupError, OverflowError):
        return None
    return box if min(box[2:]) > 0 else None
