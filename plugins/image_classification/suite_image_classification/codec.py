"""Between pictures and arrays, and between logits and classifications. numpy and cv2 only."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from suite import UserError
from suite.pipeline import StructCodec
from suite_image_classification.types import Classification
from suite_pictures import pictures
from suite_pictures.resizing import Resize, fit


class PictureCodec(StructCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encodes any picture to one size, and decodes logits to a `Classification`.

    Attributes:
        classes: the names of the classes, in the order of the network's outputs.
        size: (height, width) of the network's input.
        multi_label: whether a picture may have several labels or none.
        resize: how a picture of other proportions is brought to `size`.
    """

    classes: tuple[str, ...]
    size: tuple[int, int]
    multi_label: bool = False
    resize: Resize = "squash"

    called: ClassVar[str] = "picture codec"
    suffixes: ClassVar[tuple[str, ...]] = pictures.SUFFIXES
    input_axes: ClassVar[int] = 3

    def encode(self, raw: Any) -> np.ndarray:
        """One picture (a source, a path, encoded bytes or an array) to uint8 (height, width, 3), RGB.

        Raises:
            suite.UserError: where it is not a picture that can be read.
        """
        height, width = self.size
        return fit(pictures.read(raw, at_least=max(height, width)), height, width, self.resize)

    def decode(self, outputs: Any) -> Classification:
        """Logits (classes,) of one picture to its classification.

        The scores are a softmax, or a sigmoid each where a picture may have several labels, computed in
        float64 so that they sum to one.

        Raises:
            ValueError: where there is not exactly one output per class, or one is not a number.
        """
        logits = np.asarray(outputs, np.float64)
        if logits.shape != (len(self.classes),):
            raise ValueError(
                f"the network gave outputs of shape {logits.shape} for {len(self.classes)} classes; "
                "it and the codec do not belong together"
            )
        if np.isnan(logits).any():
            raise ValueError("the network's output is not a number (NaN); its weights are broken")
        if self.multi_label:
            scores = np.exp(-np.logaddexp(0.0, -logits))
            labels = [name for name, score in zip(self.classes, scores, strict=True) if score >= 0.5]
            return Classification(label=labels, scores=self._named(scores))
        top = np.max(logits)
        powers = np.exp(logits - top) if np.isfinite(top) else (logits == top).astype(np.float64)
        scores = powers / powers.sum()
        return Classification(label=self.classes[int(np.argmax(logits))], scores=self._named(scores))

    def _named(self, scores: np.ndarray) -> dict[str, float]:
        return dict(zip(self.classes, scores.tolist(), strict=True))

    def target(self, target: str | list[str]) -> np.ndarray:
        """A class name, or a list of them, to float32 (classes,): one where it is of the class, else zero.

        Raises:
            suite.UserError: for a name that is none of the classes.
        """
        names = target if isinstance(target, list) else [target]
        encoded = np.zeros(len(self.classes), np.float32)
        for name in names:
            try:
                encoded[self.classes.index(name)] = 1.0
            except ValueError:
                raise UserError(
                    f"'{name}' is none of the {len(self.classes)} classes that the model was built for"
                ) from None
        return encoded

    def impossible(self) -> str:
        if not self.classes or len(set(self.classes)) < len(self.classes) or min(self.size) < 1:
            return (
                "it needs distinct class names and a size of at least 1 x 1, not"
                f" {len(self.classes)} classes and {self.size[0]} x {self.size[1]}"
            )
        return ""
