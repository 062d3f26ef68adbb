"""What all formats share: images and boxes as a loader finds them, checked and put together."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import SPLIT_NAMES, counted, some
from suite.options import Options
from suite.sources import Tree, open_tree
from suite_images import reading
from suite_images.classes import ClassSelection, look_alikes, select_classes
from suite_images.file_index import FileIndex
from suite_images.listing import is_image
from suite_object_detection.examples import AnnotatedImages
from suite_object_detection.loaders.cleaning import Cleaned, clean, images_of_shares
from suite_object_detection.loaders.orientation import (
    Headers,
    placing,
    read_headers,
    stored_sizes,
    turned_upright,
)
from suite_object_detection.options import BoxOptions

_MAX_REFUSALS_SHOWN = 5


class Annotations:
    """The images and boxes of all splits. A format's loader adds what it finds, `dataset` checks it.

    Boxes that reach over the edge are clipped, boxes without an area, outside or there twice are left out,
    exchanged corners are put right, all named by file and line. Numbers that are not finite, and shares
    instead of pixels, are refused. Images that cannot be read or are missing are named.

    Args:
        path: how a message calls the data.
        tree: where the images are; None: the folder or archive `path`.
        counted_by: what the `line` of a box counts: lines of a file, or its annotations.
        areas: whether the format gives the areas of the objects themselves.

    Attributes:
        images: the image files of the tree, to be found by the names that annotations have.
        problems: what was left out or is odd, so far.
        refusals: a sentence on each defect that forbids to train on this data.
        unusable: splits that there are, but that could not be used; `problems` say why.
    """

    def __init__(
        self,
        path: Path,
        tree: Tree | None = None,
        *,
        counted_by: str = "line",
        areas: bool = False,
    ) -> None:
        self.path = path
        self.tree = open_tree(path) if tree is None else tree
        self.problems: list[str] = list(self.tree.problems)
        self.refusals: list[str] = []
        self.unusable: set[str] = set()
        self._counted_by = counted_by
        self._areas = areas
        self._missing: dict[str, None] = {}
        self._sources: dict[str, int] = {}
        self._names_of_sources: list[str] = []
        self._classes: dict[str, int] = {}
        # Of each image, in the order in which they were added:
        self._split = array("b")
        self._file = array("q")
        self._source = array("q")
        self._size = array("q")
        # Of each box:
        self._image = array("q")
        self._corners = array("d")
        self._label = array("q")
        self._line = array("q")
        self._crowd = array("b")
        self._area = array("d")

    def __len__(self) -> int:
        return len(self._file)

    @cached_property
    def images(self) -> FileIndex:
        return FileIndex(self.tree, is_image)

    def image(self, split: str, file: int, source: str, size: tuple[int, int] | None = None) -> int:
        """Add an image.

        Args:
            split: "train", "validation" or "test".
            file: its index in `tree.names`. Each file is added once to a split.
            source: the file that annotates it, for messages.
            size: height and width as annotated; None: as the image's header says.

        Returns:
            Its number, for `box`.
        """
        if source not in self._sources:
            self._sources[source] = len(self._sources)
            self._names_of_sources.append(source)
        self._split.append(SPLIT_NAMES.index(split))
        self._file.append(file)
        self._source.append(self._sources[source])
        self._size.extend(size or (0, 0))
        return len(self._file) - 1

    def missing(self, name: str) -> None:
        """Note an image that is annotated, but not there; `report_missing` reports it."""
        self._missing.setdefault(name)

    def box(
        self,
        image: int,
        corners: Sequence[float],
        label: str,
        line: int,
        *,
        crowd: bool = False,
        area: float | None = None,
    ) -> None:
        """Add a box.

        Args:
            image: the number that `image` returned.
            corners: x1, y1, x2, y2 as they are written down, unchecked.
            label: the name of the class.
            line: where it is written, for messages.
            crowd: whether it surrounds a group, or is to be ignored.
            area: of the object, in square pixels.
        """
        self._image.append(image)
        self._corners.extend(corners)
        self._label.append(self._classes.setdefault(label, len(self._classes)))
        self._line.append(line)
        self._crowd.append(crowd)
        self._area.append(np.nan if area is None else area)

    def problem(self, locations: Sequence[str], singular: str, plural: str) -> None:
        """Note what was left out or is odd, if there is any: "1 `singular`: ..." or "2 `plural`: ..."."""
        if locations:
            self.problems.append(Problem(counted(len(locations), singular, plural), locations))

    def remark(self, locations: Sequence[str], singular: str, plural: str) -> None:
        """As `problem`, of what is worth a look, and not wrong."""
        if locations:
            text = counted(len(locations), singular, plural)
            self.problems.append(Problem(text, locations, wrong=False))

    def report_missing(self) -> None:
        """Put images that are missing, or that only their name was found by, among the problems.

        Raises:
            UserError: if all are missing.
        """
        missing = list(self._missing)
        if not len(self) and not self.refusals:
            raise UserError(
                f"{self.path}: none of its {len(missing):,} images is in {self.tree.name}:"
                f" {some(missing)}. Name their folder with --set loader.images=FOLDER"
            )
        self.problem(missing, "image is missing, left out", "images are missing, left out")
        self.problem(
            self.images.guessed,
            "image is not the only one of its name, and may be the wrong one",
            "images are not the only ones of their names, and may be the wrong ones",
        )
        self.remark(
            [f"{name} ({written})" for name, written in self.images.respelled.items()],
            "image is called otherwise than it is annotated",
            "images are called otherwise than they are annotated",
        )
        self._missing.clear()
        self.images.respelled.clear()

    def size_of(self, image: int) -> tuple[int, int]:
        """Height and width of an image that was added, by its header; 0 and 0 if that cannot be read."""
        with suppress(UserError):
            return reading.size(self.tree.source(self._file[image]))
        return 0, 0

    @property
    def corners(self) -> np.ndarray:
        """What was added so far: float64 (boxes, 4), as written down."""
        return np.array(self._corners).reshape(-1, 4)

    def dataset(
        self,
        *,
        classes: Sequence[str] | None = None,
        first_pixel: int = 0,
        normalized: bool = False,
        facts: Mapping[str, Any] | None = None,
        options: Options | None = None,
    ) -> Dataset:
        """Check all boxes and give the data set.

        Args:
            classes: the names in their order; None: those of the boxes, sorted.
            first_pixel: 1 if corners are numbers of pixels from 1 on, the last one included.
            normalized: whether corners are shares of the image's width and height, not pixels.
            facts: to be added to the data set's; `category_ids` are the numbers of `classes`.
            options: the loader's, with no "auto" left.

        Raises:
            UserError: for what must not be trained on, with the first locations and their number; if no
                image has a box; if there are splits but none for training, or it could not be used.
        """
        if self._missing or self.images.respelled:
            self.report_missing()
        given = options if isinstance(options, BoxOptions) else BoxOptions()
        known = list(classes) if classes is not None else sorted(self._classes)
        selection = select_classes(known, given, str(self.path))
        self.problems += map(Problem, look_alikes(selection.names))
        label = self._numbers_of(selection)
        boxes = self.corners
        image = np.frombuffer(self._image, np.int64)
        annotated = np.frombuffer(self._size, np.int64).reshape(-1, 2)
        files = np.frombuffer(self._file, np.int64)
        headers = read_headers(self.tree, files, annotated, given.orientation == "stored")
        stored = self._placed(headers, None if normalized else boxes, image, given)
        sizes = stored_sizes(headers, stored)
        finite = self._finite(boxes, label >= 0)
        if not finite.all():
            boxes = np.where(finite[:, None], boxes, 0)
        if not normalized:
            self._refuse_shares(boxes, image, sizes)
        cleaned = clean(boxes, label, image, sizes, first_pixel=first_pixel, normalized=normalized)
        self._report(cleaned, finite & (label >= 0))
        if self.refusals:
            raise self._refused()
        upright, sizes = turned_upright(cleaned.boxes, image, sizes, headers, stored)
        cleaned = replace(cleaned, boxes=upright, kept=cleaned.kept & (label >= 0))
        if not cleaned.kept.any():
            nothing = f"{self.path}: no image has a box, so there is nothing to learn from"
            raise UserError("\n  ".join([nothing, *self.problems]))
        splits = self._splits(cleaned, sizes, label, list(selection.names), self._ignored(cleaned, given))
        return Dataset(
            train=splits["train"],
            validation=splits.get("validation"),
            test=splits.get("test"),
            facts={"classes": list(selection.names), **_facts_of(facts or {}, selection)},
            problems=self.problems,
            labels=lambda example: example.target["labels"],
            options=options,
        )

    def _numbers_of(self, selection: ClassSelection) -> np.ndarray:
        """The number of the class of each box; -1 if it is not read."""
        numbers = dict(zip(selection.known, selection.numbers, strict=True))
        own = np.array([numbers[name] for name in self._classes], np.int64)
        return own[np.frombuffer(self._label, np.int64)]

    def _placed(
        self, headers: Headers, boxes: np.ndarray | None, image: np.ndarray, options: BoxOptions
    ) -> np.ndarray:
        """Whether the boxes of each image were drawn on it as it is stored; what is told of it."""
        unreadable = np.flatnonzero(headers.sizes[:, 0] == 0).tolist()
        self.problem(self._files_of(unreadable), "image cannot be read", "images cannot be read")
        placed = placing(headers, boxes, image, options.orientation)
        if options.orientation == "auto":
            self.remark(
                self._files_of(np.flatnonzero(placed.stored).tolist()),
                "image is turned by Exif, and its boxes with it, for they fit the image as it is stored",
                "images are turned by Exif, and their boxes with them, for they fit the images as stored",
            )
        if placed.undecided:
            count = counted(placed.undecided, "image with boxes is", "images with boxes are")
            self.problems.append(
                Problem(
                    f"{count} turned by Exif, and nothing tells whether the boxes are: they are taken as"
                    " of the upright image. If they lie elsewhere, say --set loader.orientation=stored",
                    wrong=False,
                )
            )
        return placed.stored

    def _ignored(self, cleaned: Cleaned, options: BoxOptions) -> np.ndarray:
        """Which boxes are to be ignored; a problem if that leaves nothing to learn from."""
        marked = np.frombuffer(self._crowd, np.bool_)
        if not options.ignores:
            return np.zeros_like(marked)
        if marked[cleaned.kept].all():
            count = counted(int(cleaned.kept.sum()), "box is", "boxes are")
            what = f"{count} marked as to be ignored, and there is no other to learn from"
            self.problems.append(Problem(f"{what}{options.way_to_train_on_ignored}", of_training=True))
        return marked

    def _splits(
        self,
        cleaned: Cleaned,
        sizes: np.ndarray,
        label: np.ndarray,
        classes: list[str],
        ignored: np.ndarray,
    ) -> dict[str, AnnotatedImages]:
        file = np.frombuffer(self._file, np.int64)
        split_of = np.frombuffer(self._split, np.int8)
        image = np.frombuffer(self._image, np.int64)
        areas = self._areas_of(cleaned.boxes) if self._areas else None
        kept = np.flatnonzero(cleaned.kept)
        kept = kept[np.argsort(image[kept], kind="stable")]
        splits = {}
        for number, name in enumerate(SPLIT_NAMES):
            chosen = np.flatnonzero(split_of == number)
            if len(chosen):
                inside = kept[split_of[image[kept]] == number]
                count = np.bincount(image[inside], minlength=len(self))[chosen]
                splits[name] = AnnotatedImages(
                    tree=self.tree,
                    files=file[chosen],
                    sizes=sizes[chosen].astype(np.int32),
                    starts=np.append(0, np.cumsum(count)),
                    boxes=cleaned.boxes[inside],
                    labels=label[inside].astype(np.int32),
                    crowd=ignored[inside],
                    areas=None if areas is None else areas[inside],
                    classes=classes,
                )
        if "train" in splits:
            return splits
        if len(splits) > 1 or "train" in self.unusable:
            lacks = f"{self.path} has no training split, only {' and '.join(splits)}"
            raise UserError("\n  ".join([lacks, *self.problems]))
        (only,) = splits
        text = f"there is a {only} split only: it is taken as the training split"
        self.problems.append(Problem(text, of_training=True))
        return {"train": splits[only]}

    def _areas_of(self, boxes: np.ndarray) -> np.ndarray:
        """The objects' areas; the boxes' if the format says nothing sensible."""
        extents = boxes[:, 2:] - boxes[:, :2]
        areas = np.frombuffer(self._area, np.float64)
        return np.where(np.isfinite(areas) & (areas > 0), areas, extents[:, 0] * extents[:, 1])

    def _files_of(self, images: Sequence[int]) -> list[str]:
        return [self.tree.names[self._file[number]] for number in images]

    def _location(self, box: int) -> str:
        source = self._names_of_sources[self._source[self._image[box]]]
        return f"{source}, {self._counted_by} {self._line[box]}"

    def _finite(self, boxes: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        finite: np.ndarray = np.isfinite(boxes).all(axis=1)
        for box in np.flatnonzero(~finite & chosen).tolist():
            self.refusals.append(
                f"{self._location(box)}: the box {_numbers(boxes[box])} is not of finite numbers"
            )
        return finite

    def _refuse_shares(self, boxes: np.ndarray, image: np.ndarray, sizes: np.ndarray) -> None:
        """Refuse each file with boxes that are shares of the image."""
        shares = np.flatnonzero(images_of_shares(boxes, image, sizes)[image])
        source = np.frombuffer(self._source, np.int64)[image[shares]]
        for box in shares[np.unique(source, return_index=True)[1]].tolist():
            self.refusals.append(
                f"{self._location(box)}: the box {_numbers(boxes[box])} looks like shares of the image's"
                " width and height, but boxes here are in pixels: multiply them by its size"
            )

    def _refused(self) -> UserError:
        rest = len(self.refusals) - _MAX_REFUSALS_SHOWN
        lines = self.refusals[:_MAX_REFUSALS_SHOWN] + ([f"and {rest:,} more"] if rest > 0 else [])
        if len(self.refusals) > 1:
            what = f"{len(self.refusals):,} annotations are wrong, and training on them would be too"
            lines = [f"{self.path}: {what}", *lines]
        if self.problems:
            lines += ["Beside that:", *self.problems]
        return UserError("\n  ".join(lines))

    def _report(self, cleaned: Cleaned, chosen: np.ndarray) -> None:
        """Put what was done to the chosen boxes among the problems."""
        kinds = {
            "partly outside of the image, clipped": cleaned.clipped,
            "outside of the image, left out": cleaned.outside,
            "without area, left out": cleaned.empty,
            "upside down or left for right, corners exchanged": cleaned.flipped,
            "there twice, left out once": cleaned.doubled,
        }
        for what, which in kinds.items():
            locations = [self._location(box) for box in np.flatnonzero(which & chosen).tolist()]
            self.problem(locations, f"box is {what}", f"boxes are {what}")


def _facts_of(facts: Mapping[str, Any], selection: ClassSelection) -> dict[str, Any]:
    """The facts, with the numbers of those classes that are read, unless they are 0, 1, 2, ...

    Of classes that are merged, it is the number of the first.
    """
    rest = {name: value for name, value in facts.items() if name != "category_ids"}
    if numbers := facts.get("category_ids"):
        own = [numbers[selection.numbers.index(number)] for number in range(len(selection.names))]
        if own != list(range(len(own))):
            rest["category_ids"] = own
    return rest


def _numbers(values: np.ndarray) -> str:
    return ", ".join(f"{value:g}" for value in values.tolist())
