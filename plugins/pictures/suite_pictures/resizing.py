"""Pictures to a given size: squashed, cropped or letterboxed. numpy and cv2 only."""

from __future__ import annotations

from typing import Literal, NamedTuple

import cv2
import numpy as np

Resize = Literal["squash", "crop", "letterbox"]

LETTERBOX_GREY = 128


def resize(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """`picture` (height, width, channels) uint8 stretched to the given size.

    A side that shrinks is averaged over areas, so that nothing is skipped; a side that grows is
    interpolated linearly.
    """
    shrunk_height, shrunk_width = min(picture.shape[0], height), min(picture.shape[1], width)
    if picture.shape[:2] != (shrunk_height, shrunk_width):
        picture = cv2.resize(picture, (shrunk_width, shrunk_height), interpolation=cv2.INTER_AREA)
    if picture.shape[:2] != (height, width):
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
    return picture


def fit(picture: np.ndarray, height: int, width: int, mode: Resize) -> np.ndarray:
    """`picture` at exactly (height, width).

    Args:
        picture: (any height, any width, channels) uint8.
        height: rows of the result.
        width: columns of the result.
        mode: "squash" stretches the whole picture; "crop" keeps its proportions and cuts what stands out
            from the middle; "letterbox" keeps its proportions and fills the rest with grey.
    """
    rows, columns = picture.shape[:2]
    if mode == "squash" or rows * width == columns * height:
        return resize(picture, height, width)
    if mode == "crop":
        # Cut first, in the picture's own pixels: the same view, and less to resize.
        scale = min(rows / height, columns / width)
        cut_rows = min(rows, max(1, round(height * scale)))
        cut_columns = min(columns, max(1, round(width * scale)))
        top, left = (rows - cut_rows) // 2, (columns - cut_columns) // 2
        return resize(picture[top : top + cut_rows, left : left + cut_columns], height, width)
    return letterbox(picture, height, width)


class Placement(NamedTuple):
    """Where a letterboxed picture lies: its x is at `x * scale_x + left`, its y at `y * scale_y + top`.

    Coordinates are of edges: 0 is the outer edge of the first pixel.

    Attributes:
        scale_x: width within the bars by the picture's own.
        scale_y: height within the bars by the picture's own. Both differ by rounding to whole pixels only.
        left: columns of grey before the picture.
        top: rows of grey above the picture.
    """

    scale_x: float
    scale_y: float
    left: int
    top: int


def letterboxed(rows: int, columns: int, height: int, width: int) -> Placement:
    """Where `letterbox` puts a picture of `rows` x `columns` pixels in one of `height` x `width`."""
    inner_height, inner_width = _inner(rows, columns, height, width)
    return Placement(
        inner_width / columns, inner_height / rows, (width - inner_width) // 2, (height - inner_height) // 2
    )


def letterbox(
    picture: np.ndarray, height: int, width: int, size: tuple[int, int] | None = None
) -> np.ndarray:
    """`picture` at exactly (height, width) with its proportions kept, and grey bars around it.

    Args:
        picture: (any height, any width, channels) uint8.
        height: rows of the result.
        width: columns of the result.
        size: (rows, columns) of the picture where it was read smaller than it is: it then lies exactly as
            the whole one would, though the smaller one's sides were rounded.
    """
    rows, columns = picture.shape[:2] if size is None else size
    inner_height, inner_width = _inner(rows, columns, height, width)
    inner = resize(picture, inner_height, inner_width)
    if (inner_height, inner_width) == (height, width):
        return inner
    boxed = np.full((height, width, picture.shape[2]), LETTERBOX_GREY, np.uint8)
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    boxed[top : top + inner_height, left : left + inner_width] = inner
    return boxed


def _inner(rows: int, columns: int, height: int, width: int) -> tuple[int, int]:
    scale = min(height / rows, width / columns)
    return min(height, max(1, round(rows * scale))), min(width, max(1, round(columns * scale)))
