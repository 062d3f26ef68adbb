"""RandAugment (Cubuk et al. 2020, arXiv:1909.13719) on uint8 images, with cv2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

FILL = (128, 128, 128)

Operation = Callable[[np.ndarray, float], np.ndarray]
"""(image, strength in -1..1) to an image; operations without a direction use the strength's size."""


def _affine(image: np.ndarray, matrix: list[list[float]]) -> np.ndarray:
    """The image through a 2 x 2 matrix around its middle and a shift, both in pixels of the result."""
    height, width = image.shape[:2]
    whole = np.array(matrix, np.float64)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    whole[:, 2] += middle - whole[:, :2] @ middle
    turned: np.ndarray = cv2.warpAffine(
        image, whole, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=FILL
    )
    return turned


def _identity(image: np.ndarray, strength: float) -> np.ndarray:
    return image


def _rotate(image: np.ndarray, strength: float) -> np.ndarray:
    angle = np.deg2rad(30 * strength)
    return _affine(image, [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0]])


def _shear_x(image: np.ndarray, strength: float) -> np.ndarray:
    return _affine(image, [[1, 0.3 * strength, 0], [0, 1, 0]])


def _shear_y(image: np.ndarray, strength: float) -> np.ndarray:
    return _affine(image, [[1, 0, 0], [0.3 * strength, 1, 0]])


def _translate_x(image: np.ndarray, strength: float) -> np.ndarray:
    return _affine(image, [[1, 0, 0.45 * strength * image.shape[1]], [0, 1, 0]])


def _translate_y(image: np.ndarray, strength: float) -> np.ndarray:
    return _affine(image, [[1, 0, 0], [0, 1, 0.45 * strength * image.shape[0]]])


def _autocontrast(image: np.ndarray, strength: float) -> np.ndarray:
    low, high = (np.asarray(end, np.float64) for end in (image.min((0, 1)), image.max((0, 1))))
    scale = np.where(high > low, 255 / np.maximum(high - low, 1), 1.0)
    offset = np.where(high > low, -low * scale, 0.0)
    stretched: np.ndarray = cv2.transform(image, np.concatenate([np.diag(scale), offset[:, None]], 1))
    return stretched


def _equalize(image: np.ndarray, strength: float) -> np.ndarray:
    equal: np.ndarray = cv2.merge([cv2.equalizeHist(channel) for channel in cv2.split(image)])
    return equal


def _looked_up(image: np.ndarray, table: np.ndarray) -> np.ndarray:
    changed: np.ndarray = cv2.LUT(image, table.astype(np.uint8))
    return changed


def _solarize(image: np.ndarray, strength: float) -> np.ndarray:
    values = np.arange(256)
    return _looked_up(image, np.where(values < 256 * (1 - abs(strength)), values, 255 - values))


def _posterize(image: np.ndarray, strength: float) -> np.ndarray:
    dropped = round(4 * abs(strength))
    return _looked_up(image, np.arange(256) >> dropped << dropped)


def _blended(image: np.ndarray, target: np.ndarray, strength: float) -> np.ndarray:
    """Towards `target` for a negative strength, away from it for a positive one."""
    factor = 1 + 0.9 * strength
    blended: np.ndarray = cv2.addWeighted(image, factor, target, 1 - factor, 0)
    return blended


def _color(image: np.ndarray, strength: float) -> np.ndarray:
    return _blended(image, cv2.merge([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)] * 3), strength)


def _contrast(image: np.ndarray, strength: float) -> np.ndarray:
    mean = int(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).mean() + 0.5)
    return _blended(image, np.full_like(image, mean), strength)


def _brightness(image: np.ndarray, strength: float) -> np.ndarray:
    return _blended(image, np.zeros_like(image), strength)


def _sharpness(image: np.ndarray, strength: float) -> np.ndarray:
    kernel = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], np.float32) / 13
    return _blended(image, cv2.filter2D(image, -1, kernel), strength)


OPERATIONS: tuple[Operation, ...] = (
    _identity,
    _autocontrast,
    _equalize,
    _rotate,
    _solarize,
    _color,
    _posterize,
    _contrast,
    _brightness,
    _sharpness,
    _shear_x,
    _shear_y,
    _translate_x,
    _translate_y,
)
"""The fourteen operations of the paper."""


@dataclass(frozen=True)
class ChosenOperations:
    """What is done to each image of a batch.

    Attributes:
        chosen: (batch, operations) integers, of `OPERATIONS`, one after the other.
        strengths: (batch, operations) in -1..1; the sign is the direction.
    """

    chosen: np.ndarray
    strengths: np.ndarray


def draw_operations(
    count: int, operations: int, strength: float, rng: np.random.Generator
) -> ChosenOperations:
    """Choose operations at random for every image.

    Args:
        count: images in the batch.
        operations: how many for each, one after the other.
        strength: 0 to 1, the paper's magnitude as a share of its largest; the direction is random.
        rng: the source of randomness.
    """
    chosen = rng.integers(0, len(OPERATIONS), (count, operations))
    return ChosenOperations(chosen, rng.choice((-strength, strength), (count, operations)))


def random_augment(images: np.ndarray, operations: ChosenOperations, which: np.ndarray) -> None:
    """Apply the operations to some images of a batch, in place.

    Args:
        images: (batch, height, width, 3) uint8, RGB.
        operations: what is done to each of them.
        which: the indices of those that are changed.
    """
    for index in which.tolist():
        changed = images[index]
        for operation, strength in zip(operations.chosen[index], operations.strengths[index], strict=True):
            changed = OPERATIONS[operation](changed, float(strength))
        images[index] = changed
