"""Boxes that were drawn on images as they are stored, not upright: found, and turned with their images.

The orientations are those of Exif 2.32, tag 274: 1 is upright, 2 to 8 are mirrored or turned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import numpy as np

from suite import UserError
from suite.kit import in_threads
from suite.sources import FolderTree, Source, Tree
from suite_images import reading
from suite_images.headers import read_header
from suite_object_detection.loaders.files import head_of

_HEAD = 1 << 15
THREADS = 16
"""Headers are read by so many threads at most: of files far away, it is waiting that takes time."""

_SAMPLE = 2000
"""How many of the images whose size is annotated are looked at. If none is turned, none is taken to be."""
_SAMPLE_OF_ARCHIVE = 200
_ROUNDING = 0.5


@dataclass(frozen=True)
class Headers:
    """What the headers of the images say.

    Attributes:
        sizes: int64 (images, 2), height and width: as annotated, else upright, 0 if that cannot be read.
        annotated: bool (images,), whether the size is annotated.
        orientations: int8 (images,), 1 for images that were not looked at.
        upright: height and width, upright, of the images that are stored otherwise, by their numbers.
    """

    sizes: np.ndarray
    annotated: np.ndarray
    orientations: np.ndarray
    upright: Mapping[int, tuple[int, int]]

    @property
    def turned(self) -> np.ndarray:
        """The numbers of images that are stored otherwise than upright."""
        return np.flatnonzero(self.orientations > 1)


def read_headers(tree: Tree, files: np.ndarray, annotated: np.ndarray, all_of_them: bool) -> Headers:
    """Read headers as far as needed: of images of unknown size, and of a sample of the others.

    Args:
        tree: where the images are.
        files: int64 (images,), their indices in the tree.
        annotated: int64 (images, 2), heights and widths; 0 if they are not known.
        all_of_them: whether all headers are wanted, not only a sample.
    """
    sizes = annotated.copy()
    known = sizes[:, 0] > 0
    orientations = np.ones(len(files), np.int8)
    upright: dict[int, tuple[int, int]] = {}

    def look(numbers: np.ndarray) -> None:
        for number in numbers.tolist():
            needed = all_of_them or not known[number]
            with suppress(UserError):  # whoever reads the image says why
                size, orientation = _size_and_orientation(tree.source(int(files[number])), needed)
                if not known[number]:
                    sizes[number] = size
                if orientation > 1:
                    orientations[number] = orientation
                    upright[number] = size

    _in_threads(look, np.flatnonzero(~known))
    others = np.flatnonzero(known)
    count = _SAMPLE if isinstance(tree, FolderTree) else _SAMPLE_OF_ARCHIVE
    if all_of_them or len(others) <= count:
        _in_threads(look, others)
    else:
        sample = others[np.linspace(0, len(others) - 1, count).astype(np.int64)]
        _in_threads(look, sample)
        if (orientations > 1).any():
            _in_threads(look, np.setdiff1d(others, sample))
    return Headers(sizes, known, orientations, upright)


def _in_threads(look: Callable[[np.ndarray], None], numbers: np.ndarray) -> None:
    for _ in in_threads(lambda places: look(numbers[places.start : places.stop]), len(numbers), THREADS):
        pass


def _size_and_orientation(source: Source, needed: bool) -> tuple[tuple[int, int], int]:
    """The size of an upright image and its orientation, of the file's beginning if that has them.

    Args:
        source: the file.
        needed: whether the whole file is worth reading if its beginning does not suffice.
    """
    head = head_of(source, _HEAD)
    if head.startswith(b"\xff\xd8\xff") or not needed:
        try:
            header = read_header(head, source.name)
            return header.size, header.orientation
        except UserError:
            if not needed:
                raise
    content = source.read()
    try:
        header = read_header(content, source.name)
    except UserError:
        return reading.size(content), 1  # of a kind that another library reads
    return header.size, header.orientation


@dataclass(frozen=True)
class Placing:
    """How the boxes of images that are stored otherwise than upright were drawn.

    Attributes:
        stored: bool (images,): on the image as it is stored.
        undecided: int, images of which nothing says how; they count as upright.
    """

    stored: np.ndarray
    undecided: int


def placing(
    headers: Headers,
    boxes: np.ndarray | None,
    image: np.ndarray,
    option: Literal["auto", "upright", "stored"],
) -> Placing:
    """Decide for each image whether its boxes belong to the stored or to the upright image.

    An annotated size, or a box that fits only one of both, tells. The other images follow those that can be
    told, if these agree.

    Args:
        headers: of all images.
        boxes: float64 (n, 4) in pixels; None if they are shares of the image.
        image: int64 (n,), the image of each box.
        option: the user's word.
    """
    stored = np.zeros(len(headers.sizes), bool)
    turned = headers.turned
    if option == "upright" or not len(turned):
        return Placing(stored, 0)
    if option == "stored":
        stored[turned] = True
        return Placing(stored, 0)
    with_boxes = np.bincount(image, minlength=len(stored)) > 0
    votes: dict[bool, list[int]] = {True: [], False: []}
    undecided: list[int] = []
    for number in turned.tolist():
        own = None if boxes is None else boxes[image == number]
        vote = _vote(headers, number, own)
        if vote is not None:
            votes[vote].append(number)
        elif with_boxes[number]:
            undecided.append(number)
    stored[votes[True]] = True
    if votes[True] and not votes[False]:
        stored[undecided] = True
    decided = bool(votes[True]) != bool(votes[False])
    return Placing(stored, 0 if decided else len(undecided))


def _vote(headers: Headers, number: int, boxes: np.ndarray | None) -> bool | None:
    """Whether the boxes of an image belong to it as it is stored; None if nothing tells."""
    height, width = headers.sizes[number].tolist()
    if headers.orientations[number] < 5 or height == width:
        return None
    if headers.annotated[number]:
        if headers.upright[number] in ((height, width), (width, height)):
            return headers.upright[number] != (height, width)
        return None
    if boxes is None or not len(boxes):
        return None
    right, bottom = boxes[:, [0, 2]].max(), boxes[:, [1, 3]].max()
    fits_upright = right <= width + _ROUNDING and bottom <= height + _ROUNDING
    fits_stored = right <= height + _ROUNDING and bottom <= width + _ROUNDING
    return fits_stored if fits_stored != fits_upright else None


def stored_sizes(headers: Headers, stored: np.ndarray) -> np.ndarray:
    """The heights and widths of the images that the boxes were drawn on: int64 (images, 2)."""
    sizes = headers.sizes.copy()
    for number in np.flatnonzero(stored).tolist():
        height, width = headers.upright[number]
        sizes[number] = (width, height) if headers.orientations[number] >= 5 else (height, width)
    return sizes


def turned_upright(
    boxes: np.ndarray, image: np.ndarray, sizes: np.ndarray, headers: Headers, stored: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes and sizes of stored images as those of the upright ones; the others stay as they are.

    Args:
        boxes: float64 (n, 4), inside of the images as stored.
        image: int64 (n,), the image of each.
        sizes: int64 (images, 2), as `stored_sizes` gives them.
        headers: of all images.
        stored: bool (images,), of `Placing`.
    """
    boxes, upright = boxes.copy(), sizes.copy()
    for orientation in range(2, 9):
        of_it = stored & (headers.orientations == orientation)
        chosen = of_it[image]
        x1, y1, x2, y2 = boxes[chosen].T
        height, width = sizes[image[chosen]].T
        if orientation in (2, 3):  # of the stored image, left is right
            x1, x2 = width - x2, width - x1
        if orientation in (3, 4):  # and up is down
            y1, y2 = height - y2, height - y1
        if orientation >= 5:  # rows are columns
            x1, y1, x2, y2, height, width = y1, x1, y2, x2, width, height
            if orientation in (6, 7):
                x1, x2 = width - x2, width - x1
            if orientation in (7, 8):
                y1, y2 = height - y2, height - y1
            upright[of_it] = sizes[of_it][:, ::-1]
        boxes[chosen] = np.stack([x1, y1, x2, y2], axis=1)
    return boxes, upright
