"""Images as they are read, with their boxes drawn, for people to look at before they train."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from suite.data import Example
from suite.figures import Figure, Gallery
from suite_images import reading
from suite_images.drawing import color_of, draw_boxes
from suite_images.encoding import jpeg
from suite_images.thumbnails import thumbnail
from suite_object_detection.types import Target

SIDE = 480
"""Pixels of the longer side of an image."""

MAX_DRAWN = 200
"""Boxes that are drawn in one image: more would hide it."""

QUALITY = 75
"""Of the JPEGs: a hundred of them are to make a page of a few megabytes."""

MIN_BOX = 12
"""Pixels of the longer side of a typical box; an image whose boxes would be smaller is shown in part."""

CROWD_COLOR = (128, 128, 128)


def preview(examples: Sequence[Example], facts: Mapping[str, Any]) -> list[Figure]:
    """Each image as a codec reads it, upright, with the boxes of its target.

    Args:
        examples: as documented in `suite_object_detection.types`.
        facts: of the data: its classes choose the colors.

    Raises:
        suite.UserError: if an image cannot be read.
    """
    numbers = {name: number for number, name in enumerate(facts["classes"])}
    items = [_item(example, numbers) for example in examples]
    caption = ""
    if any(any(example.target.get("crowd", ())) for example in examples):
        caption = "Gray boxes are around a crowd or a difficult object, and are ignored."
    return [Gallery(title="", items=items, caption=caption, large=True)]


def _item(example: Example, numbers: Mapping[str, int]) -> tuple[bytes, str]:
    target: Target = example.target
    height, width = target["size"]
    boxes = np.array(target["boxes"], np.float64).reshape(-1, 4)[:MAX_DRAWN]
    left, top, right, bottom = _shown(boxes, height, width)
    whole = (right - left, bottom - top) == (width, height)
    image = reading.view(example.input, at_least=SIDE) if whole else reading.view(example.input)
    if not whole:
        image = image[top:bottom, left:right]
    small = thumbnail(image, SIDE)
    # A reader may decode at a smaller size: the annotated size says in which pixels the boxes are.
    scale = np.array([small.shape[1] / max(1, right - left), small.shape[0] / max(1, bottom - top)] * 2)
    inside = (boxes[:, :2] < (right, bottom)).all(axis=1) & (boxes[:, 2:] > (left, top)).all(axis=1)
    labels = target["labels"][:MAX_DRAWN]
    crowd = target.get("crowd") or [False] * len(labels)
    kept = np.flatnonzero(inside).tolist()
    drawn = draw_boxes(
        small,
        (boxes[kept] - (left, top, left, top)) * scale,
        [labels[index] for index in kept],
        [CROWD_COLOR if crowd[index] else color_of(numbers[labels[index]]) for index in kept],
    )
    part = "" if whole else f", of which {right - left} x {bottom - top} are shown, for its boxes are small"
    return jpeg(drawn, QUALITY), f"{_counted(target)}\n{width} x {height} pixels{part}\n{example.id}"


def _shown(boxes: np.ndarray, height: int, width: int) -> tuple[int, int, int, int]:
    """The edges of what is shown: all of an image, or a part of it if its boxes would be too small to see."""
    if not len(boxes):
        return 0, 0, width, height
    sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    if np.median(sides) * SIDE >= MIN_BOX * max(height, width):
        return 0, 0, width, height
    extent = max(SIDE // 2, int(np.median(sides) * SIDE / MIN_BOX))
    middle = int(np.argsort(sides, kind="stable")[len(sides) // 2])
    x, y = (boxes[middle, :2] + boxes[middle, 2:]) / 2
    left = int(np.clip(x - extent / 2, 0, max(0, width - extent)))
    top = int(np.clip(y - extent / 2, 0, max(0, height - extent)))
    return left, top, min(width, left + extent), min(height, top + extent)


def _counted(target: Target) -> str:
    counts = Counter(target["labels"])
    listed = ", ".join(f"{count} {label}" for label, count in counts.most_common(5))
    more = f" and {len(counts) - 5} more classes" if len(counts) > 5 else ""
    return f"{listed}{more}" if listed else "no box"
