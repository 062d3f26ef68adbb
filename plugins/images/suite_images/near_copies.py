"""Images that are near copies of others: smaller, compressed again, or changed a little.

The perceptual hash is the low frequencies of a small gray image, each above or below their median ("pHash",
Zauner 2010, "Implementation and benchmarking of perceptual image hash functions"). Hashes that differ in few
bits are found without comparing all pairs: they are cut into bands, and two that differ in fewer bits than
there are bands have one in common (Norouzi et al. 2012, "Fast search in Hamming space with multi-index
hashing"). What is found is compared by its colors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from suite_images.resizing import resize

SIDE = 32
"""Pixels of the side of the image that is hashed."""

_FREQUENCIES = 8
_BANDS = (11, 11, 11, 11, 10, 10)
"""The bits of each band: hashes that differ in fewer bits than there are bands share one of them at least. Of
copies at JPEG quality 30 and half the size, 95 of 100 do."""

_RADIUS = 8
"""Hashes that differ in more bits are no copies."""

_THUMBNAIL = 16
_MIN_DEVIATION = 8.0
"""Images of less contrast than this, in levels, are alike without being copies."""

MAX_DIFFERENCE = 0.3
"""Of the colors of two thumbnails, as a share of their standard deviation (root mean square). Copies of
photographs at half the size and JPEG quality 30 differ by 0.15 at most, at a quarter and 50 by 0.23. In
CIFAR-10, 51 test images are that close to training images: the same photograph, or the same car once more."""

MAX_ASPECT_RATIO = 1.05
"""By how much two aspect ratios may differ, beside the rounding to whole pixels."""

_MAX_BUCKET = 1000
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Print:
    """What an image is compared by.

    Attributes:
        hash: 64 bits.
        colors: (16, 16, 3) uint8.
        content: a number that equal files share.
    """

    hash: int
    colors: np.ndarray
    content: int


def print_of(image: np.ndarray, content: int) -> Print | None:
    """What `image`, uint8 (height, width, 3), is compared by; None if it is of one color, almost.

    Args:
        image: RGB.
        content: a number that equal files share.
    """
    small = resize(image, SIDE, SIDE)
    colors = resize(small, _THUMBNAIL, _THUMBNAIL)
    if colors.std() < _MIN_DEVIATION:
        return None
    gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    low = cv2.dct(gray)[:_FREQUENCIES, :_FREQUENCIES].ravel()
    bits = low > np.median(low[1:])
    return Print(int.from_bytes(np.packbits(bits).tobytes()), colors, content)


class Prints:
    """The prints of many images, as arrays.

    Args:
        prints: of each image, None for one that is compared with nothing.
        sizes: height and width of each image, None if it cannot be read.
    """

    def __init__(self, prints: list[Print | None], sizes: list[tuple[int, int] | None]) -> None:
        known = [index for index, print_ in enumerate(prints) if print_ is not None and sizes[index]]
        chosen = [print_ for index in known if (print_ := prints[index]) is not None]
        self.index = np.array(known, np.int64)
        self.hash = np.array([print_.hash for print_ in chosen], np.uint64)
        self.content = np.array([print_.content for print_ in chosen], np.int64)
        shape = (-1, _THUMBNAIL * _THUMBNAIL * 3)
        self.colors = np.array([print_.colors for print_ in chosen], np.uint8).reshape(shape)
        self.size = np.array([sizes[index] for index in known], np.float64).reshape(-1, 2)

    def __len__(self) -> int:
        return len(self.index)


def near_copies(known: Prints, others: Prints) -> Iterator[tuple[int, int]]:
    """The images of `others` that are near copies of one of `known`, but not equal to it.

    If both are the same images, each is compared with those before it.

    Yields:
        The index of each, once, and that of the image it is most like, each in its own list of images.
    """
    best: dict[int, tuple[float, int]] = {}
    for first, second in _candidates(known.hash, others.hash):
        difference = _difference(known, first, others, second)
        close = difference < MAX_DIFFERENCE
        if known is others:
            close &= first < second
        for copy, original, how in zip(second[close], first[close], difference[close], strict=True):
            found = (float(how), int(original))
            best[int(copy)] = min(best.get(int(copy), found), found)
    for copy, (_, original) in sorted(best.items()):
        if known.content[original] != others.content[copy]:
            yield int(others.index[copy]), int(known.index[original])


def _candidates(known: np.ndarray, others: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of positions whose hashes differ in few bits, in pieces; a pair may come more than once."""
    if not len(known) or not len(others):
        return
    at = 0
    for width in _BANDS:
        shift, mask = np.uint64(at), np.uint64((1 << width) - 1)
        at += width
        keys, wanted = known >> shift & mask, others >> shift & mask
        order = np.argsort(keys, kind="stable")
        first = np.searchsorted(keys[order], wanted, side="left")
        counts = np.searchsorted(keys[order], wanted, side="right") - first
        # A key that very many have says little; who is a copy there is found by another band.
        counts[counts > _MAX_BUCKET] = 0
        ends = np.cumsum(counts)
        for start in range(0, int(ends[-1]), _CHUNK):
            position = np.arange(start, min(start + _CHUNK, int(ends[-1])))
            other = np.searchsorted(ends, position, side="right")
            own = order[first[other] + position - (ends[other] - counts[other])]
            close = np.bitwise_count(known[own] ^ others[other]) <= _RADIUS
            yield own[close], other[close]


def _difference(known: Prints, first: np.ndarray, others: Prints, second: np.ndarray) -> np.ndarray:
    """Of the colors of pairs, infinite if their aspect ratios differ."""
    colors, other_colors = known.colors[first].astype(np.float32), others.colors[second].astype(np.float32)
    apart = np.sqrt(np.square(colors - other_colors).mean(axis=1))
    difference = apart / np.maximum(np.minimum(colors.std(axis=1), other_colors.std(axis=1)), 1.0)
    size, other_size = known.size[first], others.size[second]
    ratio = (size[:, 0] / size[:, 1]) / (other_size[:, 0] / other_size[:, 1])
    # A side of few pixels is rounded by much.
    rounding = 1 + 1 / np.minimum(size, other_size).min(axis=1)
    alike = np.maximum(ratio, 1 / ratio) <= MAX_ASPECT_RATIO * rounding
    return np.where(alike, difference, np.inf)
