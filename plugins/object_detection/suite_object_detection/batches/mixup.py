"""MixUp for detection: two images blended, with the boxes of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

MIXUP_ALPHA = 32.0
"""Of the symmetric beta distribution of the share: near one half, so that the objects of both are seen."""


class Mixing(NamedTuple):
    """Which images of a batch are blended with another one.

    Attributes:
        partners: (batch,) integers, the other image.
        blended: (batch,) booleans, whether it is.
        shares: (batch,) float64, the image's own share of the blend.
    """

    partners: np.ndarray
    blended: np.ndarray
    shares: np.ndarray

    def sources(self, rows: Sequence[int]) -> np.ndarray:
        """The images that some of the batch are blended of, these among them; ascending."""
        own = np.asarray(rows, np.int64)
        return np.union1d(own, self.partners[own[self.blended[own]]])


def draw_mixing(count: int, mixup: float, rng: np.random.Generator) -> Mixing:
    """Choose which images are blended with another image of the batch.

    Zhang et al. 2019 (arXiv:1902.04103, section 3.1); they weight each box's loss by its image's share of
    the blend, here all count alike, as in YOLOX (arXiv:2107.08430) and with Ultralytics' distribution of the
    share. Pairs and shares are drawn at random for every image.

    Args:
        count: images in the batch.
        mixup: probability of being blended.
        rng: the source of randomness.
    """
    partners = rng.permutation(count)
    blended = (rng.random(count) < mixup) & (partners != np.arange(count))
    return Mixing(partners, blended, rng.beta(MIXUP_ALPHA, MIXUP_ALPHA, count))


def mixed(
    images: np.ndarray, boxes: Sequence[np.ndarray], mixing: Mixing, rows: Sequence[int]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Some images of a batch as they are blended, with the boxes of both.

    Args:
        images: (batch, height, width, channels) uint8; not changed. Only the `sources` are looked at.
        boxes: per image an array (boxes, 5); not changed.
        mixing: which are blended with which.
        rows: which images to give.

    Returns:
        New images, and their boxes.
    """
    out, out_boxes = images[np.asarray(rows, np.int64)], [boxes[index] for index in rows]
    for row, index in enumerate(rows):
        if mixing.blended[index]:
            partner, share = int(mixing.partners[index]), float(mixing.shares[index])
            cv2.addWeighted(images[index], share, images[partner], 1 - share, 0, dst=out[row])
            out_boxes[row] = np.concatenate([boxes[index], boxes[partner]])
    return out, out_boxes
