"""MixUp, CutMix and random erasing on batches of images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MIXUP_ALPHA = 0.4
ERASED_AREA = (0.02, 0.25)
ERASED_ASPECT_RATIO = 2.5


@dataclass(frozen=True)
class Mixing:
    """What is mixed into each image of a batch; nothing into one whose share is 1.

    Attributes:
        partners: (batch,) integers, the other image.
        share: (batch,) float64, how much of the target is the image's own.
        blended: (batch,) booleans, whether the two are blended, by their shares.
        pasted: (batch, 4) integers, the rectangle that comes from the other one: first row, row after the
            last, and the same of columns; empty if there is none.
    """

    partners: np.ndarray
    share: np.ndarray
    blended: np.ndarray
    pasted: np.ndarray

    def sources(self, rows: range) -> np.ndarray:
        """The images that some of the batch are mixed of, these among them; ascending."""
        own = np.asarray(rows, np.int64)
        mixes = self.blended[own] | (self.pasted[own, 1] > self.pasted[own, 0])
        return np.union1d(own, self.partners[own[mixes]])


def draw_mixing(
    count: int, height: int, width: int, mixup: float, cutmix: float, rng: np.random.Generator
) -> Mixing:
    """Choose which images are blended with another one of the batch, and which have a rectangle of it.

    MixUp (Zhang et al. 2018, arXiv:1710.09412): image and target are weighted means of two. CutMix (Yun
    et al. 2019, arXiv:1905.04899): a rectangle of up to half the image comes from the other one, and the
    target is weighted by the areas. Pairs, weights and rectangles are random for every image.

    Args:
        count: images in the batch.
        height: rows of an image.
        width: columns of an image.
        mixup: probability of being blended.
        cutmix: probability of being pasted over; the two together at most 1.
        rng: the source of randomness.
    """
    partners = rng.permutation(count)
    draw = rng.random(count)
    blended = draw < mixup
    paste = np.flatnonzero((draw >= mixup) & (draw < mixup + cutmix))
    share = np.ones(count)
    share[blended] = rng.beta(MIXUP_ALPHA, MIXUP_ALPHA, np.count_nonzero(blended))
    side = np.sqrt(rng.uniform(0, 0.5, len(paste)))
    position = rng.random((2, len(paste)))
    top, bottom = _span(position[0], side, height)
    left, right = _span(position[1], side, width)
    share[paste] = 1 - (bottom - top) * (right - left) / (height * width)
    pasted = np.zeros((count, 4), np.int64)
    pasted[paste] = np.stack([top, bottom, left, right], axis=1)
    return Mixing(partners, share, blended, pasted)


def mixed_images(images: np.ndarray, mixing: Mixing, rows: range) -> np.ndarray:
    """Some images of a batch, as they are mixed.

    Args:
        images: (batch, height, width, channels) uint8; not changed. Only the `sources` are looked at.
        mixing: what is mixed.
        rows: which images to give.

    Returns:
        A new array (rows, height, width, channels) uint8.
    """
    own = np.asarray(rows, np.int64)
    out = images[own]
    blended = mixing.blended[own]
    blend = own[blended]
    share = mixing.share[blend, None, None, None].astype(np.float32)
    means = share * images[blend] + (1 - share) * images[mixing.partners[blend]]
    out[blended] = (means + 0.5).astype(np.uint8)
    pasted = mixing.pasted[own]
    for row in np.flatnonzero(pasted[:, 1] > pasted[:, 0]).tolist():
        top, bottom, left, right = pasted[row].tolist()
        out[row, top:bottom, left:right] = images[mixing.partners[own[row]], top:bottom, left:right]
    return out


def mixed_targets(targets: np.ndarray, mixing: Mixing) -> np.ndarray:
    """Targets (batch, classes) float32 of a batch, as its images are mixed."""
    share = mixing.share[:, None].astype(np.float32)
    mixed: np.ndarray = share * targets + (1 - share) * targets[mixing.partners]
    return mixed


@dataclass(frozen=True)
class Erasing:
    """What is erased of each image of a batch.

    Attributes:
        erased: (batch, 4) integers, a rectangle: first row, row after the last, and the same of columns;
            empty if there is none.
        colors: (batch, channels) uint8, what covers it.
    """

    erased: np.ndarray
    colors: np.ndarray


def draw_erasing(
    count: int, height: int, width: int, channels: int, probability: float, rng: np.random.Generator
) -> Erasing:
    """Choose a random rectangle of some images, and a random color.

    Random erasing (Zhong et al. 2017, arXiv:1708.04896), one color per rectangle.

    Args:
        count: images in the batch.
        height: rows of an image.
        width: columns of an image.
        channels: of an image.
        probability: the share of images that lose a rectangle.
        rng: the source of randomness.
    """
    chosen = np.flatnonzero(rng.random(count) < probability)
    side = np.sqrt(rng.uniform(*ERASED_AREA, len(chosen)))
    ratio = np.sqrt(ERASED_ASPECT_RATIO ** rng.uniform(-1, 1, len(chosen)))
    position = rng.random((2, len(chosen)))
    top, bottom = _span(position[0], np.minimum(side * ratio, 1), height)
    left, right = _span(position[1], np.minimum(side / ratio, 1), width)
    erased, colors = np.zeros((count, 4), np.int64), np.zeros((count, channels), np.uint8)
    erased[chosen] = np.stack([top, bottom, left, right], axis=1)
    colors[chosen] = rng.integers(0, 256, (len(chosen), channels), dtype=np.uint8)
    return Erasing(erased, colors)


def erase(images: np.ndarray, erasing: Erasing, which: np.ndarray) -> None:
    """Cover the rectangles of some images of a batch (batch, height, width, channels) uint8, in place."""
    for index in which.tolist():
        top, bottom, left, right = erasing.erased[index].tolist()
        images[index, top:bottom, left:right] = erasing.colors[index]


def _span(position: np.ndarray, share: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """First and past-the-last index of a span of `share` of `length` pixels.

    At `position` 0 it begins at the first pixel, at 1 it ends at the last one.
    """
    size = np.maximum(1, np.rint(share * length)).astype(np.int64)
    start = np.rint(position * (length - size)).astype(np.int64)
    return start, start + size
