"""Images as they are read, with their classes, for people to look at before they train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suite.data import Example
from suite.figures import Figure, Gallery
from suite_images import reading
from suite_images.encoding import jpeg
from suite_images.thumbnails import thumbnail

SIDE = 160
"""Pixels of the longer side of a thumbnail."""

QUALITY = 75
"""Of the JPEGs: a hundred of them are to make a page of a few megabytes."""


def preview(examples: Sequence[Example], facts: Mapping[str, Any]) -> list[Figure]:
    """Each image upright, 8 bits, RGB; not yet brought to one size.

    Args:
        examples: as documented in `suite_image_classification.types`.
        facts: of the data; not needed.

    Raises:
        suite.UserError: if an image cannot be read.
    """
    del facts
    return [Gallery(title="", items=[_item(example) for example in examples])]


def _item(example: Example) -> tuple[bytes, str]:
    image = reading.view(example.input, at_least=SIDE)
    target = example.target
    label = ", ".join(target) or "(no label)" if isinstance(target, list) else str(target)
    return jpeg(thumbnail(image, SIDE), QUALITY), f"{label}\n{example.id}"
