"""Training batches of images: what is read once, and what is drawn anew in every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from suite.data import Example
from suite_image_classification.codec import ImageCodec
from suite_image_classification.geometry import translated, view_matrices, view_size, warped
from suite_image_classification.mixing import erase, mixed
from suite_image_classification.random_augment import random_augment
from suite_images import reading
from suite_images.color import jitter
from suite_images.resizing import resize

KEPT = 2.0
"""Photographs up to so many times larger than the network's input are kept as they are: two pixels in each
direction, which is what interpolation looks at, still see all of them."""

MARGIN = 1.25
"""How much larger than the network's input others are prepared, so that random crops stay sharp."""


class Augmentation(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn at random for every image of a training batch; the defaults change nothing.

    Attributes:
        translate: greatest shift, as a share of the side.
        crop: smallest share of the view's area that a random crop keeps; 1 for no random crops.
        stretch: greatest factor by which a random crop changes proportions.
        rotate: greatest angle in degrees.
        flip: whether half of the images are mirrored, left to right.
        color: strength of random brightness, contrast, saturation and hue.
        gray: probability of losing all color.
        rand_augment: number of RandAugment operations per image.
        rand_augment_strength: their strength, 0 to 1.
        erase: probability of a random rectangle being erased.
        mixup: probability of being blended with another image of the batch.
        cutmix: probability of a rectangle being replaced by another image's.
        clean: share of the training, at its end, without RandAugment, MixUp and CutMix.
    """

    translate: float = 0.0
    crop: float = 1.0
    stretch: float = 1.0
    rotate: float = 0.0
    flip: bool = False
    color: float = 0.0
    gray: float = 0.0
    rand_augment: int = 0
    rand_augment_strength: float = 0.3
    erase: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    clean: float = 0.0

    @property
    def warps(self) -> bool:
        """Whether images are seen through a random crop or turned, not only moved and mirrored."""
        return self.crop < 1.0 or self.stretch > 1.0 or self.rotate > 0.0


@dataclass(frozen=True, kw_only=True)
class ImageBatches:
    """Makes the training batches for `codec`: implements `suite.pipeline.BatchMaker`.

    Attributes:
        codec: encodes images and targets.
        augmentation: what is drawn at random.
        class_weights: a factor for the loss per class, or None.
    """

    codec: ImageCodec
    augmentation: Augmentation = Augmentation()
    class_weights: tuple[float, ...] | None = None

    def prepare(self, example: Example) -> tuple[np.ndarray, np.ndarray]:
        """The decoded image, uint8 (height, width, 3), and its target, float32 (classes,).

        Where images are cropped or turned at random it keeps its proportions, and is at most twice as
        large as the network's input; else it has exactly the network's size.

        Raises:
            suite.UserError: where the image cannot be read or its class is not known.
        """
        target = self.codec.target(example.target)
        if not self.augmentation.warps:
            return self.codec.encode(example.input), target
        height, width = self.codec.size
        image = reading.read(example.input, at_least=round(MARGIN * max(height, width)))
        rows, columns = image.shape[:2]
        seen_height, seen_width = view_size((rows, columns), height, width, self.codec.resize)
        larger = min(seen_height / height, seen_width / width)
        if larger > KEPT:
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
            Images uint8 (batch, height, width, 3); targets float32 (batch, classes); with class weights
            also float32 (batch,) factors of the loss.
        """
        batch = self._views([image for image, _ in prepared], rng)
        targets = np.stack([target for _, target in prepared])
        drawn = self.augmentation
        if drawn.color > 0 or drawn.gray > 0:
            jitter(batch, drawn.color, drawn.gray, rng)
        clean = progress >= 1.0 - drawn.clean
        if drawn.rand_augment > 0 and not clean:
            random_augment(batch, drawn.rand_augment, drawn.rand_augment_strength, rng)
        if drawn.erase > 0:
            erase(batch, drawn.erase, rng)
        if (drawn.mixup > 0 or drawn.cutmix > 0) and not clean:
            batch, targets = mixed(batch, targets, drawn.mixup, drawn.cutmix, rng)
        if self.class_weights is None:
            return batch, targets
        weights = np.asarray(self.class_weights, np.float32)
        labels = np.maximum(targets.sum(axis=1), 1.0) if self.codec.multi_label else 1.0
        return batch, targets, ((targets @ weights) / labels).astype(np.float32)

    def _views(self, images: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
        drawn, count = self.augmentation, len(images)
        height, width = self.codec.size
        flip = rng.random(count) < (0.5 if drawn.flip else 0.0)
        if drawn.warps:
            matrices = view_matrices(
                np.array([image.shape[:2] for image in images]),
                height,
                width,
                self.codec.resize,
                area=rng.uniform(drawn.crop, 1.0, count),
                stretch=drawn.stretch ** rng.uniform(-1.0, 1.0, count),
                place=rng.random((count, 2)),
                turn=drawn.rotate * rng.uniform(-1.0, 1.0, count),
                flip=flip,
            )
            return warped(images, matrices, height, width, self.codec.resize)
        down, right = (round(drawn.translate * side) for side in (height, width))
        return translated(
            np.stack(images),
            rng.integers(-down, down + 1, count),
            rng.integers(-right, right + 1, count),
            flip,
        )
