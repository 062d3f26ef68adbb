"""What loaders, builders and evaluators of object detection share: facts, inputs, targets and predictions.

- The facts of a data set are `Facts`.
- An input is an image: a `suite.sources.Source`, a path, encoded bytes, or an array (height, width[,
  channels]) of RGB or gray values.
- A target is a JSON object, `Target`.
- A prediction is `Detections`.

Boxes are everywhere `x1, y1, x2, y2` in pixels of the upright image: the left, upper, right and lower edge.
0 is the outer edge of the first pixel, and the width (or the height) that of the last.
"""

from __future__ import annotations

from collections import Counter
from typing import NotRequired, TypedDict

import msgspec

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2."""


class Facts(TypedDict):
    """What is known of all splits.

    Attributes:
        classes: the names of the classes, in the order of a network's outputs.
        category_ids: the number of each class; only if the format numbers its classes other than 0, 1, 2, ...
    """

    classes: list[str]
    category_ids: NotRequired[list[int | str]]


class Target(TypedDict):
    """What an image shows. The lists have one item per box and may be empty.

    Attributes:
        size: height and width in pixels of the upright image; 0 and 0, without boxes, if it cannot be read.
        boxes: x1, y1, x2, y2, all inside of the image, and of an area above zero.
        labels: the name of each box's class.
        crowd: whether a box surrounds a group of objects, or an object that is too difficult; only if any box
            does. What is detected there is neither a true nor a false positive.
        areas: square pixels of the objects themselves, by which COCO tells small from large ones; only if the
            format has them. Else the boxes' areas count.
    """

    size: list[int]
    boxes: list[list[float]]
    labels: list[str]
    crowd: NotRequired[list[bool]]
    areas: NotRequired[list[float]]


class Detections(msgspec.Struct, frozen=True, kw_only=True):
    """The prediction for one image: what was found, by falling score.

    Attributes:
        boxes: x1, y1, x2, y2 in pixels of the upright image.
        scores: how sure each is, 0 to 1.
        labels: the name of each box's class.
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
        kept = [index for index, own in enumerate(self.scores) if own >= score]
        return Detections(
            boxes=[self.boxes[index] for index in kept],
            scores=[self.scores[index] for index in kept],
            labels=[self.labels[index] for index in kept],
        )
