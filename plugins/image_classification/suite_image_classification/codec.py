"""Between images and arrays, and between logits and classifications. numpy and cv2 only."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from suite.pipeline import NamedAxes, StructCodec
from suite_classification.coding import classified, target_vector
from suite_classification.types import Classification
from suite_images import reading
from suite_images.resizing import Resize, fit


class ImageCodec(StructCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encodes any image to one size, and decodes logits to a `Classification`.

    Attributes:
        classes: the names of the classes, in the order of the network's outputs.
        size: (height, width) of the network's input.
        multi_label: whether an image may have several labels or none.
        resize: how an image of another aspect ratio is brought to `size`.
        bits: how many of 16 bits a value uses: white is 2 ** bits - 1.
        channels: of the network's input: 3 is RGB, 1 gray, others as they are stored.
    """

    classes: tuple[str, ...]
    size: tuple[int, int]
    multi_label: bool = False
    resize: Resize = "squash"
    bits: int = 16
    channels: int = 3

    called: ClassVar[str] = "image codec"
    suffixes: ClassVar[tuple[str, ...]] = reading.SUFFIXES
    input_ndim: ClassVar[int] = 3

    def __post_init__(self) -> None:
        if not self.classes or len(set(self.classes)) < len(self.classes) or min(self.size) < 1:
            raise ValueError(
                "it needs distinct class names and a size of at least 1 x 1, not"
                f" {len(self.classes)} classes and {self.size[0]} x {self.size[1]}"
            )

    def named_axes(self) -> NamedAxes:
        """The classes in the network's last layer, for runs that start from another one."""
        return {"logits/kernel": (-1, self.classes), "logits/bias": (-1, self.classes)}

    def encode(self, raw: Any) -> np.ndarray:
        """One image (a source, a path, encoded bytes or an array) to uint8 (height, width, channels).

        Raises:
            suite.UserError: if it is not an image that can be read.
        """
        height, width = self.size
        return fit(self.read(raw, max(height, width)), height, width, self.resize)

    def read(self, raw: Any, at_least: int) -> np.ndarray:
        """An image as it is before it is fitted, see `suite_images.reading.read`."""
        return reading.read(raw, at_least, bits=self.bits, channels=self.channels)

    def decode(self, outputs: Any, context: Any = None) -> Classification:
        """Logits (classes,) of one image to its classification.

        Raises:
            ValueError: if there is not exactly one output per class, or an output is not a number.
        """
        return classified(outputs, self.classes, multi_label=self.multi_label)

    def target(self, target: str | list[str]) -> np.ndarray:
        """A class name, or a list of them, to float32 (classes,): 1 for its classes, else 0.

        Raises:
            suite.UserError: for a name that is none of the classes.
        """
        return target_vector(target, self.classes)
