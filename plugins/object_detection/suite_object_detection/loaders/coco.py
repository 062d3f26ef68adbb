"""COCO's JSON: a file per split that lists images, categories and annotations.

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
from suite.sources import FileSource, Source, Tree, is_archive, open_tree
from suite_object_detection.loaders.annotations import Annotations
from suite_object_detection.loaders.files import head_of, tail_of
from suite_object_detection.loaders.splits import SPLIT_NAMES, files_of_splits, split_of_name, split_of_path
from suite_object_detection.options import CocoOptions

_OWN_FOLDERS = ("annotations", "labels", "json")
_OTHER_KINDS = ("captions", "panoptic", "stuff", "person_keypoints", "image_info")
_MAX_FILES = 100
"""How many files are looked into; of other formats there may be one for each image."""
_PEEK = 1 << 16


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

    images: list[CocoImage]
    annotations: list[Annotation] | None = None
    categories: list[Category] = []


_decoder = msgspec.json.Decoder(CocoFile, strict=False)


def detect(path: Path) -> bool:
    """Whether `path` is a COCO file, or a folder or an archive that has one."""
    if path.is_file() and not is_archive(path):
        return path.suffix.lower() == ".json" and _looks_like_coco(FileSource(path))
    return bool(_files(open_tree(path)))


def load(path: Path, options: CocoOptions) -> Dataset:
    """Load the images of a COCO file, or of a folder's files that are called after their splits.

    Args:
        path: a file (all of it is the training split), a folder or an archive.
        options: where the images are.

    Raises:
        UserError: if there is no COCO file, one is broken, images of all are missing, or annotations
            must not be trained on.
    """
    if path.is_file() and not is_archive(path):
        root = path.parent.parent if path.parent.name.lower() in _OWN_FOLDERS else path.parent
        sources: dict[str, tuple[str, Source]] = {
            "train": (path.relative_to(root).as_posix(), FileSource(path))
        }
        tree = open_tree(options.images or root)
        notes: list[str] = []
        unusable: set[str] = set()
    else:
        tree = open_tree(path)
        files, unusable, notes = _files_by_split(path, tree)
        sources = {split: (tree.names[file], tree.source(file)) for split, file in files.items()}
        if options.images:
            tree = open_tree(options.images)
    reader = _Reader(path, tree, notes)
    reader.annotations.unusable = unusable
    return reader.read(sources)


def _files(tree: Tree) -> list[int]:
    """The COCO files of a tree."""
    files = [file for file, name in enumerate(tree.names) if name.lower().endswith(".json")]
    files.sort(key=lambda file: (tree.names[file].count("/"), tree.names[file]))
    files = [file for file in files[:_MAX_FILES] if _looks_like_coco(tree.source(file))]
    plain = [
        file for file in files if not tree.names[file].rpartition("/")[2].lower().startswith(_OTHER_KINDS)
    ]
    return plain or files


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


def _files_by_split(path: Path, tree: Tree) -> tuple[dict[str, int], set[str], list[str]]:
    """The file of each split, the splits that other files are called after, and what is left out."""
    files = _files(tree)
    if not files:
        raise UserError(
            f"{path} has no COCO file: a JSON with images, annotations and categories, called after its split"
            " (annotations/instances_train2017.json, train/_annotations.coco.json)"
        )
    splits, unnamed = files_of_splits(path, tree, files, "COCO file")
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
    notes: list[str] = []
    if unnamed:
        count = counted(len(unnamed), "COCO file is", "COCO files are")
        notes.append(Problem(f"{count} called after no split, left out", unnamed))
    if others:
        count = counted(len(others), "file is no COCO file", "files are no COCO files")
        notes.append(Problem(f"{count} by the look of it, left out", list(others)))
    return splits, set(others.values()) - splits.keys(), notes


class _Reader:
    """Puts the files of all splits together. Categories of one name are one class."""

    def __init__(self, path: Path, tree: Tree, notes: Sequence[str]) -> None:
        self.annotations = Annotations(path, tree, counted_by="annotation", areas=True)
        self.annotations.problems.extend(notes)
        self.categories: dict[str, int | str] = {}

    def read(self, sources: Mapping[str, tuple[str, Source]]) -> Dataset:
        """The data set of a file for each split: its name relative to the tree, and its content."""
        for split in SPLIT_NAMES:
            if split in sources:
                name, source = sources[split]
                self._add(split, name, _decoded(source))
        self.annotations.report_missing()
        numbers = list(self.categories.values())
        facts = {} if numbers == list(range(len(numbers))) else {"category_ids": numbers}
        return self.annotations.dataset(classes=list(self.categories), facts=facts)

    def _add(self, split: str, name: str, content: CocoFile) -> None:
        if content.annotations is None:
            self.annotations.problems.append(
                f"{name} has no list of annotations: its {len(content.images):,} images are left out"
            )
            return
        names = self._categories(name, content.categories)
        images = self._images(split, name, content.images)
        homeless: list[str] = []
        for row, annotation in enumerate(content.annotations):
            line = annotation.id if _is_short(annotation.id) else row + 1
            location = f"{name}, annotation {line}"
            if annotation.image_id not in images:
                homeless.append(location)
                continue
            image = images[annotation.image_id]
            if image is not None:  # else it is missing
                self._add_box(image, annotation, names, location, line)
        if homeless and len(homeless) == len(content.annotations):
            first = content.annotations[0].image_id
            ids = some([str(image.id) for image in content.images])
            raise UserError(
                f"{name}: no annotation is of one of its images: image_id is {first!r}, say, but the"
                f" images have {ids}: number both alike"
            )
        self.annotations.problem(
            homeless,
            "annotation is of an image that the file does not list, left out",
            "annotations are of images that the file does not list, left out",
        )

    def _add_box(
        self, image: int, annotation: Annotation, names: Mapping[int | str, str], location: str, line: int
    ) -> None:
        refuse = self.annotations.refusals.append
        label = names.get(annotation.category_id)
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

    def _categories(self, name: str, categories: Sequence[Category]) -> dict[int | str, str]:
        """The class of each category id of a file. Ids are kept as facts if all files agree."""
        names: dict[int | str, str] = {}
        for category in categories:
            if category.id in names and names[category.id] != category.name:
                self.annotations.refusals.append(
                    f"{name}: the category {category.id} is both '{names[category.id]}' and '{category.name}'"
                )
            elif category.name in names.values():
                self.annotations.problems.append(
                    f"{name}: more than one category is called '{category.name}', taken as one"
                )
            names[category.id] = category.name
            self.categories.setdefault(category.name, category.id)
        return names

    def _images(self, split: str, name: str, listed: Sequence[CocoImage]) -> dict[int | str, int | None]:
        """The number of each image id's image, None if it is missing."""
        folder = name.rpartition("/")[0]
        numbers: dict[int | str, int | None] = {}
        by_file: dict[int, int] = {}
        repeated: list[str] = []
        for image in listed:
            if image.id in numbers:
                self.annotations.refusals.append(
                    f"{name}: two images have the id {image.id}, the second is '{image.file_name}'"
                )
                continue
            file = self.annotations.images.named(image.file_name, folder, split)
            if file is None:
                self.annotations.missing(image.file_name)
                numbers[image.id] = None
                continue
            if file in by_file:
                repeated.append(image.file_name)
            else:
                by_file[file] = self.annotations.image(split, file, name, _size(image))
            numbers[image.id] = by_file[file]
        self.annotations.problem(
            repeated,
            f"image is listed more than once in {name}: its annotations are put together",
            f"images are listed more than once in {name}: their annotations are put together",
        )
        return numbers


def _is_short(number: int | str | None) -> TypeGuard[int]:
    """Whether an id is a number that arrays can hold."""
    return isinstance(number, int) and abs(number) < 2**62


def _size(image: CocoImage) -> tuple[int, int] | None:
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
    byte = re.search(r"byte (\d+)", str(error))
    end = int(byte.group(1)) if byte else len(content.rstrip())
    return content.count(b"\n", 0, end) + 1


def _surrounding(segmentation: msgspec.Raw) -> list[float] | None:
    """x, y, width and height around polygons or a run-length encoded mask, if there is no bbox."""
    try:
        value: Any = msgspec.json.decode(segmentation) if segmentation else None
        if isinstance(value, dict):
            return _around_mask(value)
        points = np.array([number for polygon in value for number in polygon], np.float64).reshape(-1, 2)
        low, high = points.min(axis=0), points.max(axis=0)
    except (msgspec.DecodeError, ValueError, TypeError, LookupError, OverflowError):
        return None
    return [*low.tolist(), *(high - low).tolist()]


def _around_mask(encoded: dict[str, Any]) -> list[float] | None:
    """The box around a mask whose run lengths are numbers or their text form; None if it is damaged."""
    from faster_coco_eval import mask

    try:
        if not isinstance(encoded["counts"], str):
            encoded = mask.frPyObjects(encoded, *encoded["size"])
        box: list[float] = mask.toBbox(encoded).tolist()
    except (RuntimeError, ValueError, TypeError, LookupError, OverflowError):
        return None
    return box if min(box[2:]) > 0 else None
