"""YOLO's text labels: a file per image, with a `data.yaml` or without."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import counted, some
from suite.sources import FileSource, Source, Tree, is_archive, open_tree
from suite_images.file_index import FileIndex, stem
from suite_images.listing import is_image
from suite_object_detection.loaders.annotations import Annotations
from suite_object_detection.loaders.files import head_of
from suite_object_detection.loaders.splits import split_of_path
from suite_object_detection.loaders.yolo_configuration import SUFFIXES, is_configuration
from suite_object_detection.loaders.yolo_labels import read_lines
from suite_object_detection.loaders.yolo_layout import Layout, configuration_in, opened_around
from suite_object_detection.options import YoloOptions

_NAMES = ("classes.txt", "obj.names", "_darknet.labels", "predefined_classes.txt")
_MAX_LOOKED_INTO = 20


def detect(path: Path) -> bool:
    """Whether `path` is a `data.yaml`, or a folder or an archive with one, or with images and labels."""
    if path.is_file() and not is_archive(path):
        return path.suffix.lower() in SUFFIXES and is_configuration(FileSource(path))
    tree = open_tree(path)
    if configuration_in(path, tree) is not None:
        return True
    labels = _Labels(tree, FileIndex(tree, is_image, split_of_path))
    files = (label for image in labels.images.files if (label := labels.of(image)) is not None)
    return any(_looks_like_labels(tree, file) for file in islice(files, _MAX_LOOKED_INTO))


def load(path: Path, options: YoloOptions) -> Dataset:
    """Load images with a text file each.

    The splits are those of `data.yaml`, else folders called after splits, else there is one. A label file has
    its image's name and lies in the folder `labels` that corresponds to the image's folder `images`, or
    beside the image.

    Args:
        path: a `data.yaml`, a folder or an archive.
        options: what becomes of images without a label file.

    Raises:
        UserError: if there are no labels, one is broken, in pixels or of an unknown class.
    """
    return _Reader(path, options).read()


def _looks_like_labels(tree: Tree, file: int) -> bool:
    words = head_of(tree.source(file), 4096).partition(b"\n")[0].split()
    try:
        return len(words) >= 5 and bool([float(word) for word in words])
    except ValueError:
        return False


def _is_label(name: str) -> bool:
    base = posixpath.basename(name).lower()
    return base.endswith(".txt") and base not in _NAMES and not base.startswith("readme")


class _Labels:
    """Which label file belongs to which image; both are meant by their indices in the tree."""

    def __init__(self, tree: Tree, images: FileIndex) -> None:
        self.tree = tree
        self.images = images
        self.index = FileIndex(tree, _is_label, split_of_path)
        self._by_name = {tree.names[file]: file for file in self.index.files}

    def of(self, image: int) -> int | None:
        """The label file of an image, or None."""
        name = self.tree.names[image]
        own = f"{name.rpartition('.')[0]}.txt"
        above, images, below = f"/{own}".rpartition("/images/")
        mirrored = f"{above}/labels/{below}"[1:] if images else own
        for candidate in (mirrored, own):
            if candidate in self._by_name:
                return self._by_name[candidate]
        # In any other folder, if both names are the only ones of their split.
        split = split_of_path(name)
        labels = [file for file in self.index.all_with_stem(stem(name)) if self._is_of(file, split)]
        rivals = [file for file in self.images.all_with_stem(stem(name)) if self._is_of(file, split)]
        return labels[0] if len(labels) == 1 and len(rivals) == 1 else None

    def _is_of(self, file: int, split: str | None) -> bool:
        return split_of_path(self.tree.names[file]) in (split, None)


class _Reader:
    def __init__(self, path: Path, options: YoloOptions) -> None:
        self.path = path
        self.options = options
        self.tree, self.folder, self.configuration = opened_around(path)
        self.annotations = Annotations(path, self.tree)
        self.images = self.annotations.images
        self.labels = _Labels(self.tree, self.images)

    def read(self) -> Dataset:
        annotations = self.annotations
        lists: set[int] = set()
        if self.configuration is not None:
            layout = Layout(self.tree, self.folder, self.configuration, self.images)
            splits = layout.splits()
            lists = layout.lists
            annotations.problems += layout.problems
        else:
            splits = self._splits_by_folders()
        names = self._names()
        used: set[int] = set()
        numbers_used: set[int] = set()
        for split, images in splits.items():
            labels = {image: self.labels.of(image) for image in images}
            used.update(label for label in labels.values() if label is not None)
            self._add(split, labels, names, numbers_used)
        self._report_unused({image for images in splits.values() for image in images}, used | lists)
        if not used:
            raise UserError(
                f"{self.path} has no labels of YOLO: a text file for each image, of the same name, in a"
                " folder 'labels' beside the folder 'images', or beside the image"
            )
        if not names:
            names = {number: str(number) for number in sorted(numbers_used)}
            what = "no data.yaml or classes.txt says what the classes are called: they are called by number"
            annotations.problems.append(Problem(what))
        numbers = list(names)
        classes = list(dict.fromkeys(names.values()))
        regular = numbers == list(range(len(classes)))
        return annotations.dataset(
            classes=classes, normalized=True, facts={} if regular else {"category_ids": _first_numbers(names)}
        )

    def _splits_by_folders(self) -> dict[str, list[int]]:
        """Images by the splits that their folders are called after, of folders that have any label."""
        names = self.tree.names
        labeled = {
            posixpath.dirname(names[image])
            for image in self.images.files
            if self.labels.of(image) is not None
        }
        splits: dict[str | None, list[int]] = {}
        elsewhere: list[str] = []
        for image in self.images.files:
            name = names[image]
            if posixpath.dirname(name) in labeled:
                splits.setdefault(split_of_path(name), []).append(image)
            else:
                elsewhere.append(name)
        rest = splits.pop(None, [])
        if rest and "train" not in splits:
            splits["train"] = rest
        elif rest:
            elsewhere += [names[image] for image in rest]
        self.annotations.problem(
            elsewhere,
            "image lies in a folder without labels or of no split, left out",
            "images lie in folders without labels or of no split, left out",
        )
        return {str(split): images for split, images in splits.items()}

    def _add(
        self,
        split: str,
        labels: Mapping[int, int | None],
        names: Mapping[int, str],
        numbers_used: set[int],
    ) -> None:
        annotations = self.annotations
        without = [self.tree.names[image] for image, label in labels.items() if label is None]
        if without and len(without) == len(labels):
            count = counted(len(without), "image", "images")
            annotations.problems.append(Problem(f"the {split} split has {count} but no labels, left out"))
            annotations.unusable.add(split)
            return
        background = self.options.unlabeled == "background"
        what = "taken as showing no object" if background else "left out"
        annotations.problem(without, f"image has no label file, {what}", f"images have no label file, {what}")
        for image, label in labels.items():
            if label is not None:
                name = self.tree.names[label]
                self._add_label(annotations.image(split, image, name), label, names, numbers_used)
            elif background:
                annotations.image(split, image, self.tree.names[image])

    def _add_label(self, image: int, label: int, names: Mapping[int, str], numbers_used: set[int]) -> None:
        """Add the boxes of a label file to an image."""
        keypoints = self.configuration is not None and self.configuration.keypoints
        name = self.tree.names[label]
        try:
            for line in read_lines(self.tree.source(label), name, keypoints):
                if names and line.label not in names:
                    known = f"{min(names)} to {max(names)}" if len(names) > 1 else f"{min(names)}"
                    self.annotations.refusals.append(
                        f"{name}, line {line.number}: there is no class {line.label}, the numbers are {known}"
                    )
                    break
                numbers_used.add(line.label)
                self.annotations.box(image, line.corners, names.get(line.label, str(line.label)), line.number)
        except UserError as error:
            self.annotations.refusals.append(str(error))

    def _report_unused(self, images: set[int], labels: set[int]) -> None:
        names = self.tree.names
        left = [image for image in self.images.files if image not in images]
        theirs = {label: image for image in left if (label := self.labels.of(image)) is not None}
        self.annotations.problem(
            [names[image] for label, image in theirs.items() if label not in labels],
            "image with a label file belongs to no split, left out",
            "images with a label file belong to no split, left out",
        )
        beside, _ = self.labels.index.unused(labels)
        self.annotations.problem(
            [names[label] for label in beside if label not in theirs],
            "label file has no image, left out",
            "label files have no image, left out",
        )

    def _names(self) -> dict[int, str]:
        """The classes by their numbers: of the data.yaml, else of a text file with a name a line."""
        if self.configuration is not None and self.configuration.names:
            return dict(self.configuration.names)
        files: dict[tuple[str, ...], str] = {}
        for file, name in enumerate(self.tree.names):
            base = posixpath.basename(name).lower()
            if base in _NAMES or base.endswith(".names"):
                files.setdefault(_lines_of_names(self.tree.source(file)), name)
        if len(files) > 1:
            raise UserError(f"{self.path}: the names of the classes differ in {some(list(files.values()))}")
        return dict(enumerate(next(iter(files), ())))


def _lines_of_names(source: Source) -> tuple[str, ...]:
    try:
        text = source.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{source.name} has no names of classes in UTF-8") from None
    lines = [line.strip() for line in text.rstrip().splitlines()]
    if not all(lines):
        line = lines.index("") + 1
        raise UserError(f"{source.name}, line {line} is empty: it should be the name of a class")
    return tuple(lines)


def _first_numbers(names: Mapping[int, str]) -> list[int]:
    """The number of each class, the first one of several."""
    first: dict[str, int] = {}
    for number, name in names.items():
        first.setdefault(name, number)
    return list(first.values())
