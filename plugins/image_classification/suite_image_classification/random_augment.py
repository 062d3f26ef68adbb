"""RandAugment (Cubuk et al. 2020, arXiv:1909.13719) on uint8 pictures, with cv2."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

FILL = (128, 128, 128)

Operation = Callable[[np.ndarray, float], np.ndarray]
"""(picture, strength in -1..1) to a picture; operations without a direction use the strength's size."""


def _affine(picture: np.ndarray, matrix: list[list[float]]) -> np.ndarray:
    """The picture through a 2 x 2 matrix around its middle and a shift, both in pixels of the result."""
    height, width = picture.shape[:2]
    whole = np.array(matrix, np.float64)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    whole[:, 2] += middle - whole[:, :2] @ middle
    turned: np.ndarray = cv2.warpAffine(
        picture, whole, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=FILL
    )
    return turned


def _identity(picture: np.ndarray, strength: float) -> np.ndarray:
    return picture


def _rotate(picture: np.ndarray, strength: float) -> np.ndarray:
    angle = np.deg2rad(30 * strength)
    return _affine(picture, [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0]])


def _shear_x(picture: np.ndarray, strength: float) -> np.ndarray:
    return _affine(picture, [[1, 0.3 * strength, 0], [0, 1, 0]])


def _shear_y(picture: np.ndarray, strength: float) -> np.ndarray:
    return _affine(picture, [[1, 0, 0], [0.3 * strength, 1, 0]])


def _translate_x(picture: np.ndarray, strength: float) -> np.ndarray:
    return _affine(picture, [[1, 0, 0.45 * strength * picture.shape[1]], [0, 1, 0]])


def _translate_y(picture: np.ndarray, strength: float) -> np.ndarray:
    return _affine(picture, [[1, 0, 0], [0, 1, 0.45 * strength * picture.shape[0]]])


def _autocontrast(picture: np.ndarray, strength: float) -> np.ndarray:
    low, high = (np.asarray(end, np.float64) for end in (picture.min((0, 1)), picture.max((0, 1))))
    scale = np.where(high > low, 255 / np.maximum(high - low, 1), 1.0)
    offset = np.where(high > low, -low * scale, 0.0)
    stretched: np.ndarray = cv2.transform(picture, np.concatenate([np.diag(scale), offset[:, None]], 1))
    return stretched


def _equalize(picture: np.ndarray, strength: float) -> np.ndarray:
    equal: np.ndarray = cv2.merge([cv2.equalizeHist(channel) for channel in cv2.split(picture)])
    return equal


def _looked_up(picture: np.ndarray, table: np.ndarray) -> np.ndarray:
    changed: np.ndarray = cv2.LUT(picture, table.astype(np.uint8))
    return changed


def _solarize(picture: np.ndarray, strength: float) -> np.ndarray:
    values = np.arange(256)
    return _looked_up(picture, np.where(values < 256 * (1 - abs(strength)), values, 255 - values))


def _posterize(picture: np.ndarray, strength: float) -> np.ndarray:
    dropped = round(4 * abs(strength))
    return _looked_up(picture, np.arange(256) >> dropped << dropped)


def _blended(picture: np.ndarray, other: np.ndarray, strength: float) -> np.ndarray:
    """Towards `other` for a negative strength, away from it for a positive one."""
    factor = 1 + 0.9 * strength
    sum_of_both: np.ndarray = cv2.addWeighted(picture, factor, other, 1 - factor, 0)
    return sum_of_both


def _colour(picture: np.ndarray, strength: float) -> np.ndarray:
    return _blended(picture, cv2.merge([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)] * 3), strength)


def _contrast(picture: np.ndarray, strength: float) -> np.ndarray:
    mean = int(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).mean() + 0.5)
    return _blended(picture, np.full_like(picture, mean), strength)


def _brightness(picture: np.ndarray, strength: float) -> np.ndarray:
    return _blended(picture, np.zeros_like(picture), strength)


def _sharpness(picture: np.ndarray, strength: float) -> np.ndarray:
    kernel = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], np.float32) / 13
    return _blended(picture, cv2.filter2D(picture, -1, kernel), strength)


OPERATIONS: tuple[Operation, ...] = (
    _identity,
    _autocontrast,
    _equalize,
    _rotate,
    _solarize,
    _colour,
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


def random_augment(pictures: np.ndarray, operations: int, strength: float, rng: np.random.Generator) -> None:
    """Apply `operations` operations, drawn at random for every picture, in place.

    Args:
        pictures: (batch, height, width, 3) uint8, RGB.
        operations: how many, one after the other.
        strength: 0 to 1, the paper's magnitude over its greatest; the direction is drawn.
        rng: the source of randomness.
    """
    chosen = rng.integers(0, len(OPERATIONS), (len(pictures), operations))
    signs = rng.choice((-strength, strength), (len(pictures), operations))
    for index, picture in enumerate(pictures):
        changed = picture
        for operation, signed in zip(chosen[index], signs[index], strict=True):
            changed = OPERATIONS[operation](changed, float(signed))
        picture[:] = changed
