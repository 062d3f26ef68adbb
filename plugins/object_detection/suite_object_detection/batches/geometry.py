"""Affine views of images: one matrix takes the pixels and the boxes of an image to their new positions.

Coordinates are of edges: 0 is the outer edge of the first pixel, the width that of the last. Only
`paint` knows that OpenCV counts from the middles of pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from suite_images.resizing import LETTERBOX_GRAY, resize


def linear_maps(
    scale: np.ndarray,
    *,
    quarters: np.ndarray,
    flip: np.ndarray,
    upside_down: np.ndarray,
    turn: np.ndarray,
    shear: np.ndarray,
) -> np.ndarray:
    """What happens to an image besides being moved, in this order: quarter turns, mirroring, scale, turn.

    Args:
        scale: (count, 2), by how much an image grows in x and y after its quarter turns.
        quarters: (count,) integers, quarter turns clockwise.
        flip: (count,) booleans, whether left and right are swapped.
        upside_down: (count,) booleans, whether top and bottom are swapped.
        turn: (count,) angles in degrees, clockwise.
        shear: (count, 2) angles in degrees, by which upright lines lean, and by which level ones do.

    Returns:
        (count, 2, 2) float64.
    """
    # Whole numbers, so that an image that is only turned and mirrored keeps every pixel as it is.
    cosine, sine = np.array([1, 0, -1, 0])[quarters % 4], np.array([0, 1, 0, -1])[quarters % 4]
    along_x = scale[:, 0] * np.where(flip, -1.0, 1.0)
    along_y = scale[:, 1] * np.where(upside_down, -1.0, 1.0)
    upright = _matrices(along_x * cosine, -along_x * sine, along_y * sine, along_y * cosine)
    angle, lean = np.deg2rad(turn), np.tan(np.deg2rad(shear))
    turned = _matrices(np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle))
    ones = np.ones(len(scale))
    maps: np.ndarray = turned @ _matrices(ones, lean[:, 0], lean[:, 1], ones) @ upright
    return maps


def _matrices(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    return np.stack([np.stack([a, b], -1), np.stack([c, d], -1)], -2)


def matrices_around(maps: np.ndarray, middles: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Affine matrices (count, 2, 3) that apply `maps` and take points `middles` to `positions`."""
    moves = positions - np.einsum("nij,nj->ni", maps, middles)
    return np.concatenate([maps, moves[:, :, None]], axis=2)


def boxes_through(boxes: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """The tight upright boxes around the corners of boxes that were taken through matrices.

    If the matrix turns or shears, such a box is larger than its object needs, because the corners of the
    first box were empty (a box of 2:1 that is turned by 10 degrees grows by half its area).

    Args:
        boxes: (count, 4), x1, y1, x2, y2.
        matrices: (count, 2, 3), or (2, 3) for all.

    Returns:
        (count, 4) float64.
    """
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    maps, moves = matrices[..., :2], matrices[..., 2]
    new_middle = (maps @ middle[:, :, None])[:, :, 0] + moves
    new_half = (abs(maps) @ half[:, :, None])[:, :, 0]
    return np.concatenate([new_middle - new_half, new_middle + new_half], axis=1)


def clipped(boxes: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """What of boxes (count, 4) lies in regions (count, 4), or either (4,); of no area if nothing does."""
    low = np.clip(boxes[..., :2], regions[..., :2], regions[..., 2:])
    high = np.clip(boxes[..., 2:], regions[..., :2], regions[..., 2:])
    return np.concatenate([low, high], axis=-1)


def areas(boxes: np.ndarray) -> np.ndarray:
    """(count,) areas of boxes (count, 4), or that of one (4,)."""
    sides = boxes[..., 2:] - boxes[..., :2]
    product: np.ndarray = sides[..., 0] * sides[..., 1]
    return product


def paint(image: np.ndarray, matrix: np.ndarray, canvas: np.ndarray, region: np.ndarray) -> None:
    """Paint an image through a matrix into a rectangle of a canvas; what it leaves empty there is gray.

    Interpolation looks at two pixels in each direction, so an image that shrinks by more than two is first
    halved, by the means of areas, as often as needed.

    Args:
        image: (any height, any width, channels) uint8; not changed.
        matrix: (2, 3), from the image to the canvas.
        canvas: (height, width, channels) uint8; changed within the region only.
        region: (4,) integers, x1, y1, x2, y2.
    """
    left, top, right, bottom = region.tolist()
    (x_by_x, x_by_y, x), (y_by_x, y_by_y, y) = matrix.tolist()
    rows, columns = image.shape[:2]
    fewer_rows = _halved(rows, math.hypot(x_by_y, y_by_y))
    fewer_columns = _halved(columns, math.hypot(x_by_x, y_by_x))
    if (fewer_rows, fewer_columns) != (rows, columns):
        image = resize(image, fewer_rows, fewer_columns)
        x_by_x, y_by_x = x_by_x * columns / fewer_columns, y_by_x * columns / fewer_columns
        x_by_y, y_by_y = x_by_y * rows / fewer_rows, y_by_y * rows / fewer_rows
    # The middle of the first pixel lies at (0.5, 0.5), and OpenCV calls it (0, 0).
    x += (x_by_x + x_by_y) / 2 - 0.5 - left
    y += (y_by_x + y_by_y) / 2 - 0.5 - top
    onto = canvas[top:bottom, left:right]
    through = np.array([[x_by_x, x_by_y, x], [y_by_x, y_by_y, y]])
    if image.shape[2] == 3:
        _warp(image, through, onto.shape, onto)
        return
    for at in range(0, image.shape[2], 4):  # OpenCV has a border of four channels at most
        piece = np.ascontiguousarray(image[:, :, at : at + 4])
        onto[:, :, at : at + 4] = _warp(piece, through, onto.shape).reshape(*onto.shape[:2], -1)


def _warp(
    image: np.ndarray, matrix: np.ndarray, shape: Sequence[int], onto: np.ndarray | None = None
) -> np.ndarray:
    warped: np.ndarray = cv2.warpAffine(
        image,
        matrix,
        (shape[1], shape[0]),
        dst=onto,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(LETTERBOX_GRAY,) * 4,
    )
    return warped


def _halved(side: int, grows: float) -> int:
    while grows < 0.5 and side > 1:
        side, grows = (side + 1) // 2, 2 * grows
    return side
