"""Annotated images as a compact list of examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suite.data import Example
from suite.sources import Tree
from suite_object_detection.types import Target


@dataclass(frozen=True, eq=False)
class AnnotatedImages:
    """Images of a tree with their boxes: 24 bytes an image and about 50 a box beside the tree's names.

    Attributes:
        tree: where the images are.
        files: int64 (images,), their indices in `tree.names`.
        sizes: int32 (images, 2), height and width; 0 if an image cannot be read.
        starts: int64 (images + 1,): the boxes of image i are those from `starts[i]` to `starts[i + 1]`.
        boxes: float64 (boxes, 4), as in `types`.
        labels: int32 (boxes,), indices into `classes`.
        crowd: bool (boxes,)
        areas: float64 (boxes,), or None if the format has none.
        classes: the names of the classes.
    """

    tree: Tree
    files: np.ndarray
    sizes: np.ndarray
    starts: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    crowd: np.ndarray
    areas: np.ndarray | None
    classes: Sequence[str]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int, /) -> Example:
        file = int(self.files[index])
        boxes = slice(int(self.starts[:-1][index]), int(self.starts[1:][index]))
        target = Target(
            size=self.sizes[index].tolist(),
            boxes=self.boxes[boxes].tolist(),
            labels=[self.classes[label] for label in self.labels[boxes]],
        )
        if self.crowd[boxes].any():
            target["crowd"] = self.crowd[boxes].tolist()
        if self.areas is not None:
            target["areas"] = self.areas[boxes].tolist()
        return Example(self.tree.names[file], self.tree.source(file), target)
