"""Defaults for options and training, chosen from what the data holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.options import chosen
from suite_object_detection.options import DetectionOptions, DetectorOptions
from suite_object_detection.survey import Survey

MANY = 5000
"""Images from which on the network is larger, and so are the batches. On two processor cores the nano
network is better after the same time; so many images are a matter of hours, or of a GPU."""

Choices = tuple[dict[str, Any], dict[str, Any]]
"""Values for the builder's options that are "auto", and values for the training options."""

STEP = 32
"""Sides of the network's input are multiples of the largest stride."""

SMALL_OBJECT = 22.0
"""Pixels of the network's input that objects of the smallest class should have. Measured on blood cells whose
platelets are 38 of 640 pixels: a third less costs 4 points of mAP50."""


def size_for(survey: Survey, smallest: int = 256, largest: int = 640) -> tuple[int, int]:
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


def max_boxes_for(survey: Survey, mosaic: float) -> int:
    """Rows of targets: as many as the fullest of a hundred images has, or a mosaic of several."""
    many = float(np.percentile(survey.per_image, 99)) * (1.0 + 1.5 * mosaic)
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
    choices = {
        "size": size_for(survey),
        "max_boxes": max_boxes_for(survey, mosaic),
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


def detector_defaults(survey: Survey, options: DetectorOptions) -> Choices:
    """For `detector_network`."""
    choices, recipe = detection_defaults(survey, options)
    return choices | {"network": "nano" if survey.count < MANY else "small"}, recipe
