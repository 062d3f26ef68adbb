"""Boxes as they are written down, made into boxes as `types` has them; and what is wrong with each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROUNDING = 0.5
"""A box that reaches out of its image by less than this, in pixels, was rounded: clipped, not reported."""


@dataclass(frozen=True)
class Cleaned:
    """What became of n boxes. All arrays but `boxes` are bool (n,).

    Attributes:
        boxes: float64 (n, 4), inside of their images.
        flipped: was upside down, or left was right; its corners were exchanged.
        clipped: was partly outside of its image.
        outside: was entirely outside of its image.
        empty: has no area.
        doubled: is equal to an earlier box of its image and class.
        kept: can be used.
    """

    boxes: np.ndarray
    flipped: np.ndarray
    clipped: np.ndarray
    outside: np.ndarray
    empty: np.ndarray
    doubled: np.ndarray
    kept: np.ndarray


def clean(
    boxes: np.ndarray,
    labels: np.ndarray,
    image: np.ndarray,
    sizes: np.ndarray,
    *,
    first_pixel: int = 0,
    normalized: bool = False,
) -> Cleaned:
    """Exchange corners, clip to the images, and find what cannot be used.

    Args:
        boxes: float64 (n, 4), x1, y1, x2, y2, finite.
        labels: int (n,), the class of each.
        image: int (n,), the index of each one's image.
        sizes: int (images, 2), height and width; boxes of an image of size 0 (an unreadable one) are
            never kept, and not reported.
        first_pixel: 1 if corners are numbers of pixels from 1 on, the last one included.
        normalized: whether corners are shares of width and height.
    """
    low, high = np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])
    limits = sizes[image][:, ::-1].astype(np.float64)
    known = (limits > 0).all(axis=1)
    with np.errstate(over="ignore"):
        low = low - first_pixel
        if normalized:
            low, high = low * limits, high * limits
        beyond = np.maximum(-low, high - limits).max(axis=1, initial=-np.inf)
    empty = (high <= low).any(axis=1)
    outside = ((high <= 0) | (low >= limits)).any(axis=1) & ~empty
    cleaned = np.hstack([np.clip(low, 0, limits), np.clip(high, 0, limits)])
    # A box of almost no width may lose it to the rounding of floats.
    empty |= (cleaned[:, 2:] <= cleaned[:, :2]).any(axis=1) & ~outside
    usable = known & ~empty & ~outside
    doubled = usable & _doubled(cleaned, labels, image)
    return Cleaned(
        boxes=cleaned,
        flipped=known & (boxes[:, 2:] < boxes[:, :2]).any(axis=1),
        clipped=usable & (beyond >= ROUNDING),
        outside=known & outside,
        empty=known & empty,
        doubled=doubled,
        kept=usable & ~doubled,
    )


def _doubled(boxes: np.ndarray, labels: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Which boxes are equal to an earlier box of the same image and class."""
    keys = np.column_stack([image, labels, boxes])
    order = np.lexsort(keys.T)  # stable: of equal boxes the first stays first
    doubled = np.zeros(len(boxes), bool)
    doubled[order[1:]] = (keys[order[1:]] == keys[order[:-1]]).all(axis=1)
    return doubled


def images_of_shares(boxes: np.ndarray, image: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Images whose boxes should be in pixels and look like shares of width and height.

    They are those of more than 2 pixels whose boxes all lie between 0 and 1, and not all at the ends.

    Args:
        boxes: float64 (n, 4), finite.
        image: int (n,), the index of each one's image.
        sizes: int (images, 2), height and width; 0 if they are not known.

    Returns:
        bool (images,)
    """
    count = len(sizes)
    within = ((boxes >= 0) & (boxes <= 1)).all(axis=1)
    between = within & (boxes != np.floor(boxes)).any(axis=1)
    all_within = np.bincount(image[within], minlength=count) == np.bincount(image, minlength=count)
    large = (sizes.max(axis=1, initial=0) > 2) | (sizes == 0).any(axis=1)
    shares: np.ndarray = all_within & (np.bincount(image[between], minlength=count) > 0) & large
    return shares
