"""What a builder must know of the data before it chooses: how many images, how large, with which boxes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from suite import UserError
from suite.data import Dataset
from suite_images import reading
from suite_images.conversion import depth_of
from suite_object_detection.types import Target

IMAGES_READ = 100
"""Images whose headers are read; those of 16 bits are decoded for their largest value."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What the targets of the training split hold; crowds are not counted.

    Attributes:
        classes: the names of the classes in order.
        sizes: (images, 2) heights and widths.
        per_image: (images,) boxes of each.
        sides: (boxes, 2) heights and widths.
        centers: (boxes, 2) y and x.
        image: (boxes,) the image of each.
        labels: (boxes,) the class of each, as an index.
        bits: how many of the 16 bits of a value the sampled images use; 16 if none has so many.
        channels: 3, or how many the sampled images have if that is neither gray nor RGB.
        endless: which of the sampled images are JPEGs without an end marker.
    """

    classes: tuple[str, ...]
    sizes: np.ndarray
    per_image: np.ndarray
    sides: np.ndarray
    centers: np.ndarray
    image: np.ndarray
    labels: np.ndarray
    bits: int = 16
    channels: int = 3
    endless: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """The number of images."""
        return len(self.sizes)

    @property
    def class_counts(self) -> tuple[int, ...]:
        """Boxes per class."""
        return tuple(np.bincount(self.labels, minlength=len(self.classes)).tolist())

    @property
    def smallest(self) -> float:
        """The median of the relative sides of the class whose objects are smallest.

        Classes with less than a hundredth of the boxes are left out, unless all are: a few boxes say little.
        """
        counts = self.class_counts
        known = [index for index, count in enumerate(counts) if count >= max(2, 0.01 * len(self.labels))]
        sides = self.relative_sides
        medians = [float(np.median(sides[self.labels == index])) for index in known]
        return min(medians, default=float(np.median(sides)))

    @property
    def relative_sides(self) -> np.ndarray:
        """(boxes,) the root of each box's area as a share of the longer side of its image."""
        shares: np.ndarray = np.sqrt(self.sides.prod(axis=1)) / self.sizes.max(axis=1)[self.image]
        return shares

    def per_tile(self, side: int) -> np.ndarray:
        """How many boxes have their center in a square of `side` pixels around a box, (up to 1000 boxes,)."""
        ends = np.cumsum(self.per_image)
        counts = []
        for box in np.unique(np.linspace(0, len(self.image) - 1, 1000).astype(int)).tolist():
            own = slice(ends[self.image[box]] - self.per_image[self.image[box]], ends[self.image[box]])
            near = abs(self.centers[own] - self.centers[box]) <= side / 2
            counts.append(int(near.all(axis=1).sum()))
        return np.array(counts)

    @property
    def mirrors(self) -> bool:
        """Whether a mirrored object is likely to be of the same class.

        Not if classes differ by side, or are single characters.
        """
        characters = sum(len(name) == 1 or name.isdecimal() for name in self.classes)
        sides = any(word in name.lower() for name in self.classes for word in ("left", "right"))
        return not sides and characters < 0.5 * len(self.classes)


def survey_of(dataset: Dataset) -> Survey:
    """Look at the targets of all training images, and at how some of the images are stored.

    Raises:
        suite.UserError: if there is nothing to learn: no image, or none with a box.
    """
    classes = tuple(dataset.facts["classes"])
    count = len(dataset.train)
    if count == 0:
        raise UserError("the training split holds no image")
    sizes = np.zeros((count, 2))
    per_image = np.zeros(count, np.int64)
    indices = {name: index for index, name in enumerate(classes)}
    boxes: list[list[float]] = []
    labels: list[int] = []
    ignored = 0
    for index in range(count):
        target: Target = dataset.train[index].target
        sizes[index] = target["size"]
        crowd = target.get("crowd") or [False] * len(target["boxes"])
        ignored += sum(crowd)
        for box, label, is_crowd in zip(target["boxes"], target["labels"], crowd, strict=True):
            if not is_crowd:
                boxes.append(box)
                labels.append(indices[label])
                per_image[index] += 1
    if ignored and not boxes:
        way = getattr(dataset.options, "way_to_train_on_ignored", "")
        raise UserError(
            f"all {ignored:,} boxes of the training split are marked as to be ignored (crowds, say): there"
            f" is nothing to learn{way}"
        )
    if not boxes:
        raise UserError(
            f"none of the {count} training images has a box: there is nothing to learn, so look at"
            " `suite inspect` for how the annotations were read"
        )
    # An image that cannot be read has no size, and no boxes; training will name it.
    unknown = sizes.min(axis=1) == 0
    sizes[unknown] = np.median(sizes[~unknown], axis=0)
    edges = np.array(boxes, np.float64)
    bits, channels, endless = _storage_of(dataset)
    return Survey(
        classes=classes,
        sizes=sizes,
        per_image=per_image,
        sides=(edges[:, 2:] - edges[:, :2])[:, ::-1],
        centers=((edges[:, 2:] + edges[:, :2]) / 2)[:, ::-1],
        image=np.repeat(np.arange(count), per_image),
        labels=np.array(labels),
        bits=bits,
        channels=channels,
        endless=endless,
    )


def _storage_of(dataset: Dataset) -> tuple[int, int, tuple[str, ...]]:
    """`Survey.bits`, `channels` and `endless`, of evenly spaced training images that can be read."""
    highest = channels = 0
    endless = []
    for index in np.linspace(0, len(dataset.train) - 1, min(IMAGES_READ, len(dataset.train))).astype(int):
        example = dataset.train[int(index)]
        with suppress(UserError):
            stored = reading.storage(example.input, look=True)
            highest = max(highest, stored.highest)
            channels = stored.channels or channels
            endless += [example.id] if stored.endless else []
    return depth_of(highest) if highest else 16, channels or 3, tuple(endless)
