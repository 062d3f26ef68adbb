"""What all formats share: boxes as they are written down, checked, and given as compact lists of examples."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from suite import UserError
from suite.data import Dataset, Example
from suite.sources import Tree
from suite_object_detection.types import Target
from suite_pictures import pictures
from suite_pictures.listing import counted, some

ROUNDING = 0.5
"""A box that reaches out of its picture by less than this, in pixels, was rounded: clipped, not reported."""

_REFUSALS_SHOWN = 5


class AnnotatedPictures:
    """Pictures of a tree with their boxes: some forty bytes a picture and a box beside the tree's names.

    Args:
        tree: where the pictures are.
        places: int (pictures,), their places in `tree.names`.
        sizes: int (pictures, 2), height and width.
        starts: int (pictures + 1,): the boxes of picture i are `starts[i]` to `starts[i + 1]`.
        boxes: float64 (boxes, 4), as in `types`.
        labels: int (boxes,), places in `classes`.
        crowd: bool (boxes,)
        areas: float64 (boxes,), or None where the format has none.
        classes: the names of the classes.
    """

    def __init__(
        self,
        tree: Tree,
        places: np.ndarray,
        sizes: np.ndarray,
        starts: np.ndarray,
        boxes: np.ndarray,
        labels: np.ndarray,
        crowd: np.ndarray,
        areas: np.ndarray | None,
        classes: Sequence[str],
    ) -> None:
        self._tree = tree
        self._places = places.astype(np.int64)
        self.sizes = sizes.astype(np.int32)
        self._starts = starts.astype(np.int64)
        self.boxes = boxes
        self.labels = labels.astype(np.int32)
        self.crowd = crowd
        self.areas = areas
        self.classes = classes

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int, /) -> Example:
        place = int(self._places[index])
        start, end = int(self._starts[:-1][index]), int(self._starts[1:][index])
        target = Target(
            size=self.sizes[index].tolist(),
            boxes=self.boxes[start:end].tolist(),
            labels=[self.classes[label] for label in self.labels[start:end]],
        )
        if self.crowd[start:end].any():
            target["crowd"] = self.crowd[start:end].tolist()
        if self.areas is not None:
            target["areas"] = self.areas[start:end].tolist()
        return Example(self._tree.names[place], self._tree.source(place), target)


@dataclass
class _Columns:
    """What was read, a value a picture or a box, in the order in which it was read."""

    # Of each picture:
    part: list[str] = field(default_factory=list)
    place: array[int] = field(default_factory=lambda: array("q"))
    source: array[int] = field(default_factory=lambda: array("q"))
    size: array[int] = field(default_factory=lambda: array("q"))
    # Of each box:
    picture: array[int] = field(default_factory=lambda: array("q"))
    corners: array[float] = field(default_factory=lambda: array("d"))
    label: array[int] = field(default_factory=lambda: array("q"))
    line: array[int] = field(default_factory=lambda: array("q"))
    crowd: array[int] = field(default_factory=lambda: array("b"))
    area: array[float] = field(default_factory=lambda: array("d"))


class Annotations:
    """The pictures and boxes of a data set as a format's reader finds them; `dataset` checks all of them.

    Args:
        path: how a message calls the data.
        tree: where the pictures are.
        counted_by: what `line` of a box counts: lines of a file, or its annotations.
        normalised: whether corners are shares of the picture's width and height, not pixels.
        areas: whether the format says the areas of the objects themselves.
    """

    def __init__(
        self,
        path: Path,
        tree: Tree,
        *,
        counted_by: str = "line",
        normalised: bool = False,
        areas: bool = False,
    ) -> None:
        self.path = path
        self.tree = tree
        self.problems: list[str] = list(tree.problems)
        self.refusals: list[str] = []
        self.classes: dict[str, int] = {}
        self._counted_by = counted_by
        self._normalised = normalised
        self._areas = areas
        self._sources: dict[str, int] = {}
        self._source_names: list[str] = []
        self._read = _Columns()

    def __len__(self) -> int:
        return len(self._read.place)

    def picture(self, part: str, place: int, source: str, size: tuple[int, int] | None = None) -> int:
        """Add a picture.

        Args:
            part: "train", "validation" or "test".
            place: of the file in `tree.names`.
            source: the file that annotates it, for messages.
            size: height and width as annotated; None: read from the picture's header.

        Returns:
            Its number, for `box`.
        """
        read = self._read
        read.part.append(part)
        read.place.append(place)
        read.source.append(self._sources.setdefault(source, len(self._sources)))
        read.size.extend(size if size is not None and min(size) > 0 else (0, 0))
        return len(read.place) - 1

    def box(
        self,
        picture: int,
        corners: Sequence[float],
        label: str,
        line: int,
        *,
        crowd: bool = False,
        area: float = np.nan,
    ) -> None:
        """Add a box: x1, y1, x2, y2 as they are written down, and the place where."""
        read = self._read
        read.picture.append(picture)
        read.corners.extend(corners)
        read.label.append(self.classes.setdefault(label, len(self.classes)))
        read.line.append(line)
        read.crowd.append(crowd)
        read.area.append(area)

    def problem(self, places: Sequence[str], one: str, many: str) -> None:
        """Note what was left out or is odd, where there is any."""
        if places:
            self.problems.append(f"{counted(len(places), one, many)}: {some(places)}")

    def has_corner_below_one(self) -> bool:
        """Whether any corner is at 0 or up to 1, where pixels cannot be counted from 1."""
        corners = np.frombuffer(self._read.corners, np.float64)
        return bool(((corners >= 0) & (corners < 1)).any())

    def dataset(
        self, *, classes: Sequence[str] | None = None, first_pixel: int = 0, **facts: object
    ) -> Dataset:
        """Check all boxes and give the data set.

        Args:
            classes: the names in their order; None: those of the boxes, sorted.
            first_pixel: 1 where corners are numbers of pixels from 1 on, the last one included.
            **facts: further facts.

        Raises:
            UserError: for what must not be trained on, all places in one message; where there are no
                pictures or no boxes; where parts are there but none for training.
        """
        self._source_names = list(self._sources)
        names = list(classes) if classes is not None else sorted(self.classes)
        read = self._read
        boxes = np.frombuffer(read.corners, np.float64).reshape(-1, 4).copy()
        picture = np.frombuffer(read.picture, np.int64)
        labels = self._labels(names)
        sizes = self._sizes()
        finite = self._refuse_unless_finite(boxes)
        self._refuse_wrong_unit(boxes, picture, sizes, finite)
        if self.refusals:
            raise self._refused()

        crowd = np.frombuffer(read.crowd, np.bool_)
        areas = np.frombuffer(read.area, np.float64)
        kept = self._clean(boxes, picture, labels, sizes, first_pixel)
        extents = boxes[:, 2:] - boxes[:, :2]
        areas = np.where(np.isfinite(areas) & (areas > 0), areas, extents[:, 0] * extents[:, 1])
        part_of = np.array(read.part, dtype=object)
        parts = {}
        order = kept[np.argsort(picture[kept], kind="stable")]
        for part in self._parts():
            chosen = np.flatnonzero(part_of == part)
            per_picture = np.bincount(picture[order], minlength=len(self))[chosen]
            inside = order[part_of[picture[order]] == part] if len(order) else order
            parts[part] = AnnotatedPictures(
                self.tree,
                np.frombuffer(read.place, np.int64)[chosen],
                sizes[chosen],
                np.concatenate([[0], np.cumsum(per_picture)]),
                boxes[inside],
                labels[inside],
                crowd[inside],
                areas[inside] if self._areas else None,
                names,
            )
        return self._assembled(parts, names, facts)

    def _assembled(
        self, parts: dict[str, AnnotatedPictures], classes: list[str], facts: dict[str, object]
    ) -> Dataset:
        if not any(len(part.boxes) for part in parts.values()):
            raise UserError(f"{self.path}: no picture has a box, so there is nothing to learn from")
        if "train" not in parts:
            if len(parts) > 1:
                raise UserError(f"{self.path} has no training part, only {' and '.join(sorted(parts))}")
            only = next(iter(parts))
            self.problems.append(f"there is a {only} part only: it is taken as the training part")
            parts = {"train": parts[only]}
        return Dataset(
            train=parts["train"],
            validation=parts.get("validation"),
            test=parts.get("test"),
            facts={"classes": classes, **facts},
            problems=self.problems,
        )

    def _parts(self) -> list[str]:
        used = set(self._read.part)
        return [part for part in ("train", "validation", "test") if part in used]

    def _labels(self, names: list[str]) -> np.ndarray:
        """Of each box the place of its class in `names`."""
        numbers = {name: number for number, name in enumerate(names)}
        renumbered = np.array([numbers[name] for name in self.classes], np.int64)
        labels = np.frombuffer(self._read.label, np.int64)
        return renumbered[labels] if len(labels) else labels

    def _sizes(self) -> np.ndarray:
        """Height and width of each picture, of its header where none are annotated; 0 where unreadable."""
        sizes = np.frombuffer(self._read.size, np.int64).reshape(-1, 2).copy()
        unknown = np.flatnonzero(sizes[:, 0] == 0)

        def read(number: int) -> tuple[int, int]:
            try:
                return pictures.size(self.tree.source(self._read.place[number]))
            except UserError:
                return 0, 0  # whoever reads the picture will say why

        if len(unknown):
            with ThreadPoolExecutor() as pool:
                sizes[unknown] = list(pool.map(read, unknown.tolist(), chunksize=64))
        unreadable = [
            self.tree.names[self._read.place[number]] for number in np.flatnonzero(sizes[:, 0] == 0)
        ]
        self.problem(unreadable, "picture cannot be read", "pictures cannot be read")
        return sizes

    def _where(self, box: int) -> str:
        source = self._source_names[self._read.source[self._read.picture[box]]]
        return f"{source}, {self._counted_by} {self._read.line[box]}"

    def _refuse_unless_finite(self, boxes: np.ndarray) -> np.ndarray:
        finite: np.ndarray = np.isfinite(boxes).all(axis=1)
        for box in np.flatnonzero(~finite).tolist():
            self.refusals.append(
                f"{self._where(box)}: the box {_numbers(boxes[box])} is not of finite numbers"
            )
        return finite

    def _refuse_wrong_unit(
        self, boxes: np.ndarray, picture: np.ndarray, sizes: np.ndarray, finite: np.ndarray
    ) -> None:
        """Refuse files of pixels in which all boxes of a picture look like shares of it."""
        if self._normalised or not len(boxes):
            return
        with np.errstate(invalid="ignore"):
            small = finite & (boxes >= 0).all(axis=1) & (boxes <= 1).all(axis=1)
            broken = finite & (boxes != np.floor(boxes)).any(axis=1)
        count = np.bincount(picture, minlength=len(sizes))
        all_small = (np.bincount(picture[small], minlength=len(sizes)) == count) & (count > 0)
        suspect = all_small & (np.bincount(picture[broken], minlength=len(sizes)) > 0)
        suspect &= (sizes == 0).any(axis=1) | (sizes.max(axis=1) > 2)
        source = np.frombuffer(self._read.source, np.int64)[picture]
        found = np.flatnonzero(suspect[picture])
        for box in found[np.unique(source[found], return_index=True)[1]].tolist():
            self.refusals.append(
                f"{self._where(box)}: the box {_numbers(boxes[box])} looks like shares of the picture's"
                " width and height, but boxes here are in pixels: multiply them by its size"
            )

    def _refused(self) -> UserError:
        if len(self.refusals) == 1:
            return UserError(self.refusals[0])
        shown = "".join(f"\n  {sentence}" for sentence in self.refusals[:_REFUSALS_SHOWN])
        rest = len(self.refusals) - _REFUSALS_SHOWN
        more = f"\n  and {rest:,} more" if rest > 0 else ""
        return UserError(
            f"{self.path}: {len(self.refusals):,} annotations are wrong, and training on them would be"
            f" too:{shown}{more}"
        )

    def _clean(
        self,
        boxes: np.ndarray,
        picture: np.ndarray,
        labels: np.ndarray,
        sizes: np.ndarray,
        first_pixel: int,
    ) -> np.ndarray:
        """Bring `boxes` to the convention of `types`, in place, and give the numbers of those to keep."""
        if not len(boxes):
            return np.zeros(0, np.int64)
        flipped = (boxes[:, 2:] < boxes[:, :2]).any(axis=1)
        boxes[:] = np.hstack([np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])])
        boxes[:, :2] -= first_pixel
        limit = sizes[picture][:, ::-1].astype(np.float64)
        readable = limit[:, 0] > 0
        if self._normalised:
            boxes *= np.tile(limit, 2)
        limit[~readable] = np.inf
        beyond = np.maximum(-boxes[:, :2], boxes[:, 2:] - limit).max(axis=1)
        outside = (boxes[:, 2:] <= 0).any(axis=1) | (boxes[:, :2] >= limit).any(axis=1)
        boxes[:] = np.clip(boxes, 0, np.tile(limit, 2))
        empty = (boxes[:, 2:] <= boxes[:, :2]).any(axis=1)
        good = readable & ~outside & ~empty

        doubled = np.zeros(len(boxes), bool)
        order = np.lexsort((*boxes.T, labels, picture))  # stable: of equal ones the first comes first
        keys = np.column_stack([picture, labels, boxes])[order]
        doubled[order[1:]] = (keys[1:] == keys[:-1]).all(axis=1)

        self._boxes_problem(readable & flipped, "box is", "boxes are", "upside down, corners exchanged")
        self._boxes_problem(
            good & (beyond >= ROUNDING), "box is", "boxes are", "partly outside of the picture, clipped"
        )
        self._boxes_problem(
            readable & outside & ~(empty & (beyond <= 0)),
            "box is",
            "boxes are",
            "outside of the picture, left out",
        )
        self._boxes_problem(
            readable & empty & (~outside | (beyond <= 0)), "box has", "boxes have", "no area, left out"
        )
        self._boxes_problem(good & doubled, "box is", "boxes are", "there twice, left out once")
        return np.flatnonzero(good & ~doubled)

    def _boxes_problem(self, which: np.ndarray, one: str, many: str, what: str) -> None:
        found = [self._where(box) for box in np.flatnonzero(which).tolist()]
        self.problem(found, f"{one} {what}", f"{many} {what}")


def _numbers(values: np.ndarray) -> str:
    return ", ".join(f"{value:g}" for value in values.tolist())
