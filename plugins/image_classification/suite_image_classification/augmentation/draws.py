"""What is random about a training batch: drawn for all of its images at once, before any is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from suite_image_classification.augmentation.mixing import Erasing, Mixing, draw_erasing, draw_mixing
from suite_image_classification.augmentation.random_augment import ChosenOperations, draw_operations
from suite_image_classification.augmentation.settings import Augmentation
from suite_image_classification.augmentation.views import Crops, Shifts
from suite_images.color import draw_colors


@dataclass(frozen=True, kw_only=True)
class Draws:
    """What is random about each image of a batch, in the order in which it is applied; None leaves it out.

    Attributes:
        view: what of an image is seen, and where.
        colors: (batch, 3, 4) affine maps of its colors.
        operations: those of RandAugment.
        erasing: the rectangle that it loses.
        mixing: the image of the batch that is mixed into it.
    """

    view: Shifts | Crops
    colors: np.ndarray | None = None
    operations: ChosenOperations | None = None
    erasing: Erasing | None = None
    mixing: Mixing | None = None

    def sources(self, rows: range) -> np.ndarray:
        """The images of the batch that some of its rows are made of; ascending indices."""
        return np.asarray(rows, np.int64) if self.mixing is None else self.mixing.sources(rows)


def draw(
    settings: Augmentation,
    count: int,
    size: tuple[int, int],
    channels: int,
    rng: np.random.Generator,
    progress: float,
) -> Draws:
    """Draw what is random about a batch; nothing of it depends on what the images show.

    Args:
        settings: of augmentation.
        count: images in the batch.
        size: (height, width) of the network's input.
        channels: of it.
        rng: the only source of randomness.
        progress: share of the training that lies behind, 0 to 1.
    """
    # All of it in this order: the order fixes which random numbers each of them gets.
    view = _view(settings, count, size, rng)
    is_clean = progress >= 1.0 - settings.clean
    colors = operations = erasing = mixing = None
    if settings.color_jitter > 0 or settings.grayscale > 0:
        colors = draw_colors(count, settings.color_jitter, settings.grayscale, rng)
    if settings.rand_augment > 0 and not is_clean:
        operations = draw_operations(count, settings.rand_augment, settings.rand_augment_strength, rng)
    if settings.erase > 0:
        erasing = draw_erasing(count, *size, channels, settings.erase, rng)
    if (settings.mixup > 0 or settings.cutmix > 0) and not is_clean:
        mixing = draw_mixing(count, *size, settings.mixup, settings.cutmix, rng)
    return Draws(view=view, colors=colors, operations=operations, erasing=erasing, mixing=mixing)


def _view(
    settings: Augmentation, count: int, size: tuple[int, int], rng: np.random.Generator
) -> Shifts | Crops:
    flip = rng.random(count) < (0.5 if settings.flip else 0.0)
    if settings.warps:
        return Crops(
            flip=flip,
            area=rng.uniform(settings.crop, 1.0, count),
            aspect_ratio=settings.aspect_ratio ** rng.uniform(-1.0, 1.0, count),
            position=rng.random((count, 2)),
            angle=settings.rotate * rng.uniform(-1.0, 1.0, count),
        )
    down, right = (round(settings.translate * side) for side in size)
    return Shifts(
        flip=flip,
        down=rng.integers(-down, down + 1, count),
        right=rng.integers(-right, right + 1, count),
    )
