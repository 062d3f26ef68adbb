"""Occlusion: which regions of an image count, found by blurring each in turn and predicting again.

Occlusion (Zeiler & Fergus 2014, arXiv:1311.2901, section 4.2) with a blurred image in the place of a gray
patch (Fong & Vedaldi 2017, arXiv:1704.03296, section 4.1): a gray patch is a thing of its own, which networks
react to. Grad-CAM (arXiv:1610.02391) is cheaper, but needs a layer inside of the network and its gradients,
which an exported network does not give; RISE (arXiv:1806.07421) needs no more than predictions either, but
thousands of them for a map with little noise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from suite_images.resizing import resize


@dataclass(frozen=True)
class Grid:
    """Regions of an image: a window that is cut into rows and columns.

    Attributes:
        cells: how many rows there are, and columns.
        window: left, top, right and bottom edge in pixels, inside of the image; None for the whole image.
    """

    cells: int
    window: tuple[int, int, int, int] | None = None


def views(image: np.ndarray, grids: Sequence[Grid]) -> Iterator[np.ndarray]:
    """The image, then the image with each region blurred, grid by grid and row by row.

    Regions fade into their neighbors, and those of a window into what lies around it, so that their edges are
    not seen as something.

    Args:
        image: uint8 (height, width, channels).
        grids: which regions are blurred.

    Returns:
        uint8 images of the same shape, 1 + the sum of cells x cells of them.
    """
    yield image
    height, width = image.shape[:2]
    blurred = _blurred(image).astype(np.float32)
    own = image.astype(np.float32)
    for grid in grids:
        left, top, right, bottom = grid.window or (0, 0, width, height)
        window = slice(top, bottom), slice(left, right)
        for cell in range(grid.cells**2):
            share = _share(grid, cell, bottom - top, right - left)[:, :, None]
            view = image.copy()
            view[window] = np.rint(share * blurred[window] + (1 - share) * own[window])
            yield view


def heat_of(falls: np.ndarray, grids: Sequence[Grid], shape: Sequence[int]) -> np.ndarray:
    """How much each pixel counts: the mean over the grids.

    Args:
        falls: by how much something fell with each region blurred, float64 (regions,), in the order of
            `views`.
        grids: as they were given to `views`.
        shape: height and width of the image, in front.

    Returns:
        float64 (height, width).
    """
    heat = np.zeros(shape[:2])
    for grid in grids:
        own, falls = falls[: grid.cells**2], falls[grid.cells**2 :]
        left, top, right, bottom = grid.window or (0, 0, shape[1], shape[0])
        for cell, fall in enumerate(own.tolist()):
            heat[top:bottom, left:right] += fall * _share(grid, cell, bottom - top, right - left)
    return heat / len(grids)


def _share(grid: Grid, cell: int, height: int, width: int) -> np.ndarray:
    """How much of each pixel belongs to a region, float32 (height, width): the sum over all regions is 1.

    In a window there is a ring of half a region at the border that belongs to none.
    """
    regions = np.zeros((grid.cells, grid.cells), np.float32)
    regions.flat[cell] = 1.0
    if grid.window is not None:
        regions = np.pad(regions, 1)
    share: np.ndarray = cv2.resize(regions, (width, height), interpolation=cv2.INTER_LINEAR)
    return share


def _blurred(image: np.ndarray) -> np.ndarray:
    """So blurred that no shape is left. Large images are blurred small: the result is as smooth."""
    height, width = image.shape[:2]
    longest = max(height, width)
    scale = min(1.0, 256 / longest)
    small = resize(image, max(1, round(scale * height)), max(1, round(scale * width)))
    blurred = cv2.GaussianBlur(small, (0, 0), scale * longest / 8).reshape(small.shape)
    return resize(blurred, height, width)
