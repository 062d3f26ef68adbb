"""MixUp, CutMix and random erasing on batches of images."""

from __future__ import annotations

import numpy as np

MIXUP_ALPHA = 0.4
ERASED_AREA = (0.02, 0.25)
ERASED_ASPECT_RATIO = 2.5


def mixed(
    images: np.ndarray, targets: np.ndarray, mixup: float, cutmix: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Blend some images with another one of the batch, and paste a rectangle of another one into some.

    MixUp (Zhang et al. 2018, arXiv:1710.09412): image and target are weighted means of two. CutMix (Yun
    et al. 2019, arXiv:1905.04899): a rectangle of up to half the image comes from the other one, and the
    target is weighted by the areas. Pairs, weights and rectangles are random for every image.

    Args:
        images: (batch, height, width, channels) uint8.
        targets: (batch, classes) float32.
        mixup: probability of being blended.
        cutmix: probability of being pasted over; the two together at most 1.
        rng: the source of randomness.

    Returns:
        New images and targets, of the same shapes and dtypes.
    """
    count, height, width = images.shape[:3]
    partners = rng.permutation(count)
    draw = rng.random(count)
    blend = np.flatnonzero(draw < mixup)
    paste = np.flatnonzero((draw >= mixup) & (draw < mixup + cutmix))
    own = np.ones(count)
    out = images.copy()

    own[blend] = rng.beta(MIXUP_ALPHA, MIXUP_ALPHA, len(blend))
    share = own[blend, None, None, None].astype(np.float32)
    blended = share * images[blend] + (1 - share) * images[partners[blend]]
    out[blend] = (blended + 0.5).astype(np.uint8)

    side = np.sqrt(rng.uniform(0, 0.5, len(paste)))
    position = rng.random((2, len(paste)))
    top, bottom = _span(position[0], side, height)
    left, right = _span(position[1], side, width)
    for index, first_row, last_row, first, last in zip(paste, top, bottom, left, right, strict=True):
        out[index, first_row:last_row, first:last] = images[partners[index], first_row:last_row, first:last]
    own[paste] = 1 - (bottom - top) * (right - left) / (height * width)

    own_share = own[:, None].astype(np.float32)
    return out, own_share * targets + (1 - own_share) * targets[partners]


def erase(images: np.ndarray, probability: float, rng: np.random.Generator) -> None:
    """Cover a random rectangle of some images by a random color, in place.

    Random erasing (Zhong et al. 2017, arXiv:1708.04896), one color per rectangle.

    Args:
        images: (batch, height, width, channels) uint8.
        probability: the share of images that lose a rectangle.
        rng: the source of randomness.
    """
    count, height, width, channels = images.shape
    chosen = np.flatnonzero(rng.random(count) < probability)
    side = np.sqrt(rng.uniform(*ERASED_AREA, len(chosen)))
    ratio = np.sqrt(ERASED_ASPECT_RATIO ** rng.uniform(-1, 1, len(chosen)))
    position = rng.random((2, len(chosen)))
    top, bottom = _span(position[0], np.minimum(side * ratio, 1), height)
    left, right = _span(position[1], np.minimum(side / ratio, 1), width)
    colors = rng.integers(0, 256, (len(chosen), channels), dtype=np.uint8)
    for row, index in enumerate(chosen):
        images[index, top[row] : bottom[row], left[row] : right[row]] = colors[row]


def _span(position: np.ndarray, share: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """First and past-the-last index of a span of `share` of `length` pixels.

    At `position` 0 it begins at the first pixel, at 1 it ends at the last one.
    """
    size = np.maximum(1, np.rint(share * length)).astype(np.int64)
    start = np.rint(position * (length - size)).astype(np.int64)
    return start, start + size
