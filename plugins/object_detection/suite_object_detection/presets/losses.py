"""What keras-hub's detectors minimize, with all that has to be matched done in operations of any backend.

keras-hub computes its losses in its models' own training loops. That of RetinaNet knows neither padded
targets nor crowds, and that of D-FINE asks for as many objects in every image.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from suite_object_detection.box_codec import CROWD
from suite_object_detection.models.assignment import inside
from suite_object_detection.models.overlap import complete_overlap, overlap
from suite_object_detection.presets.anchors import Anchors, anchor_boxes
from suite_object_detection.presets.auction import auction

Tensor = Any


class AnchorLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras is not typed
    """RetinaNet: focal loss of the classes, smooth L1 loss of the boxes (Lin et al. 2017, arXiv:1708.02002).

    An anchor learns the box that it overlaps most, by at least `positive`; with less than `negative` it
    learns that nothing is there, and in between nothing. The anchors that overlap a box most learn it in any
    case, as in Faster R-CNN (Ren et al. 2015, arXiv:1506.01497, section 3.1.2): boxes smaller than all
    anchors would be learned by nobody. The sum is divided by the number of anchors in the batch that learn
    a box.

    It is called with:

    - `y_true` (batch, max boxes, 5) float32: rows of class, x1, y1, x2, y2 in pixels of the network's input.
      Class -1 is padding, -2 a crowd: an anchor whose center lies in it is not taught that nothing is there.
    - `y_pred` (batch, anchors, classes + 4) float32: see `PresetCodec`.

    Args:
        size: (height, width) of the network's input.
        anchors: of the network.
        classes: their number.
        positive: least overlap with which an anchor learns a box.
        negative: overlap below which an anchor learns that nothing is there.
        alpha: weight of a class that is there; of one that is not, 1 - alpha.
        gamma: how much less classes count that are already right.
        beta: error of a box from which its loss grows linearly.
    """

    def __init__(
        self,
        size: tuple[int, int],
        anchors: Anchors,
        classes: int,
        *,
        positive: float = 0.5,
        negative: float = 0.4,
        alpha: float = 0.25,
        gamma: float = 2.0,
        beta: float = 1 / 9,
        name: str = "anchor_loss",
    ) -> None:
        super().__init__(name=name, reduction="sum_over_batch_size", dtype="float32")
        self.classes = classes
        self.positive = positive
        self.negative = negative
        self.alpha = alpha
        self.gamma = gamma
        self.beta = beta
        self.boxes = anchor_boxes(size, anchors)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The loss of each image, (batch,) float32; their mean is the batch's sum over its positives."""
        classes = ops.cast(y_true[..., 0], "int32")
        boxes = y_true[..., 1:]
        anchors = ops.convert_to_tensor(self.boxes)
        middles, sides = (anchors[:, :2] + anchors[:, 2:]) / 2, anchors[:, 2:] - anchors[:, :2]

        owner, claim, highest, in_crowd = self._claims(classes, boxes, anchors, middles)
        owned = claim >= self.positive
        background = ops.logical_and(
            highest < self.negative, ops.logical_not(ops.logical_or(owned, in_crowd))
        )
        owned = ops.cast(owned, "float32")
        counts = owned + ops.cast(background, "float32")
        scale = ops.cast(ops.shape(y_pred)[0], "float32") / ops.maximum(ops.sum(owned), 1.0)

        own_class = ops.maximum(ops.take_along_axis(classes, owner, axis=1), 0)
        wanted = ops.one_hot(own_class, self.classes, dtype="float32") * ops.expand_dims(owned, -1)
        focal = focal_loss(y_pred[..., : self.classes], wanted, self.alpha, self.gamma)
        class_loss = ops.sum(ops.sum(focal, axis=-1) * counts, axis=-1)

        own_box = ops.take_along_axis(boxes, ops.expand_dims(owner, -1), axis=1)
        own_sides = own_box[..., 2:] - own_box[..., :2]
        # Padding has no sides, and rounding may leave a box none: their logarithms would not be finite.
        own_sides = ops.maximum(own_sides, 1e-3)
        own_middles = (own_box[..., :2] + own_box[..., 2:]) / 2
        coded = ops.concatenate([(own_middles - middles) / sides, ops.log(own_sides / sides)], axis=-1)
        errors = smooth_l1(y_pred[..., self.classes :] - coded, self.beta)
        box_loss = ops.sum(ops.sum(errors, axis=-1) * owned, axis=-1)
        return scale * (class_loss + box_loss)

    def _claims(
        self, classes: Tensor, boxes: Tensor, anchors: Tensor, middles: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of each anchor, all (batch, anchors): the box with the best claim to it, and that claim; the
        highest overlap with any box; whether the center lies in a crowd.

        A claim is the overlap, and 1 more if no anchor overlaps the box more. It is gone through box by
        box: boxes times anchors are too many numbers to keep.
        """

        def with_box(number: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            owner, claim, highest, in_crowd = state
            kind = ops.expand_dims(ops.take(classes, number, axis=1), 1)
            box = ops.expand_dims(ops.take(boxes, number, axis=1), 1)
            overlaps = ops.where(kind >= 0, overlap(box, anchors), 0.0)
            highest_here = ops.max(overlaps, axis=1, keepdims=True)
            forced = ops.logical_and(overlaps >= highest_here, overlaps > 0.0)
            own = overlaps + ops.cast(forced, "float32")
            better = own > claim
            within = ops.logical_and(inside(middles, box)[:, 0] > 0.0, kind == CROWD)
            return (
                ops.where(better, ops.cast(number, "int32"), owner),
                ops.maximum(own, claim),
                ops.maximum(overlaps, highest),
                ops.logical_or(in_crowd, within),
            )

        nothing = ops.zeros_like(boxes[:, 0, :1]) + ops.zeros_like(anchors[:, 0])
        start = (ops.cast(nothing, "int32"), nothing, nothing, nothing > 0.0)
        owner, claim, highest, in_crowd = ops.fori_loop(0, boxes.shape[1], with_box, start)
        return owner, claim, highest, in_crowd


class SetLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras is not typed
    """D-FINE: every set of queries is matched with the boxes one to one, by the least cost.

    Varifocal loss of the classes, L1 and complete overlap of the boxes, of the encoder's queries and of each
    decoder layer's, as in RT-DETR (Zhao et al. 2023, arXiv:2304.08069, section 4), with the costs and
    weights of D-FINE (Peng et al. 2024, arXiv:2410.13842). What D-FINE adds in its own training is left out:
    the fine-grained localization loss, self-distillation and denoising. The sum is divided by the number of
    boxes in the batch.

    It is called with `y_true` as `AnchorLoss`, and `y_pred` (batch, sets * queries, classes + 4) float32, see
    `PresetCodec`.

    Args:
        size: (height, width) of the network's input.
        queries: of one set.
        classes: their number.
    """

    def __init__(self, size: tuple[int, int], queries: int, classes: int, *, name: str = "set_loss") -> None:
        super().__init__(name=name, reduction="sum_over_batch_size", dtype="float32")
        height, width = size
        self.canvas = (float(width), float(height)) * 2
        self.queries = queries
        self.classes = classes

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The loss of each image, (batch,) float32; their mean is the batch's sum over its boxes."""
        sets = y_pred.shape[1] // self.queries
        max_boxes = y_true.shape[1]
        # A set is like an image from here on.
        y_pred = ops.reshape(y_pred, (-1, self.queries, self.classes + 4))
        y_true = ops.reshape(ops.repeat(ops.expand_dims(y_true, 1), sets, axis=1), (-1, max_boxes, 5))
        classes = ops.cast(y_true[..., 0], "int32")
        real = classes >= 0
        boxes = y_true[..., 1:] / ops.convert_to_tensor(self.canvas, dtype="float32")
        coded = ops.concatenate(
            [(boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]], axis=-1
        )
        logits, predicted = y_pred[..., : self.classes], y_pred[..., self.classes :]
        half = predicted[..., 2:] / 2
        corners = ops.concatenate([predicted[..., :2] - half, predicted[..., :2] + half], axis=-1)

        cost = ops.stop_gradient(self._costs(logits, predicted, corners, classes, coded, boxes))
        owner = auction(cost, real)  # (sets, queries)
        owned = ops.cast(owner >= 0, "float32")
        owner = ops.expand_dims(ops.maximum(owner, 0), -1)
        own_class = ops.maximum(ops.take_along_axis(classes, owner[..., 0], axis=1), 0)
        apart = ops.expand_dims(owned, -1) > 0.0
        # If nothing is owned, a box is compared with itself: no gradient, and nothing that is not finite.
        own_box = ops.where(apart, ops.take_along_axis(boxes, owner, axis=1), ops.stop_gradient(corners))
        own_coded = ops.where(apart, ops.take_along_axis(coded, owner, axis=1), ops.stop_gradient(predicted))

        quality = ops.stop_gradient(overlap(corners, own_box)) * owned
        there = ops.one_hot(own_class, self.classes, dtype="float32") * ops.expand_dims(owned, -1)
        wanted = there * ops.expand_dims(quality, -1)
        weight = wanted + 0.75 * ops.stop_gradient(ops.sigmoid(logits)) ** 2 * (1.0 - there)
        in_crowd = ops.any(
            ops.logical_and(_covers(boxes, predicted[..., :2]), ops.expand_dims(classes == CROWD, -1)),
            axis=1,
        )
        counts = ops.maximum(owned, 1.0 - ops.cast(in_crowd, "float32"))
        class_loss = ops.sum(ops.sum(entropy(logits, wanted) * weight, axis=-1) * counts, axis=-1)
        shift_loss = ops.sum(ops.sum(ops.abs(predicted - own_coded), axis=-1) * owned, axis=-1)
        overlap_loss = ops.sum((1.0 - complete_overlap(corners, own_box)) * owned, axis=-1)
        loss = class_loss + 5.0 * shift_loss + 2.0 * overlap_loss
        loss = ops.sum(ops.reshape(loss, (-1, sets)), axis=1)
        count = ops.sum(ops.cast(real, "float32")) / sets
        return loss * ops.cast(ops.shape(loss)[0], "float32") / ops.maximum(count, 1.0)

    def _costs(
        self,
        logits: Tensor,
        predicted: Tensor,
        corners: Tensor,
        classes: Tensor,
        coded: Tensor,
        boxes: Tensor,
    ) -> Tensor:
        """(sets, boxes, queries): what it would cost that a query is a box."""
        scores = ops.sigmoid(logits)
        of_class = 0.25 * (1.0 - scores) ** 2 * -ops.log(scores + 1e-8)
        of_class -= 0.75 * scores**2 * -ops.log(1.0 - scores + 1e-8)
        wanted = ops.one_hot(ops.maximum(classes, 0), self.classes, dtype="float32")
        of_class = ops.matmul(wanted, ops.transpose(of_class, (0, 2, 1)))
        shift = ops.sum(ops.abs(ops.expand_dims(coded, 2) - ops.expand_dims(predicted, 1)), axis=-1)
        overlaps = complete_overlap(ops.expand_dims(boxes, 2), ops.expand_dims(corners, 1))
        return 2.0 * of_class + 5.0 * shift - 2.0 * overlaps


def entropy(logits: Tensor, wanted: Tensor) -> Tensor:
    """Binary cross entropy of each logit."""
    return ops.maximum(logits, 0.0) - logits * wanted + ops.softplus(-ops.abs(logits))


def focal_loss(logits: Tensor, wanted: Tensor, alpha: float, gamma: float) -> Tensor:
    """Of each logit (Lin et al. 2017, arXiv:1708.02002, eq. 5); `wanted` is 0 or 1."""
    scores = ops.sigmoid(logits)
    wrong = wanted * (1.0 - scores) + (1.0 - wanted) * scores
    return (alpha * wanted + (1.0 - alpha) * (1.0 - wanted)) * wrong**gamma * entropy(logits, wanted)


def smooth_l1(errors: Tensor, beta: float) -> Tensor:
    """Of each error: squared below `beta`, linear above (Girshick 2015, arXiv:1504.08083, eq. 3)."""
    size = ops.abs(errors)
    return ops.where(size < beta, 0.5 * size**2 / beta, size - 0.5 * beta)


def _covers(boxes: Tensor, points: Tensor) -> Tensor:
    """(sets, boxes, points) booleans: whether a point (sets, points, 2) lies in a box (sets, boxes, 4)."""
    points = ops.expand_dims(points, 1)
    above = ops.all(points >= ops.expand_dims(boxes[..., :2], 2), axis=-1)
    return ops.logical_and(above, ops.all(points <= ops.expand_dims(boxes[..., 2:], 2), axis=-1))
