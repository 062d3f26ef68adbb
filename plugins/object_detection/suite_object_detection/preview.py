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
    image = thumbnail(reading.read(example.input, at_least=SIDE), SIDE)
    height, width = target["size"]
    # A reader may decode at a smaller size: the annotated size says in which pixels the boxes are.
    scale = np.array([image.shape[1] / max(1, width), image.shape[0] / max(1, height)] * 2)
    boxes = np.array(target["boxes"], np.float64).reshape(-1, 4)[:MAX_DRAWN] * scale
    labels = target["labels"][:MAX_DRAWN]
    crowd = (target.get("crowd") or [False] * len(labels))[:MAX_DRAWN]
    drawn = draw_boxes(
        image,
        boxes,
        labels,
        [
            CROWD_COLOR if is_crowd else color_of(numbers[label])
            for label, is_crowd in zip(labels, crowd, strict=True)
        ],
    )
    return jpeg(drawn, QUALITY), f"{_counted(target)}\n{width} x {height} pixels\n{example.id}"


def _counted(target: Target) -> str:
    counts = Counter(target["labels"])
    listed = ", ".join(f"{count} {label}" for label, count in counts.most_common(5))
    more = f" and {len(counts) - 5} more classes" if len(counts) > 5 else ""
    return f"{listed}{more}" if listed else "no box"
