"""Augmentation in `keras.ops`, for images that stay on a device: the same pixels as the other modules give.

Moving, mirroring, erasing and CutMix only choose among pixels, so they are the same to the bit on any device.
What computes with them (crops, colors, RandAugment, MixUp) is rounded differently there, and is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from suite_image_classification.augmentation.draws import Draws
from suite_image_classification.augmentation.settings import Augmentation
from suite_image_classification.augmentation.views import Shifts


def only_chooses(settings: Augmentation) -> bool:
    """Whether every pixel of an augmented image is one of the images', or a color that was drawn."""
    computed = (settings.color_jitter, settings.grayscale, settings.rand_augment, settings.mixup)
    return not settings.warps and not any(computed)


def as_arrays(draws: Draws, settings: Augmentation) -> dict[str, np.ndarray]:
    """What was drawn for a batch, as arrays of the same shapes in every step.

    Args:
        draws: of a batch.
        settings: that only choose among pixels.
    """
    view = draws.view
    assert isinstance(view, Shifts)
    count = len(view.flip)
    arrays = {"flip": view.flip, "down": view.down, "right": view.right}
    if draws.erasing is not None:
        arrays |= {"erased": draws.erasing.erased, "colors": draws.erasing.colors}
    if draws.mixing is not None:
        mixing = draws.mixing
        arrays |= {"partners": mixing.partners, "share": mixing.share, "pasted": mixing.pasted}
    elif settings.cutmix > 0:  # towards the end of the training nothing is mixed
        arrays |= {
            "partners": np.arange(count),
            "share": np.ones(count),
            "pasted": np.zeros((count, 4), np.int64),
        }
    return {
        name: array.astype({"f": np.float32, "i": np.int32}.get(array.dtype.kind, array.dtype))
        for name, array in arrays.items()
    }


def augmented(images: Any, targets: Any, drawn: Mapping[str, Any]) -> tuple[Any, Any]:
    """Images uint8 (batch, height, width, channels) and targets float32 (batch, classes) of a batch.

    Args:
        images: as they are kept.
        targets: of them.
        drawn: as `as_arrays` gives it.
    """
    ops = keras.ops
    images = _translated(images, drawn["flip"], drawn["down"], drawn["right"])
    if "erased" in drawn:
        colors = drawn["colors"][:, None, None, :]
        images = ops.where(_inside(drawn["erased"], images.shape), colors, images)
    if "partners" in drawn:
        partners, share = drawn["partners"], drawn["share"][:, None]
        others = ops.take(images, partners, axis=0)
        images = ops.where(_inside(drawn["pasted"], images.shape), others, images)
        targets = share * targets + (1 - share) * ops.take(targets, partners, axis=0)
    return images, targets


def _translated(images: Any, flip: Any, down: Any, right: Any) -> Any:
    """See `suite_image_classification.augmentation.views.translated`."""
    ops = keras.ops
    batch, height, width, channels = images.shape
    rows = _reflected(ops.arange(height, dtype="int32")[None] - down[:, None], height)
    columns = _reflected(ops.arange(width, dtype="int32")[None] - right[:, None], width)
    columns = ops.where(flip[:, None], width - 1 - columns, columns)
    first = ops.arange(batch, dtype="int32")[:, None] * height
    pixels = ((first + rows) * width)[:, :, None] + columns[:, None, :]
    return ops.take(ops.reshape(images, (-1, channels)), pixels, axis=0)


def _reflected(indices: Any, length: int) -> Any:
    """See `suite_image_classification.augmentation.views.reflected`."""
    if length == 1:
        return keras.ops.zeros_like(indices)
    period = 2 * (length - 1)
    wrapped = keras.ops.mod(indices, period)
    return keras.ops.minimum(wrapped, period - wrapped)


def _inside(rectangles: Any, shape: tuple[int, ...]) -> Any:
    """Which pixels lie in a rectangle (batch, 4): first row, row after the last, and the same of columns."""
    rows = keras.ops.arange(shape[1], dtype="int32")[None, :, None]
    columns = keras.ops.arange(shape[2], dtype="int32")[None, None, :]
    top, bottom, left, right = (rectangles[:, side, None, None] for side in range(4))
    return ((rows >= top) & (rows < bottom) & (columns >= left) & (columns < right))[..., None]
