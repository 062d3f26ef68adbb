"""What loaders, builders and evaluators of object detection share: facts, targets, predictions.

A data set's facts are `{"classes": [names in order]}`, and, where its format numbers its classes with gaps,
also `"category_ids": [a number per class]`. An input is a `suite.sources.Source`, a path, encoded bytes, or
an array (height, width[, channels]).

A target is a JSON object, see `Target`. Boxes are everywhere `x1, y1, x2, y2` in pixels of the upright
image: the left, upper, right and lower edge, where 0 is the outer edge of the first pixel and the width
(or the height) that of the last.
"""

from __future__ import annotations

from collections import Counter
from typing import NotRequired, TypedDict

import msgspec

Box = tuple[float, float, float, float]


class Target(TypedDict):
    """What an image shows. The lists have one item per box and may be empty.

    Attributes:
        size: height and width in pixels of the upright image.
        boxes: x1, y1, x2, y2, all inside of the image, and of an area above zero.
        labels: the name of each box's class.
        crowd: only where some box is: whether a box surrounds a group of objects, or one too difficult to be
            asked for. What is detected there counts neither as right nor as wrong.
        areas: only where the format has them: square pixels of the objects themselves, by which COCO tells
            small ones from large ones. Elsewhere the boxes' areas count.
    """

    size: list[int]
    boxes: list[list[float]]
    labels: list[str]
    crowd: NotRequired[list[bool]]
    areas: NotRequired[list[float]]


class Detections(msgspec.Struct, frozen=True, kw_only=True):
    """The prediction for one image: what was found, the surest first.

    Attributes:
        boxes: x1, y1, x2, y2 in pixels of the upright image.
        scores: how sure each is, 0 to 1.
        labels: the name of each one's class.
    """

    boxes: list[Box]
    scores: list[float]
    labels: list[str]

    def __len__(self) -> int:
        return len(self.boxes)

    def __str__(self) -> str:
        """For people: how many there are of each class, the most frequent first."""
        counts = sorted(Counter(self.labels).items(), key=lambda item: (-item[1], item[0]))
        return ", ".join(f"{count:,} {label}" for label, count in counts) or "nothing detected"

    def above(self, score: float) -> Detections:
        """Those with at least this score."""
        kept = [index for index, one in enumerate(self.scores) if one >= score]
        return Detections(
            boxes=[self.boxes[index] for index in kept],
            scores=[self.scores[index] for index in kept],
            labels=[self.labels[index] for index in kept],
        )
