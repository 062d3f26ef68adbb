"""MixUp for detection: two images blended, with the boxes of both."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

MIXUP_ALPHA = 32.0
"""Of the symmetric beta distribution of the share: near one half, so that the objects of both are seen."""


def mixed(
    images: np.ndarray, rows: Sequence[np.ndarray], mixup: float, rng: np.random.Generator
) -> tuple[np.ndarray, list[np.ndarray]]:
    """A share of the images blended with another image of the batch, with the boxes of both.

    Zhang et al. 2019 (arXiv:1902.04103, section 3.1); they weight each box's loss by its image's share of
    the blend, here all count alike, as in YOLOX (arXiv:2107.08430) and with Ultralytics' distribution of the
    share. Pairs and shares are drawn at random for every image.

    Args:
        images: (batch, height, width, channels) uint8; not changed.
        rows: per image an array (boxes, 5); not changed.
        mixup: probability of being blended.
        rng: the source of randomness.

    Returns:
        New images, and rows of both.
    """
    count = len(images)
    partners = rng.permutation(count)
    blend = (rng.random(count) < mixup) & (partners != np.arange(count))
    shares = rng.beta(MIXUP_ALPHA, MIXUP_ALPHA, count)
    out, out_rows = images.copy(), list(rows)
    for index in np.flatnonzero(blend).tolist():
        partner, share = int(partners[index]), float(shares[index])
        cv2.addWeighted(images[index], share, images[partner], 1 - share, 0, dst=out[index])
        out_rows[index] = np.concatenate([rows[index], rows[partner]])
    return out, out_rows
