"""The settings of augmentation."""

from __future__ import annotations

import msgspec


class Augmentation(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of augmentation, which is random for every image of a batch; the defaults change nothing.

    Attributes:
        translate: largest shift, as a share of the side.
        crop: smallest share of the view's area that a random crop keeps; 1 for no random crops.
        aspect_ratio: largest factor by which a random crop changes its aspect ratio.
        rotate: largest angle in degrees.
        flip: whether half of the images are mirrored, left to right.
        color_jitter: strength of random brightness, contrast, saturation and hue.
        grayscale: probability that an image is turned to gray.
        rand_augment: number of RandAugment operations per image.
        rand_augment_strength: their strength, 0 to 1.
        erase: probability that a random rectangle is erased.
        mixup: probability that an image is blended with another one of the batch.
        cutmix: probability that a rectangle is replaced by that of another image.
        clean: share of the training, at its end, without RandAugment, MixUp and CutMix.
    """

    translate: float = 0.0
    crop: float = 1.0
    aspect_ratio: float = 1.0
    rotate: float = 0.0
    flip: bool = False
    color_jitter: float = 0.0
    grayscale: float = 0.0
    rand_augment: int = 0
    rand_augment_strength: float = 0.3
    erase: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    clean: float = 0.0

    @property
    def warps(self) -> bool:
        """Whether images are cropped or rotated, not only moved and mirrored."""
        return self.crop < 1.0 or self.aspect_ratio > 1.0 or self.rotate > 0.0
