"""Objects that a network sees too small: how many there are, and what helps."""

from __future__ import annotations

import math

import numpy as np

from suite_object_detection.options import DetectionOptions
from suite_object_detection.recipes import (
    FINEST_STRIDE,
    MIN_GAIN,
    SMALL_OBJECT,
    STEP,
    TILE_INPUT,
    input_size,
    size_for,
)
from suite_object_detection.survey import Survey

MIN_SHARE = 0.02
"""Of the objects, from which on those that are too small are worth a sentence."""


def small_objects(survey: Survey, options: DetectionOptions) -> str:
    """A sentence on objects below the finest stride, if images are seen whole; empty if there are hardly any.

    Args:
        survey: of the training split.
        options: with a size and tiles that are not "auto".
    """
    tiles = options.tiles
    whole = isinstance(tiles, str)
    seen = np.array(input_size(options) if whole else size_for(survey), np.float64)
    sides = np.sqrt(survey.sides.prod(axis=1))
    below = sides * (seen / survey.sizes).min(axis=1)[survey.image] < FINEST_STRIDE
    if below.mean() < MIN_SHARE:
        return ""
    height, width = seen.astype(int).tolist()
    which = f"{below.sum():,} of {len(below):,} objects of the training split"
    what = f"smaller than {FINEST_STRIDE} pixels, the finest stride, in an input of {width} x {height}"
    if not whole:
        return f"{which} would be {what}: images are cut into tiles, model.tiles={tiles}"
    longer = float(np.median(survey.sizes.max(axis=1)))
    if longer < MIN_GAIN * seen.max():  # tiles would show them as large as they are seen already
        larger = STEP * math.ceil(2 * seen.max() / STEP)
        return f"{which} are {what}: a larger input shows them larger, --set model.size={larger}"
    side = round(float(np.clip(TILE_INPUT * np.median(sides[below]) / SMALL_OBJECT, TILE_INPUT, longer)))
    return f"{which} are {what}: tiles show them larger, --set model.tiles={side}"
