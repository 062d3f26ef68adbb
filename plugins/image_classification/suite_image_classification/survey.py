"""What a builder must know of the data before it chooses: how many images, how large, in color."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset
from suite_classification.contract import check_learnable
from suite_images import reading
from suite_images.conversion import depth_of

SIZES_READ = 200
COLORS_READ = 32
DEEP_READ = 100
"""Images of 16 bits that are decoded for their largest value."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What the training split holds.

    Attributes:
        count: number of images.
        classes: the names of the classes in order.
        multi_label: whether an image may have several labels or none.
        class_counts: images per class.
        sizes: (n, 2) heights and widths of a sample.
        in_color: whether any of the sampled images is in color.
        bits: how many of the 16 bits of a value the sampled images use; 16 if none has so many.
        channels: 3, or how many the sampled images have if that is neither gray nor RGB.
        endless: which of the sampled images are JPEGs without an end marker.
    """

    count: int
    classes: tuple[str, ...]
    multi_label: bool
    class_counts: tuple[int, ...]
    sizes: np.ndarray
    in_color: bool
    bits: int = 16
    channels: int = 3
    endless: tuple[str, ...] = ()

    @property
    def side(self) -> float:
        """The median of the images' shorter sides, in pixels."""
        return float(np.median(self.sizes.min(axis=1)))

    @property
    def one_size(self) -> tuple[int, int] | None:
        """(height, width) if all sampled images are equally large, else None."""
        height, width = (int(side) for side in self.sizes[0])
        return (height, width) if (self.sizes == self.sizes[0]).all() else None

    @property
    def imbalance(self) -> float:
        """How many times more images the largest class has than the smallest that has any."""
        present = [count for count in self.class_counts if count]
        return max(present) / min(present) if present else 1.0

    @property
    def mirrors(self) -> bool:
        """Whether a mirrored image is likely to be of the same class.

        No if images are not in color (scans, handwriting), or classes are single characters or differ in
        left and right.
        """
        characters = sum(len(name) == 1 or name.isdecimal() for name in self.classes)
        sides = any(word in name.lower() for name in self.classes for word in ("left", "right"))
        return self.in_color and not sides and characters < 0.5 * len(self.classes)


def survey_of(dataset: Dataset) -> Survey:
    """Look at a dataset: the targets of all training images, the headers of some, the pixels of a few.

    Raises:
        suite.UserError: if there is nothing to learn (fewer than two classes, no image that reads).
    """
    classes = tuple(dataset.facts["classes"])
    multi_label = bool(dataset.facts.get("multi_label", False))
    count = len(dataset.train)
    if count == 0:
        raise UserError("the training split holds no image")
    check_learnable(dataset)
    counts: Counter[str] = Counter()
    for index in range(count):
        target = dataset.train[index].target
        counts.update(target if isinstance(target, list) else [target])
    sample = _sample(dataset)
    return Survey(
        count=count,
        classes=classes,
        multi_label=multi_label,
        class_counts=tuple(counts[name] for name in classes),
        sizes=np.array(sample.sizes),
        in_color=sample.in_color,
        bits=depth_of(sample.highest) if sample.highest else 16,
        endless=tuple(sample.endless),
        channels=sample.channels or 3,
    )


@dataclass
class _Sample:
    """What evenly spaced training images are like, and whether any of the first few is in color."""

    sizes: list[Sequence[int]] = field(default_factory=list)
    in_color: bool = False
    highest: int = 0
    channels: int = 0
    endless: list[str] = field(default_factory=list)


def _sample(dataset: Dataset) -> _Sample:
    sample = _Sample()
    decoded = looked = 0
    problem: Any = None
    for index in np.linspace(0, len(dataset.train) - 1, min(SIZES_READ, len(dataset.train))).astype(int):
        example = dataset.train[int(index)]
        raw = example.input
        try:
            sample.sizes.append(reading.size(raw))
            stored = reading.storage(raw, look=looked < DEEP_READ)
            looked += stored.highest > 0
            sample.endless += [example.id] if stored.endless else []
            sample.highest = max(sample.highest, stored.highest)
            sample.channels = stored.channels or sample.channels
            if not sample.in_color and decoded < COLORS_READ:
                decoded += 1
                image = reading.view(raw, at_least=64).astype(np.int16)
                # A scan saved as JPEG is a little off gray, a photograph far off.
                spread = image.max(axis=2) - image.min(axis=2)
                sample.in_color = bool((spread > 24).mean() > 0.02)
        except UserError as error:
            problem = error
    if not sample.sizes:
        raise UserError(f"none of the sampled images can be read; the last one: {problem}")
    return sample
