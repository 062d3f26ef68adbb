"""Brings images to a given size: squashed, cropped or letterboxed. numpy and cv2 only."""

from __future__ import annotations

from typing import Literal, NamedTuple

import cv2
import numpy as np

Resize = Literal["squash", "crop", "letterbox"]

LETTERBOX_GRAY = 128

NORMALIZATION = "the network takes uint8 values from 0 to 255 and scales them itself"
"""What `Codec.properties` of images says of it."""

MAX_SIDE, MAX_VALUES = 16_384, 1 << 28
"""Of what a network takes: more would only fill memory. A damaged or hostile model may ask for it."""


def check_input_size(size: tuple[int, int], channels: int = 3) -> None:
    """Refuse the size of a network's input that is none, or that no network has.

    Raises:
        ValueError: saying what is allowed.
    """
    height, width = size
    if not (min(size) >= 1 and max(size) <= MAX_SIDE and height * width * channels <= MAX_VALUES):
        raise ValueError(
            f"its size of {height:,} x {width:,} pixels with {channels:,} channels is not allowed: sides are"
            f" from 1 to {MAX_SIDE:,} pixels, and {MAX_VALUES:,} values are the most"
        )


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """`image` (height, width, channels) uint8 stretched to the given size.

    A side that shrinks is averaged over areas, so that nothing is skipped; a side that grows is
    interpolated linearly.
    """
    shrunk_height, shrunk_width = min(image.shape[0], height), min(image.shape[1], width)
    if image.shape[:2] != (shrunk_height, shrunk_width):
        image = _resized(image, shrunk_width, shrunk_height, cv2.INTER_AREA)
    if image.shape[:2] != (height, width):
        image = _resized(image, width, height, cv2.INTER_LINEAR)
    return image


def shrunk(image: np.ndarray, side: int) -> np.ndarray:
    """`image` (height, width, channels) uint8 with no side above `side`; itself if none is."""
    rows, columns = image.shape[:2]
    return image if max(rows, columns) <= side else resize(image, *_inner(rows, columns, side, side))


def _resized(image: np.ndarray, width: int, height: int, interpolation: int) -> np.ndarray:
    channels = image.shape[2]
    if channels > 4:  # OpenCV averages areas of four at most
        pieces = [np.ascontiguousarray(image[:, :, at : at + 4]) for at in range(0, channels, 4)]
        return np.concatenate([_resized(piece, width, height, interpolation) for piece in pieces], axis=2)
    resized: np.ndarray = cv2.resize(image, (width, height), interpolation=interpolation)
    return resized if resized.ndim == 3 else resized[:, :, None]  # OpenCV drops a single channel


def fit(image: np.ndarray, height: int, width: int, mode: Resize) -> np.ndarray:
    """`image` at exactly (height, width).

    Args:
        image: (any height, any width, channels) uint8.
        height: rows of the result.
        width: columns of the result.
        mode: "squash" stretches the whole image; "crop" keeps its proportions and cuts the middle
            out; "letterbox" keeps its proportions and fills the rest with gray.
    """
    rows, columns = image.shape[:2]
    if mode == "squash" or rows * width == columns * height:
        return resize(image, height, width)
    if mode == "crop":
        # Cut first, in the image's own pixels: the same view, and less to resize.
        scale = min(rows / height, columns / width)
        cut_rows = min(rows, max(1, round(height * scale)))
        cut_columns = min(columns, max(1, round(width * scale)))
        top, left = (rows - cut_rows) // 2, (columns - cut_columns) // 2
        return resize(image[top : top + cut_rows, left : left + cut_columns], height, width)
    return letterbox(image, height, width)


class Placement(NamedTuple):
    """Where a letterboxed image lies: its x is at `x * scale_x + left`, its y at `y * scale_y + top`.

    Coordinates are of edges: 0 is the outer edge of the first pixel.

    Attributes:
        scale_x: width within the bars by the image's own.
        scale_y: height within the bars by the image's own. Both differ by rounding to whole pixels only.
        left: columns of gray before the image.
        top: rows of gray above the image.
    """

    scale_x: float
    scale_y: float
    left: int
    top: int


def letterboxed(rows: int, columns: int, height: int, width: int) -> Placement:
    """Where `letterbox` puts an image of `rows` x `columns` pixels in one of `height` x `width`."""
    inner_height, inner_width = _inner(rows, columns, height, width)
    return Placement(
        inner_width / columns, inner_height / rows, (width - inner_width) // 2, (height - inner_height) // 2
    )


def letterbox(image: np.ndarray, height: int, width: int, size: tuple[int, int] | None = None) -> np.ndarray:
    """`image` at exactly (height, width) with its proportions kept, and gray bars around it.

    Args:
        image: (any height, any width, channels) uint8.
        height: rows of the result.
        width: columns of the result.
        size: (rows, columns) of the full image if `image` was read smaller: it then lies exactly as the
            full image would, although its own sides were rounded.
    """
    rows, columns = image.shape[:2] if size is None else size
    inner_height, inner_width = _inner(rows, columns, height, width)
    inner = resize(image, inner_height, inner_width)
    if (inner_height, inner_width) == (height, width):
        return inner
    boxed = np.full((height, width, image.shape[2]), LETTERBOX_GRAY, np.uint8)
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    boxed[top : top + inner_height, left : left + inner_width] = inner
    return boxed


def _inner(rows: int, columns: int, height: int, width: int) -> tuple[int, int]:
    scale = min(height / rows, width / columns)
    return min(height, max(1, round(rows * scale))), min(width, max(1, round(columns * scale)))
