"""COCO's JSON: a file per part that lists images, categories and annotations.

The format is described at https://cocodataset.org/#format-data: a box is `x, y, width, height` in pixels,
where 0 is the left (upper) edge of the first pixel.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import msgspec
import numpy as np

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import counted, some
from suite.sources import FileSource, Source, Tree, is_archive
from suite_images.listing import is_image
from suite_object_detection import run_lengths
from suite_object_detection.annotations import PART_NAMES, Annotations
from suite_object_detection.options import CocoOptions
from suite_object_detection.places import (
    Files,
    files_of_parts,
    head_of,
    opened,
    part_of_path,
    split_of_name,
    tail_of,
)

_PEEK = 1 << 16


class Image(msgspec.Struct):
    """An image as COCO writes it."""

    id: int | str
    file_name: str
    height: float | None = None
    width: float | None = None


class Category(msgspec.Struct):
    """A class as COCO writes it."""

    id: int | str
    name: str


class Annotation(msgspec.Struct):
    """An object as COCO writes it; what is not needed of it is skipped while decoding."""

    image_id: int | str
    category_id: int | str
    id: int | str | None = None
    bbox: list[float] | None = None
    area: float | None = None
    iscrowd: int | bool | None = 0
    segmentation: msgspec.Raw = msgspec.Raw()


class CocoFile(msgspec.Struct):
    """A whole file. One of images only (`image_info_test2017.json`) has no list of annotations."""

    images: list[Image]
    annotations: list[Annotation] | None = None
    categories: list[Category] = []


_decoder = msgspec.json.Decoder(CocoFile, strict=False)


def detect(path: Path) -> bool:
    """Whether `path` is a COCO file, or a folder or an archive that has one."""
    if path.is_file() and not is_archive(path):
        return path.suffix.lower() == ".json" and _looks_like_coco(FileSource(path))
    return bool(_files(opened(path)))


def load(path: Path, options: CocoOptions) -> Dataset:
    """Load the images of a COCO file, or of a folder's files that are called after their parts.

    Args:
        path: a file (all of it is the training part), a folder or an archive.
        options: where the images are.

    Raises:
        UserError: where there is no COCO file, one is broken, images of all are missing, or annotations
            must not be trained on.
    """
    if path.is_file() and not is_archive(path):
        root = path.parent.parent if path.parent.name.lower() in _OWN_FOLDERS else path.parent
        files: dict[str, tuple[str, Source]] = {
            "train": (path.relative_to(root).as_posix(), FileSource(path))
        }
        tree = opened(options.images or root)
        notes: list[str] = []
        unusable: set[str] = set()
    else:
        tree = opened(path)
        chosen, unusable, notes = _chosen(path, tree)
        files = {part: (tree.names[place], tree.source(place)) for part, place in chosen.items()}
        if options.images:
            tree = opened(options.images)
    reader = _Reader(path, tree, notes)
    reader.found.unusable = unusable
    return reader.read(files)


_OWN_FOLDERS = ("annotations", "labels", "json")
_OTHER_KINDS = ("captions", "panoptic", "stuff", "person_keypoints", "image_info")


def _files(tree: Tree) -> list[int]:
    """The COCO files of a tree."""
    found = [place for place, name in enumerate(tree.names) if name.lower().endswith(".json")]
    found.sort(key=lambda place: (tree.names[place].count("/"), tree.names[place]))
    found = [place for place in found[:_MOST_FILES] if _looks_like_coco(tree.source(place))]
    plain = [
        place for place in found if not tree.names[place].rpartition("/")[2].lower().startswith(_OTHER_KINDS)
    ]
    return plain or found


_MOST_FILES = 100
"""How many files are looked into; of other formats there may be one for each image."""


def _looks_like_coco(source: Source) -> bool:
    """Whether the beginning and the end of a file have what only a COCO file has."""
    try:
        head, tail = head_of(source, _PEEK), tail_of(source, _PEEK)
    except UserError:
        return False
    if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return False
    ends = head + tail
    return sum(word in ends for word in (b'"images"', b'"annotations"', b'"categories"')) >= 2


def _chosen(path: Path, tree: Tree) -> tuple[dict[str, int], set[str], list[str]]:
    """The file of each part, the parts that files are called after which are none, and what is left out."""
    found = _files(tree)
    if not found:
        raise UserError(
            f"{path} has no COCO file: a JSON with images, annotations and categories, called after its part"
            " (annotations/instances_train2017.json, train/_annotations.coco.json)"
        )
    parts, unnamed = files_of_parts(path, tree, found, "COCO file")
    names = {posixpath.basename(tree.names[place]) for place in found}
    others: dict[str, str] = {}
    for place, name in enumerate(tree.names):
        base = posixpath.basename(name)
        part = split_of_name(base) or (part_of_path(name) if base in names else None)
        if (
            part
            and place not in found
            and base.lower().endswith(".json")
            and not base.lower().startswith(_OTHER_KINDS)
        ):
            others[name] = part
    notes: list[str] = []
    if unnamed:
        files = counted(len(unnamed), "COCO file is", "COCO files are")
        notes.append(Problem(f"{files} called after no part, left out", unnamed))
    if others:
        files = counted(len(others), "file is no COCO file", "files are no COCO files")
        notes.append(Problem(f"{files} by the look of it, left out", list(others)))
    return parts, set(others.values()) - parts.keys(), notes


class _Reader:
    """Puts the files of all parts together. Categories are one by their names."""

    def __init__(self, path: Path, tree: Tree, notes: Sequence[str]) -> None:
        self.path = path
        self.tree = tree
        self.images = Files(tree, is_image)
        self.found = Annotations(path, tree, counted_by="annotation", areas=True)
        self.found.problems.extend(notes)
        self.categories: dict[str, int | str] = {}
        self.missing: list[str] = []

    def read(self, files: Mapping[str, tuple[str, Source]]) -> Dataset:
        """The data set of a file for each part: its name relative to the tree, and its content."""
        for part in PART_NAMES:
            if part in files:
                name, source = files[part]
                self._add(part, name, _decoded(source))
        found = self.found
        if not len(found):
            raise UserError(
                f"{self.path}: none of its {len(self.missing):,} images is in {self.tree.name}:"
                f" {some(self.missing)}. Name their folder with --set loader.images=FOLDER"
            )
        found.problem(self.missing, "image is missing, left out", "images are missing, left out")
        found.problem(
            self.images.guessed,
            "image is not the only one of its name, and may be the wrong one",
            "images are not the only ones of their names, and may be the wrong ones",
        )
        numbers = list(self.categories.values())
        facts = {} if numbers == list(range(len(numbers))) else {"category_ids": numbers}
        return found.dataset(classes=list(self.categories), facts=facts)

    def _add(self, part: str, name: str, file: CocoFile) -> None:
        found = self.found
        if file.annotations is None:
            found.problems.append(
                f"{name} has no list of annotations: its {len(file.images):,} images are left out"
            )
            return
        folder = name.rpartition("/")[0]
        names = self._categories(name, file.categories)
        numbers = self._images(part, name, folder, file.images)
        homeless: list[str] = []
        for row, annotation in enumerate(file.annotations):
            line = annotation.id if _is_short(annotation.id) else row + 1
            where = f"{name}, annotation {line}"
            if annotation.image_id not in numbers:
                homeless.append(where)
                continue
            number = numbers[annotation.image_id]
            if number is None:  # the image is missing
                continue
            label = names.get(annotation.category_id)
            if label is None:
                known = some([str(known) for known in names])
                found.refusals.append(
                    f"{where} has the category {annotation.category_id}, which is not among {known}"
                )
                continue
            box = annotation.bbox or _surrounding(annotation.segmentation)
            if box is None or len(box) != 4:
                found.refusals.append(f"{where} has no bbox of four numbers")
                continue
            x, y, width, height = box
            found.box(
                number,
                (x, y, x + width, y + height),
                label,
                line,
                crowd=bool(annotation.iscrowd),
                area=annotation.area,
            )
        if homeless and len(homeless) == len(file.annotations):
            first = file.annotations[0].image_id
            ids = some([str(image.id) for image in file.images])
            raise UserError(
                f"{name}: no annotation is of one of its images: image_id is {first!r}, say, but the"
                f" images have {ids}: number both alike"
            )
        found.problem(
            homeless,
            "annotation is of an image that the file does not list, left out",
            "annotations are of images that the file does not list, left out",
        )

    def _categories(self, name: str, categories: Sequence[Category]) -> dict[int | str, str]:
        """The class of each category id of a file. Ids are kept as facts where all files agree."""
        names: dict[int | str, str] = {}
        for category in categories:
            if category.id in names and names[category.id] != category.name:
                self.found.refusals.append(
                    f"{name}: the category {category.id} is both '{names[category.id]}' and '{category.name}'"
                )
            elif category.name in names.values():
                self.found.problems.append(
                    f"{name}: more than one category is called '{category.name}', taken as one"
                )
            names[category.id] = category.name
            self.categories.setdefault(category.name, category.id)
        return names

    def _images(
        self, part: str, name: str, folder: str, images: Sequence[Image]
    ) -> dict[int | str, int | None]:
        """The number of each image id's image, None where it is missing."""
        numbers: dict[int | str, int | None] = {}
        by_place: dict[int, int] = {}
        repeated: list[str] = []
        for image in images:
            if image.id in numbers:
                self.found.refusals.append(
                    f"{name}: two images have the id {image.id}, the second is '{image.file_name}'"
                )
                continue
            place = self.images.named(image.file_name, folder, part)
            if place is None:
                self.missing.append(image.file_name)
                numbers[image.id] = None
                continue
            if place in by_place:
                repeated.append(image.file_name)
            else:
                by_place[place] = self.found.image(part, place, name, _size(image))
            numbers[image.id] = by_place[place]
        self.found.problem(
            repeated,
            f"image is listed more than once in {name}: its annotations are put together",
            f"images are listed more than once in {name}: their annotations are put together",
        )
        return numbers


def _is_short(number: int | str | None) -> TypeGuard[int]:
    """Whether an id is a number that arrays can hold."""
    return isinstance(number, int) and abs(number) < 2**62


def _size(image: Image) -> tuple[int, int] | None:
    if image.height is None or image.width is None or not (0 < image.height < 1e9 and 0 < image.width < 1e9):
        return None
    return int(image.height), int(image.width)


def _decoded(source: Source) -> CocoFile:
    content = source.read().removeprefix(b"\xef\xbb\xbf")
    try:
        return _decoder.decode(content)
    except msgspec.ValidationError as error:
        raise UserError(f"{source.name} is no COCO file: {_lower(error)}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{source.name}, line {_line(content, error)} is not JSON: {_lower(error)}") from None


def _lower(error: Exception) -> str:
    text = str(error).replace("`", "'").removeprefix("JSON is malformed: ")
    return f"{text[:1].lower()}{text[1:]}"


def _line(content: bytes, error: Exception) -> int:
    """The line of a message that says "(byte 17)", else the last one: the file is cut off."""
    found = re.search(r"byte (\d+)", str(error))
    end = int(found.group(1)) if found else len(content.rstrip())
    return content.count(b"\n", 0, end) + 1


def _surrounding(segmentation: msgspec.Raw) -> list[float] | None:
    """x, y, width and height around polygons or a run-length encoded mask, where there is no bbox."""
    try:
        value: Any = msgspec.json.decode(segmentation) if segmentation else None
        if isinstance(value, dict):
            return run_lengths.surrounding(value["counts"], int(value["size"][0]))
        points = np.array([number for polygon in value for number in polygon], np.float64).reshape(-1, 2)
        low, high = points.min(axis=0), points.max(axis=0)
    except (msgspec.DecodeError, ValueError, TypeError, LookupError, OverflowError):
        return None
    return [*low.tolist(), *(high - low).tolist()]
