"""Heat maps over images: what counted for a prediction, and what against it."""

from __future__ import annotations

import cv2
import numpy as np

FOR, AGAINST = (0, 114, 178), (213, 94, 0)
"""RGB: blue and orange, which people with any color vision tell apart; as texts are shaded in the report."""

OPACITY = 0.75
"""Of a weight of 1 or -1."""


def shaded(image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """An image in gray, shaded blue where weights are above zero and orange where they are below.

    Args:
        image: uint8 (height, width, 3), RGB.
        weights: (rows, columns) from -1 to 1, spread over the image.

    Returns:
        uint8 (height, width, 3).
    """
    height, width = image.shape[:2]
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None].astype(np.float32)
    spread = cv2.resize(weights.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    spread = spread.clip(-1, 1)[:, :, None]
    color = np.where(spread > 0, np.array(FOR, np.float32), np.array(AGAINST, np.float32))
    opacity = OPACITY * abs(spread)
    blended: np.ndarray = np.rint((1 - opacity) * gray + opacity * color).astype(np.uint8)
    return blended
