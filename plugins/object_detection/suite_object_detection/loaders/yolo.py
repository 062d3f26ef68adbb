"""YOLO's text labels: a file per image, with a `data.yaml` or without."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import counted, some
from suite.sources import FileSource, Source, Tree, is_archive, open_tree
from suite_images.file_index import FileIndex, split_of_path
from suite_images.listing import is_image
from suite_object_detection.loaders.annotations import Annotations
from suite_object_detection.loaders.files import head_of
from suite_object_detection.loaders.splits import grouped
from suite_object_detection.loaders.yolo_configuration import SUFFIXES, is_configuration
from suite_object_detection.loaders.yolo_keypoints import look_beyond
from suite_object_detection.loaders.yolo_labels import NAMES_FILES, Labels, read_lines
from suite_object_detection.loaders.yolo_layout import Layout, configuration_in, opened_around
from suite_object_detection.options import YoloOptions

_MAX_LOOKED_INTO = 20


def detect(path: Path) -> bool:
    """Whether `path` is a `data.yaml`, or a folder or an archive with one, or with images and labels.

    So is one with labels and the names of the classes, but without images: `load` says what to do.
    """
    if path.is_file() and not is_archive(path):
        return path.suffix.lower() in SUFFIXES and is_configuration(FileSource(path))
    tree = open_tree(path)
    if configuration_in(path, tree) is not None:
        return True
    labels = Labels(tree, FileIndex(tree, is_image), tree)
    files: Iterable[int | None] = map(labels.of, labels.images.files)
    if not labels.images.files and any(_has_names(name) for name in tree.names):
        files = labels.index.files
    written = (file for file in files if file is not None and tree.sizes[file] > 0)
    return any(_looks_like_labels(tree, file) for file in islice(written, _MAX_LOOKED_INTO))


def load(path: Path, options: YoloOptions) -> Dataset:
    """Load images with a text file each.

    The splits are those of `data.yaml`, else folders called after splits, else there is one. A label file has
    its image's name and lies in the folder `labels` that corresponds to the image's folder `images`, or
    beside the image.

    Args:
        path: a `data.yaml`, a folder or an archive.
        options: where the images are, what becomes of those without a label file, and what long lines are.

    Raises:
        UserError: if there are no labels, one is broken, in pixels or of an unknown class, or lines may be
            outlines or key points.
    """
    return _Reader(path, options).read()


def _looks_like_labels(tree: Tree, file: int) -> bool:
    words = head_of(tree.source(file), 4096).lstrip().partition(b"\n")[0].split()
    try:
        return len(words) >= 5 and bool([float(word) for word in words])
    except ValueError:
        return False


class _Reader:
    def __init__(self, path: Path, options: YoloOptions) -> None:
        self.path = path
        self.options = options
        self.tree, self.folder, self.configuration = opened_around(path)
        self.annotations = Annotations(path, open_tree(options.images) if options.images else self.tree)
        self.images = self.annotations.images
        self.labels = Labels(self.tree, self.images, self.annotations.tree)
        self.keypoints = False

    def read(self) -> Dataset:
        annotations = self.annotations
        self._refuse_without_images()
        lists: set[int] = set()
        if self.configuration is not None and not self.options.images:
            layout = Layout(self.tree, self.folder, self.configuration, self.images)
            splits = layout.splits()
            lists = layout.lists
            annotations.problems += layout.problems
        else:
            splits = self._splits_by_folders()
        names = self._names()
        used: set[int] = set()
        numbers_used: set[int] = set()
        labels_of = {
            split: {image: self.labels.of(image) for image in images} for split, images in splits.items()
        }
        self.keypoints = self._have_keypoints(labels_of.values())
        for split, labels in labels_of.items():
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
        return annotations.dataset(
            classes=list(dict.fromkeys(names.values())),
            normalized=True,
            facts={"category_ids": _first_numbers(names)},
            options=self.options,
        )

    def _refuse_without_images(self) -> None:
        """Say where images are looked for if there is none, but there are labels."""
        if self.images.files or not self.labels.index.files:
            return
        if self.options.images:
            raise UserError(f"{self.options.images} (loader.images) has no image")
        count = counted(len(self.labels.index.files), "label file", "label files")
        raise UserError(
            f"{self.path} has {count} of YOLO, but no image (Label Studio exports labels without them): copy"
            " the images into a folder 'images' beside the folder 'labels', or name their folder with --set"
            " loader.images=FOLDER"
        )

    def _have_keypoints(self, labels_of: Iterable[Mapping[int, int | None]]) -> bool:
        """Whether key points follow each box; what is told of that if nobody said so.

        Raises:
            UserError: if it cannot be told.
        """
        if self.options.beyond != "auto":
            return self.options.beyond == "keypoints"
        if self.configuration is not None and self.configuration.keypoints:
            return True
        files = [file for labels in labels_of for file in labels.values() if file is not None]
        written = [self.tree.source(file) for file in files if self.tree.sizes[file] > 0]
        beyond = look_beyond(written)
        points = counted(beyond.points, "key point", "key points")
        if beyond.kind == "unclear":
            raise UserError(
                f"{self.path}: the {beyond.values} numbers behind the class may be the outline of an object,"
                f" or its box and {points}: say which with --set loader.beyond=outline or --set"
                " loader.beyond=keypoints"
            )
        if beyond.kind == "keypoints":
            self.annotations.problems.append(
                Problem(
                    f"label files have {points} behind each box, by the look of the numbers: boxes are read,"
                    " key points are not. If the numbers are outlines, say --set loader.beyond=outline",
                    wrong=False,
                )
            )
        return beyond.kind == "keypoints"

    def _splits_by_folders(self) -> dict[str, list[int]]:
        """Images by the splits that their folders are called after, of folders that have any label."""
        names = self.annotations.tree.names
        labeled = {
            posixpath.dirname(names[image])
            for image in self.images.files
            if self.labels.of(image) is not None
        }
        inside = [image for image in self.images.files if posixpath.dirname(names[image]) in labeled]
        splits, rest = grouped(inside, self._split_of)
        elsewhere = [image for image in self.images.files if posixpath.dirname(names[image]) not in labeled]
        self.annotations.problem(
            [names[image] for image in (*elsewhere, *rest)],
            "image lies in a folder without labels or of no split, left out",
            "images lie in folders without labels or of no split, left out",
        )
        return splits

    def _split_of(self, image: int) -> str | None:
        """The split that the folder of an image, or of its label file, is called after."""
        label = self.labels.of(image)
        own = split_of_path(self.annotations.tree.names[image])
        return own or (split_of_path(self.tree.names[label]) if label is not None else None)

    def _add(
        self,
        split: str,
        labels: Mapping[int, int | None],
        names: Mapping[int, str],
        numbers_used: set[int],
    ) -> None:
        annotations = self.annotations
        image_names = annotations.tree.names
        without = [image_names[image] for image, label in labels.items() if label is None]
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
                annotations.image(split, image, image_names[image])

    def _add_label(self, image: int, label: int, names: Mapping[int, str], numbers_used: set[int]) -> None:
        """Add the boxes of a label file to an image."""
        name = self.tree.names[label]
        try:
            for line in read_lines(self.tree.source(label), name, self.keypoints):
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
        names, image_names = self.tree.names, self.annotations.tree.names
        left = [image for image in self.images.files if image not in images]
        theirs = {label: image for image in left if (label := self.labels.of(image)) is not None}
        self.annotations.problem(
            [image_names[image] for label, image in theirs.items() if label not in labels],
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
            if _has_names(name):
                files.setdefault(_lines_of_names(self.tree.source(file)), name)
        if len(files) > 1:
            raise UserError(f"{self.path}: the names of the classes differ in {some(list(files.values()))}")
        return dict(enumerate(next(iter(files), ())))


def _has_names(name: str) -> bool:
    """Whether a file has the names of the classes."""
    base = posixpath.basename(name).lower()
    return base in NAMES_FILES or base.endswith(".names")


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
