"""Defaults for options and training, chosen from what the data holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from suite import UserError
from suite.options import chosen
from suite_images.channels import resolved_for
from suite_object_detection.options import DetectionOptions, DetectorOptions
from suite_object_detection.survey import Survey
from suite_object_detection.tiles.tiling import Tiling

MANY = 5000
"""Images from which on the network is larger, and so are the batches. On two processor cores the nano
network is better after the same time; so many images are a matter of hours, or of a GPU."""

Chosen = TypeVar("Chosen", bound=DetectionOptions)

Choices = tuple[dict[str, Any], dict[str, Any]]
"""Values for the builder's options that are "auto", and values for the training options."""

STEP = 32
"""Sides of the network's input are multiples of the largest stride."""

SMALL_OBJECT = 22.0
"""Pixels of the network's input that objects of the smallest class should have. Measured on blood cells whose
platelets are 38 of 640 pixels: a third less costs 4 points of mAP50."""


FINEST_STRIDE = 8
"""Pixels of the network's input between two locations of its finest level: smaller objects are not told
apart, and many have no location of their own."""

LARGEST_INPUT = 640
"""The longer side of the network's input at most, unless the user wants more."""

TILE_INPUT = 512
"""The same of a network that sees tiles: more would be slower, and show it nothing that overlaps do not."""

MIN_GAIN = 1.25
"""By how much objects must be larger in tiles than in whole images, for tiles are more work."""

LARGE_SHARE = 0.01
"""If as many objects are nearly as large as a tile, or larger, the network sees whole images as well."""


def size_for(survey: Survey, smallest: int = 256, largest: int = LARGEST_INPUT) -> tuple[int, int]:
    """The network's input: (height, width), with the proportions of the images.

    The longer side is such that objects of the smallest class have about `SMALL_OBJECT` pixels, but no larger
    than images are, which would add nothing but work.
    """
    longer = float(np.median(survey.sizes.max(axis=1)))
    longest = min(max(SMALL_OBJECT / survey.smallest, smallest), largest, max(longer, smallest))
    # Upright and lying images mixed need a square; nine of ten are not to be made smaller.
    relative = survey.sizes / survey.sizes.max(axis=1, keepdims=True)
    height, width = (float(side) for side in np.percentile(relative, 90, axis=0))
    return _multiple(height * longest), _multiple(width * longest)


def _multiple(side: float) -> int:
    return int(max(1, np.ceil(round(side, 3) / STEP))) * STEP


def tile_defaults(
    survey: Survey, options: DetectionOptions, size: tuple[int, int] | None = None
) -> dict[str, Any]:
    """The network's input, and the tiles that images are cut into, if any.

    Tiles are chosen if objects of the smallest class would be smaller than the finest stride, and images have
    more pixels to give. A tile is such that these objects have `SMALL_OBJECT` pixels of the input, or as many
    as in the image, and overlaps the next one by 95 of 100 objects.

    Args:
        survey: of the data.
        options: what the user chose.
        size: (height, width) of the network's input, if it is fixed.
    """
    if size is None and options.size != "auto":
        size = input_size(options)
    fitting = size or size_for(survey)
    longer = float(np.median(survey.sizes.max(axis=1)))
    tiles: str | int = "off" if options.tiles == "auto" else options.tiles
    if options.tiles == "auto" and survey.smallest * max(fitting) < FINEST_STRIDE:
        shrink = min(1.0, SMALL_OBJECT / (survey.smallest * longer))
        side = round(max(size or (TILE_INPUT,)) / shrink)
        larger = max(size or (TILE_INPUT,)) / side * longer / max(fitting)
        tiles = side if larger >= MIN_GAIN else "off"
    if isinstance(tiles, str):
        return {"size": _side_or_sides(fitting), "tiles": tiles, "tile_overlap": 0.2}
    if size is None:
        size = (_multiple(min(tiles, TILE_INPUT)),) * 2
    most = float(np.percentile(survey.sides.max(axis=1), 95)) / (tiles * min(size) / max(size))
    overlap = float(np.clip(np.ceil(100 * most + 2) / 100, 0.1, 0.4))
    return {"size": _side_or_sides(size), "tiles": tiles, "tile_overlap": overlap}


def _side_or_sides(size: tuple[int, int]) -> int | tuple[int, int]:
    return size[0] if size[0] == size[1] else size


def tiling_of(survey: Survey, options: DetectionOptions) -> Tiling | None:
    """The tiles of options without "auto"; None if images are learned from and predicted as a whole."""
    if isinstance(options.tiles, str):
        return None
    large = survey.sides.max(axis=1) > 0.75 * options.tiles
    return Tiling(
        side=options.tiles,
        overlap=chosen(options.tile_overlap, 0.2),
        whole=bool(large.mean() >= LARGE_SHARE),
    )


def input_size(options: DetectionOptions) -> tuple[int, int]:
    """(height, width) of the network's input, of options whose size is not "auto".

    Raises:
        suite.UserError: if it is no multiple of the largest stride.
    """
    default: int | tuple[int, ...] = STEP
    size = chosen(options.size, default)
    height, width = (size, size) if isinstance(size, int) else size
    for side in (height, width):
        if side % STEP:
            below, above = side // STEP * STEP, (side // STEP + 1) * STEP
            near = f"{below} or {above}" if below else f"{above}"
            raise UserError(f"size {side} is not a multiple of {STEP}: take {near}")
    return height, width


def max_boxes_for(survey: Survey, mosaic: float, tiles: str | int = "off") -> int:
    """Rows of targets: as many as the fullest of a hundred images (or tiles) has, or a mosaic of several."""
    counts = survey.per_image if isinstance(tiles, str) else survey.per_tile(tiles)
    many = float(np.percentile(counts, 99)) * (1.0 + 1.5 * mosaic)
    return int(np.clip(10 * np.ceil(many / 10), 10, 300))


def epochs_for(images: int, at_thousand: float, min_epochs: int, max_epochs: int) -> int:
    """A number of epochs: `at_thousand` for a thousand images, half as many for four times as many."""
    return int(max(min_epochs, min(max_epochs, round(at_thousand * (1000 / max(images, 1)) ** 0.5))))


def augmentation_defaults(survey: Survey, mosaic: float) -> dict[str, Any]:
    """What is random for objects of any kind, whichever network learns them."""
    return {
        "scale": (0.5, 1.5),
        "translate": 0.0,
        "aspect_ratio": 1.1,
        "rotate": 0.0,
        "shear": 0.0,
        "flip": survey.mirrors,
        "flip_vertical": False,
        "quarter_turns": False,
        "color_jitter": 0.3,
        "grayscale": 0.0,
        "mosaic": mosaic,
        "mosaic_scale": (0.5, 1.25),
        "mixup": 0.0,
        "visible": 0.25,
    }


def detection_defaults(survey: Survey, options: DetectionOptions) -> Choices:
    """For the options that all builders share, and for a detector that is trained from scratch.

    Other choices follow what the user chose. Measured on 205 images of blood cells: mAP 0.612 and mAP50 0.89
    on others. What mattered most, in shorter trainings with a smaller input, was the learning rate (mAP50
    0.75 at 0.03, 0.81 at 0.1, 0.85 at 0.3) and the mosaic (0.68 without, 0.85 for half of the images, 0.86
    for all).
    """
    mosaic = chosen(options.mosaic, 1.0)
    epochs = epochs_for(survey.count, 34, 8, 150)
    batch = 8 if survey.count < MANY else 16
    seen = tile_defaults(survey, options)
    choices = {
        **seen,
        "bits": survey.bits,
        "channels": survey.channels,
        "max_boxes": max_boxes_for(survey, mosaic, seen["tiles"]),
        **augmentation_defaults(survey, mosaic),
        "clean": 0.15,
    }
    recipe = {
        "epochs": epochs,
        "batch_size": batch,
        "optimizer": "sgd",
        "learning_rate": round(0.3 * (batch / 8) ** 0.5, 3),
        "momentum": 0.9,
        "schedule": "cosine",
        "warmup": 0.05,
        "final_learning_rate": 0.01,
        "weight_decay": 5e-4,
        "clip_norm": 10.0,
        "ema": 0.0,
        "early_stopping": 0,
        "validation_every": max(1, round(epochs / 6)),
    }
    return choices, recipe


_NO_COLORS = {"color_jitter": 0.0, "grayscale": 0.0}
"""Augmentation that is defined for RGB only, off."""


def settled(options: Chosen, choices: Mapping[str, Any]) -> Chosen:
    """Options without "auto"; see `suite_images.channels.resolved_for`."""
    channels = chosen(options.channels, int(choices["channels"]))
    return resolved_for(channels, options, choices, _NO_COLORS)


def detector_defaults(survey: Survey, options: DetectorOptions) -> Choices:
    """For `detector_network`."""
    choices, recipe = detection_defaults(survey, options)
    return choices | {"network": "nano" if survey.count < MANY else "small"}, recipe
