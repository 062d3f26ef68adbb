"""Training batches of pictures: what is read once, and what is drawn anew in every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from suite.data import Example
from suite_image_classification.codec import PictureCodec
from suite_image_classification.geometry import translated, view_matrices, view_size, warped
from suite_image_classification.mixing import erase, mixed
from suite_image_classification.random_augment import random_augment
from suite_pictures import pictures
from suite_pictures.colour import jitter
from suite_pictures.resizing import resize

KEPT = 2.0
"""Photographs up to so many times larger than the network's input are kept as they are: two pixels in each
direction, which is what interpolation looks at, still see all of them."""

MARGIN = 1.25
"""How much larger than the network's input others are prepared, so that random crops stay sharp."""


class Augmentation(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn at random for every picture of a training batch; the defaults change nothing.

    Attributes:
        translate: greatest shift, as a share of the side.
        crop: smallest share of the view's area that a random crop keeps; 1 for no random crops.
        stretch: greatest factor by which a random crop changes proportions.
        rotate: greatest angle in degrees.
        flip: whether half of the pictures are mirrored, left to right.
        colour: strength of random brightness, contrast, saturation and hue.
        grey: probability of losing all colour.
        rand_augment: number of RandAugment operations per picture.
        rand_augment_strength: their strength, 0 to 1.
        erase: probability of a random rectangle being erased.
        mixup: probability of being blended with another picture of the batch.
        cutmix: probability of a rectangle being replaced by another picture's.
        clean: share of the training, at its end, without RandAugment, MixUp and CutMix.
    """

    translate: float = 0.0
    crop: float = 1.0
    stretch: float = 1.0
    rotate: float = 0.0
    flip: bool = False
    colour: float = 0.0
    grey: float = 0.0
    rand_augment: int = 0
    rand_augment_strength: float = 0.3
    erase: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    clean: float = 0.0

    @property
    def warps(self) -> bool:
        """Whether pictures are seen through a random crop or turned, not only moved and mirrored."""
        return self.crop < 1.0 or self.stretch > 1.0 or self.rotate > 0.0


@dataclass(frozen=True, kw_only=True)
class PictureBatches:
    """Makes the training batches for `codec`: implements `suite.pipeline.BatchMaker`.

    Attributes:
        codec: encodes pictures and targets.
        augmentation: what is drawn at random.
        class_weights: a factor for the loss per class, or None.
    """

    codec: PictureCodec
    augmentation: Augmentation = Augmentation()
    class_weights: tuple[float, ...] | None = None

    def prepare(self, example: Example) -> tuple[np.ndarray, np.ndarray]:
        """The decoded picture, uint8 (height, width, 3), and its target, float32 (classes,).

        Where pictures are cropped or turned at random it keeps its proportions, and is at most twice as
        large as the network's input; else it has exactly the network's size.

        Raises:
            suite.UserError: where the picture cannot be read or its class is not known.
        """
        target = self.codec.target(example.target)
        if not self.augmentation.warps:
            return self.codec.encode(example.input), target
        height, width = self.codec.size
        picture = pictures.read(example.input, at_least=round(MARGIN * max(height, width)))
        rows, columns = picture.shape[:2]
        seen_height, seen_width = view_size((rows, columns), height, width, self.codec.resize)
        larger = min(seen_height / height, seen_width / width)
        if larger > KEPT:
            shrink = MARGIN / larger
            picture = resize(picture, max(1, round(rows * shrink)), max(1, round(columns * shrink)))
        return picture, target

    def make(
        self, prepared: Sequence[tuple[np.ndarray, np.ndarray]], rng: np.random.Generator, progress: float
    ) -> tuple[np.ndarray, ...]:
        """A batch of augmented pictures: a pure function of its arguments.

        Args:
            prepared: what `prepare` gave; left as it is.
            rng: the only source of randomness.
            progress: share of the training that lies behind, 0 to 1.

        Returns:
            Pictures uint8 (batch, height, width, 3); targets float32 (batch, classes); with class weights
            also float32 (batch,) factors of the loss.
        """
        batch = self._views([picture for picture, _ in prepared], rng)
        targets = np.stack([target for _, target in prepared])
        drawn = self.augmentation
        if drawn.colour > 0 or drawn.grey > 0:
            jitter(batch, drawn.colour, drawn.grey, rng)
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

    def _views(self, pictures: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
        drawn, count = self.augmentation, len(pictures)
        height, width = self.codec.size
        flip = rng.random(count) < (0.5 if drawn.flip else 0.0)
        if drawn.warps:
            matrices = view_matrices(
                np.array([picture.shape[:2] for picture in pictures]),
                height,
                width,
                self.codec.resize,
                area=rng.uniform(drawn.crop, 1.0, count),
                stretch=drawn.stretch ** rng.uniform(-1.0, 1.0, count),
                place=rng.random((count, 2)),
                turn=drawn.rotate * rng.uniform(-1.0, 1.0, count),
                flip=flip,
            )
            return warped(pictures, matrices, height, width, self.codec.resize)
        down, right = (round(drawn.translate * side) for side in (height, width))
        return translated(
            np.stack(pictures),
            rng.integers(-down, down + 1, count),
            rng.integers(-right, right + 1, count),
            flip,
        )
