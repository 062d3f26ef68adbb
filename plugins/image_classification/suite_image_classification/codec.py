"""Between images and arrays, and between logits and classifications. numpy and cv2 only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
import numpy as np

from suite import UserError
from suite.pipeline import ArraySpec, Chunks, NamedAxes, Signature, StructCodec
from suite_classification.coding import averaged, classified, target_vector
from suite_classification.thresholds import Thresholds
from suite_classification.types import Classification
from suite_image_classification.options import ImagePredictionOptions
from suite_images import reading
from suite_images.resizing import NORMALIZATION, Resize, check_input_size, fit

MAX_CHANNELS = 256


class ImageCodec(StructCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encodes any image to one size, and decodes logits to a `Classification`.

    Attributes:
        classes: the names of the classes, in the order of the network's outputs.
        size: (height, width) of the network's input.
        multi_label: whether an image may have several labels or none.
        resize: how an image of another aspect ratio is brought to `size`.
        bits: how many of 16 bits a value uses: white is 2 ** bits - 1.
        channels: of the network's input: 3 is RGB, 1 gray, others as they are stored.
        thresholds: from which probability on a label is given, if an image may have several.
        mirrors: whether the network has learned from mirrored images, left to right.
        augment: whether it sees every image mirrored as well (test-time augmentation).
    """

    classes: tuple[str, ...]
    size: tuple[int, int]
    multi_label: bool = False
    resize: Resize = "squash"
    bits: int = 16
    channels: int = 3
    thresholds: Thresholds = Thresholds()
    mirrors: bool = False
    augment: bool = False

    called: ClassVar[str] = "image codec"
    suffixes: ClassVar[tuple[str, ...]] = reading.SUFFIXES
    input_ndim: ClassVar[int] = 3

    def __post_init__(self) -> None:
        if not self.classes or len(set(self.classes)) < len(self.classes):
            raise ValueError(f"it needs distinct class names, not {len(self.classes)} with doubles")
        if not 1 <= self.channels <= MAX_CHANNELS or not 8 <= self.bits <= 16:
            raise ValueError(
                f"its channels are to be from 1 to {MAX_CHANNELS} and its bits from 8 to 16, not"
                f" {self.channels} and {self.bits}"
            )
        check_input_size(self.size, self.channels)

    def signature(self) -> Signature:
        """uint8 images of its size; a logit for each class."""
        return Signature(ArraySpec((*self.size, self.channels), "uint8"), ArraySpec((len(self.classes),)))

    def properties(self) -> Mapping[str, Any]:
        """The classes, and what the network takes."""
        return {
            "classes": self.classes,
            "multi_label": self.multi_label,
            "input_size": self.size,
            "channels": self.channels,
            "resize": self.resize,
            "normalization": NORMALIZATION,
        }

    def named_axes(self) -> NamedAxes:
        """The classes in the network's last layer, for runs that start from another one."""
        return {"logits/kernel": (-1, self.classes), "logits/bias": (-1, self.classes)}

    def encode(self, raw: Any) -> np.ndarray:
        """One image (a source, a path, encoded bytes or an array) to uint8 (height, width, channels).

        Also a `Mirrored` one.

        Raises:
            suite.UserError: if it is not an image that can be read.
        """
        if isinstance(raw, Mirrored):
            return np.ascontiguousarray(self.encode(raw.image)[:, ::-1])
        height, width = self.size
        return fit(self.read(raw, max(height, width)), height, width, self.resize)

    def read(self, raw: Any, at_least: int) -> np.ndarray:
        """An image as it is before it is fitted, see `suite_images.reading.read`."""
        return reading.read(raw, at_least, bits=self.bits, channels=self.channels)

    def scoring_facts(self) -> dict[str, Any]:
        """For explanations: how images are read."""
        return {"bits": self.bits, "channels": self.channels}

    def decode(self, outputs: Any, context: Any = None) -> Classification:
        """Logits (classes,) of one image to its classification.

        Raises:
            ValueError: if there is not exactly one output per class, or an output is not a number.
        """
        return classified(outputs, self.classes, multi_label=self.multi_label, thresholds=self.thresholds)

    def chunks(self, raw: Any) -> Chunks | None:
        """An image and its mirrored self, if both are to be seen; else None."""
        return None if not self.augment or isinstance(raw, Mirrored) else BothSides(raw, self)

    def with_options(self, options: ImagePredictionOptions) -> ImageCodec:
        """The codec with what the user wants of predictions.

        Raises:
            suite.UserError: for thresholds of what is no class, and for what this model cannot do.
        """
        if options.augment and not self.mirrors:
            raise UserError(
                "augment predicts every image mirrored as well, and this model has not learned from mirrored"
                " images (its option flip is off)"
            )
        thresholds = self.thresholds.chosen(options, self.classes, multi_label=self.multi_label)
        return msgspec.structs.replace(self, thresholds=thresholds, augment=options.augment)

    def target(self, target: str | list[str]) -> np.ndarray:
        """A class name, or a list of them, to float32 (classes,): 1 for its classes, else 0.

        Raises:
            suite.UserError: for a name that is none of the classes.
        """
        return target_vector(target, self.classes)


@dataclass(frozen=True, eq=False)
class Mirrored:
    """An image that the network sees mirrored, left to right."""

    image: Any


@dataclass(frozen=True, eq=False)
class BothSides:
    """An image and its mirrored self; probabilities are averaged. Implements `suite.pipeline.Chunks`."""

    image: Any
    codec: ImageCodec

    @property
    def total(self) -> int:
        return 2

    def __iter__(self) -> Iterator[Any]:
        yield self.image
        yield Mirrored(self.image)

    def merge(self, predictions: Sequence[Classification]) -> Classification:
        """The classification of the averaged probabilities."""
        return averaged(predictions, multi_label=self.codec.multi_label, thresholds=self.codec.thresholds)
