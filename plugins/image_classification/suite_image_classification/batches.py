"""Training batches of images: what is read once, and what is random in every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suite.data import Example
from suite_image_classification.augmentation.mixing import erase, mixed
from suite_image_classification.augmentation.random_augment import random_augment
from suite_image_classification.augmentation.settings import Augmentation
from suite_image_classification.augmentation.views import translated, view_matrices, view_size, warped
from suite_image_classification.codec import ImageCodec
from suite_images.color import jitter
from suite_images.resizing import resize

MAX_KEPT_SCALE = 2.0
"""Photographs up to this many times larger than the network's input are kept as they are: interpolation,
which looks at two pixels in each direction, then still sees all of them."""

MARGIN = 1.25
"""How much larger than the network's input larger photographs are prepared, so that crops stay sharp."""


@dataclass(frozen=True, kw_only=True)
class ImageBatches:
    """Makes the training batches for `codec`: implements `suite.pipeline.BatchMaker`.

    Attributes:
        codec: encodes images and targets.
        augmentation: what is random.
        class_weights: a factor for the loss per class, or None.
    """

    codec: ImageCodec
    augmentation: Augmentation = Augmentation()
    class_weights: tuple[float, ...] | None = None

    def prepare(self, example: Example) -> tuple[np.ndarray, np.ndarray]:
        """The decoded image, uint8 (height, width, channels), and its target, float32 (classes,).

        If augmentation crops or rotates images, it keeps its proportions and is at most twice as large as the
        network's input; else it has exactly the network's size.

        Raises:
            suite.UserError: if the image cannot be read or its class is not known.
        """
        target = self.codec.target(example.target)
        if not self.augmentation.warps:
            return self.codec.encode(example.input), target
        height, width = self.codec.size
        image = self.codec.read(example.input, round(MARGIN * max(height, width)))
        rows, columns = image.shape[:2]
        seen_height, seen_width = view_size((rows, columns), height, width, self.codec.resize)
        larger = min(seen_height / height, seen_width / width)
        if larger > MAX_KEPT_SCALE:
            shrink = MARGIN / larger
            image = resize(image, max(1, round(rows * shrink)), max(1, round(columns * shrink)))
        return image, target

    def make(
        self, prepared: Sequence[tuple[np.ndarray, np.ndarray]], rng: np.random.Generator, progress: float
    ) -> tuple[np.ndarray, ...]:
        """A batch of augmented images: a pure function of its arguments.

        Args:
            prepared: what `prepare` gave; left as it is.
            rng: the only source of randomness.
            progress: share of the training that lies behind, 0 to 1.

        Returns:
            Images uint8 (batch, height, width, channels); targets float32 (batch, classes); if classes have
            weights, also float32 (batch,) factors of the loss.
        """
        batch = self._views([image for image, _ in prepared], rng)
        targets = np.stack([target for _, target in prepared])
        settings = self.augmentation
        if settings.color_jitter > 0 or settings.grayscale > 0:
            jitter(batch, settings.color_jitter, settings.grayscale, rng)
        clean = progress >= 1.0 - settings.clean
        if settings.rand_augment > 0 and not clean:
            random_augment(batch, settings.rand_augment, settings.rand_augment_strength, rng)
        if settings.erase > 0:
            erase(batch, settings.erase, rng)
        if (settings.mixup > 0 or settings.cutmix > 0) and not clean:
            batch, targets = mixed(batch, targets, settings.mixup, settings.cutmix, rng)
        if self.class_weights is None:
            return batch, targets
        weights = np.asarray(self.class_weights, np.float32)
        labels = np.maximum(targets.sum(axis=1), 1.0) if self.codec.multi_label else 1.0
        return batch, targets, ((targets @ weights) / labels).astype(np.float32)

    def _views(self, images: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
        settings, count = self.augmentation, len(images)
        height, width = self.codec.size
        flip = rng.random(count) < (0.5 if settings.flip else 0.0)
        if settings.warps:
            matrices = view_matrices(
                np.array([image.shape[:2] for image in images]),
                height,
                width,
                self.codec.resize,
                area=rng.uniform(settings.crop, 1.0, count),
                aspect_ratio=settings.aspect_ratio ** rng.uniform(-1.0, 1.0, count),
                position=rng.random((count, 2)),
                angle=settings.rotate * rng.uniform(-1.0, 1.0, count),
                flip=flip,
            )
            return warped(images, matrices, height, width, self.codec.resize)
        down, right = (round(settings.translate * side) for side in (height, width))
        return translated(
            np.stack(images),
            rng.integers(-down, down + 1, count),
            rng.integers(-right, right + 1, count),
            flip,
        )
