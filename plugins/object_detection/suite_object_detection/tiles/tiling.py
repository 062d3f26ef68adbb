"""How a large image is cut into overlapping tiles, each of which goes through the network by itself.

Sliced inference: Akyon et al. 2022 (SAHI, arXiv:2202.06934, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np

from suite_images.resizing import LETTERBOX_GRAY, Placement, letterboxed, resize

MAX_OVERLAP = 0.75
"""Of tiles, as a share of their side: at 1 they would never end."""


class Tiling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How images are cut.

    Attributes:
        side: the longer side of a tile in pixels of the image; it becomes that of the network's input.
        overlap: of neighboring tiles at least, as a share of their sides.
        whole: whether the network sees the whole image as well, for objects larger than a tile.
    """

    side: int
    overlap: float
    whole: bool = False

    def __post_init__(self) -> None:
        if self.side < 1 or not 0 <= self.overlap <= MAX_OVERLAP:
            raise ValueError(
                f"tiles of {self.side} pixels that overlap by {self.overlap:g} are impossible: at least 1"
                f" pixel, and 0 to {MAX_OVERLAP}"
            )

    def scale(self, size: tuple[int, int]) -> float:
        """Pixels of the network's input, of (height, width), for a pixel of the image."""
        return max(size) / self.side

    def sides(self, size: tuple[int, int]) -> tuple[int, int]:
        """(height, width) of a tile in pixels of the image, for a network's input of (height, width)."""
        height, width = (max(1, round(side * self.side / max(size))) for side in size)
        return height, width

    def regions(self, rows: int, columns: int, size: tuple[int, int]) -> np.ndarray:
        """The tiles of an image, row by row, evenly spread.

        Args:
            rows: of the image, in pixels.
            columns: likewise.
            size: (height, width) of the network's input.

        Returns:
            int64 (tiles, 4): x1, y1, x2, y2. All lie in the image; one that is smaller than a tile is a
            single one.
        """
        height, width = self.sides(size)
        tops, lefts = _starts(rows, height, self.overlap), _starts(columns, width, self.overlap)
        corners = np.stack(np.meshgrid(lefts, tops), axis=-1).reshape(-1, 2)
        return np.concatenate(
            [corners, np.minimum(corners + np.array((width, height)), (columns, rows))], axis=1
        )


def _starts(length: int, tile: int, overlap: float) -> np.ndarray:
    if length <= tile:
        return np.zeros(1, np.int64)
    step = max(1.0, tile * (1 - overlap))
    count = 1 + int(np.ceil((length - tile) / step - 1e-9))
    starts: np.ndarray = np.rint(np.linspace(0, length - tile, count)).astype(np.int64)
    return starts


@dataclass(frozen=True, eq=False)
class Tile:
    """A tile of an image.

    Attributes:
        pixels: uint8 (height, width, channels).
        region: x1, y1, x2, y2 in pixels of the image.
        name: of the image.
    """

    pixels: np.ndarray
    region: tuple[int, int, int, int]
    name: str


@dataclass(frozen=True, eq=False)
class Mirrored:
    """An image, or a tile of one, that the network sees mirrored left to right.

    Attributes:
        view: the image or tile.
    """

    view: object


class View(NamedTuple):
    """What an encoded image shows: how its boxes get back into the pixels of the image.

    Attributes:
        placement: where the region lies in the network's input.
        region: x1, y1, x2, y2 in pixels of the image.
        mirrored: whether left and right of the input are swapped.
    """

    placement: Placement
    region: tuple[int, int, int, int]
    mirrored: bool = False


def view_of(size: tuple[int, int], height: int, width: int) -> View:
    """The view of a whole image of `size`, (rows, columns), letterboxed to `height` x `width`."""
    rows, columns = size
    return View(letterboxed(rows, columns, height, width), (0, 0, columns, rows))


def tile_input(tile: Tile, tiling: Tiling, size: tuple[int, int]) -> tuple[np.ndarray, View]:
    """A tile for the network: at the scale of all tiles, with gray on the right and below if it is smaller.

    Args:
        tile: of an image.
        tiling: that cut it.
        size: (height, width) of the network's input.

    Returns:
        uint8 (height, width, channels), and what it shows.
    """
    rows, columns = tile.pixels.shape[:2]
    inner = [
        min(side, max(1, round(own * side / full)))
        for own, side, full in zip((rows, columns), size, tiling.sides(size), strict=True)
    ]
    made = resize(tile.pixels, *inner)
    if made.shape[:2] != size:
        padded = np.full((*size, made.shape[2]), LETTERBOX_GRAY, np.uint8)
        padded[: inner[0], : inner[1]] = made
        made = padded
    return made, View(Placement(inner[1] / columns, inner[0] / rows, 0, 0), tile.region)
