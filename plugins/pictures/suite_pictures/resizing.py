"""Pictures to a given size: squashed, cropped or letterboxed. numpy and cv2 only."""

from __future__ import annotations

from typing import Literal

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
    scale = min(height / rows, width / columns)
    inner_height = min(height, max(1, round(rows * scale)))
    inner_width = min(width, max(1, round(columns * scale)))
    boxed = np.full((height, width, picture.shape[2]), LETTERBOX_GREY, np.uint8)
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    boxed[top : top + inner_height, left : left + inner_width] = resize(picture, inner_height, inner_width)
    return boxed
