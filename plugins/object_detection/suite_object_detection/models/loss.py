"""What a detector minimizes: class, overlap and distances of the locations that learn a box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from suite_object_detection.box_codec import CROWD
from suite_object_detection.codec import locations
from suite_object_detection.models.assignment import assign, inside
from suite_object_detection.models.overlap import complete_overlap

Tensor = Any


class DetectionLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras is not typed
    """Binary cross entropy of the classes, complete overlap and distribution focal loss of the boxes.

    The class of a location that learns a box is asked for the quality of its prediction (`assign`), all else
    for zero. The sum is divided by the sum of all qualities in the batch, so that a batch of few boxes counts
    as much as one of many. Boxes: Zheng et al. 2020, arXiv:1911.08287 (CIoU) and Li et al. 2020,
    arXiv:2006.04388 (distribution focal loss, eq. 6).

    It is called with:

    - `y_true` (batch, max boxes, 5) float32: rows of class, x1, y1, x2, y2 in pixels of the network's input.
      Class -1 is padding, -2 a crowd: a location whose center lies in it is not taught that nothing is there.
    - `y_pred` (batch, locations, classes + 4 * bins) float32: the network's output.

    Args:
        size: (height, width) of the network's input.
        strides: of the levels in the order of the locations.
        classes: their number.
        bins: of each distance.
        box_weight: of the overlap.
        class_weight: of the classes.
        distance_weight: of the distribution focal loss.
        candidates: locations that learn a box, at most.
        class_factors: a number per class: how much it counts that locations which learn a box of the class
            give it that class. None is 1 for all.
    """

    def __init__(
        self,
        size: tuple[int, int],
        strides: Sequence[int],
        classes: int,
        bins: int,
        *,
        box_weight: float = 7.5,
        class_weight: float = 0.5,
        distance_weight: float = 1.5,
        candidates: int = 10,
        class_factors: Sequence[float] | None = None,
        name: str = "detection_loss",
    ) -> None:
        super().__init__(name=name, reduction="sum_over_batch_size", dtype="float32")
        self.size = tuple(size)
        self.strides = tuple(strides)
        self.classes = classes
        self.bins = bins
        self.box_weight = box_weight
        self.class_weight = class_weight
        self.distance_weight = distance_weight
        self.candidates = candidates
        self.class_factors = (1.0,) * classes if class_factors is None else tuple(class_factors)
        centers, sides = locations(self.size, self.strides)
        self.centers, self.sides = centers.astype(np.float32), sides.astype(np.float32)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The loss of each image, (batch,) float32; their mean is the batch's sum over its qualities."""
        true_classes = ops.cast(y_true[..., 0], "int32")
        true_boxes = y_true[..., 1:]
        centers = ops.convert_to_tensor(self.centers)
        sides = ops.convert_to_tensor(self.sides[:, None])
        logits, bins = ops.split(y_pred, [self.classes], axis=-1)
        bins = ops.reshape(bins, (-1, len(self.centers), 4, self.bins))
        boxes = boxes_at(centers, expected_distances(bins) * sides)
        owned, owner, quality = assign(
            ops.sigmoid(logits),
            boxes,
            true_classes,
            true_boxes,
            centers,
            candidates=self.candidates,
            smallest=1.5 * min(self.strides),
        )
        batch = ops.cast(ops.shape(y_pred)[0], "float32")
        scale = batch / ops.maximum(ops.sum(quality), 1.0)

        own_class = ops.take_along_axis(true_classes, owner, axis=1)
        own_box = ops.take_along_axis(true_boxes, ops.expand_dims(owner, -1), axis=1)
        in_crowd = ops.max(
            inside(centers, true_boxes) * ops.cast(true_classes == CROWD, "float32")[..., None], axis=1
        )
        counts = ops.maximum(1.0 - in_crowd, owned)
        own = ops.one_hot(ops.maximum(own_class, 0), self.classes, dtype="float32") * owned[..., None]
        entropy = (
            ops.maximum(logits, 0.0) - logits * own * quality[..., None] + ops.softplus(-ops.abs(logits))
        )
        factors = 1.0 + own * (np.array(self.class_factors, np.float32) - 1.0)
        class_loss = ops.sum(ops.sum(entropy * factors, axis=-1) * counts, axis=-1)

        # If nothing is owned, a box is compared with itself: no gradient, and nothing that is not finite.
        own_box = ops.where(owned[..., None] > 0, own_box, ops.stop_gradient(boxes))
        box_loss = ops.sum((1.0 - complete_overlap(boxes, own_box)) * quality, axis=-1)
        distances = ops.concatenate([centers - own_box[..., :2], own_box[..., 2:] - centers], axis=-1) / sides
        distance_loss = ops.sum(distribution_focal_loss(bins, distances) * quality, axis=-1)
        return scale * (
            self.class_weight * class_loss + self.box_weight * box_loss + self.distance_weight * distance_loss
        )

    def get_config(self) -> dict[str, Any]:
        """What makes the same loss again."""
        return {
            "size": list(self.size),
            "strides": list(self.strides),
            "classes": self.classes,
            "bins": self.bins,
            "box_weight": self.box_weight,
            "class_weight": self.class_weight,
            "distance_weight": self.distance_weight,
            "candidates": self.candidates,
            "class_factors": list(self.class_factors),
            "name": self.name,
        }


def expected_distances(logits: Tensor) -> Tensor:
    """The expectation of distances over their bins 0, 1, ... (Li et al. 2020, arXiv:2006.04388, eq. 3).

    Args:
        logits: (..., 4, bins).

    Returns:
        (..., 4), in units of the stride.
    """
    bins = logits.shape[-1]
    return ops.sum(ops.softmax(logits, axis=-1) * ops.arange(bins, dtype=logits.dtype), axis=-1)


def boxes_at(centers: Tensor, distances: Tensor) -> Tensor:
    """Boxes x1, y1, x2, y2 from centers (..., 2) and distances left, top, right, bottom (..., 4)."""
    before, after = ops.split(distances, 2, axis=-1)
    return ops.concatenate([centers - before, centers + after], axis=-1)


def distribution_focal_loss(logits: Tensor, distances: Tensor) -> Tensor:
    """Cross entropy with the two bins next to a distance, weighed by how near they are; the mean of four.

    Args:
        logits: (..., 4, bins).
        distances: (..., 4) in units of the stride; what lies outside of the bins is moved to the outermost.

    Returns:
        (...,).
    """
    bins = logits.shape[-1]
    distances = ops.expand_dims(ops.clip(distances, 0.0, bins - 1.0), -1)
    # A distance of 2.3 is 0.7 of bin 2 and 0.3 of bin 3: a triangle around it, over all bins.
    shares = ops.maximum(1.0 - ops.abs(ops.arange(bins, dtype="float32") - distances), 0.0)
    entropy = -ops.sum(ops.stop_gradient(shares) * ops.log_softmax(logits, axis=-1), axis=-1)
    return ops.mean(entropy, axis=-1)
