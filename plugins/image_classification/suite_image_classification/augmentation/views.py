"""Random views of images: translation for small ones; crop, aspect ratio and rotation for photographs.

Pixel (row, column) covers the square around (row + 0.5, column + 0.5), as everywhere in cv2, so the middle
of an image of any size stays in the middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from suite_images.resizing import LETTERBOX_GRAY, Resize


@dataclass(frozen=True)
class Shifts:
    """How each image of a batch is moved, after it may have been mirrored.

    Attributes:
        flip: (batch,) booleans, whether left and right are swapped.
        down: (batch,) integers, by how many rows the content moves down.
        right: (batch,) integers, by how many columns it moves to the right.
    """

    flip: np.ndarray
    down: np.ndarray
    right: np.ndarray


@dataclass(frozen=True)
class Crops:
    """Which view of each image of a batch is seen.

    Attributes:
        flip: (batch,) booleans, whether left and right are swapped.
        area: (batch,) shares of the whole view's area that are seen.
        aspect_ratio: (batch,) factors by which the view is made wider, and less high.
        position: (batch, 2) in 0..1, where in the image the view lies: 0 at the top or left, 1 at the end.
        angle: (batch,) rotations in degrees.
    """

    flip: np.ndarray
    area: np.ndarray
    aspect_ratio: np.ndarray
    position: np.ndarray
    angle: np.ndarray


def reflected(indices: np.ndarray, length: int) -> np.ndarray:
    """Indices outside of `length` pixels mirrored back into it; the edge is not repeated."""
    if length == 1:
        return np.zeros_like(indices)
    period = 2 * (length - 1)
    wrapped = indices % period
    mirrored: np.ndarray = np.minimum(wrapped, period - wrapped)
    return mirrored


def translated(images: np.ndarray, down: np.ndarray, right: np.ndarray, flip: np.ndarray) -> np.ndarray:
    """A batch of equally large images, each mirrored if `flip` is set, and then moved.

    Args:
        images: (batch, height, width, channels).
        down: (batch,) integers, by how many rows the content moves down; the gap shows its reflection.
        right: (batch,) integers, by how many columns it moves to the right.
        flip: (batch,) booleans, whether left and right are swapped first.

    Returns:
        A new array of the same shape and dtype.
    """
    batch, height, width, channels = images.shape
    rows = reflected(np.arange(height)[None, :] - down[:, None], height)
    columns = reflected(np.arange(width)[None, :] - right[:, None], width)
    columns = np.where(flip[:, None], width - 1 - columns, columns)
    # One gather over all pixels of the batch: several times faster than indexing three axes.
    base = (np.arange(batch)[:, None] * height + rows) * width
    source = base[:, :, None] + columns[:, None, :]
    moved: np.ndarray = np.take(images.reshape(-1, channels), source, axis=0, mode="clip")
    return moved


def view_size(shape: Sequence[int], height: int, width: int, mode: Resize) -> tuple[float, float]:
    """(height, width), in the image's pixels, of what the network sees of it without augmentation.

    Smaller than the image if it is cropped, larger if it is letterboxed.
    """
    if mode == "squash":
        return float(shape[0]), float(shape[1])
    scales = (shape[0] / height, shape[1] / width)
    scale = min(scales) if mode == "crop" else max(scales)
    return height * scale, width * scale


def view_matrices(
    shapes: np.ndarray,
    height: int,
    width: int,
    mode: Resize,
    crops: Crops,
) -> np.ndarray:
    """Affine matrices from pixels of the result to pixels of the image, one per image.

    Args:
        shapes: (batch, 2), heights and widths of the images.
        height: rows of the result.
        width: columns of the result.
        mode: how an image without augmentation is brought to the result's size.
        crops: what is seen of each.

    Returns:
        (batch, 2, 3) float64, for `cv2.warpAffine` with `WARP_INVERSE_MAP`.
    """
    whole = np.array([view_size(shape, height, width, mode) for shape in shapes]).reshape(-1, 2)
    side, wider, position = np.sqrt(crops.area), np.sqrt(crops.aspect_ratio), crops.position
    seen_height = np.minimum(whole[:, 0], whole[:, 0] * side / wider)
    seen_width = np.minimum(whole[:, 1], whole[:, 1] * side * wider)
    # The middle of the view; a view larger than the image stays in the middle.
    middle_y = shapes[:, 0] / 2 + (position[:, 0] - 0.5) * np.maximum(shapes[:, 0] - seen_height, 0.0)
    middle_x = shapes[:, 1] / 2 + (position[:, 1] - 0.5) * np.maximum(shapes[:, 1] - seen_width, 0.0)
    scale_y = seen_height / height
    scale_x = np.where(crops.flip, -1.0, 1.0) * seen_width / width
    angle = np.deg2rad(crops.angle)
    cosine, sine = np.cos(angle), np.sin(angle)
    matrices = np.empty((len(shapes), 2, 3))
    matrices[:, 0, 0], matrices[:, 0, 1] = cosine * scale_x, -sine * scale_y
    matrices[:, 1, 0], matrices[:, 1, 1] = sine * scale_x, cosine * scale_y
    origin = np.array([(width - 1) / 2, (height - 1) / 2])
    matrices[:, :, 2] = np.stack([middle_x, middle_y], 1) - 0.5 - matrices[:, :, :2] @ origin
    return matrices


def warped(
    images: Sequence[np.ndarray], matrices: np.ndarray, height: int, width: int, mode: Resize
) -> np.ndarray:
    """Images of any sizes seen through `matrices`: cropped, resized, rotated and mirrored in one step.

    Returns:
        (batch, height, width, channels) uint8. What lies outside an image is its reflection, or gray if
        images are letterboxed.
    """
    border = cv2.BORDER_CONSTANT if mode == "letterbox" else cv2.BORDER_REFLECT_101
    channels = images[0].shape[2]
    out = np.empty((len(images), height, width, channels), np.uint8)
    # OpenCV has a border of four channels at most.
    pieces = [slice(None)] if channels <= 4 else [slice(at, at + 4) for at in range(0, channels, 4)]
    for image, matrix, into in zip(images, matrices, out, strict=True):
        for piece in pieces:
            seen = cv2.warpAffine(
                np.ascontiguousarray(image[:, :, piece]),
                matrix,
                (width, height),
                dst=into if channels <= 4 else None,
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=border,
                borderValue=(LETTERBOX_GRAY,) * 4,
            )
            if channels > 4 or channels == 1:
                into[:, :, piece] = seen.reshape(height, width, -1)
    return out
