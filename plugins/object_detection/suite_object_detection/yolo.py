"""YOLO's text labels: a file per image, with a `data.yaml` or without."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import counted, some
from suite.sources import FileSource, Source, Tree, is_archive
from suite_images.listing import is_image
from suite_object_detection.annotations import Annotations
from suite_object_detection.options import YoloOptions
from suite_object_detection.places import Files, head_of, opened, part_of_path, stem
from suite_object_detection.yolo_configuration import SUFFIXES, is_configuration
from suite_object_detection.yolo_labels import read_lines
from suite_object_detection.yolo_layout import Layout, configuration_in, opened_around

_NAMES = ("classes.txt", "obj.names", "_darknet.labels", "predefined_classes.txt")
_MOST_LOOKED_INTO = 20


def detect(path: Path) -> bool:
    """Whether `path` is a `data.yaml`, or a folder or an archive with one, or with images and labels."""
    if path.is_file() and not is_archive(path):
        return path.suffix.lower() in SUFFIXES and is_configuration(FileSource(path))
    tree = opened(path)
    if configuration_in(path, tree) is not None:
        return True
    labels = _Labels(tree, Files(tree, is_image))
    found = (label for place in labels.images.places if (label := labels.of(place)) is not None)
    return any(_looks_like_labels(tree, place) for place in islice(found, _MOST_LOOKED_INTO))


def load(path: Path, options: YoloOptions) -> Dataset:
    """Load images with a text file each.

    The parts are those of `data.yaml`, else folders called after parts, else there is one. A label file has
    its image's name and lies in the folder `labels` that corresponds to the image's folder `images`, or
    beside the image.

    Args:
        path: a `data.yaml`, a folder or an archive.
        options: what becomes of images without a label file.

    Raises:
        UserError: where there are no labels, one is broken, in pixels or of an unknown class.
    """
    return _Reader(path, options).read()


def _looks_like_labels(tree: Tree, place: int) -> bool:
    words = head_of(tree.source(place), 4096).partition(b"\n")[0].split()
    try:
        return len(words) >= 5 and bool([float(word) for word in words])
    except ValueError:
        return False


def _is_label(name: str) -> bool:
    base = posixpath.basename(name).lower()
    return base.endswith(".txt") and base not in _NAMES and not base.startswith("readme")


class _Labels:
    """Which label file belongs to which image."""

    def __init__(self, tree: Tree, images: Files) -> None:
        self.tree = tree
        self.images = images
        self.files = Files(tree, _is_label)
        self._by_name = {tree.names[place]: place for place in self.files.places}

    def of(self, image: int) -> int | None:
        """The label file of an image, or None."""
        name = self.tree.names[image]
        own = f"{name.rpartition('.')[0]}.txt"
        above, images, below = f"/{own}".rpartition("/images/")
        mirrored = f"{above}/labels/{below}"[1:] if images else own
        for candidate in (mirrored, own):
            if candidate in self._by_name:
                return self._by_name[candidate]
        # In any other folder, where both names are the only ones of their part.
        part = part_of_path(name)
        labels = [at for at in self.files.all_stemmed(stem(name)) if self._is_of(at, part)]
        others = [at for at in self.images.all_stemmed(stem(name)) if self._is_of(at, part)]
        return labels[0] if len(labels) == 1 and len(others) == 1 else None

    def _is_of(self, place: int, part: str | None) -> bool:
        return part_of_path(self.tree.names[place]) in (part, None)


class _Reader:
    def __init__(self, path: Path, options: YoloOptions) -> None:
        self.path = path
        self.options = options
        self.tree, self.folder, self.configuration = opened_around(path)
        self.images = Files(self.tree, is_image)
        self.labels = _Labels(self.tree, self.images)
        self.found = Annotations(path, self.tree)

    def read(self) -> Dataset:
        found = self.found
        lists: set[int] = set()
        if self.configuration is not None:
            layout = Layout(self.tree, self.folder, self.configuration, self.images)
            parts = layout.parts()
            lists = layout.lists
            found.problems += layout.problems
        else:
            parts = self._parts_by_folders()
        names = self._names()
        used: set[int] = set()
        ids: set[int] = set()
        for part, places in parts.items():
            labels = {place: self.labels.of(place) for place in places}
            used.update(label for label in labels.values() if label is not None)
            self._add(part, labels, names, ids)
        self._report_unused({place for places in parts.values() for place in places}, used | lists)
        if not used:
            raise UserError(
                f"{self.path} has no labels of YOLO: a text file for each image, of the same name, in a"
                " folder 'labels' beside the folder 'images', or beside the image"
            )
        if not names:
            names = {number: str(number) for number in sorted(ids)}
            what = "no data.yaml or classes.txt says what the classes are called: they are called by number"
            found.problems.append(Problem(what))
        numbers = list(names)
        classes = list(dict.fromkeys(names.values()))
        regular = numbers == list(range(len(classes)))
        return found.dataset(
            classes=classes, normalized=True, facts={} if regular else {"category_ids": _first_numbers(names)}
        )

    def _parts_by_folders(self) -> dict[str, list[int]]:
        """Images by the parts that their folders are called after, of folders that have any label."""
        tree = self.tree
        labeled = {
            posixpath.dirname(tree.names[place])
            for place in self.images.places
            if self.labels.of(place) is not None
        }
        parts: dict[str | None, list[int]] = {}
        elsewhere: list[str] = []
        for place in self.images.places:
            name = tree.names[place]
            if posixpath.dirname(name) in labeled:
                parts.setdefault(part_of_path(name), []).append(place)
            else:
                elsewhere.append(name)
        rest = parts.pop(None, [])
        if rest and "train" not in parts:
            parts["train"] = rest
        elif rest:
            elsewhere += [tree.names[place] for place in rest]
        self.found.problem(
            elsewhere,
            "image lies in a folder without labels or of no part, left out",
            "images lie in folders without labels or of no part, left out",
        )
        return {str(part): places for part, places in parts.items()}

    def _add(
        self, part: str, labels: Mapping[int, int | None], names: Mapping[int, str], ids: set[int]
    ) -> None:
        found = self.found
        without = [self.tree.names[place] for place, label in labels.items() if label is None]
        if without and len(without) == len(labels):
            images = counted(len(without), "image", "images")
            found.problems.append(Problem(f"the {part} part has {images} but no labels, left out"))
            found.unusable.add(part)
            return
        keypoints = self.configuration is not None and self.configuration.keypoints
        background = self.options.unlabeled == "background"
        what = "taken as showing no object" if background else "left out"
        found.problem(without, f"image has no label file, {what}", f"images have no label file, {what}")
        for place, label in labels.items():
            if label is None:
                if background:
                    found.image(part, place, self.tree.names[place])
                continue
            name = self.tree.names[label]
            number = found.image(part, place, name)
            try:
                for line in read_lines(self.tree.source(label), name, keypoints):
                    if names and line.label not in names:
                        known = f"{min(names)} to {max(names)}" if len(names) > 1 else f"{min(names)}"
                        found.refusals.append(
                            f"{name}, line {line.number}: there is no class {line.label}, the numbers are"
                            f" {known}"
                        )
                        break
                    ids.add(line.label)
                    found.box(number, line.corners, names.get(line.label, str(line.label)), line.number)
            except UserError as error:
                found.refusals.append(str(error))

    def _report_unused(self, images: set[int], labels: set[int]) -> None:
        names = self.tree.names
        left = [place for place in self.images.places if place not in images]
        theirs = {label: place for place in left if (label := self.labels.of(place)) is not None}
        self.found.problem(
            [names[place] for label, place in theirs.items() if label not in labels],
            "image with a label file belongs to no part, left out",
            "images with a label file belong to no part, left out",
        )
        beside, _ = self.labels.files.unused(labels)
        self.found.problem(
            [names[label] for label in beside if label not in theirs],
            "label file has no image, left out",
            "label files have no image, left out",
        )

    def _names(self) -> dict[int, str]:
        """The classes by their numbers: of the data.yaml, else of a text file with a name a line."""
        if self.configuration is not None and self.configuration.names:
            return dict(self.configuration.names)
        found: dict[tuple[str, ...], str] = {}
        for place, name in enumerate(self.tree.names):
            base = posixpath.basename(name).lower()
            if base in _NAMES or base.endswith(".names"):
                found.setdefault(_lines_of_names(self.tree.source(place)), name)
        if len(found) > 1:
            raise UserError(f"{self.path}: the names of the classes differ in {some(list(found.values()))}")
        return dict(enumerate(next(iter(found), ())))


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
